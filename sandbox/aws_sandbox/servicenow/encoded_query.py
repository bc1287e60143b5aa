"""Encoded queries (sysparm_query): `active=true^stateIN1,2^ORpriority=1^ORDERBYDESCopened_at`.

`^` is and, `^OR` belongs to the condition before it, `^NQ` starts an alternative to all before it,
`^^` is a caret. Texts compare without regard to case. The platform drops a condition that it does
not understand, which then matches more than was meant; here it is refused.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aws_sandbox.servicenow.answers import RefusedError

Test = Callable[[str, str], bool]

_TESTS: Mapping[str, Test] = {
    "NOT IN": lambda value, wanted: value not in wanted.split(","),
    "NOTLIKE": lambda value, wanted: wanted not in value,
    "STARTSWITH": lambda value, wanted: value.startswith(wanted),
    "ENDSWITH": lambda value, wanted: value.endswith(wanted),
    "ISNOTEMPTY": lambda value, _wanted: value != "",
    "ISEMPTY": lambda value, _wanted: value == "",
    "LIKE": lambda value, wanted: wanted in value,
    "IN": lambda value, wanted: value in wanted.split(","),
    "!=": lambda value, wanted: value != wanted,
    ">=": lambda value, wanted: value >= wanted,
    "<=": lambda value, wanted: value <= wanted,
    "=": lambda value, wanted: value == wanted,
    ">": lambda value, wanted: value > wanted,
    "<": lambda value, wanted: value < wanted,
}
_CONDITION = re.compile(
    rf"(?P<field>[a-z_][a-z0-9_]*)(?!INSTANCEOF)"
    rf"(?P<operator>{'|'.join(map(re.escape, _TESTS))})(?P<value>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One comparison."""

    field: str
    operator: str
    value: str

    def matches(self, record: Mapping[str, str]) -> bool:
        return _TESTS[self.operator](record[self.field].casefold(), self.value.casefold())


@dataclass(frozen=True, kw_only=True)
class Query:
    """Alternatives of groups of alternatives of conditions, and the order of what is found."""

    alternatives: Sequence[Sequence[Sequence[Condition]]] = ()
    order: Sequence[tuple[str, bool]] = field(default_factory=tuple[tuple[str, bool], ...])
    """Field, and whether it descends; the first one counts most."""

    def run(self, records: Iterable[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
        found = [record for record in records if self._matches(record)]
        for name, descending in reversed(self.order):
            found.sort(key=lambda record: record[name].casefold(), reverse=descending)
        return found

    def _matches(self, record: Mapping[str, str]) -> bool:
        return not self.alternatives or any(
            all(any(condition.matches(record) for condition in either) for either in groups)
            for groups in self.alternatives
        )


def parse(text: str, fields: Sequence[str]) -> Query:
    """Reads an encoded query over these fields; RefusedError 400 for what is not understood."""
    alternatives: list[list[list[Condition]]] = [[]]
    order: list[tuple[str, bool]] = []
    for part in re.split(r"(?<!\^)\^(?!\^)", text):
        clause = part.replace("^^", "^")
        if clause in {"", "EQ"}:
            continue
        if clause.startswith("ORDERBY"):
            descending = clause.startswith("ORDERBYDESC")
            name = clause.removeprefix("ORDERBYDESC" if descending else "ORDERBY")
            order.append((_field(name, fields, part), descending))
        elif clause.startswith("NQ"):
            alternatives.append([[_condition(clause[2:], fields)]])
        elif clause.startswith("OR") and alternatives[-1]:
            alternatives[-1][-1].append(_condition(clause[2:], fields))
        else:
            alternatives[-1].append([_condition(clause, fields)])
    given = [groups for groups in alternatives if groups]
    return Query(alternatives=given, order=order)


def _condition(clause: str, fields: Sequence[str]) -> Condition:
    match = _CONDITION.fullmatch(clause)
    if match is None or match["value"].startswith("javascript:"):
        known = ", ".join(_TESTS)
        raise RefusedError(
            400, "Invalid query", f"the sandbox does not understand {clause!r}; it knows: {known}"
        )
    name = _field(match["field"], fields, clause)
    return Condition(field=name, operator=match["operator"], value=match["value"])


def _field(name: str, fields: Sequence[str], clause: str) -> str:
    if name not in fields:
        raise RefusedError(400, "Invalid query", f"incident has no field {name!r} ({clause!r})")
    return name
