"""What a customer demands of the policies of its stacks, told by each of them."""

from components.policy_demands import PolicyDemands, PolicyDemandsArgs
from stacks.load import Settings


def tell_policies(settings: Settings) -> None:
    """Lets the policy pack see it, whoever runs the pack."""
    vaults = (*settings.vaults.values(), *settings.retained_vaults.values())
    brought = {arn for v in vaults if not isinstance(v.key, str) for arn in v.key.values()}
    PolicyDemands(
        "policies",
        PolicyDemandsArgs(vault_key=settings.policy.vault_key, known_keys=sorted(brought)),
    )
