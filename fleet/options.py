"""Options that several commands have in common: a dataclass of them, as one parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from inspect import Parameter, signature
from typing import Any, ParamSpec, get_type_hints

P = ParamSpec("P")


def with_common(command: Callable[P, None]) -> Callable[..., None]:
    """Gives a command the arguments and options that the fields of its parameters stand for, of
    each parameter that is a dataclass: typer knows nothing of these."""
    parameters: list[Parameter] = []
    parts: dict[str, tuple[type[Any], list[str]]] = {}
    for one in signature(command, eval_str=True).parameters.values():
        if is_dataclass(one.annotation) and isinstance(one.annotation, type):
            options = _options(one.annotation)
            parts[one.name] = one.annotation, [option.name for option in options]
            parameters += options
        else:
            parameters.append(one.replace(kind=Parameter.KEYWORD_ONLY))

    def taking(**given: Any) -> None:
        for name, (part, names) in parts.items():
            given[name] = part(**{field: given.pop(field) for field in names})
        command(**given)  # type: ignore[call-arg] - as the signature has it

    taking.__name__, taking.__doc__ = command.__name__, command.__doc__
    taking.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
    taking.__annotations__ = {one.name: one.annotation for one in parameters}
    return taking


def _options(part: type[Any]) -> list[Parameter]:
    annotations = get_type_hints(part, include_extras=True)
    return [
        Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            annotation=annotations[field.name],
            default=Parameter.empty if field.default is MISSING else field.default,
        )
        for field in fields(part)
    ]
