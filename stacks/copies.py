"""Where the rules of plans copy to."""

from collections.abc import Sequence

from stacks.protection_settings import Copy
from stacks.settings import Settings


def account_of(settings: Settings, copy: Copy) -> str:
    """The account that a copy goes to; empty where there is no such central account."""
    central = {
        "management": settings.organization.management_account,
        "audit": settings.organization.audit_account or "",
    }
    if copy.account == "central":
        return central[settings.central_vaults_in]
    return copy.account or settings.account


def accounts_copied_to(settings: Settings, vault: str) -> Sequence[str]:
    """Other accounts that plans copy to what they put into a vault."""
    plans = [plan for plan in settings.plans if settings.vault_of(plan) == vault]
    rules = [rule for plan in plans for rule in settings.rules_of(plan).values()]
    found = {account_of(settings, copy) for rule in rules for copy in rule.copies}
    return sorted(found - {settings.account, ""})
