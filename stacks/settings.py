"""What may be set for a stack: one model per role, under `backup-org:settings` in its config.

`stacks/load.py` reads and checks it; `stacks/checks.py` holds what spans several fields.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from stacks.model import Model
from stacks.report_mail_settings import ReportsMail
from stacks.script_settings import Script, SystemsManager
from stacks.values import (
    AccountId,
    BucketName,
    CronExpression,
    CustomerName,
    DatabaseName,
    Days,
    FrameworkArn,
    KeyArn,
    KeyPrefix,
    MemberName,
    OrganizationalUnitId,
    PlanName,
    Region,
    RegionOrAll,
    ReportPlanName,
    ReportTemplate,
    RoleName,
    ScriptName,
    SecretName,
    ServiceUrl,
    TagKey,
    TagValue,
    Timezone,
    TopicArn,
    VaultName,
)

PROGRAMS_TAGS = ("managed-by", "customer")
"""Keys of the tags that every resource carries that takes tags (stacks/providers.py)."""


class Organization(Model):
    """The customer's AWS Organization."""

    management_account: AccountId
    audit_account: AccountId | None = None


class Functions(Model):
    """What the Lambda functions run on; python3.11 stands on Amazon Linux 2, the others on 2023."""

    runtime: Literal["python3.11", "python3.12", "python3.13"] = "python3.12"
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 90


class PolicyDemands(Model):
    """What the policy pack demands of this customer beyond its own rules."""

    vault_key: Literal["any", "customer_managed"] = "any"
    """`customer_managed`: a vault encrypted with the AWS-managed key is refused."""


class StackSettings(Model):
    """What every stack of a customer needs; usually shared through `extends`."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("members", "member_defaults"),
        "it stands in the customer's file, <customer>.yaml, for stacks that extend it",
    )

    customer: CustomerName
    organization: Organization
    region: Region
    """Where the central parts stand, and the provider's default Region."""
    deploy_role: RoleName | None = None
    """The role that deploys in this stack's account; none: the credentials at hand."""
    tags: dict[TagKey, TagValue] = Field(default_factory=dict, max_length=40)
    """Laid over every resource that takes tags."""
    functions: Functions = Functions()
    alerts_in: Literal["management", "audit"] = "audit"
    """The central account where the alert bus and ticketing stand."""
    reports_mail_in: Literal["management", "audit"] | None = None
    """The central account that makes and mails scheduled reports; null: none does. Every stack of
    the customer lets it read what AWS Backup tells."""
    alarm_topics: tuple[TopicArn, ...] = ()
    """SNS topics that hear of this system's own alarms, each of those in its own Region. One of
    another account must let CloudWatch publish. Alarms also go to the alert bus, and become
    incidents like any failed job."""
    policy: PolicyDemands = PolicyDemands()
    naming: Literal["default", "cos"] = "default"
    """How resources are called: `cos` for the published names (COS-AWS-Backup-Monitoring,
    COS-Lambda-SNOW-Listener, COS-Lambda-Backup-Report-Generator) and COS- before all others but
    buckets, the Glue database and report plans. All of a customer's stacks must say the same."""

    @property
    def alert_regions(self) -> tuple[str, ...]:
        """Where the stack has alarms, and forwards events to the alert bus."""
        return (self.region,)

    def alarm_topics_in(self, region: str) -> tuple[str, ...]:
        """Those that alarms of a Region can tell: CloudWatch refuses others."""
        return tuple(topic for topic in self.alarm_topics if topic.split(":")[3] == region)


class ReportScope(Model):
    """Parts of an organization: units and accounts, at least one of either."""

    organizational_units: tuple[OrganizationalUnitId, ...] = ()
    """Each with all units below it, and so those that will be made there."""
    accounts: tuple[AccountId, ...] = ()


WORD, PARTS = "[word]", "[parts]"
"""What a scope is written as; told apart first, so that a mistake is told once."""
Scope = Annotated[
    Annotated[Literal["organization", "account"], Tag(WORD)] | Annotated[ReportScope, Tag(PARTS)],
    Discriminator(lambda given: WORD if isinstance(given, str) else PARTS),
]
"""organization: all accounts, new ones included. account: the stack's own. Or parts."""


class ReportPlan(Model):
    """One report plan of AWS Backup Audit Manager, whose reports are the lake's."""

    refused: ClassVar[Mapping[str, str]] = {
        "formats": "the lake reads CSV, and AWS delivers nothing else for several accounts or "
        "Regions; for JSON too, add a plan to reports.own_plans",
        "framework_arns": "AWS refuses frameworks where a plan covers several accounts or Regions, "
        "since all of theirs count; for some of this account's, add a plan to reports.own_plans",
        "regions": "they are all plans' alike: write reports.regions",
        "scope": "it is all plans' alike: write reports.scope",
    }

    name: ReportPlanName | None = None
    """By default `<customer>_<template>_report`; a number is added where plans are sharded."""
    description: str | None = Field(default=None, max_length=1024)
    tags: dict[TagKey, TagValue] = Field(default_factory=dict, max_length=50)
    prefix: KeyPrefix | None = None
    """Of the keys in the bucket; none: they start at Backup/."""
    existing: bool = False
    """The plan stands already, under `name`: only the lake is deployed over it."""


