"""Which stacks a command is about, as somebody names them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer

from fleet.deploy.touched import touched_since
from fleet.errors import ToldError
from fleet.project import current_project
from fleet.runs import not_through
from stacks import load
from stacks.names import stack_name

_PATTERN = re.compile(r"[*?\[]")
_CUSTOMERS_TOLD = 12


class NotChosen(ToldError):
    """What was named chooses no stack; says what is near."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a selection came to."""

    stacks: list[str]
    """By name, sorted."""
    unreadable: Mapping[str, load.SettingsError] = field(
        default_factory=dict[str, load.SettingsError]
    )
    """The customers of which stacks may be missing, as their tables of members cannot be read."""


def _complete(incomplete: str) -> list[str]:
    """Stacks and customers, for the shell."""
    known = load.stacks_in(current_project())
    return [name for name in [*customers_of(known), *known] if name.startswith(incomplete)]


Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="Stacks, customers, or patterns such as 'acme-member-*'.", autocompletion=_complete
    ),
]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Stacks by names, narrowed down; all of them where nothing is named. Options of a command."""

    names: Names = None
    everything: Annotated[bool, typer.Option("--all", help="Every stack there is.")] = False
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="Not these stacks, customers or patterns.", autocompletion=_complete),
    ] = None
    role: Annotated[
        list[str] | None,
        typer.Option(help="Only stacks of this role: management, audit or member."),
    ] = None
    changed_since: Annotated[
        str | None,
        typer.Option(metavar="REV", help="Only what changes since a revision of git's touch."),
    ] = None
    only_failed: Annotated[
        bool,
        typer.Option("--only-failed", help="Only what did not come through when it last ran."),
    ] = False

    def must_choose(self) -> None:
        """For what changes stacks: refused where nobody said which. An exclusion alone says only
        which not."""
        narrowed = self.role or self.changed_since or self.only_failed
        if not (self.names or self.everything or narrowed):
            raise typer.BadParameter(
                "say which stacks are meant: by their names, their customer's, or --all for every "
                "stack there is (backup-org list shows them)"
            )

    def chosen(self, root: Path, command: str | None = None) -> Chosen:
        """Of a run of that command. Raises NotChosen for a name that chooses nothing."""
        if self.everything and self.names:
            raise typer.BadParameter("--all is every stack there is; leave it out, or the names")
        known = load.stacks_in(root)
        tables, broken = _tables(root)
        stacks = _matching(self.names, known, broken, root) if self.names else {*known}
        stacks -= _matching(self.exclude or (), known, broken, root)
        if self.role:
            roles = _roles(self.role)
            stacks = {stack for stack in stacks if role_of(stack, root) in roles}
        unreadable = {one: broken[one] for one in broken if self._may_mean_members(one, known)}
        if self.changed_since is not None:
            stacks &= touched_since(self.changed_since, root)
        if self.only_failed:
            failed = not_through(root, command, tables)
            stacks &= failed
            unreadable = {customer: unreadable[customer] for customer in unreadable.keys() & failed}
        return Chosen(stacks=sorted(stacks), unreadable=unreadable)

    def _may_mean_members(self, customer: str, known: Collection[str]) -> bool:
        """Whether members may be meant that are in a customer's table alone, which nobody can
        read."""
        names = [name for name in self.names or () if name not in known]
        return (
            (not self.names or any(_may_mean(name, customer) for name in names))
            and not any(_is_each_member(name, customer) for name in self.exclude or ())
            and (not self.role or "member" in self.role)
        )

    def typed(self) -> list[str]:
        """The names and options with which somebody chooses the same again."""
        words = [*(self.names or ())]
        for option, values in (("--exclude", self.exclude), ("--role", self.role)):
            words += [word for value in values or () for word in (option, value)]
        return (
            words if self.changed_since is None else [*words, "--changed-since", self.changed_since]
        )

    def stacks(self, root: Path) -> list[str]:
        """The same, for who goes on with nothing where a customer's table cannot be read: raises
        that SettingsError."""
        chosen = self.chosen(root)
        for error in chosen.unreadable.values():
            raise error
        return chosen.stacks


def chosen(names: Iterable[str], root: Path) -> list[str]:
    """Stacks by their own names, by their customer's or by pattern; every stack where none is
    named. Raises NotChosen, and SettingsError where a customer's table of members cannot be read.
    """
    return Selection(names=[*names]).stacks(root)


def role_of(stack: str, root: Path) -> str:
    """As its settings have it, right or wrong; by its name where they cannot be read."""
    try:
        return str(load.values_of(stack, root).merged.get("role"))
    except load.SettingsError:
        found = re.search(r"-(management|audit|member)(-|$)", stack)
        return found[1] if found else ""


def _tables(root: Path) -> tuple[dict[str, list[str]], dict[str, load.SettingsError]]:
    """The stacks in each customer's table of members, and what is wrong with those tables that
    cannot be read."""
    found: dict[str, list[str]] = {}
    broken: dict[str, load.SettingsError] = {}
    for customer in load.customers_with_files(root):
        try:
            rows = load.members_of(customer, root)
        except load.SettingsError as error:
            broken[customer] = error
        else:
            found[customer] = [stack_name(customer, "member", name) for name in rows]
    return found, broken


def _may_mean(name: str, customer: str) -> bool:
    """Whether a name or pattern may choose members of this customer's."""
    members = f"{customer}-member-"
    if not _is_pattern(name):
        return name == customer or name.startswith(members)
    fixed = _PATTERN.split(name)[0]
    return fixed.startswith(members) or members.startswith(fixed)


