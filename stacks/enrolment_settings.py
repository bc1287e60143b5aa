"""Which accounts of an organization become members, and what their rows begin with: `enrolment` in
the customer's file, read by `backup-org enrol` alone."""

import difflib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from stacks.model import Model
from stacks.settings import MemberSettings
from stacks.settings_layers import IMPLIED
from stacks.values import AccountId, TagKey, TagPattern, UnitIdOrPath

_FIELDS = tuple(sorted(MemberSettings.model_fields.keys() - IMPLIED - {"account"}))


def _known_fields(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Their values are checked with the row that they come to stand in."""
    for name in values:
        if name not in _FIELDS:
            near = difflib.get_close_matches(name, _FIELDS, n=1)
            cure = f"did you mean {near[0]}?" if near else f"there are: {', '.join(_FIELDS)}"
            raise ValueError(f"{name!r} is nothing that a row may have; {cure}")
    return values


class AccountFilter(Model):
    """Those of which all that is said here is true."""

    units: tuple[UnitIdOrPath, ...] = ()
    """They stand in one of these, or below it."""
    accounts: tuple[AccountId, ...] = ()
    """They are one of these."""
    tags: dict[TagKey, TagPattern] = Field(default_factory=dict)
    """They carry each of these, whose values may have * where anything may stand."""


def _says_something(filter_: AccountFilter) -> AccountFilter:
    if not (filter_.units or filter_.accounts or filter_.tags):
        raise ValueError("says nothing, which would be true of all; write units, accounts or tags")
    return filter_


class RowTemplate(AccountFilter):
    """What the rows of some accounts begin with."""

    values: Annotated[dict[str, Any], AfterValidator(_known_fields)]


class Enrolment(Model):
    exclude: tuple[Annotated[AccountFilter, AfterValidator(_says_something)], ...] = ()
    """Accounts that are no members, beside the central ones: those of any of these."""
    rows: tuple[RowTemplate, ...] = ()
    """What new rows hold beside the account: of each of these that is about it, the later over the
    earlier."""

    @property
    def reads_tags(self) -> bool:
        """AWS tells tags account by account: not asked for where nothing hangs on them."""
        return any(each.tags for each in (*self.exclude, *self.rows))

    @property
    def units(self) -> frozenset[str]:
        return frozenset(unit for each in (*self.exclude, *self.rows) for unit in each.units)
