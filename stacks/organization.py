"""The organization as AWS tells it: accounts, and the units that they stand in."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from stacks.sharding import Unit


class OrganizationReader:
    """Reads through a stack's provider. Any account may ask for the organization's id; its tree
    only the management account and a delegated administrator may read."""

    def __init__(self, provider: aws.Provider) -> None:
        self._options = pulumi.InvokeOptions(provider=provider)

    def id(self) -> str:
        return aws.organizations.get_organization(opts=self._options).id

    def accounts(self) -> list[str]:
        """Every account that is active, the management account included."""
        found = aws.organizations.get_organization(opts=self._options).accounts
        return sorted(account.id for account in found if account.state == "ACTIVE")

    def tree(self) -> Unit:
        """All accounts by where they stand: two calls for each organizational unit."""
        (root,) = aws.organizations.get_organization(opts=self._options).roots
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

    def _accounts_in(self, id_: str) -> tuple[str, ...]:
        found = aws.organizations.get_organizational_unit_child_accounts(
            parent_id=id_, opts=self._options
        ).accounts
        return tuple(sorted(account.id for account in found if account.state == "ACTIVE"))
