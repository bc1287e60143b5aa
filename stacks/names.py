"""Names that must be known before the thing that they name exists."""

from collections.abc import Sequence
from typing import Literal

import pulumi

from reports.templates import TEMPLATES
from stacks.protection_settings import Vault
from stacks.report_settings import Reports
from stacks.settings import MemberSettings, Settings, StackSettings

STACK_SETS_ROLE = "stacksets-exec-*"
"""The roles in which service-managed StackSets act in an account."""


def stack_name(customer: str, role: str, member: str = "") -> str:
    """What a customer's stack is called: acme-management, acme-audit, acme-member-payments."""
    return f"{customer}-{role}-{member}" if member else f"{customer}-{role}"


def own_stack(settings: Settings) -> str:
    """What the stack of these settings is called."""
    member = settings.name if isinstance(settings, MemberSettings) else ""
    return stack_name(settings.customer, settings.role, member)


def full_stack_name(stack: str) -> str:
    """The name by which another stack refers to it, on every backend."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"


def prefix(settings: StackSettings) -> str:
    """What the names of a customer's resources start with."""
    name = f"{settings.customer}-backup"
    return f"COS-{name}" if settings.naming == "cos" else name


def regional(settings: StackSettings, name: str, region: str) -> str:
    """What a vault or plan is called in a stack's state: other Regions have one of its name too."""
    return f"{prefix(settings)}-{name}-{region}"


def monitoring_rule(settings: StackSettings) -> str:
    """The rule that takes an account's events to the alert bus, in each Region."""
    return _published(settings, "COS-AWS-Backup-Monitoring", "alerts")


def alert_bus(settings: StackSettings) -> str:
    """The bus that takes in the events of all accounts."""
    return f"{prefix(settings)}-alerts"


def forwarding(settings: StackSettings) -> str:
    """What takes an account's events to the alert bus: its role, and the beginning of its queues'
    names."""
    return f"{prefix(settings)}-alerts"


def ticket_function(settings: StackSettings) -> str:
    """The function that opens incidents in ServiceNow."""
    return _published(settings, "COS-Lambda-SNOW-Listener", "tickets")


def alerts_account(settings: Settings) -> str:
    """The account where the alert bus and ticketing stand."""
    if settings.alerts_in == "member":
        return settings.account
    account = settings.organization.account_of(settings.alerts_in)
    assert account is not None  # a rule of the stack's settings has refused that
    return account


def reports(settings: StackSettings) -> str:
    """The lake's workgroup, and what takes reports into it."""
    return f"{prefix(settings)}-reports"


def tickets(settings: StackSettings) -> str:
    """Ticketing's topic, queue and ledger."""
    return f"{prefix(settings)}-tickets"


def heartbeat(settings: StackSettings) -> str:
    """The schedule of heartbeats, in each Region, and its role."""
    return f"{prefix(settings)}-heartbeat"


def report_mail_function(settings: StackSettings) -> str:
    """The function that mails a report and the link to it."""
    return _published(settings, "COS-Lambda-Backup-Report-Generator", "report-mail")


def _published(settings: StackSettings, cos: str, suffix: str) -> str:
    return cos if settings.naming == "cos" else f"{prefix(settings)}-{suffix}"


BucketPurpose = Literal["reports", "lake", "copies", "digests", "proof"]
"""Seven letters at most: S3 ends a name at 63, a customer's at 20, and AWS's Regions at 14."""


def bucket(customer: str, purpose: BucketPurpose, account: str, region: str) -> str:
    """Unique among all buckets of AWS, in every naming scheme: S3 takes lower case alone."""
    return f"{customer}-backup-{purpose}-{account}-{region}"


def reports_bucket(settings: Settings, reports: Reports) -> str:
    """Where the stack's report plans deliver to."""
    if reports.bucket.name is not None:
        return reports.bucket.name
    return bucket(settings.customer, "reports", settings.account, settings.region)


def reports_database(settings: Settings, reports: Reports) -> str:
    """The lake's Glue database."""
    return reports.lake.database or database(settings.customer)


def role_arn(settings: StackSettings, account: str, name: str) -> str:
    """Of a role that a stack makes, in whichever of the customer's accounts; `*` for all."""
    return f"arn:{settings.partition}:iam::{account}:role{settings.iam.role_path}{name}"


def backup_role(settings: StackSettings) -> str:
    """The role in which AWS Backup works in an account."""
    return f"{prefix(settings)}-service"


def restore_role(settings: StackSettings) -> str:
    """The role in which AWS Backup restores what restore tests try. It is not the one above: what
    starts by itself cannot back up, and CloudTrail tells the one from the other."""
    return f"{prefix(settings)}-restore-tests"


def deploy_role_arn(settings: Settings) -> str | None:
    """Of the role that deploys in the stack's account; None: the credentials at hand do."""
    role = settings.deploy_role
    return f"arn:{settings.partition}:iam::{settings.account}:role/{role}" if role else None


