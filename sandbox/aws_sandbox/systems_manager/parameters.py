"""Parameters of documents: declared with a type, given as lists of texts."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast


class DocumentError(ValueError):
    """A document's content is none that Systems Manager takes."""


class UnsupportedError(ValueError):
    """A document has what AWS knows and the sandbox does not carry out."""


class ParameterError(ValueError):
    """The parameters given do not fit those that a document declares."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One declared parameter; without a default it must be given."""

    name: str
    type: str
    default: Any = None
    allowed_values: Sequence[Any] = ()
    allowed_pattern: str = ""


_KEYS = frozenset({"type", "description", "default", "allowedValues", "allowedPattern"})
_UNSUPPORTED_KEYS = frozenset(
    {"displayType", "minItems", "maxItems", "minChars", "maxChars", "interpolationType"}
)


def _one(values: Sequence[str]) -> str:
    if len(values) != 1:
        raise ValueError(f"takes one value, not {len(values)}")
    return values[0]


def _boolean(values: Sequence[str]) -> bool:
    text = _one(values).lower()
    if text not in ("true", "false"):
        raise ValueError(f"takes true or false, not {text!r}")
    return text == "true"


def _map(values: Sequence[str]) -> Any:
    given = json.loads(_one(values))
    if not isinstance(given, Mapping):
        raise ValueError("takes a JSON object")
    return cast("Mapping[str, Any]", given)


_READERS: Mapping[str, Callable[[Sequence[str]], Any]] = {
    "String": _one,
    "StringList": list,
    "Integer": lambda values: int(_one(values)),
    "Boolean": _boolean,
    "StringMap": _map,
    "MapList": lambda values: [_map([value]) for value in values],
    "AWS::IAM::Role::Arn": _one,
    "AWS::EC2::Instance::Id": _one,
    "List<AWS::EC2::Instance::Id>": list,
}


def read_parameters(declared: Any) -> Mapping[str, Parameter]:
    """A document's `parameters`; raises DocumentError, UnsupportedError."""
    if not isinstance(declared, Mapping):
        raise DocumentError("parameters is no object")
    given = cast("Mapping[str, Any]", declared)
    return {name: _declared(name, each) for name, each in given.items()}


def _declared(name: str, given: Any) -> Parameter:
    if not isinstance(given, Mapping):
        raise DocumentError(f"the parameter {name} is no object")
    entry = cast("Mapping[str, Any]", given)
    if not re.fullmatch(r"[a-zA-Z0-9_]{1,128}", name):
        raise DocumentError(f"{name!r} is no name of a parameter")
    if unknown := sorted(entry.keys() - _KEYS - _UNSUPPORTED_KEYS):
        raise DocumentError(f"the parameter {name} has unknown {', '.join(unknown)}")
    if unsupported := sorted(entry.keys() & _UNSUPPORTED_KEYS):
        raise UnsupportedError(f"{', '.join(unsupported)} of parameters: {name}")
    kind = str(entry.get("type"))
    if kind not in _READERS:
        raise DocumentError(f"the parameter {name} has the type {kind!r}")
    return Parameter(
        name=name,
        type=kind,
        default=entry.get("default"),
        allowed_values=tuple(entry.get("allowedValues") or ()),
        allowed_pattern=str(entry.get("allowedPattern") or ""),
    )


def values_of(
    declared: Mapping[str, Parameter], given: Mapping[str, Sequence[str]]
) -> Mapping[str, Any]:
    """Each parameter's value, typed; raises ParameterError naming every problem."""
    problems = [
        f"Parameter {name} is not defined in the document" for name in given.keys() - declared
    ]
    values: dict[str, Any] = {}
    for name, parameter in declared.items():
        try:
            values[name] = _value(parameter, given.get(name))
        except ValueError as error:
            problems.append(f"Parameter {name} {error}")
    if problems:
        raise ParameterError("; ".join(sorted(problems)))
    return values


def _value(parameter: Parameter, given: Sequence[str] | None) -> Any:
    if given is None:
        if parameter.default is None:
            raise ValueError("must be given: it has no default")
        return parameter.default
    value = _READERS[parameter.type](given)
    for each in _each(value):
        allowed = parameter.allowed_values
        if allowed and each not in allowed:
            raise ValueError(f"takes one of {', '.join(map(str, allowed))}, not {each}")
        if parameter.allowed_pattern and not re.fullmatch(parameter.allowed_pattern, str(each)):
            raise ValueError(f"does not match {parameter.allowed_pattern}: {each}")
    return value


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from cast("list[Any]", value)
    else:
        yield value
