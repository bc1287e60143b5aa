"""The organization as AWS tells it: accounts, and the units that they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pulumi
import pulumi_aws as aws

from stacks.sharding import Unit


class Organization(Protocol):
    """What report plans are made for, whoever reads it."""

    def accounts(self) -> Sequence[str]: ...

    def tree(self) -> Unit: ...

    def unit(self, id_: str) -> Unit: ...

    def regions(self) -> Sequence[str]: ...


class OrganizationReader:
    """Reads through a stack's provider. Any account may ask for the organization's id; its tree
    only the management account and a delegated administrator may read. What needs an organization
    raises RunError where the account is in none."""

    def __init__(self, provider: aws.Provider) -> None:
        self._options = pulumi.InvokeOptions(provider=provider)

    def id(self) -> str:
        return self._needed().id

    def id_if_any(self) -> str | None:
        """None where the account is in no organization."""
        found = self._found()
        return found.id if found is not None else None

    def accounts(self) -> list[str]:
        """Every account that is active, the management account included."""
        found = self._organization().accounts
        return sorted(account.id for account in found if account.state == "ACTIVE")

    def tree(self) -> Unit:
        """All accounts by where they stand: two calls for each organizational unit."""
        (root,) = self._organization().roots
        return self.unit(root.id)

    def unit(self, id_: str) -> Unit:
        """A unit with its accounts, and with all units below: two calls for each."""
        children = aws.organizations.get_organizational_units(
            parent_id=id_, opts=self._options
        ).children
        return Unit(
            id=id_,
            accounts=self._accounts_in(id_),
            units=tuple(self.unit(child.id) for child in children),
        )

    def regions(self) -> list[str]:
        """The Regions that are switched on in the stack's account."""
        return sorted(aws.get_regions(opts=self._options).names)

    def _organization(self) -> aws.organizations.GetOrganizationResult:
        """With its accounts and root, which the provider leaves out where an account may not list
        them."""
        found = self._needed()
        if not found.accounts or not found.roots:
            raise pulumi.RunError(
                "this account may not list the organization's accounts, which its report plans "
                "need: make it AWS Backup's delegated administrator, as `backup-org prepare` of "
                "the management stack does, or let reports.scope be account"
            )
        return found

    def _needed(self) -> aws.organizations.GetOrganizationResult:
        found = self._found()
        if found is None:
            raise pulumi.RunError(
                "this account is in no AWS Organization, which copies_from: organization and a "
                "reports.scope beyond this account need; leave these out"
            )
        return found

    def _found(self) -> aws.organizations.GetOrganizationResult | None:
        try:
            return aws.organizations.get_organization(opts=self._options)
        except Exception as error:
            # Pulumi gives what a provider says as a text, in an exception without a type.
            if "AWSOrganizationsNotInUseException" in str(error):
                return None
            raise

    def _accounts_in(self, id_: str) -> tuple[str, ...]:
        found = aws.organizations.get_organizational_unit_child_accounts(
            parent_id=id_, opts=self._options
        ).accounts
        return tuple(sorted(account.id for account in found if account.state == "ACTIVE"))
