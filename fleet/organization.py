"""The organization as a session's account may list it: accounts, and the units they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import boto3

from stacks.sharding import Unit

ACTIVE = "ACTIVE"


@dataclass(frozen=True, kw_only=True)
class ListedAccount:
    """An account of the organization, whether it is active or not."""

    id: str
    name: str
    email: str = ""
    state: str = ACTIVE
    """PENDING_ACTIVATION, ACTIVE, SUSPENDED, PENDING_CLOSURE or CLOSED."""
    units: tuple[str, ...] = ()
    """The ids of the units that it stands in, from below the root."""
    unit_names: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def path(self) -> str:
        """Where it stands: Workloads/Prod; empty right below the root."""
        return "/".join(self.unit_names)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """The root, or a unit, with the ids and names of the units from below the root to it."""

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    accounts: Sequence[Mapping[str, Any]]


def state_of(account: Mapping[str, Any]) -> str:
    """Of an account as AWS describes it. Its older field Status ends in September 2026."""
    return account.get("State") or account.get("Status", "")


class ListedOrganization:
    """Each unit is asked for once. Raises what boto3 raises."""

    def __init__(self, session: boto3.Session) -> None:
        self._client: Any = session.client("organizations")
        self._session = session
        self.right_in = cache(self._right_in)
        self.unit = cache(self._unit)

    def accounts(self) -> Sequence[str]:
        """Those that are active."""
        return self._everyone

    def listed_accounts(self, *, tags: bool) -> Sequence[ListedAccount]:
        """All of them, from two calls a unit; `tags` costs one more for each account."""
        return [
            ListedAccount(
                id=found["Id"],
                name=found.get("Name", ""),
                email=found.get("Email", ""),
                state=state_of(found),
                units=place.ids,
                unit_names=place.names,
                tags=self._tags(found["Id"]) if tags else {},
            )
            for place in self._places
            for found in sorted(place.accounts, key=lambda account: account["Id"])
        ]

    def units(self) -> frozenset[str]:
        """The ids of all units, and their names from below the root: Workloads/Prod."""
        below = [place for place in self._places if place.ids]
        return frozenset(place.ids[-1] for place in below).union(
            "/".join(place.names) for place in below
        )

    def tree(self) -> Unit:
        return self.unit(self._root)

    def regions(self) -> Sequence[str]:
        """The Regions that are switched on in the session's account."""
        regions = self._session.client("ec2").describe_regions()["Regions"]
        return sorted(region["RegionName"] for region in regions if "RegionName" in region)

    @cached_property
    def _root(self) -> str:
        (root,) = self._listed("list_roots", "Roots")
        return root["Id"]

    @cached_property
    def _places(self) -> Sequence[_Place]:
        return [*self._below(self._root, (), ())]

    def _below(self, parent: str, ids: tuple[str, ...], names: tuple[str, ...]) -> Iterator[_Place]:
        accounts = self._listed("list_accounts_for_parent", "Accounts", ParentId=parent)
        yield _Place(ids=ids, names=names, accounts=accounts)
        for child in self._children(parent):
            yield from self._below(child["Id"], (*ids, child["Id"]), (*names, child["Name"]))

    def _tags(self, account: str) -> Mapping[str, str]:
        found = self._listed("list_tags_for_resource", "Tags", ResourceId=account)
        return {tag["Key"]: tag["Value"] for tag in found}

    def _unit(self, id_: str) -> Unit:
        """A unit, or the root, with its accounts, and with all units below."""
        below = [child["Id"] for child in self._children(id_)]
        return Unit(id=id_, accounts=self.right_in(id_), units=tuple(map(self.unit, below)))

    def _children(self, parent: str) -> Sequence[Mapping[str, Any]]:
        operation = "list_organizational_units_for_parent"
        return self._listed(operation, "OrganizationalUnits", ParentId=parent)

    def _right_in(self, unit: str) -> tuple[str, ...]:
        """Accounts of a unit, without those of units below."""
        return self._active("list_accounts_for_parent", ParentId=unit)

    @cached_property
    def _everyone(self) -> tuple[str, ...]:
        return self._active("list_accounts")

    def _active(self, operation: str, **asked: str) -> tuple[str, ...]:
        found = self._listed(operation, "Accounts", **asked)
        return tuple(sorted(account["Id"] for account in found if state_of(account) == ACTIVE))

    def _listed(self, operation: str, member: str, **asked: str) -> Sequence[Mapping[str, Any]]:
        pages = self._client.get_paginator(operation).paginate(**asked)
        return [each for page in pages for each in page[member]]
