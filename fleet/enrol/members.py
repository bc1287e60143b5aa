"""A customer's members as its files have them, and the files as enrolment changes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fleet.enrol.table import Difference, Row
from fleet.errors import ToldError
from fleet.settings_file import changed, problems_with, quoted, with_change, with_rows
from stacks import load, names
from stacks.load import CUSTOMERS


@dataclass(frozen=True, kw_only=True)
class Members:
    """What the settings of each member come to, unchecked, by its name."""

    customer: str
    root: Path
    settings: Mapping[str, Row]

    @property
    def file(self) -> Path:
        """The customer's, which has the table."""
        return self.root / CUSTOMERS / f"{self.customer}.yaml"

    def stack(self, member: str) -> str:
        return names.stack_name(self.customer, "member", member)


def members_of(customer: str, root: Path) -> Members:
    """Raises SettingsError where a file cannot be read, or its account is none: that would be
    enrolled again."""
    prefix = names.stack_name(customer, "member-")
    load.members_of(customer, root)
    found = {
        stack.removeprefix(prefix): load.values_of(stack, root).merged
        for stack in load.stacks_in(root)
        if stack.startswith(prefix)
    }
    mine = {n: row for n, row in found.items() if row.get("customer", customer) == customer}
    for name, row in mine.items():
        if not re.fullmatch(r"\d{12}", account := str(row.get("account"))):
            problem = f"account: is {account}; write the 12 digits of its id, in quotes"
            raise load.SettingsError(f"{prefix}{name}", [problem])
    return Members(customer=customer, root=root, settings=mine)


def texts(members: Members, differences: Sequence[Difference], *, fill: bool) -> Mapping[Path, str]:
    """The files that change, each with its text: new rows at the end of the table, and with `fill`
    what others lack where each has its values. Raises ToldError for what would not validate."""
    path = members.file
    if not path.is_file():
        raise ToldError(
            f"{CUSTOMERS}/{path.name} does not exist, and the table of members stands there; write "
            "there what members share, customer and region at least (docs/settings.md)"
        )
    new = {each.member: each.values for each in differences if each.kind == "new"}
    lacking = {each.member: each.values for each in differences if each.kind == "lacks" and fill}
    rows = load.members_of(members.customer, members.root)
    found: dict[Path, str] = {}
    for member in lacking.keys() - rows.keys():
        values = lacking[member]
        own, text = with_change(
            members.root, members.stack(member), lambda place, values=values: _fill(place, values)
        )
        found[own] = text
    text = path.read_text(encoding="utf-8")
    filled = {rows[member].name: lacking[member] for member in lacking.keys() & rows.keys()}
    if filled:
        text = changed(text, lambda document: _fill_rows(document["members"], filled))
    if new or filled:
        found[path] = with_rows(text, new)
    _check(members, found, [*new, *lacking])
    return found


def _check(members: Members, found: Mapping[Path, str], touched: Sequence[str]) -> None:
    stacks = map(members.stack, touched)
    problems = [str(error) for error in problems_with(members.root, found, stacks)]
    if problems:
        more = [f"and those of {len(problems) - 5} others"] if len(problems) > 5 else []
        cure = "nothing is written; what is wrong or missing stands best in member_defaults, or in "
        raise ToldError("\n".join([*problems[:5], *more, f"{cure}enrolment.rows"]))


def _fill_rows(table: Any, rows: Mapping[Any, Row]) -> None:
    for name, values in rows.items():
        if table[name] is None:
            table[name] = {}
        _fill(table[name], values)


def _fill(place: Any, values: Row) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping) and isinstance(place.get(key), Mapping):
            _fill(place[key], cast(Row, value))
        elif key not in place:
            place[key] = quoted(value)