def _is_each_member(name: str, customer: str) -> bool:
    """Whether a name or pattern is of all members of this customer's, whatever they are called."""
    members = f"{customer}-member-"
    return name == customer or (name.endswith("*") and fnmatchcase(members, name))


def _matching(
    names: Iterable[str], known: list[str], broken: Iterable[str], root: Path
) -> set[str]:
    stacks: set[str] = set()
    for name in names:
        if _is_pattern(name):
            found = [stack for stack in known if fnmatchcase(stack, name)]
        else:
            found = [name] if name in known else [s for s in known if _is_of(s, name, root)]
        if not found and not any(_may_mean(name, customer) for customer in broken):
            raise NotChosen(_nothing_is(name, known, root))
        stacks.update(found)
    return stacks


def _is_pattern(name: str) -> bool:
    return _PATTERN.search(name) is not None


def _nothing_is(name: str, known: list[str], root: Path) -> str:
    """That nothing is called so, and what is meant, as near as can be told."""
    customers = customers_of(known)
    if _is_pattern(name):
        said = f"no stack is like {name}"
    else:
        said = f"there is no stack or customer {name}"
        if near := get_close_matches(name, [*customers, *known], n=3, cutoff=0.75):
            return f"{said}; did you mean {' or '.join(near)}?"
    if not known:
        return f"{said}; there is none at all in {root / load.CUSTOMERS}"
    told = ", ".join(customers[:_CUSTOMERS_TOLD])
    more = len(customers) - _CUSTOMERS_TOLD
    told += f" and {more} more" if more > 0 else ""
    return f"{said}; there are stacks of {told}: see backup-org list"


def customers_of(stacks: Iterable[str]) -> list[str]:
    """As the names of stacks have it, sorted."""
    found = (re.fullmatch(r"(.+?)-(management|audit|member-.+)", stack) for stack in stacks)
    return sorted({name[1] for name in found if name})


def _is_of(stack: str, customer: str, root: Path) -> bool:
    """Whether a stack is this customer's; the name alone would take acme-labs for one of acme's."""
    if not re.fullmatch(rf"{re.escape(customer)}-(management|audit|member-.+)", stack):
        return False
    try:
        found = load.values_of(stack, root).merged.get("customer")
    except load.SettingsError:
        return True  # its problems are told when its turn comes
    return found == customer or not isinstance(found, str)


def _roles(given: Iterable[str]) -> tuple[str, ...]:
    for role in given:
        if role not in load.ROLES:
            near = get_close_matches(role, load.ROLES, n=1)
            cure = f"did you mean {near[0]}?" if near else f"write one of {', '.join(load.ROLES)}"
            raise typer.BadParameter(f"there is no role {role}; {cure}", param_hint="--role")
    return tuple(given)
