"""The organization as a session's account may list it: accounts, and the units they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any

import boto3

from stacks.sharding import Unit


class ListedOrganization:
    """Accounts that are active; each unit is asked for once. Raises what boto3 raises."""

    def __init__(self, session: boto3.Session) -> None:
        self._client: Any = session.client("organizations")
        self._session = session
        self.right_in = cache(self._right_in)
        self.unit = cache(self._unit)

    def accounts(self) -> Sequence[str]:
        return self._everyone

    def tree(self) -> Unit:
        (root,) = self._client.list_roots()["Roots"]
        return self.unit(root["Id"])

    def regions(self) -> Sequence[str]:
        """The Regions that are switched on in the session's account."""
        regions = self._session.client("ec2").describe_regions()["Regions"]
        return sorted(region["RegionName"] for region in regions if "RegionName" in region)

    def _unit(self, id_: str) -> Unit:
        """A unit, or the root, with its accounts, and with all units below."""
        pages = self._client.get_paginator("list_organizational_units_for_parent").paginate(
            ParentId=id_
        )
        below = [child["Id"] for page in pages for child in page["OrganizationalUnits"]]
        return Unit(id=id_, accounts=self.right_in(id_), units=tuple(map(self.unit, below)))

    def _right_in(self, unit: str) -> tuple[str, ...]:
        """Accounts of a unit, without those of units below."""
        return self._active("list_accounts_for_parent", ParentId=unit)

    @cached_property
    def _everyone(self) -> tuple[str, ...]:
        return self._active("list_accounts")

    def _active(self, operation: str, **asked: str) -> tuple[str, ...]:
        pages = self._client.get_paginator(operation).paginate(**asked)
        return tuple(
            sorted(
                account["Id"]
                for page in pages
                for account in page["Accounts"]
                if account["Status"] == "ACTIVE"
            )
        )
