"""The comparisons a leaf of an event pattern may hold, each on one value of an event."""

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

Scalar = str | int | float | bool | None
Match = Callable[[Scalar], bool]

_NUMERIC_LIMIT = 5e9  # the documented range of numeric matching
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PatternError(ValueError):
    """A pattern that EventBridge refuses; the message names the place in it."""


def exactly(expected: Scalar) -> Match:
    """Equality as documented: by JSON type and, for numbers, by how they are written."""
    written = json.dumps(expected)
    return lambda value: json.dumps(value) == written


def operation(place: str, name: str, operand: Any) -> Match:
    """The match that `{name: operand}` stands for, `exists` excepted: that one is the leaf's."""
    build = _OPERATIONS.get(name)
    if build is None:
        known = ", ".join(sorted([*_OPERATIONS, "exists"]))
        raise PatternError(f"{place}: unknown operator {name!r}; EventBridge has {known}")
    return build(f"{place}.{name}", operand)


def only_entry(place: str, mapping: Mapping[str, Any]) -> tuple[str, Any]:
    """The single operator and operand of a match expression."""
    if len(mapping) != 1:
        raise PatternError(f"{place}: one operator an object, not {sorted(mapping)}")
    return next(iter(mapping.items()))


def _text(place: str, operand: Any) -> str:
    if not isinstance(operand, str):
        raise PatternError(f"{place}: takes a string, not {operand!r}")
    return operand


def _number(place: str, operand: Any) -> float:
    if isinstance(operand, bool) or not isinstance(operand, int | float):
        raise PatternError(f"{place}: takes a number, not {operand!r}")
    if abs(operand) > _NUMERIC_LIMIT:
        raise PatternError(f"{place}: {operand!r} is beyond EventBridge's range of ±5.0e9")
    return operand


def _on_text(test: Callable[[str], bool]) -> Match:
    return lambda value: isinstance(value, str) and test(value)


def _affix(place: str, operand: Any, test: Callable[[str, str], bool]) -> Match:
    """A prefix or suffix: of a string, or of one whose case does not matter."""
    if isinstance(operand, Mapping):
        name, inner = only_entry(place, cast("Mapping[str, Any]", operand))
        if name != "equals-ignore-case":
            raise PatternError(f"{place}: knows equals-ignore-case only, not {name!r}")
        lowered = _text(f"{place}.{name}", inner).lower()
        return _on_text(lambda value: test(value.lower(), lowered))
    text = _text(place, operand)
    return _on_text(lambda value: test(value, text))


def _prefix(place: str, operand: Any) -> Match:
    return _affix(place, operand, str.startswith)


def _suffix(place: str, operand: Any) -> Match:
    return _affix(place, operand, str.endswith)


def _equals_ignore_case(place: str, operand: Any) -> Match:
    lowered = _text(place, operand).lower()
    return _on_text(lambda value: value.lower() == lowered)


def _wildcard(place: str, operand: Any) -> Match:
    r"""`*` for any characters, `\*` and `\\` for themselves; two `*` in a row are refused."""
    text = _text(place, operand)
    parts = re.findall(r"\\.|\\$|\*+|[^\\*]+", text, re.DOTALL)
    expression = ""
    for part in parts:
        if part.startswith("**"):
            raise PatternError(f"{place}: consecutive wildcards in {text!r}")
        if part.startswith("\\") and part not in (r"\*", r"\\"):
            raise PatternError(f"{place}: invalid escape {part!r} in {text!r}")
        expression += ".*" if part == "*" else re.escape(part.removeprefix("\\") or "\\")
    compiled = re.compile(expression, re.DOTALL)
    return _on_text(lambda value: compiled.fullmatch(value) is not None)


def _numeric(place: str, operand: Any) -> Match:
    """One comparison, or a lower bound followed by an upper one."""
    terms = cast("Sequence[Any]", operand) if isinstance(operand, list) else ()
    operators, bounds = terms[::2], terms[1::2]
    if operators not in ([[name] for name in _COMPARE]) and not _is_range(operators):
        raise PatternError(f'{place}: is like ["=", 5] or [">", 0, "<=", 5], not {operand!r}')
    if len(bounds) != len(operators):
        raise PatternError(f"{place}: an operator without its number in {operand!r}")
    limits = [
        (_COMPARE[name], _number(place, bound))
        for name, bound in zip(operators, bounds, strict=True)
    ]
    if len(limits) == 2 and limits[0][1] >= limits[1][1]:
        raise PatternError(f"{place}: the lower bound is not below the upper one in {operand!r}")
    return lambda value: (
        _is_number(value) and all(compare(cast("float", value), bound) for compare, bound in limits)
    )


def _is_range(operators: Sequence[Any]) -> bool:
    return len(operators) == 2 and operators[0] in (">", ">=") and operators[1] in ("<", "<=")


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cidr(place: str, operand: Any) -> Match:
    text = _text(place, operand)
    if text.count("/") != 1:
        raise PatternError(f"{place}: takes an address block like 10.0.0.0/24, not {text!r}")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise PatternError(f"{place}: {error}") from error

    def contains(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return _on_text(contains)


def _anything_but(place: str, operand: Any) -> Match:
    """Any value but these: one or a list of strings or numbers, or what an operator matches."""
    if isinstance(operand, Mapping):
        name, inner = only_entry(place, cast("Mapping[str, Any]", operand))
        if name not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
            raise PatternError(f"{place}: knows no operator {name!r}")
        excluded = [
            operation(place, name, _text(f"{place}.{name}", text)) for text in _listed(place, inner)
        ]
    else:
        values = _listed(place, operand)
        if not (all(isinstance(value, str) for value in values) or all(map(_is_number, values))):
            raise PatternError(f"{place}: takes strings only or numbers only, not {operand!r}")
        excluded = [
            exactly(value) if isinstance(value, str) else _equal_number(value) for value in values
        ]
    return lambda value: not any(match(value) for match in excluded)


def _equal_number(expected: float) -> Match:
    return lambda value: _is_number(value) and value == expected


def _listed(place: str, operand: Any) -> Sequence[Any]:
    values = cast("Sequence[Any]", operand) if isinstance(operand, list) else [operand]
    if not values:
        raise PatternError(f"{place}: empty arrays are not allowed")
    return values


_OPERATIONS: Mapping[str, Callable[[str, Any], Match]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _equals_ignore_case,
    "numeric": _numeric,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}
