"""What may be set for a stack: one model per role, under `backup-org:settings` in its config.

`stacks/load.py` reads and checks it; `stacks/checks.py` holds what spans several fields.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from reports.aws_partition import aws_partition
from stacks.access_settings import Access
from stacks.backup_policy_settings import BackupPolicy
from stacks.bootstrap_settings import Bootstrap
from stacks.framework_settings import Framework
from stacks.guard_rail_settings import GuardRails
from stacks.model import Model
from stacks.policy_settings import Policy
from stacks.protection_settings import (
    AirGappedVault,
    MaintenanceWindow,
    Plan,
    Rule,
    Tier,
    Vault,
    plan_rules,
    plan_tier,
)
from stacks.recovery_settings import (
    AcceptedException,
    Drill,
    Evidence,
    Recovery,
    RestoreTestingPlan,
)
from stacks.report_mail_settings import ReportsMail
from stacks.report_settings import Reports
from stacks.script_settings import Script, SystemsManager
from stacks.state_settings import State
from stacks.ticket_settings import Monitoring, Ticketing
from stacks.values import (
    AccountId,
    CustomerName,
    Days,
    ExternalId,
    FrameworkName,
    MemberName,
    PlanName,
    PolicyNameOrArn,
    Region,
    RestoreTestingName,
    RoleName,
    RolePath,
    ScriptName,
    TagKey,
    TagValue,
    TopicArn,
    VaultName,
)

PROGRAMS_TAGS = ("managed-by", "customer")
"""Keys of the tags that every resource carries that takes tags (stacks/providers.py)."""


class Organization(Model):
    """The customer's AWS Organization. A customer without one, whose accounts each stand alone, has
    neither of the accounts."""

    management_account: AccountId | None = None
    audit_account: AccountId | None = None
    cross_account_backup: bool = False
    """Has `backup-org prepare` let backups be copied between the organization's accounts."""

    def account_of(self, role: Literal["management", "audit"]) -> str | None:
        return self.management_account if role == "management" else self.audit_account

    @property
    def accounts(self) -> Mapping[str, str]:
        """The central accounts, each with its role."""
        found = {self.management_account: "management", self.audit_account: "audit"}
        return {account: role for account, role in found.items() if account is not None}


class Functions(Model):
    """What the Lambda functions run on; python3.11 stands on Amazon Linux 2, the others on 2023."""

    runtime: Literal["python3.11", "python3.12", "python3.13"] = "python3.12"
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 90


class Iam(Model):
    """How the roles are made that stacks have, where an organization demands that."""

    role_path: RolePath = "/"
    """Of roles, users and instance profiles; all of a customer's stacks must say the same."""
    permissions_boundary: PolicyNameOrArn | None = None
    """A managed policy, which must exist, that bounds what roles and users may do."""


class StackSettings(Model):
    """What every stack of a customer needs; usually shared through `extends`."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("members", "member_defaults", "enrolment"),
        "it stands in the customer's file, <customer>.yaml, for stacks that extend it",
    )

    customer: CustomerName
    organization: Organization = Organization()
    region: Region
    """Where the central parts stand, and the provider's default Region."""
    access: Access | None = None
    """Credentials of the customer's own; none: those at hand."""
    state: State = State()
    deploy_role: RoleName | None = None
    """The role that deploys in this stack's account; none: the credentials at hand."""
    deploy_role_external_id: ExternalId | None = None
    """What its trust asks of whoever assumes it."""
    iam: Iam = Iam()
    bootstrap: Bootstrap | None = None
    """What members' accounts have from `backup-org bootstrap`; in a member's own settings null:
    nothing but the deploy role, and its stack makes the rest."""
    refresh: bool = False
    """Whether previews and deployments look up in AWS what stands there, rather than trust the
    state, as with `--refresh`: what was changed by hand is mended, and each takes longer."""
    tags: dict[TagKey, TagValue] = Field(default_factory=dict, max_length=40)
    """Laid over every resource that takes tags."""
    functions: Functions = Functions()
    alerts_in: Literal["management", "audit", "member"] = "audit"
    """Where the alert bus and ticketing stand: in a central account or, where the customer has no
    organization, in each member itself."""
    central_vaults_in: Literal["management", "audit"] = "audit"
    """The central account whose vaults take in copies with `account: central`."""
    tiers: dict[PlanName, Tier] = Field(default_factory=dict)
    """Named sets of rules for plans, beside standard, gold, silver and bronze."""
    reports_mail_in: Literal["management", "audit"] | None = None
    """The central account that makes and mails scheduled reports; null: none does. Every stack of
    the customer lets it read what AWS Backup tells."""
    alarm_topics: tuple[TopicArn, ...] = ()
    """SNS topics that hear of this system's own alarms, each of those in its own Region. One of
    another account must let CloudWatch publish. Alarms also go to the alert bus, and become
    incidents like any failed job."""
    monitoring: Monitoring = Monitoring()
    policy: Policy = Policy()
    exceptions: dict[str, AcceptedException] = Field(default_factory=dict)
    """What is accepted for a time, by what it is about; told to auditors (docs/evidence.md)."""
    naming: Literal["default", "cos"] = "default"
    """How resources are called: `cos` for the published names (COS-AWS-Backup-Monitoring,
    COS-Lambda-SNOW-Listener, COS-Lambda-Backup-Report-Generator) and COS- before all others but
    buckets, the Glue database, report plans, restore testing plans and frameworks. All of a
    customer's stacks must say the same."""

    @property
    def partition(self) -> str:
        """Of AWS: all of a customer's accounts and Regions are in one."""
        return aws_partition(self.region)

    @property
    def alert_regions(self) -> tuple[str, ...]:
        """Where the stack has alarms, and events are forwarded to the alert bus."""
        return (self.region,)

    @property
    def bootstrapped_regions(self) -> tuple[str, ...]:
        """Where vaults, forwarding and the backup role stand without the stack."""
        return ()

    def alarm_topics_in(self, region: str) -> tuple[str, ...]:
        """Those that alarms of a Region can tell: CloudWatch refuses others."""
        return tuple(topic for topic in self.alarm_topics if topic.split(":")[3] == region)


