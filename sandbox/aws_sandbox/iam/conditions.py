"""Conditions of a statement, and the wildcards and policy variables in them."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, cast

from aws_sandbox.iam.requests import ContextValue

_TOKEN = re.compile(r"\$\{([^}]*)\}|([*?])")
_VARIABLE = re.compile(r"\s*([^,]+?)\s*(?:,\s*'(.*)'\s*)?")
_ARN_SEGMENTS = 6


def matches(
    pattern: str,
    value: str,
    *,
    keys: Mapping[str, ContextValue] | None = None,
    ignore_case: bool = False,
    wildcards: bool = True,
) -> bool:
    """Whether all of `value` matches `pattern`: `*`, `?` and, given `keys`, `${variable}`.

    A variable's value stands for itself, also where it holds a `*`; `${*}`, `${?}` and `${$}` are
    the characters themselves. A variable with neither value nor default matches nothing.
    """
    if keys is not None and "${" in pattern:
        found = _expression(pattern, keys, wildcards=wildcards)
        compiled = None if found is None else _compiled(found, ignore_case)
    else:
        compiled = _constant(pattern, ignore_case, wildcards)
    return compiled is not None and compiled.fullmatch(value) is not None


def arn_matches(pattern: str, arn: str, *, keys: Mapping[str, ContextValue] | None = None) -> bool:
    """Whether an ARN matches, each of its six segments by itself, as AWS documents it.

    A wildcard stays within its segment (the last one holds everything after the fifth colon), and
    a pattern with fewer segments is completed by `*`. "*" alone matches anything.
    """
    if pattern == "*":
        return True
    wanted = _segments(pattern)
    wanted += ["*"] * (_ARN_SEGMENTS - len(wanted))
    found = arn.split(":", _ARN_SEGMENTS - 1)
    return len(found) == _ARN_SEGMENTS and all(
        matches(segment, part, keys=keys) for segment, part in zip(wanted, found, strict=True)
    )


@lru_cache(maxsize=4096)
def _compiled(expression: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@lru_cache(maxsize=4096)
def _constant(pattern: str, ignore_case: bool, wildcards: bool) -> re.Pattern[str] | None:
    found = _expression(pattern, None, wildcards=wildcards)
    return None if found is None else _compiled(found, ignore_case)


def _expression(
    pattern: str, keys: Mapping[str, ContextValue] | None, *, wildcards: bool
) -> str | None:
    parts: list[str] = []
    position = 0
    for token in _TOKEN.finditer(pattern):
        piece = _wildcard(token[2], wildcards) if token[2] else _variable(token, keys)
        if piece is None:
            return None
        parts += [re.escape(pattern[position : token.start()]), piece]
        position = token.end()
    return "".join([*parts, re.escape(pattern[position:])])


def _wildcard(character: str, wildcards: bool) -> str:
    if not wildcards:
        return re.escape(character)
    return ".*" if character == "*" else "."


def _variable(token: re.Match[str], keys: Mapping[str, ContextValue] | None) -> str | None:
    if keys is None:
        return re.escape(token[0])
    if token[1] in ("*", "?", "$"):
        return re.escape(token[1])
    match = _VARIABLE.fullmatch(token[1])
    value = None if match is None else keys.get(match[1].lower(), match[2])
    return re.escape(value) if isinstance(value, str) else None


def _segments(pattern: str) -> list[str]:
    """The pattern's segments; a colon within `${…}` divides nothing."""
    held = re.sub(r"\$\{[^}]*\}", lambda variable: variable[0].replace(":", "\0"), pattern)
    return [part.replace("\0", ":") for part in held.split(":", _ARN_SEGMENTS - 1)]


Keys = Mapping[str, ContextValue]
Compare = Callable[[str, str, Keys | None], bool]
"""Whether (the policy's value, the request's value) satisfy the operator's positive form."""


class PolicyError(ValueError):
    """A policy that AWS would refuse, or that this evaluator does not know how to read."""


def _equals(wanted: str, found: str, keys: Keys | None, *, ignore_case: bool = False) -> bool:
    """Exact: `*` and `?` are characters here, but variables are replaced."""
    return matches(wanted, found, keys=keys, ignore_case=ignore_case, wildcards=False)


def _like(wanted: str, found: str, keys: Keys | None) -> bool:
    return matches(wanted, found, keys=keys)


def _arn(wanted: str, found: str, keys: Keys | None) -> bool:
    return arn_matches(wanted, found, keys=keys)


def _moment(text: str) -> float:
    """Seconds since the epoch, from W3C ISO 8601 or epoch seconds."""
    if text.lstrip("-").replace(".", "", 1).isdigit():
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _ordered(parse: Callable[[str], float], compare: Callable[[float, float], bool]) -> Compare:
    def check(wanted: str, found: str, _keys: Keys | None) -> bool:
        try:
            value = parse(found)
        except ValueError:
            return False
        return compare(value, parse(wanted))

    return check


def _bool(wanted: str, found: str, _keys: Keys | None) -> bool:
    return wanted.lower() == found.lower()


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _ip(wanted: str, found: str, _keys: Keys | None) -> bool:
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return False
    return address in _network(wanted)