def break_glass_role_arns(settings: Settings, vault: Vault) -> Sequence[str]:
    """Of the roles that delete in a vault nevertheless, with wildcards where they were given so."""
    roles = f"arn:{settings.partition}:iam::{settings.account}:role"
    return [r if r.startswith("arn:") else f"{roles}/{r}" for r in vault.break_glass_roles]


def vault_arn(settings: StackSettings, account: str, region: str, vault: str) -> str:
    """Of a vault that another account has, or will have."""
    return f"arn:{settings.partition}:backup:{region}:{account}:backup-vault:{vault}"


def replication_role(settings: StackSettings) -> str:
    """The role that copies reports to the audit account, whose bucket names it beforehand."""
    return f"{prefix(settings)}-reports-copy"


def reader_role(settings: StackSettings) -> str:
    """The role in each account as which the central account's functions read for reports."""
    return f"{prefix(settings)}-reader"


def report_watch(settings: StackSettings) -> str:
    """The function that looks whether reports arrived."""
    return f"{prefix(settings)}-reports-watch"


def missing_reports_alarm(settings: StackSettings) -> str:
    """The alarm of what did not (components/report_watch.py)."""
    return f"{report_watch(settings)}-missing"


def report_compaction(settings: StackSettings) -> str:
    """The function that makes one file a month of each of the lake's tables."""
    return f"{prefix(settings)}-reports-compaction"


def job_reader_role(settings: StackSettings) -> str:
    """The role in each account as which the ticket function asks what a job's event does not
    say."""
    return f"{prefix(settings)}-job-reader"


def report_runbook(settings: StackSettings) -> str:
    """The Automation document that makes and mails a report."""
    return f"{prefix(settings)}-report"


def script_document(settings: StackSettings, script: str) -> str:
    """The Command document of a script, which staff edit."""
    return f"{prefix(settings)}-script-{script}"


def scripted_backup(settings: StackSettings, script: str, rule: str) -> str:
    """The Automation document, and its schedule, that backs up by a rule with a script."""
    return f"{prefix(settings)}-{script}-{rule}"


def restore_check(settings: StackSettings, region: str) -> str:
    """The function that judges restore tests in a Region, with its queue, rule and role: roles have
    no Region."""
    return f"{prefix(settings)}-restore-checks-{region}"


def copy_back_runbook(settings: StackSettings) -> str:
    """The Automation document, and its role, that copies out of a central vault to an account."""
    return f"{prefix(settings)}-copy-back"


def restore_runbook(settings: StackSettings) -> str:
    """The Automation document, and its role, that restores a recovery point of the account."""
    return f"{prefix(settings)}-restore"


def drill(settings: StackSettings) -> str:
    """The Automation document of the drill, its role, and the vault that it backs up into."""
    return f"{prefix(settings)}-drill"


def drill_clean_up(settings: StackSettings) -> str:
    """The Automation document that removes what a drill left."""
    return f"{drill(settings)}-clean-up"


def runbooks_one_at_a_time(settings: StackSettings) -> Sequence[str]:
    """Automation documents with one execution at a time in each account and Region."""
    return (report_runbook(settings), drill(settings), drill_clean_up(settings))


def instance_profile(settings: StackSettings) -> str:
    """With it an instance is managed by Systems Manager, and may write its scripts' output."""
    return f"{prefix(settings)}-instances"


DigestFunction = Literal["find_vaults", "collate_jobs", "make_report", "mail_report"]


def digest_function(settings: StackSettings, handler: DigestFunction) -> str:
    """A function of scheduled reports, and the role that it runs in."""
    if handler == "mail_report":
        return report_mail_function(settings)
    return f"{prefix(settings)}-{handler.replace('_', '-')}"


def link_role(settings: StackSettings) -> str:
    """The role whose session signs links to reports."""
    return f"{prefix(settings)}-report-link"


def evidence_key(settings: StackSettings) -> str:
    """The alias of the key that signs evidence, without alias/."""
    return f"{prefix(settings)}-evidence-signing"


def database(customer: str) -> str:
    """Athena takes no hyphen in a database's name."""
    return f"{customer.replace('-', '_')}_backup_reports"


def report_templates(reports: Reports) -> Sequence[str]:
    """The templates that the lake has a report plan of: all that are not switched off."""
    return [name for name in TEMPLATES if reports.plans.get(name, True) is not None]


def restore_testing_plan(settings: StackSettings, plan: str) -> str:
    """AWS Backup takes no hyphen in its name, and 50 characters."""
    return f"{settings.customer.replace('-', '_')}_{plan}"


def framework(settings: StackSettings, name: str) -> str:
    """AWS Backup takes no hyphen in a framework's name."""
    return f"{settings.customer.replace('-', '_')}_{name}"


def report_plan(customer: str, template: str) -> str:
    """AWS Backup takes no hyphen in a report plan's name."""
    return f"{customer.replace('-', '_')}_{template}_report"
