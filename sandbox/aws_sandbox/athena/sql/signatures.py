"""A small notation for functions, and the choice of the one that fits the arguments.

`name(types) -> type = SQL`; further lines go on with the SQL. `$1`… stand for the arguments,
`fail('…')` for what fails at run time, `T`, `K` and `V` for any type, the same wherever it stands
again. A type after `| ` is what an aggregate's result is cast to, outside of its FILTER and OVER.
Further words for types:
`decimal` (any), `timestamp` (a date too), `$1` as result (the type of the first argument), and for
constants `unit`, `day_unit`, `mysql`, `path`, `regex`, `replacement`, which are checked and
rewritten.
`name~other` is `name`, or within TRY `other`, which gives NULL where `name` fails.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Bound, coerced
from aws_sandbox.athena.sql.constants import CONSTANTS
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    JSON,
    TIMESTAMP,
    TIMESTAMP_TZ,
    UNKNOWN,
    VARCHAR,
    Type,
    array,
    common,
    map_of,
)

_NAMED = {
    "bigint": BIGINT,
    "double": DOUBLE,
    "varchar": VARCHAR,
    "boolean": BOOLEAN,
    "date": DATE,
    "timestamp": TIMESTAMP,
    "timestamptz": TIMESTAMP_TZ,
    "interval": DAY_TO_SECOND,
    "json": JSON,
}
_LINE = re.compile(
    r"(?P<name>\w+)\((?P<parameters>[^=]*?)\) -> (?P<returns>\S+) ="
    r" (?P<sql>.+?)(?: \| (?P<cast>\S+))?"
)


@dataclass(frozen=True, kw_only=True)
class Signature:
    """One overload of a function."""

    name: str
    parameters: Sequence[str]
    """The last one may be repeated if it ends with `...`."""
    returns: str
    sql: str
    cast: str | None

    def fits(self, count: int) -> bool:
        if self.parameters and self.parameters[-1].endswith("..."):
            return count >= len(self.parameters)
        return count == len(self.parameters)

    def parameter(self, position: int) -> str:
        return self.parameters[min(position, len(self.parameters) - 1)].removesuffix("...")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """An overload with its arguments as SQL, and its result."""

    signature: Signature
    arguments: Sequence[str]
    returns: Type

    def sql(self, *, safe: bool, fail: Callable[[str], str]) -> str:
        """The call; `fail` gives the SQL for a failure with a message."""
        text = re.sub(
            r"fail\('((?:[^']|'')*)'\)",
            lambda found: fail(found[1].replace("''", "'")),
            self.signature.sql,
        )
        text = re.sub(r"(\w+)~(\w+)", r"\2" if safe else r"\1", text)
        text = text.replace("$*", ", ".join(self.arguments))
        return re.sub(r"\$(\d)", lambda found: self.arguments[int(found[1]) - 1], text)


def table(text: str) -> Mapping[str, Sequence[Signature]]:
    """Reads functions in the notation."""
    found: dict[str, list[Signature]] = {}
    lines: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if re.match(r"\w+\([^=]*\) -> ", line):
            lines.append(line)
        else:
            lines[-1] += f" {line}"
    for line in lines:
        match = _LINE.fullmatch(line)
        assert match is not None, line
        parameters = re.findall(r"[^\s,(]+(?:\([^)]*\))?(?:\.\.\.)?", match["parameters"])
        found.setdefault(match["name"], []).append(
            Signature(
                name=match["name"],
                parameters=tuple(parameters),
                returns=match["returns"],
                sql=match["sql"],
                cast=match["cast"],
            )
        )
    return found


def _choose(
    signatures: Sequence[Signature], bounds: Sequence[Bound], nodes: Sequence[exp.Expr]
) -> Chosen | None:
    """The first overload whose types are the arguments', else the first they coerce into."""
    for exactly in (True, False):
        for signature in signatures:
            if signature.fits(len(bounds)):
                chosen = _match(signature, bounds, nodes, exactly=exactly)
                if chosen is not None:
                    return chosen
    return None