class OwnReportPlan(Model):
    """A report plan on this account alone, beside the lake: its reports stay out of the tables."""

    template: ReportTemplate
    name: ReportPlanName
    prefix: KeyPrefix
    """Its own, so that its reports never lie among those of the lake's plans."""
    formats: frozenset[Literal["CSV", "JSON"]] = Field(default=frozenset({"CSV"}), min_length=1)
    regions: tuple[RegionOrAll, ...] = ()
    """None: the stack's own Region."""
    framework_arns: tuple[FrameworkArn, ...] = ()
    description: str | None = Field(default=None, max_length=1024)
    tags: dict[TagKey, TagValue] = Field(default_factory=dict, max_length=50)


class Sharding(Model):
    """What is assumed where an organization may be too large for one report plan a template."""

    daily_volume: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 100
    """Jobs and control evaluations a day, in one account and Region."""
    report_plan_quota: Annotated[int, Field(strict=True, ge=1)] = 20
    """Report plans an account may have; AWS raises it on request."""


class ReportsBucket(Model):
    """Where the report plans deliver to."""

    name: BucketName | None = None
    """By default `<customer>-backup-reports-<account>-<region>`."""
    existing: bool = False
    """The bucket stands already, under `name`: nothing of it is touched, and what its policies
    lack is printed."""
    account: AccountId | None = None
    """Another account's bucket, which must exist. AWS's guide says that reports reach only a
    bucket of the report plan's own account; its blog says that CloudFormation can name another's.
    Prefer `copy_to_audit`."""
    key_arn: KeyArn | None = None
    """Of the key that an existing bucket encrypts with, for the functions that read it."""
    copy_to_audit: bool = False
    """Replicates every report to a bucket of the audit account (its `reports_copy`)."""
    encryption: Literal["own_key", "s3_managed"] = "own_key"
    expire_after_days: Days | None = 400
    transition_to_infrequent_access_after_days: Annotated[int, Field(strict=True, ge=30)] | None = (
        None
    )
    """S3 Standard-IA; S3 takes nothing younger than 30 days."""
    access_logs_bucket: BucketName | None = None
    """Where S3 writes this bucket's access logs; it must exist and let S3's log service write."""
    force_destroy: bool = False
    """Lets `destroy` delete the reports with the bucket."""


class Lake(Model):
    """The Glue database and Athena workgroup over the reports."""

    database: DatabaseName | None = None
    """By default `<customer>_backup_reports`, with underscores for hyphens."""
    partitions: Literal["function", "projection"] = "function"
    """`function` adds a partition when its report arrives and withholds what raw tables cannot
    read; `projection` computes them, needs no function, and withholds nothing."""
    headers: dict[ReportTemplate, tuple[str, ...]] = Field(default_factory=dict)
    """The CSV header that AWS really writes, by template; `backup-org lake learn-header` fills it
    in. By default the order of AWS's guide."""
    scan_limit_gib: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 100
    """A query that would read more is stopped."""
    expire_after_days: Days | None = None
    """Of curated reports, which queries see as far back; null: never. By default as
    `reports.bucket.expire_after_days` says, and never over a bucket that exists already."""
    results_expire_after_days: Days = 30
    force_destroy: bool | None = None
    """Lets `destroy` delete the curated files and the history of queries; by default as
    `reports.bucket.force_destroy` says, which a bucket that exists already does not have."""


class Reports(Model):
    """Report plans, the bucket that they deliver to, and the lake over it."""

    scope: Scope = "organization"
    regions: tuple[RegionOrAll, ...] = Field(default=("*",), min_length=1)
    """["*"]: every Region, those that AWS will add included."""
    plans: dict[ReportTemplate, ReportPlan | None] = Field(default_factory=dict)
    """What differs from the defaults, by template; null: no plan of this template."""
    own_plans: tuple[OwnReportPlan, ...] = ()
    sharding: Sharding = Sharding()
    bucket: ReportsBucket = ReportsBucket()
    lake: Lake = Lake()


class Ticketing(Model):
    """Incidents in ServiceNow."""

    url: ServiceUrl
    secret: SecretName
    """The Secrets Manager secret, in this account and Region, with ServiceNow's credentials: a
    JSON object of username and password, of client_id and client_secret, or of api_key."""
    assignment_group: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """Its name or sys_id."""
    urgency: Literal["1", "2", "3"] = "2"
    impact: Literal["1", "2", "3"] = "2"
    close_code: str = Field(default="Resolved by request", min_length=1, max_length=40)
    """An instance has its own list of these."""


