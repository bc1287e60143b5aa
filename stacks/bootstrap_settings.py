"""What CloudFormation gives every account of some units, before it has a stack and for good."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.model import Model
from stacks.protection_settings import Lock
from stacks.values import BreakGlassRole, Region, UnitOrRoot, VaultName


class BootstrapVault(Model):
    """A vault that is alike in every account; what differs between accounts is not set here."""

    key: Literal["customer_managed", "aws_managed"] = "customer_managed"
    deny_deletion: bool = True
    break_glass_roles: tuple[BreakGlassRole, ...] = ()
    lock: Lock | None = None


class Bootstrap(Model):
    """What `backup-org bootstrap` writes a StackSet for. Members' stacks use it as it stands, and
    own none of it."""

    units: tuple[UnitOrRoot, ...] = Field(min_length=1)
    """With all below them; accounts that join get everything at once."""
    regions: Annotated[tuple[Region, ...], Field(min_length=1)] | None = None
    """Where vaults and forwarding stand; null: in the customer's Region."""
    vaults: dict[VaultName, BootstrapVault] = Field(default_factory=dict)
    """Also vaults of each member, as if written there. None: the deploy role is all there is."""
