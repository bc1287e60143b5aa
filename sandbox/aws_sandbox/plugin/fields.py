"""The table of a resource: which property is which member of AWS's API, and how it behaves.

AWS fills in what a program leaves out, returns sets in an order of its own and JSON in another
spelling. `reconciled` makes outputs of the live values, spelled as in the program; `projected`
makes inputs of those outputs: what the program set, as it is now, and besides only what AWS would
not have chosen by itself. So a refresh shows genuine drift and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from aws_sandbox.plugin.values import Props, is_array, is_empty, is_object

Document: TypeAlias = dict[str, Any]
"""Properties as AWS's API names and nests them."""


@dataclass(frozen=True, kw_only=True)
class Autoname:
    """How the official plugin names what a program gives no name: from its name in the program."""

    maximum: int = 255
    separator: str = "-"
    alphabet: str = "0123456789abcdef"
    random: int = 7
    """Characters of the alphabet after the separator."""
    lower: bool = False
    prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class Converter:
    """How a value is written for AWS's API, and read from it; None is left out."""

    to_api: Callable[[Any], Any]
    from_api: Callable[[Any], Any]


@dataclass(frozen=True)
class Field:
    """One property of a resource or of an object within."""

    api: str = ""
    """Dotted path of the member in the API's document; empty for what only the plugin knows."""
    _: KW_ONLY
    fields: Fields | None = None
    """Of an object, or of each object of a list."""
    separate: bool = False
    """Whether another call than the operation sets it."""
    replaces: bool = False
    """Whether a change makes a new resource."""
    computed: bool = False
    """Whether AWS chooses a value when there is none; to unset it is then no change."""
    default: Any = None
    """What the official plugin sends when there is none."""
    empty: Any = None
    """What an update sends to take the value away, where leaving it out would keep it."""
    json: bool = False
    """Whether it is JSON text, equal when what it says is."""
    unordered: bool = False
    """Whether the order of the list says nothing."""
    unread: bool = False
    """Whether AWS does not give it back: what was set is taken for what is."""
    same: Callable[[Any, Any], bool] | None = None
    """Whether what AWS gives back means what was set (a key's id for its ARN)."""
    between: tuple[int, int] | None = None
    """The least and most that AWS takes, where its model does not say."""
    convert: Converter | None = None
    autoname: Autoname | None = None


Fields: TypeAlias = Mapping[str, Field]

NUMBER_AS_TEXT: Final = Converter(to_api=str, from_api=int)
BOOLEAN_AS_TEXT: Final = Converter(
    to_api=lambda value: str(value).lower(), from_api=lambda text: str(text).lower() == "true"
)


def members(*same: str, **entries: Field | str) -> Fields:
    """A table of properties: those that the API names the same but for the capital, then others.

    For a property that is only renamed, its name in the API is enough.
    """
    renamed = {name: name[0].upper() + name[1:] for name in same} | entries
    return MappingProxyType(
        {name: Field(each) if isinstance(each, str) else each for name, each in renamed.items()}
    )


def outputs(**paths: str) -> Mapping[str, str]:
    """A table of outputs, each with its dotted path in the document that is read."""
    return MappingProxyType(paths)


def completed(fields: Fields, values: Props) -> Props:
    """The properties with the official plugin's defaults for those that are unset, nested too."""
    defaults = {name: field.default for name, field in fields.items() if field.default is not None}
    result = defaults | values
    for name, field in fields.items():
        if (inner := field.fields) is not None and name in result:
            result[name] = _each(result[name], inner, completed)
    return result


def _each(value: Any, fields: Fields, change: Callable[[Fields, Props], Props]) -> Any:
    """Changes an object, or each object of a list; what is unknown stays so."""
    if is_array(value):
        return [_each(child, fields, change) for child in value]
    return change(fields, value) if is_object(value) else value


def to_api(fields: Fields, values: Props) -> Document:
    """The API's document of the properties that are set."""
    document: Document = {}
    for name, field in fields.items():
        value = values.get(name)
        if field.api and not is_empty(value):
            put(document, field.api, value_to_api(field, value))
    return document


def value_to_api(field: Field, value: Any) -> Any:
    """One property's value as the API takes it."""
    if field.convert is not None:
        return field.convert.to_api(value)
    return value if field.fields is None else _each(value, field.fields, to_api)


def from_api(fields: Fields, document: Document) -> Props:
    """The properties in what the API answered; what is empty there is unset."""
    values: Props = {}
    for name, field in fields.items():
        value = get(document, field.api) if field.api else None
        if value is not None and field.convert is not None:
            value = field.convert.from_api(value)
        elif field.fields is not None:
            value = _each(value, field.fields, from_api)
        elif field.json and value is not None and not isinstance(value, str):
            value = json.dumps(value)  # botocore parses the policies of IAM
        if not is_empty(value):
            values[name] = value
    return values


def put(document: Document, path: str, value: Any) -> None:
    """Sets the member at a dotted path, making what is above it; None is nothing to set."""
    if value is None:
        return
    *above, last = path.split(".")
    for step in above:
        document = document.setdefault(step, {})
    document[last] = value


def get(document: Document, path: str) -> Any:
    """The member at a dotted path, or None."""
    value: Any = document
    for step in path.split("."):
        value = value.get(step) if is_object(value) else None
    return value


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
