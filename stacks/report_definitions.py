"""The definitions of a customer's scheduled reports, made of its settings."""

import base64
from collections.abc import Mapping
from pathlib import Path

from reports.digest.definition import Brand, Cadence, Definition
from stacks.customer_accounts import NamedAccount, accounts_of
from stacks.report_mail_settings import Brand as BrandSettings
from stacks.report_mail_settings import ReportsMail, ScheduledReport, ServiceLevel, VaultTag
from stacks.settings import CentralSettings
from stacks.settings_files import CUSTOMERS

_MEDIA_TYPES = {".png": "image/png", ".svg": "image/svg+xml"}


def definitions(
    settings: CentralSettings, mail: ReportsMail, root: Path
) -> Mapping[Cadence, Definition]:
    """Of each report that is scheduled; `root` holds Pulumi.yaml."""
    accounts = accounts_of(settings.customer, root)
    brand = _brand(settings.customer, mail.brand, root)
    return {
        cadence: _definition(settings, mail, cadence, report, accounts=accounts, brand=brand)
        for cadence, report in mail.scheduled.items()
    }


def unscheduled(customer: str, cadence: Cadence, root: Path) -> Definition:
    """Of a report that no setting speaks of: about all accounts, for nobody's mail."""
    accounts = accounts_of(customer, root)
    return Definition(
        customer=customer,
        cadence=cadence,
        source="lake" if any(one.has_reports for one in accounts) else "api",
        timezone="Etc/UTC",
        regions={one.account: one.regions for one in accounts},
        account_names={one.account: one.name for one in accounts},
        vault_tag=(VaultTag().key, customer),
        recipients=(),
        failures_to=(),
        sender="",
        brand=Brand(name=customer),
        attach=False,
        link_seconds=0,
        grace_days=ServiceLevel().grace_days,
        issues_are_failures=ServiceLevel().completed_with_issues == "failure",
    )


def lake_account(customer: str, root: Path) -> NamedAccount | None:
    """Where the customer's curated reports lie: the first central one, if there are several."""
    having = [account for account in accounts_of(customer, root) if account.has_reports]
    return min(having, key=lambda one: one.name not in ("audit", "management"), default=None)


def _definition(
    settings: CentralSettings,
    mail: ReportsMail,
    cadence: Cadence,
    report: ScheduledReport,
    *,
    accounts: tuple[NamedAccount, ...],
    brand: Brand,
) -> Definition:
    tag = report.vault_tag or mail.vault_tag
    chosen = [one for one in accounts if not report.accounts or one.account in report.accounts]
    has_lake = any(one.has_reports for one in accounts)
    return Definition(
        customer=settings.customer,
        cadence=cadence,
        source=report.source or ("lake" if cadence == "monthly" and has_lake else "api"),
        timezone=report.timezone,
        regions={one.account: report.regions or one.regions for one in chosen},
        account_names={one.account: one.name for one in chosen},
        vault_tag=(tag.key, tag.value or settings.customer),
        sections=report.holds,
        recipients=report.recipients,
        failures_to=mail.failures_to or report.recipients,
        sender=mail.sender.address,
        brand=brand,
        attach=mail.attach,
        link_seconds=mail.link.valid_minutes * 60,
        grace_days=mail.sla.grace_days,
        issues_are_failures=mail.sla.completed_with_issues == "failure",
    )


def _brand(customer: str, brand: BrandSettings, root: Path) -> Brand:
    logo = None
    if brand.logo is not None:
        path = root / CUSTOMERS / brand.logo
        content = base64.b64encode(path.read_bytes()).decode()
        logo = f"data:{_MEDIA_TYPES[path.suffix]};base64,{content}"
    return Brand(name=brand.name or customer, logo=logo, accent=brand.accent)
