"""Guard rails of AWS Organizations: what nobody in the member accounts may do to backups."""

from typing import Annotated

from pydantic import Field

from stacks.model import Model
from stacks.values import AccountId, BreakGlassRole, BucketName, PolicyTarget


class GuardRails(Model):
    """A service control policy and a resource control policy (docs/guard-rails.md)."""

    targets: Annotated[tuple[PolicyTarget, ...], Field(min_length=1)]
    """Organizational units with all below them, accounts, or the root. The management account is
    bound by neither policy."""
    break_glass_roles: Annotated[tuple[BreakGlassRole, ...], Field(min_length=1)]
    """Roles that are bound by none of it but the leaving of the organization. They must exist
    before the guard rails do: after that only they themselves may make or change one."""
    deploy_roles: Annotated[tuple[BreakGlassRole, ...], Field(min_length=1)]
    """Roles that deploy stacks in the accounts. They change vaults, plans and key policies, and may
    neither delete recovery points nor end keys."""
    buckets: tuple[BucketName, ...] = ()
    """Buckets of reports that have names of their own, beside those called <customer>-backup-…"""
    trusted_accounts: tuple[AccountId, ...] = ()
    """Accounts outside the organization that policies of keys and buckets may let in."""
