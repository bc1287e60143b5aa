"""Checks of what accounts have from `backup-org bootstrap`; importing this registers them."""

from stacks.check import Problems, check
from stacks.protection_settings import Vault
from stacks.settings import CentralSettings, MemberSettings, Settings, StackSettings
from stacks.settings_layers import Values


@check(StackSettings, "bootstrap", "organization")
def _bootstrap_is_for_an_organization(s: StackSettings) -> Problems:
    if s.bootstrap is not None and s.organization.management_account is None:
        yield (
            ("bootstrap",),
            "is for the accounts of an organization's units, whose management_account is missing; "
            "leave it out, or write organization.management_account",
        )


@check(MemberSettings, "bootstrap", "vaults")
def _vaults_of_bootstrap_are_alike(s: MemberSettings) -> Problems:
    for name, vault in (s.bootstrap.vaults if s.bootstrap else {}).items():
        if name in s.vaults and s.vaults[name] != Vault.model_validate(vault.model_dump()):
            yield (
                ("vaults", name),
                "is made by bootstrap, in all accounts alike: set it under bootstrap.vaults of the "
                "customer's file, or write bootstrap: null for a stack that makes its own",
            )


@check(CentralSettings, "bootstrap", "backup_policies", "region")
def _policies_find_their_vaults_in_new_accounts(s: CentralSettings) -> Problems:
    if s.bootstrap is None or not s.bootstrap.vaults:
        return
    made, regions = s.bootstrap.vaults, s.bootstrap.regions or (s.region,)
    for name, policy in s.backup_policies.items():
        for plan_name, plan in policy.plans.items():
            where = ("backup_policies", name, "plans", plan_name)
            vault = plan.vault or policy.vault
            if vault not in made:
                known = ", ".join(sorted(made))
                yield where, f"fills the vault {vault}, but bootstrap.vaults has {known}; add it"
            if missing := sorted({*(plan.regions or policy.regions)} - {*regions}):
                yield where, f"is for {', '.join(missing)} too; add to bootstrap.regions"


def with_layers(settings: Settings, given: Values) -> Problems:
    """One text of each template is for all accounts."""
    for layer in given.layers[1:]:
        if layer.values.get("bootstrap") is not None:
            yield (
                ("bootstrap",),
                "is alike in all accounts: write it in the customer's file, and here null, for a "
                "member whose stack makes its own",
            )
    if not settings.bootstrap or not settings.bootstrap.vaults:
        return
    for layer in given.layers[1:]:
        for name in layer.values.get("monitoring") or ():
            yield (
                ("monitoring", name),
                "is alike in all accounts that bootstrap forwards from: write it in the "
                "customer's file, outside member_defaults, and have bootstrap written anew",
            )
