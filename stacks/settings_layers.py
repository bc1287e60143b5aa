"""A stack's values in layers: its customer's, those of all members, its row in the table, its own.

Merged and not yet checked; each knows where it is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, cast

from stacks.check import Location
from stacks.settings_files import (
    CUSTOMERS,
    KEY,
    Raw,
    Row,
    SettingsError,
    own_values,
    path_text,
    read,
    row_of,
    stacks_in,
)

MEMBERS_KEYS = ("members", "member_defaults", "enrolment")
"""In a customer's file: the table of its members, what lies under all of them, and how the table is
made from the organization."""
IMPLIED = frozenset({"customer", "role", "name", "extends"})
"""What the place of a row says of its stack."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What one place holds of a stack's values."""

    origin: str
    """What the place is, as people are told."""
    file: str
    within: str = ""
    """The object in the file that holds them; the file's own where it is empty."""
    values: Raw
    implied: bool = False
    """Whether they follow from where the object stands, and are not written in it."""

    def holds(self, loc: Location) -> bool:
        found: Any = self.values
        for part in loc:
            if isinstance(found, Mapping) and part in found:
                found = cast(Mapping[Any, Any], found)[part]
            else:
                return isinstance(found, list)  # lists are never merged: all of it is from here
        return True

    def place(self, loc: Location) -> str:
        """The file, and the path in it."""
        within = (self.within,) if self.within else ()
        return f"{self.file}: {path_text((*within, *(() if self.implied else loc)))}"


@dataclass(frozen=True, kw_only=True)
class Values:
    """What a stack's files hold, each layer over those before it."""

    layers: Sequence[Layer]
    problems: Sequence[str] = ()
    """What no stack may say there, each with its place."""

    @property
    def merged(self) -> Raw:
        return reduce(_merge, (layer.values for layer in self.layers), {})

    def layer_of(self, loc: Location) -> Layer:
        """Where a value stands; what stands nowhere is missing in the stack's own."""
        found = (layer for layer in reversed(self.layers) if layer.holds(loc))
        return next(found, self.layers[-1])


def values_of(stack: str, root: Path) -> Values:
    """Of a stack by its name; `root` holds Pulumi.yaml."""
    path = root / CUSTOMERS / f"Pulumi.{stack}.yaml"
    if not path.is_file() and row_of(stack, root) is None:
        known = ", ".join(stacks_in(root)) or "none"
        raise SettingsError(stack, [f"{CUSTOMERS}/{path.name} does not exist; there are: {known}"])
    return values(stack, own_values(stack, root), root)


def values(stack: str, given: object, root: Path) -> Values:
    """Of a stack whose own values Pulumi has read, None where it has found none."""
    own_file = f"{CUSTOMERS}/Pulumi.{stack}.yaml"
    own: Raw = cast(Raw, given) if isinstance(given, Mapping) else {}
    row = row_of(stack, root, own.get("extends"))
    if not isinstance(given, Mapping) and (given is not None or row is None):
        problem = f"{own_file}: config holds no object {KEY}"
        cure = "; write it, or a member's row; or remove the file, if its stack is gone"
        raise SettingsError(stack, [problem + (cure if given is None else "")])
    customer = own.get("extends", row.customer if row is not None else None)
    layers: list[Layer] = []
    if "extends" in own or row is not None:
        shared = _shared(stack, own_file, customer, root)
        is_member = row is not None or {**shared, **own}.get("role") == "member"
        defaults = shared.get("member_defaults") if is_member else None
        file = f"{CUSTOMERS}/{customer}.yaml"
        layers.extend(_of_customer(stack, file, shared, defaults, row, is_member=is_member))
    problems = [problem for layer in layers for problem in _out_of_place(layer)]
    if given is not None:
        kept = {name: value for name, value in own.items() if name != "extends"}
        layers.append(Layer(origin="own file", file=own_file, values=kept))
    return Values(layers=layers, problems=problems)


def _shared(stack: str, own_file: str, customer: object, root: Path) -> Raw:
    """What the file of the customer holds that a stack extends."""
    if not isinstance(customer, str):
        message = f"extends: is {customer!r}; write the customer's name, as in {CUSTOMERS}/"
        raise SettingsError(stack, [f"{own_file}: {message}"])
    path = root / CUSTOMERS / f"{customer}.yaml"
    if not path.is_file():
        raise SettingsError(
            stack, [f"{own_file}: extends: there is no {CUSTOMERS}/{customer}.yaml"]
        )
    return read(stack, path)


def _of_customer(
    stack: str, file: str, shared: Raw, defaults: object, row: Row | None, *, is_member: bool
) -> Iterator[Layer]:
    """What a customer's file holds of a stack's values."""
    of_all = {name: value for name, value in shared.items() if name not in MEMBERS_KEYS}
    yield Layer(origin="customer's file", file=file, values=of_all)
    bootstrap = shared.get("bootstrap")
    if is_member and isinstance(bootstrap, Mapping) and "vaults" in bootstrap:
        vaults = {"vaults": cast(Raw, bootstrap)["vaults"]}
        yield _within(stack, file, "bootstrap", "bootstrap", vaults)
    if defaults is not None:
        yield _within(stack, file, "member_defaults", "member_defaults", defaults)
    if row is not None:
        within = f"members.{row.name}"
        implied = {"role": "member", "name": row.name}
        yield Layer(origin="members", file=file, within=within, values=implied, implied=True)
        yield _within(stack, file, "members", within, {} if row.values is None else row.values)


def _within(stack: str, file: str, origin: str, within: str, values: object) -> Layer:
    if not isinstance(values, Mapping):
        raise SettingsError(stack, [f"{file}: {within}: is no object of settings"])
    return Layer(origin=origin, file=file, within=within, values=cast(Raw, values))


def _out_of_place(layer: Layer) -> Iterator[str]:
    """What a row, or what lies under all rows, says of its stack as it may not."""
    if layer.implied or not layer.within:
        return
    for name in sorted(IMPLIED & layer.values.keys()):
        yield f"{layer.place((name,))}: follows from where the row stands; leave it out"
    if layer.within == "member_defaults" and "account" in layer.values:
        yield f"{layer.place(('account',))}: is each member's own; write it in its row or file"


def _merge(shared: Raw, own: Raw) -> dict[str, Any]:
    """Objects merge key by key; anything else, lists too, is replaced by what lies over it."""
    merged = {**shared, **own}
    for key in shared.keys() & own.keys():
        if isinstance(shared[key], Mapping) and isinstance(own[key], Mapping):
            merged[key] = _merge(shared[key], own[key])
    return merged