class ProtectedSettings(StackSettings):
    """What any account may have: vaults, plans, and scripts around their backups."""

    regions: tuple[Region, ...] = ()
    """None: the stack's own Region."""
    vaults: dict[VaultName, Vault] = Field(default_factory=dict)
    retained_vaults: dict[VaultName, Vault] = Field(default_factory=dict)
    """Vaults that plans fill no more, kept with their recovery points: where a setting of a vault
    cannot change, such as its key, another takes its place."""
    air_gapped_vaults: dict[VaultName, AirGappedVault] = Field(default_factory=dict)
    plans: dict[PlanName, Plan] = Field(default_factory=dict)
    maintenance_window: MaintenanceWindow | None = None
    """When this account's backups may run."""
    opt_ins: dict[str, bool] = Field(default_factory=dict)
    """Services that AWS Backup backs up in the account's Regions, by the names that AWS Backup has
    for them, such as EC2: switched by `backup-org prepare`, others left as they are."""
    scripts: dict[ScriptName, Script] = Field(default_factory=dict)
    """Backups of a plan's instances with a script before and after."""
    systems_manager: SystemsManager = SystemsManager()
    restore_testing: dict[RestoreTestingName, RestoreTestingPlan] = Field(default_factory=dict)
    """Restores that AWS Backup tries by itself, and their checks."""
    frameworks: dict[FrameworkName, Framework] = Field(default_factory=dict)
    """What AWS Backup Audit Manager evaluates in the account."""
    drill: Drill | None = None
    recovery: Recovery | None = None
    ticketing: Ticketing | None = None
    """Where the alert bus stands."""

    @property
    def protected_regions(self) -> tuple[str, ...]:
        return self.regions or (self.region,)

    @property
    def alert_regions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.regions, *super().alert_regions)))

    def vault_of(self, plan: str) -> str:
        """The vault that a plan fills; empty where it names none and there are several."""
        only = next(iter(self.vaults)) if len(self.vaults) == 1 else ""
        return self.plans[plan].vault or only

    def regions_of(self, where: Vault | AirGappedVault) -> tuple[str, ...]:
        """Where a vault stands."""
        return where.regions or self.protected_regions

    def plan_regions(self, plan: str) -> tuple[str, ...]:
        """Where a plan stands."""
        return self.plans[plan].regions or self.regions_of(self.vaults[self.vault_of(plan)])

    def tested_vaults(self, plan: str, region: str) -> tuple[str, ...]:
        """The vaults there from which a restore testing plan may take recovery points."""
        known = {**self.vaults, **self.retained_vaults, **self.air_gapped_vaults}
        return tuple(
            name
            for name in self.restore_testing[plan].recovery_points.vaults or known
            if name in known and region in self.regions_of(known[name])
        )

    def testing_regions(self, plan: str) -> tuple[str, ...]:
        """Where a restore testing plan stands."""
        given = self.restore_testing[plan].regions
        return given or tuple(r for r in self.protected_regions if self.tested_vaults(plan, r))

    def window_of(self, plan: str) -> MaintenanceWindow | None:
        """In which a plan's backups may run."""
        return self.plans[plan].maintenance_window or self.maintenance_window

    def tier_of(self, plan: str) -> str | None:
        """The tier that a plan's rules begin with, by its name."""
        return plan_tier(plan, self.plans[plan], self.tiers)

    def rules_of(self, plan: str) -> Mapping[str, Rule]:
        """A plan's rules: its own, laid over those of its tier."""
        return plan_rules(plan, self.plans[plan], self.tiers)

    @property
    def copies_to_central(self) -> bool:
        """Whether a rule of a plan copies to the customer's central vaults."""
        return any(
            copy.account == "central"
            for plan in self.plans
            for rule in self.rules_of(plan).values()
            for copy in rule.copies
        )

    def scripted_rules_of(self, script: Script) -> Mapping[str, Rule]:
        """The rules that a script's instances go by, with its own schedule."""
        rules = self.rules_of(script.plan)
        chosen = {name: rules[name] for name in script.rules or rules}
        if script.schedule is None:
            return chosen
        return {n: r.model_copy(update={"schedule": script.schedule}) for n, r in chosen.items()}

    def tag_of(self, plan: str) -> tuple[str, str]:
        """Key and value of the tag by which resources join a plan; an empty key: by none."""
        selection = self.plans[plan].selection
        return selection.tag or "", plan if selection.value is None else selection.value

    def scripted_tag_of(self, name: str) -> tuple[str, str]:
        """Key and value of the tag by which instances are a script's."""
        script = self.scripts[name]
        key, value = self.tag_of(script.plan)
        return key, script.value or f"{value}-{name}"


