"""A customer's table of members, brought up to what its organization has: no AWS, no files."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, cast

from fleet.errors import ToldError
from fleet.organization import ACTIVE, ListedAccount
from stacks.enrolment_settings import AccountFilter, Enrolment

Row = Mapping[str, Any]
Kind = Literal["new", "lacks", "inactive", "gone"]

_LONGEST = 20
"""Characters of a member's name (stacks/values.py)."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What the table and the organization say differently of one account."""

    kind: Kind
    """new: it has no stack. lacks: its row has not all that enrolment gives. inactive, gone: it has
    a stack and is no active account, or none of the organization's."""
    member: str
    account: str
    listed: ListedAccount | None = None
    """None of one that is gone."""
    values: Row = field(default_factory=dict[str, Any])
    """What is written into its row, or may be."""


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    table: Mapping[str, Row]
    differences: Sequence[Difference]


def enrolled(
    table: Mapping[str, Row],
    organization: Sequence[ListedAccount],
    enrolment: Enrolment | None = None,
    *,
    customer: str = "",
    elsewhere: Mapping[str, str] | None = None,
    fill: bool = False,
) -> Enrolled:
    """The table with a row for each active account that has none and is not excluded.

    Accounts are known by their ids: one that is renamed or moved keeps its row and its name. No row
    is removed. What a row has stays as it is; `fill` adds what it lacks of what enrolment gives.
    `elsewhere` are accounts with stacks that are no rows, by their ids: members with files of their
    own, each with its name, and the central accounts, whose names no member takes.
    """
    rules, others = enrolment or Enrolment(), elsewhere or {}
    by_account = {str(row.get("account")): name for name, row in table.items()}
    listed = {account.id: account for account in organization}
    rows: dict[str, Row] = dict(table)
    differences: list[Difference] = []
    for name, row in table.items():
        found = _of_row(name, row, listed, rules)
        if found is not None:
            differences.append(found)
            if fill and found.kind == "lacks":
                rows[name] = _laid_under(row, found.values)
    for account in sorted(organization, key=lambda each: (each.path, each.name, each.id)):
        known = account.id in by_account or account.id in others
        if known or account.state != ACTIVE or is_excluded(account, rules.exclude):
            continue
        name = member_name(account, customer, {*rows, *others.values()})
        values = {"account": account.id, **given(account, rules)}
        rows[name] = values
        differences.append(
            Difference(kind="new", member=name, account=account.id, listed=account, values=values)
        )
    return Enrolled(table=rows, differences=differences)


def unknown_units(enrolment: Enrolment, known: Collection[str]) -> Iterator[str]:
    """What is wrong with each unit that enrolment names and the organization has not, under an id
    or a path: a misspelt one would exclude nobody."""
    for unit in sorted(enrolment.units.difference(known)):
        near = difflib.get_close_matches(unit, known, n=3)
        meant = f"did you mean {' or '.join(near)}?" if near else f"there are: {_listing(known)}"
        yield f"{unit}: the organization has no such unit; {meant}"


def is_excluded(account: ListedAccount, exclude: Iterable[AccountFilter]) -> bool:
    return any(_is_among(account, each) for each in exclude)


def given(account: ListedAccount, enrolment: Enrolment) -> Row:
    """What enrolment gives an account's row."""
    values: Row = {}
    for template in enrolment.rows:
        if _is_among(account, template):
            values = _laid_under(template.values, values)
    return values


def member_name(account: ListedAccount, customer: str, taken: Collection[str]) -> str:
    """An account's name as a member may be called, without the customer's before it; where that is
    taken, with the end of its id."""
    ascii_ = unicodedata.normalize("NFKD", account.name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_).strip("-")
    slug = slug.removeprefix(f"{customer}-") if customer else slug
    if not slug[:1].isalpha():
        slug = f"account-{slug}".rstrip("-")
    for digits in (0, 4, 8, 12):
        end = f"-{account.id[-digits:]}" if digits else ""
        name = f"{slug[: _LONGEST - len(end)].rstrip('-')}{end}"
        if name not in taken:
            return name
    raise ToldError(f"{account.id} finds no name: all of {slug} are taken; write its row yourself")


def _of_row(
    name: str, row: Row, listed: Mapping[str, ListedAccount], enrolment: Enrolment
) -> Difference | None:
    id_ = str(row.get("account"))
    account = listed.get(id_)
    if account is None:
        return Difference(kind="gone", member=name, account=id_)
    if account.state != ACTIVE:
        return Difference(kind="inactive", member=name, account=id_, listed=account)
    lacking = _lacking(row, given(account, enrolment))
    if not lacking:
        return None
    return Difference(kind="lacks", member=name, account=id_, listed=account, values=lacking)


def _is_among(account: ListedAccount, which: AccountFilter) -> bool:
    return (
        (not which.units or not _units_of(account).isdisjoint(which.units))
        and (not which.accounts or account.id in which.accounts)
        and all(
            key in account.tags and fnmatchcase(account.tags[key], pattern)
            for key, pattern in which.tags.items()
        )
    )


def _units_of(account: ListedAccount) -> frozenset[str]:
    """Ids and paths of all units that it stands in or below."""
    names = account.unit_names
    return frozenset(account.units) | {"/".join(names[:n]) for n in range(1, len(names) + 1)}


def _lacking(row: Row, wanted: Row) -> Row:
    """What is wanted and not in the row under any value: what is there, somebody chose."""
    lacking: dict[str, Any] = {}
    for key, value in wanted.items():
        if key not in row:
            lacking[key] = value
        elif isinstance(value, Mapping) and isinstance(row[key], Mapping):
            below = _lacking(cast(Row, row[key]), cast(Row, value))
            if below:
                lacking[key] = below
    return lacking


def _laid_under(row: Row, values: Row) -> Row:
    """The row with values where it has none."""
    laid = {**values, **row}
    for key in values.keys() & row.keys():
        if isinstance(values[key], Mapping) and isinstance(row[key], Mapping):
            laid[key] = _laid_under(cast(Row, row[key]), cast(Row, values[key]))
    return laid


def _listing(known: Collection[str]) -> str:
    return ", ".join(sorted(known)) or "none"
