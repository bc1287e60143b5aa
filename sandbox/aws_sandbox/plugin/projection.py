"""Reads what is live against what the program set: a refresh shows genuine drift, nothing else.

AWS fills in what a program leaves out, returns sets in an order of its own and JSON in another
spelling. `reconciled` makes outputs of the live values, spelled as in the program; `projected`
makes inputs of those outputs: what the program set, as it is now, and besides only what AWS would
not have chosen by itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Final

from aws_sandbox.plugin.fields import Field, Fields
from aws_sandbox.plugin.values import Props, is_array, is_empty, is_object

PLAIN: Final = Field()


def equivalent(field: Field, wanted: Any, live: Any) -> bool:
    """Whether a live value of a property is what the program wants."""
    if wanted == live or (is_empty(wanted) and is_empty(live)):
        return True
    if is_object(wanted) and is_object(live) and field.fields is not None:
        return not changed(field.fields, wanted, live)
    if is_array(wanted) and is_array(live):
        pairs = zip(wanted, aligned(field, wanted, live), strict=False)
        return len(wanted) == len(live) and all(equivalent(element(field), *p) for p in pairs)
    if isinstance(wanted, str) and isinstance(live, str):
        if field.same is not None:
            return field.same(wanted, live)
        return field.json and _parsed(wanted) == _parsed(live)
    return False


def changed(fields: Fields, wanted: Props, live: Props) -> set[str]:
    """The properties of an object that are not as wanted; where nothing is wanted, AWS chooses."""
    names: set[str] = set()
    for name in wanted.keys() | live.keys():
        field = fields.get(name, PLAIN)
        chosen = field.computed and name not in wanted
        pair = wanted.get(name, field.default), live.get(name, field.default)
        if not chosen and not equivalent(field, *pair):
            names.add(name)
    return names


def element(field: Field) -> Field:
    """How one element of a list is compared."""
    return Field(fields=field.fields, same=field.same)


def aligned(field: Field, wanted: Sequence[Any], live: Sequence[Any]) -> list[Any]:
    """The live elements; of a set, each at the place of the wanted one that it is the same as."""
    if not field.unordered:
        return [*live]
    free = [*range(len(live))]
    places: list[int | None] = []
    for value in wanted:
        place = next((i for i in free if equivalent(element(field), value, live[i])), None)
        if place is not None:
            free.remove(place)
        places.append(place)
    order = [free.pop(0) if place is None and free else place for place in places] + free
    return [live[place] for place in order if place is not None]


def reconciled(fields: Fields, wanted: Props, live: Props) -> Props:
    """The live properties, written as the program writes them where they mean the same."""
    result: Props = {}
    for name, field in fields.items():
        asked, found = wanted.get(name), live.get(name, field.default)
        if not field.api or field.unread:
            value = found if asked is None else asked
        else:
            value = _reconciled(field, asked, found)
        if value is not None:
            result[name] = value
    return result


def _reconciled(field: Field, wanted: Any, live: Any) -> Any:
    if is_object(live) and is_object(wanted) and field.fields is not None:
        return reconciled(field.fields, wanted, live)
    if is_array(live) and is_array(wanted):
        pairs = [*zip_longest(wanted, aligned(field, wanted, live))][: len(live)]
        return [_reconciled(element(field), *pair) for pair in pairs]
    return wanted if equivalent(field, wanted, live) else live


def projected(fields: Fields, inputs: Props, outputs: Props, *, imported: bool = False) -> Props:
    """The inputs that would have made these outputs; imported, also what AWS may have chosen."""
    result: Props = {}
    for name, field in fields.items():
        asked, value = inputs.get(name), outputs.get(name)
        if value is None and is_empty(asked):
            value = asked
        if value is None or (name not in inputs and value == field.default):
            continue
        if name in inputs or imported or not field.computed:
            result[name] = _projected(field, asked, value, imported=imported)
    return result


def _projected(field: Field, asked: Any, value: Any, *, imported: bool) -> Any:
    if field.fields is None:
        return value
    if is_object(value):
        known = asked if is_object(asked) else {}
        return projected(field.fields, known, value, imported=imported)
    if is_array(value):
        pairs = [*zip_longest(asked if is_array(asked) else [], value)][: len(value)]
        return [_projected(field, *pair, imported=imported) for pair in pairs]
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