class CentralSettings(ProtectedSettings):
    """What may stand in either central account."""

    reports: Reports | None = None
    reports_mail: ReportsMail | None = None
    backup_policies: dict[PlanName, BackupPolicy] = Field(default_factory=dict)
    """Of the customer's organization, beside or instead of accounts' own plans."""
    evidence: Evidence | None = None
    """Where the customer's evidence is signed and kept; one central account has it."""


_GUARD_RAILS = "they stand in the stack of the management account, which alone may lift them"


class ManagementSettings(CentralSettings):
    """The management account: by default the home of report plans, reports bucket and lake."""

    role: Literal["management"]
    reports: Reports | None = Reports()
    guard_rails: GuardRails | None = None
    """Of the customer's organization, whose management account alone may lift them."""

    @property
    def copies_reports_to(self) -> str | None:
        """The account that delivered reports are replicated to: the audit account, or none."""
        copied = self.reports is not None and self.reports.bucket.copy_to_audit
        return self.organization.audit_account if copied else None

    @property
    def account(self) -> str:
        # A rule of the stack's settings has refused a management stack without the account.
        assert self.organization.management_account is not None
        return self.organization.management_account


class ReportsCopy(Model):
    """Where the management account's reports are replicated to."""

    expire_after_days: Days = 400
    force_destroy: bool = False
    """Lets `destroy` delete the copies with the bucket."""


class AuditSettings(CentralSettings):
    """The audit account: by default the home of the alert bus and of ticketing."""

    refused: ClassVar[Mapping[str, str]] = {**StackSettings.refused, "guard_rails": _GUARD_RAILS}

    role: Literal["audit"]
    reports_copy: ReportsCopy | None = None
    """A bucket for copies of the management account's reports (reports.bucket.copy_to_audit)."""

    @property
    def account(self) -> str:
        # A rule of the stack's settings has refused an audit stack without the account.
        assert self.organization.audit_account is not None
        return self.organization.audit_account


class MemberSettings(ProtectedSettings):
    """A member account: vaults, plans, and the rule that forwards its job events."""

    refused: ClassVar[Mapping[str, str]] = {
        **StackSettings.refused,
        "guard_rails": _GUARD_RAILS,
        **dict.fromkeys(
            ("backup_policies", "evidence", "reports_mail"),
            "it stands in the stack of a central account, management or audit",
        ),
    }

    role: Literal["member"]
    name: MemberName
    """How the account is called among the customer's stacks: <customer>-member-<name>."""
    account: AccountId
    regions: tuple[Region, ...] = Field(min_length=1)
    vaults: dict[VaultName, Vault] = Field(min_length=1)
    reports: Reports | None = None
    """Reports on this account alone (scope: account)."""

    @property
    def bootstrapped_regions(self) -> tuple[str, ...]:
        if self.bootstrap is None or not self.bootstrap.vaults:
            return ()
        return self.bootstrap.regions or (self.region,)

    @property
    def alert_regions(self) -> tuple[str, ...]:
        alarms = self.reports is not None or self.alerts_in == "member"
        if not alarms or self.region in self.regions:
            return self.regions
        return (*self.regions, self.region)  # where the alarms of reports and tickets stand


Settings = ManagementSettings | AuditSettings | MemberSettings
"""Of one stack."""
