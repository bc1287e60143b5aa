"""Backup policies of AWS Organizations: plans that AWS Backup makes in every account below a unit.

Source: AWS Organizations' user guide, Backup policy syntax and examples; its quotas.
"""

from typing import Annotated

from pydantic import Field

from stacks.model import Model
from stacks.protection_settings import MaintenanceWindow, Plan
from stacks.values import PlanName, PolicyTarget, Region, VaultName


class BackupPolicy(Model):
    """Plans for accounts and units, instead of each account's own."""

    targets: Annotated[tuple[PolicyTarget, ...], Field(min_length=1)]
    """Organizational units with all below them, accounts, or the root of the organization."""
    vault: VaultName
    """Of each account and Region that the policy reaches, made by its stack; a plan may name
    another."""
    regions: tuple[Region, ...] = Field(min_length=1)
    """Where AWS Backup looks for resources; a plan may name others."""
    maintenance_window: MaintenanceWindow | None = None
    plans: dict[PlanName, Plan] = Field(min_length=1)
    """As those of an account; what a backup policy cannot hold is refused."""