class CentralSettings(StackSettings):
    """What may stand in either central account."""

    reports: Reports | None = None
    ticketing: Ticketing | None = None
    reports_mail: ReportsMail | None = None


class ManagementSettings(CentralSettings):
    """The management account: by default the home of report plans, reports bucket and lake."""

    role: Literal["management"]
    reports: Reports | None = Reports()

    @property
    def copies_reports_to(self) -> str | None:
        """The account that delivered reports are replicated to: the audit account, or none."""
        copied = self.reports is not None and self.reports.bucket.copy_to_audit
        return self.organization.audit_account if copied else None

    @property
    def account(self) -> str:
        return self.organization.management_account


class ReportsCopy(Model):
    """Where the management account's reports are replicated to."""

    expire_after_days: Days = 400
    force_destroy: bool = False
    """Lets `destroy` delete the copies with the bucket."""


class AuditSettings(CentralSettings):
    """The audit account: by default the home of the alert bus and of ticketing."""

    role: Literal["audit"]
    reports_copy: ReportsCopy | None = None
    """A bucket for copies of the management account's reports (reports.bucket.copy_to_audit)."""

    @property
    def account(self) -> str:
        # A rule of the stack's settings has refused an audit stack without the account.
        assert self.organization.audit_account is not None
        return self.organization.audit_account


class Vault(Model):
    """A backup vault in each of the member's Regions."""

    key: Literal["customer_managed", "aws_managed"] = "customer_managed"
    force_destroy: bool = False
    """Lets `destroy` delete the vault with its recovery points and key. Without it the engine
    refuses to delete or replace either."""


class Rule(Model):
    """When a plan backs up, and how long it keeps what it made."""

    schedule: CronExpression
    timezone: Timezone = "Etc/UTC"
    start_window_minutes: Annotated[int, Field(strict=True, ge=60)] = 480
    """AWS's own default. Of jobs on one resource one runs at a time: a weekly one that meets the
    daily waits, and expires at the end of its window."""
    completion_window_minutes: Annotated[int, Field(strict=True)] = 1440
    """An hour more than the start window at least (stacks/checks.py)."""
    move_to_cold_storage_after_days: Days | None = None
    delete_after_days: Days


STANDARD_RULES = {
    "daily": Rule(schedule="cron(0 1 ? * * *)", delete_after_days=35),
    "weekly": Rule(schedule="cron(0 2 ? * SUN *)", delete_after_days=90),
    "monthly": Rule(schedule="cron(0 3 1 * ? *)", delete_after_days=365),
}


class Selection(Model):
    """What a plan protects: every supported resource that carries the tag."""

    tag: str = Field(default="backup-plan", min_length=1, max_length=128)
    value: str = Field(min_length=1, max_length=256)


class Plan(Model):
    """A backup plan, in each of the member's Regions."""

    vault: VaultName
    selection: Selection
    rules: dict[PlanName, Rule] = Field(default=STANDARD_RULES, min_length=1)


class MemberSettings(StackSettings):
    """A member account: vaults, plans, and the rule that forwards its job events."""

    role: Literal["member"]
    name: MemberName
    """How the account is called among the customer's stacks: <customer>-member-<name>."""
    account: AccountId
    regions: tuple[Region, ...] = Field(min_length=1)
    vaults: dict[VaultName, Vault] = Field(min_length=1)
    retained_vaults: dict[VaultName, Vault] = Field(default_factory=dict)
    """Vaults that plans fill no more, kept with their recovery points: where a setting of a vault
    cannot change, such as its key, another takes its place."""
    plans: dict[PlanName, Plan] = Field(default_factory=dict)
    scripts: dict[ScriptName, Script] = Field(default_factory=dict)
    """Backups of a plan's instances with a script before and after."""
    systems_manager: SystemsManager = SystemsManager()
    reports: Reports | None = None
    """Reports on this account alone (scope: account)."""

    def rules_of(self, script: Script) -> dict[str, Rule]:
        """The rules that a script's instances go by, with its own schedule."""
        rules = self.plans[script.plan].rules
        chosen = {name: rules[name] for name in script.rules or rules}
        if script.schedule is None:
            return chosen
        return {n: r.model_copy(update={"schedule": script.schedule}) for n, r in chosen.items()}

    def value_of(self, name: str) -> str:
        """The value of the plan's tag by which instances are a script's."""
        script = self.scripts[name]
        return script.value or f"{self.plans[script.plan].selection.value}-{name}"

    @property
    def alert_regions(self) -> tuple[str, ...]:
        if self.reports is None or self.region in self.regions:
            return self.regions
        return (*self.regions, self.region)  # where the reports' alarms stand