def _match(
    signature: Signature, bounds: Sequence[Bound], nodes: Sequence[exp.Expr], *, exactly: bool
) -> Chosen | None:
    variables: dict[str, Type] = {}
    fitting: list[Type] = []
    for position, bound in enumerate(bounds):
        pattern = signature.parameter(position)
        type_ = bound.type if pattern in CONSTANTS else _fit(pattern, bound.type, variables)
        if type_ is None or (exactly and type_.kind != bound.type.kind):
            return None
        fitting.append(type_)
    arguments: list[str] = []
    types: list[Type] = []
    for position, (bound, node, type_) in enumerate(zip(bounds, nodes, fitting, strict=True)):
        pattern = signature.parameter(position)
        types.append(_settled(pattern, type_, variables))
        if pattern in CONSTANTS:
            arguments.append(CONSTANTS[pattern](node))
        else:
            arguments.append(coerced(bound, types[-1]))
    return Chosen(
        signature=signature,
        arguments=arguments,
        returns=_result(signature.returns, types, variables),
    )


def _fit(pattern: str, given: Type, variables: dict[str, Type]) -> Type | None:
    """The type that the argument takes as this parameter; None if it can not."""
    if pattern in {"T", "K", "V"}:
        both = common(variables.get(pattern, UNKNOWN), given)
        if both is not None:
            variables[pattern] = both
        return both
    if nested := re.fullmatch(r"(array|map)\((.+)\)", pattern):
        inner = nested[2].split(",")
        kinds = given.of if given.kind == nested[1] else (UNKNOWN,) * len(inner)
        if given.kind != nested[1] and given != UNKNOWN:
            return None
        items = [
            _fit(name.strip(), kind, variables) for name, kind in zip(inner, kinds, strict=True)
        ]
        found = tuple(item for item in items if item is not None)
        return Type(kind=nested[1], of=found) if len(found) == len(items) else None
    if pattern == "decimal":
        return given if given.kind == "decimal" else None
    if pattern in {"timestamp", "timestamptz"} and given.kind == _NAMED[pattern].kind:
        return given
    return _NAMED[pattern] if common(given, _NAMED[pattern]) == _NAMED[pattern] else None


def _settled(pattern: str, type_: Type, variables: Mapping[str, Type]) -> Type:
    """The argument's type once all arguments have had their say on the variables."""
    if pattern in variables:
        return variables[pattern]
    if nested := re.fullmatch(r"(array|map)\((.+)\)", pattern):
        inner = [name.strip() for name in nested[2].split(",")]
        of = tuple(variables.get(name, was) for name, was in zip(inner, type_.of, strict=True))
        return Type(kind=type_.kind, of=of)
    return type_


def _result(returns: str, types: Sequence[Type], variables: Mapping[str, Type]) -> Type:
    if returns == "$1":
        return types[0]
    if returns in variables:
        return variables[returns]
    if returns.startswith("array("):
        return array(_result(returns[6:-1], types, variables))
    if returns.startswith("map("):
        key, value = returns[4:-1].split(",")
        return map_of(_result(key, types, variables), _result(value, types, variables))
    return _NAMED[returns]


def resolve(
    known: Mapping[str, Sequence[Signature]], node: exp.Anonymous, bounds: Sequence[Bound]
) -> Chosen:
    """The function that a call means; QueryError FUNCTION_NOT_FOUND as Trino has it."""
    name = node.name.lower()
    types = ", ".join(str(bound.type) for bound in bounds)
    if name not in known:
        message = f"Function '{name}' not registered (the sandbox knows a part of Athena's)"
        raise QueryError("FUNCTION_NOT_FOUND", message, place(node))
    try:
        chosen = _choose(known[name], bounds, node.expressions)
    except QueryError as error:
        raise QueryError(error.code, str(error).partition(": ")[2], place(node)) from error
    if chosen is None:
        expected = ", ".join(f"{name}({', '.join(one.parameters)})" for one in known[name])
        message = f"Unexpected parameters ({types}) for function {name}. Expected: {expected}"
        raise QueryError("FUNCTION_NOT_FOUND", message, place(node))
    return chosen
