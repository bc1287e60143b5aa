"""Which stacks a stack reads: the order in which a customer's stacks are deployed."""

from collections.abc import Sequence

from stacks.load import Settings
from stacks.names import own_stack, stack_name
from stacks.settings import ManagementSettings, StackSettings


def alerts_stack(settings: Settings) -> str:
    """Where the alert bus stands."""
    if settings.alerts_in == "member":
        return own_stack(settings)
    return stack_name(settings.customer, settings.alerts_in)


def audit_stack(settings: StackSettings) -> str:
    return stack_name(settings.customer, "audit")


def central_vaults_stack(settings: StackSettings) -> str:
    """Where the vaults stand that copies with `account: central` go to."""
    return stack_name(settings.customer, settings.central_vaults_in)


def references(settings: Settings) -> Sequence[str]:
    """The stacks whose contracts a stack consumes, itself left out."""
    read = {alerts_stack(settings)}
    if isinstance(settings, ManagementSettings) and settings.copies_reports_to is not None:
        read.add(audit_stack(settings))
    if settings.copies_to_central:
        read.add(central_vaults_stack(settings))
    return sorted(read - {own_stack(settings)})
