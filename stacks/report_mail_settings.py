"""Settings of scheduled reports: who gets which, when, and by what kind of mail and link."""

from typing import Annotated, Literal

from pydantic import Field

from reports.digest.definition import SECTIONS, Cadence, Section
from stacks.model import Model
from stacks.schedule_values import CronExpression, Timezone
from stacks.values import (
    AccountId,
    Color,
    Days,
    DomainName,
    EmailAddress,
    LogoPath,
    Region,
    SecretName,
    TagKey,
    TagValue,
)

SESSION_MINUTES = 60
"""A role that a function assumes is role chaining, whose session STS ends after an hour."""
USER_MINUTES = 7 * 24 * 60
"""S3 takes no signature that is older than seven days."""

Recipients = Annotated[tuple[EmailAddress, ...], Field(min_length=1, max_length=50)]
"""SES takes 50 a mail."""


class Sender(Model):
    """Whom the mails come from."""

    address: EmailAddress
    existing: bool = False
    """SES has a verified identity of the address or of its domain already, in this account and
    Region: nothing of it is touched. By default that of the domain is made; its DNS records are
    an output of the stack."""


class Brand(Model):
    """Whose report it is, to the eye."""

    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """By default the customer's name in settings."""
    logo: LogoPath | None = None
    """A PNG or SVG file of 100 KB at most, below stacks/customers/."""
    accent: Color = "#0b5cad"


class VaultTag(Model):
    """Reports are about vaults that carry it."""

    key: TagKey = "customer"
    value: TagValue | None = None
    """By default the customer's name: every vault of this program has the tag customer."""


class ServiceLevel(Model):
    """What counts as kept."""

    grace_days: Annotated[int, Field(strict=True, ge=0, le=365)] = 2
    """How long a new resource may be without a backup."""
    completed_with_issues: Literal["success", "failure"] = "success"
    """As what a job counts that AWS Backup completed with a message."""


class Link(Model):
    """The pre-signed link to the page; it opens for whoever has it, until it expires."""

    signer: Literal["session", "user"] = "session"
    """session: a role's, for an hour at most. user: an IAM user's key, for seven days at most."""
    valid_minutes: Annotated[int, Field(strict=True, ge=15)] = SESSION_MINUTES
    secret: SecretName | None = None
    """The Secrets Manager secret, in this account and Region, with the user's key: a JSON object
    of access_key_id and secret_access_key."""


class ScheduledReport(Model):
    """One report: when it is made, for whom, about what."""

    schedule: CronExpression
    timezone: Timezone = "Etc/UTC"
    """Of the schedule, of the days in the report, and of times in the mail."""
    recipients: Recipients
    accounts: Annotated[tuple[AccountId, ...], Field(min_length=1)] | None = None
    """By default all that the settings of the customer's stacks name."""
    regions: Annotated[tuple[Region, ...], Field(min_length=1)] | None = None
    """By default those that the settings name for each account."""
    vault_tag: VaultTag | None = None
    """By default as `reports_mail.vault_tag` says."""
    holds: tuple[Section, ...] = SECTIONS
    """Beside the headline, in the page's order."""
    source: Literal["api", "lake"] | None = None
    """Whence jobs come: AWS Backup's list calls, which go back 30 days, or the lake. By default
    api; of monthly reports lake, where one of the customer's stacks has one."""


class DailyReport(ScheduledReport):
    """About yesterday."""

    schedule: CronExpression = "cron(0 7 * * ? *)"


class WeeklyReport(ScheduledReport):
    """About the seven days before today."""

    schedule: CronExpression = "cron(0 7 ? * MON *)"


class MonthlyReport(ScheduledReport):
    """About last month."""

    schedule: CronExpression = "cron(0 7 2 * ? *)"
    """By default on the 2nd, when the lake has the reports on the month's last day."""


class ReportsMail(Model):
    """Reports that people read: made by a runbook at set times, and mailed."""

    sender: Sender
    allowed_domains: Annotated[tuple[DomainName, ...], Field(min_length=1)]
    """Mails go to no other."""
    daily: DailyReport | None = None
    weekly: WeeklyReport | None = None
    monthly: MonthlyReport | None = None
    brand: Brand = Brand()
    vault_tag: VaultTag = VaultTag()
    sla: ServiceLevel = ServiceLevel()
    link: Link = Link()
    attach: bool = True
    """Whether the page travels with the mail, too: a link of an hour is dead when people come to
    work."""
    failures_to: Recipients | None = None
    """Who is told that a report could not be made; by default its recipients."""
    expire_after_days: Days | None = 400
    """Of stored reports; null: never."""
    force_destroy: bool = False
    """Lets `destroy` delete the stored reports with their bucket."""

    @property
    def scheduled(self) -> dict[Cadence, ScheduledReport]:
        """Those that are set."""
        all_of_them: dict[Cadence, ScheduledReport | None] = {
            "daily": self.daily,
            "weekly": self.weekly,
            "monthly": self.monthly,
        }
        return {cadence: report for cadence, report in all_of_them.items() if report is not None}
