"""What would change between two sets of inputs, path by path, as the engine shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest
from typing import Any

from aws_sandbox.plugin.autoname import MADE, given
from aws_sandbox.plugin.fields import Field, Fields, completed
from aws_sandbox.plugin.projection import PLAIN, aligned, changed, element, equivalent
from aws_sandbox.plugin.resource import Resource
from aws_sandbox.plugin.values import UNKNOWN, Path, Props, is_array, is_empty, is_object


class Kind(Enum):
    """What becomes of a property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One property that changes, and whether that makes a new resource."""

    path: Path
    kind: Kind
    replaces: bool


@dataclass(frozen=True, kw_only=True)
class Difference:
    """All changes, and whether the old resource must go before a new one can come."""

    changes: Sequence[Change]
    delete_first: bool


def difference(resource: Resource, *, old: Props, new: Props, state: Props) -> Difference:
    """What changes from old inputs to new ones.

    `state` holds the outputs: a property that AWS chose and the program now sets is compared with
    them. A fixed name that stays is taken until the old resource is gone.
    """
    fields = resource.fields
    chosen = {
        name: state[name] for name, field in fields.items() if field.computed and name in state
    }
    before = completed(fields, chosen | given(old))
    found = (*_object_changes(fields, before, completed(fields, given(new)), (), replaces=False),)
    name = resource.named
    fixed = bool(name) and name not in new.get(MADE, []) and old.get(name) == new.get(name)
    replaced = any(change.replaces for change in found)
    return Difference(
        changes=found, delete_first=replaced and (fixed or resource.delete_before_replace)
    )


def _object_changes(
    fields: Fields, old: Props, new: Props, path: Path, *, replaces: bool
) -> Iterator[Change]:
    for name in sorted(changed(fields, new, old)):
        field = fields.get(name, PLAIN)
        pair = old.get(name), new.get(name)
        yield from _changes(field, *pair, (*path, name), replaces=replaces or field.replaces)


def _changes(field: Field, old: Any, new: Any, path: Path, *, replaces: bool) -> Iterator[Change]:
    if is_object(old) and is_object(new) and old and new:
        yield from _object_changes(field.fields or {}, old, new, path, replaces=replaces)
    elif is_array(old) and is_array(new) and old and new:
        pairs = zip_longest(aligned(field, new, old), new)
        for index, pair in enumerate(pairs):
            if not equivalent(element(field), pair[1], pair[0]):
                yield from _changes(element(field), *pair, (*path, index), replaces=replaces)
    else:
        yield Change(path=path, kind=_kind(old, new), replaces=replaces)


def _kind(old: Any, new: Any) -> Kind:
    if new is not UNKNOWN and is_empty(new):
        return Kind.DELETE
    return Kind.ADD if is_empty(old) else Kind.UPDATE
