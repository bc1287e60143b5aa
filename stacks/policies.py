"""What a customer chooses of the policies of its stacks, told by each of them."""

from typing import Any

from components.policy_demands import PolicyDemands, PolicyDemandsArgs
from stacks.load import Settings


def tell_policies(settings: Settings) -> None:
    """Lets the policy pack see it, whoever runs the pack."""
    PolicyDemands(
        "policies",
        PolicyDemandsArgs(bundle=settings.policy.bundle, rules=_rules(settings)),
    )


def _rules(settings: Settings) -> dict[str, dict[str, Any]]:
    """As the customer has them, with the keys and the central accounts that it knows as its own."""
    rules = {
        name: rule.model_dump(mode="json", exclude_none=True)
        for name, rule in settings.policy.rules.items()
    }
    of_key = rules.setdefault("vault_has_its_own_key", {})
    of_key.setdefault("known_keys", [*settings.policy.known_keys])
    of_copies = rules.setdefault("vault_takes_copies_from_its_organization", {})
    of_copies["accounts"] = sorted(
        {*settings.organization.accounts, *of_copies.get("accounts", ())}
    )
    if settings.policy.vault_key == "customer_managed":
        of_key.setdefault("level", "mandatory")
    of_strangers = rules.setdefault("resource_policy_lets_no_stranger_in", {})
    of_strangers["known_accounts"] = sorted(
        {*settings.organization.accounts, *of_strangers.get("known_accounts", ())}
    )
    return rules