def _binary(wanted: str, found: str, _keys: Keys | None) -> bool:
    return wanted == found


_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "Equals": lambda found, wanted: found == wanted,
    "LessThan": lambda found, wanted: found < wanted,
    "LessThanEquals": lambda found, wanted: found <= wanted,
    "GreaterThan": lambda found, wanted: found > wanted,
    "GreaterThanEquals": lambda found, wanted: found >= wanted,
}
_POSITIVE: Mapping[str, Compare] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": partial(_equals, ignore_case=True),
    "StringLike": _like,
    **{f"Numeric{name}": _ordered(float, order) for name, order in _ORDERS.items()},
    **{f"Date{name}": _ordered(_moment, order) for name, order in _ORDERS.items()},
    "Bool": _bool,
    "BinaryEquals": _binary,
    "IpAddress": _ip,
    "ArnEquals": _arn,
    "ArnLike": _arn,
}
_NEGATED: Mapping[str, str] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_VALUE_CHECKS: Mapping[str, Callable[[str], object]] = {
    "Numeric": float,
    "Date": _moment,
    "IpAddress": _network,
    "NotIpAddress": _network,
}
_SETS = ("ForAllValues:", "ForAnyValue:")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One operator with one condition key and the policy's values for it."""

    operator: str
    key: str
    values: tuple[str, ...]
    compare: Compare | None
    """None for the operator `Null`, which looks only whether the key is there."""
    negated: bool
    if_exists: bool
    quantifier: str

    @staticmethod
    def parse(place: str, operator: str, key: str, values: object) -> "Condition":
        """Reads one entry of a `Condition` element; `place` names it in errors."""
        quantifier = next((name for name in _SETS if operator.startswith(name)), "")
        bare = operator.removeprefix(quantifier)
        name = bare.removesuffix("IfExists")
        positive = _NEGATED.get(name, name)
        if positive not in _POSITIVE and name != "Null":
            raise PolicyError(f"{place}: unknown condition operator {operator!r}")
        if name == "Null" and (bare != name or quantifier):
            raise PolicyError(f"{place}: {operator!r}: Null takes no prefix and no IfExists")
        texts = tuple(_text(place, value) for value in listed(values))
        if not texts:
            raise PolicyError(f"{place}: {operator} {key} has no values")
        _check_values(place, name, texts)
        return Condition(
            operator=operator,
            key=key.lower(),
            values=texts,
            compare=_POSITIVE.get(positive),
            negated=name in _NEGATED,
            if_exists=bare != name,
            quantifier=quantifier,
        )

    def holds(self, keys: Keys, *, variables: bool) -> bool:
        """Whether the request's condition keys satisfy this condition."""
        found = keys.get(self.key)
        present = found is not None and (isinstance(found, str) or len(found) > 0)
        if self.compare is None:
            return any((value.lower() == "true") is not present for value in self.values)
        if found is None or not present:
            return self.if_exists or self._when_missing()
        requested = (found,) if isinstance(found, str) else tuple(found)
        if len(requested) > 1 and not self.quantifier:
            raise PolicyError(
                f"{self.key} has several values in this request: "
                f"{self.operator} needs ForAnyValue: or ForAllValues: before it"
            )
        fits = (self._fits(value, keys if variables else None) for value in requested)
        return all(fits) if self.quantifier == "ForAllValues:" else any(fits)

    def _when_missing(self) -> bool:
        if self.quantifier:
            return self.quantifier == "ForAllValues:"
        return self.negated

    def _fits(self, value: str, keys: Keys | None) -> bool:
        assert self.compare is not None
        compare = self.compare
        return any(compare(wanted, value, keys) for wanted in self.values) is not self.negated


def listed(values: object) -> Sequence[object]:
    """One value or a list of them, as a policy may write either."""
    return cast("list[object]", values) if isinstance(values, list) else [values]


def _text(place: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise PolicyError(f"{place}: a condition value is a string, number or boolean, not {value!r}")


def _check_values(place: str, name: str, values: tuple[str, ...]) -> None:
    check: Callable[[str], object] | None = next(
        (check for prefix, check in _VALUE_CHECKS.items() if name.startswith(prefix)), None
    )
    for value in values:
        if name in ("Bool", "Null") and value.lower() not in ("true", "false"):
            raise PolicyError(f"{place}: {name} takes true or false, not {value!r}")
        if check is None:
            continue
        try:
            check(value)
        except ValueError as error:
            raise PolicyError(f"{place}: {name} cannot read {value!r}: {error}") from error


def parse_conditions(place: str, element: Any) -> tuple[Condition, ...]:
    """Reads a `Condition` element: operator → condition key → value or values."""
    if not isinstance(element, Mapping):
        raise PolicyError(f"{place}: Condition must be an object")
    operators = cast("Mapping[str, object]", element)
    found: list[Condition] = []
    for operator, entries in operators.items():
        if not isinstance(entries, Mapping):
            raise PolicyError(f"{place}: Condition {operator} must map keys to values")
        for key, values in cast("Mapping[str, object]", entries).items():
            found.append(Condition.parse(place, operator, key, values))
    return tuple(found)
