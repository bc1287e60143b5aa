"""Where the rules of plans copy to, and how long copies are kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from stacks.protection_settings import Copy, Rule
from stacks.settings import ProtectedSettings, Settings


def account_of(settings: Settings, copy: Copy) -> str:
    """The account that a copy goes to; empty where there is no such central account."""
    return _account(settings, copy.account) if copy.account else settings.account


def taken_back_from(settings: ProtectedSettings) -> str | None:
    """The account whose copies the stack's vaults take in, to be restored."""
    wanted = settings.recovery.from_account if settings.recovery else None
    return _account(settings, wanted) if wanted else None


def _account(settings: ProtectedSettings, named: str) -> str:
    if named == "central":
        return settings.organization.account_of(settings.central_vaults_in) or ""
    return named


def accounts_copied_to(settings: Settings, vault: str) -> Sequence[str]:
    """Other accounts that plans copy to what they put into a vault."""
    plans = [plan for plan in settings.plans if settings.vault_of(plan) == vault]
    rules = [rule for plan in plans for rule in settings.rules_of(plan).values()]
    found = {account_of(settings, copy) for rule in rules for copy in rule.copies}
    return sorted(found - {settings.account, ""})


@dataclass(frozen=True, kw_only=True)
class CopyTarget:
    """The vault that a copy goes to."""

    account: str
    region: str
    vault: str
    """Its name in settings."""


def copy_target(settings: Settings, plan: str, copy: Copy, region: str) -> CopyTarget:
    """Of a copy that a plan makes in a Region."""
    return CopyTarget(
        account=account_of(settings, copy),
        region=copy.region or region,
        vault=copy.vault or settings.vault_of(plan),
    )


def copy_lifecycle(rule: Rule, copy: Copy) -> tuple[int, int | None]:
    """Days until a copy is deleted, and until it moves to cold storage."""
    own = copy.move_to_cold_storage_after_days
    if copy.delete_after_days is None and own is None:
        return rule.delete_after_days, rule.move_to_cold_storage_after_days
    return copy.delete_after_days or rule.delete_after_days, own
