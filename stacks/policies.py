"""What a customer demands of the policies of its stacks, told by each of them."""

from components.policy_demands import PolicyDemands, PolicyDemandsArgs
from stacks.load import Settings


def tell_policies(settings: Settings) -> None:
    """Lets the policy pack see it, whoever runs the pack."""
    PolicyDemands("policies", PolicyDemandsArgs(vault_key=settings.policy.vault_key))
