"""The choices of `aws:branch`: checked when a runbook is created, judged when it runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from aws_sandbox.systems_manager.parameters import DocumentError
from aws_sandbox.systems_manager.references import as_text

_OPERATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "StringEquals": lambda value, wanted: as_text(value) == as_text(wanted),
    "EqualsIgnoreCase": lambda value, wanted: as_text(value).lower() == as_text(wanted).lower(),
    "StartsWith": lambda value, wanted: as_text(value).startswith(as_text(wanted)),
    "EndsWith": lambda value, wanted: as_text(value).endswith(as_text(wanted)),
    "Contains": lambda value, wanted: as_text(wanted) in as_text(value),
    "NumericEquals": lambda value, wanted: float(value) == float(wanted),
    "NumericGreater": lambda value, wanted: float(value) > float(wanted),
    "NumericLesser": lambda value, wanted: float(value) < float(wanted),
    "NumericGreaterOrEquals": lambda value, wanted: float(value) >= float(wanted),
    "NumericLesserOrEquals": lambda value, wanted: float(value) <= float(wanted),
    "BooleanEquals": lambda value, wanted: as_text(value).lower() == as_text(wanted).lower(),
}
_COMBINED: Mapping[str, Callable[[Sequence[bool]], bool]] = {"And": all, "Or": any}


def check_choices(place: str, inputs: Mapping[str, Any]) -> Sequence[str]:
    """The steps that a branch may go to; DocumentError where a choice is none."""
    if unknown := sorted(inputs.keys() - {"Choices", "Default"}):
        raise DocumentError(f"{place}: unknown inputs {', '.join(unknown)}")
    choices = inputs.get("Choices")
    if not isinstance(choices, list) or not choices:
        raise DocumentError(f"{place}: a branch needs Choices")
    steps: list[str] = []
    for choice in cast("list[Any]", choices):
        given: Mapping[str, Any] = {}
        if isinstance(choice, Mapping):
            given = cast("Mapping[str, Any]", choice)
        if not isinstance(given.get("NextStep"), str):
            raise DocumentError(f"{place}: a choice needs NextStep")
        steps.append(given["NextStep"])
        _check(place, {key: each for key, each in given.items() if key != "NextStep"})
    default = inputs.get("Default")
    return [*steps, *([str(default)] if default else [])]


def _check(place: str, condition: Any) -> None:
    if not isinstance(condition, Mapping):
        raise DocumentError(f"{place}: {condition!r} is no condition")
    given = cast("Mapping[str, Any]", condition)
    if len(given) == 1:
        operator, operand = next(iter(given.items()))
        if operator in _COMBINED and isinstance(operand, list):
            for each in cast("list[Any]", operand):
                _check(place, each)
            return
        if operator == "Not":
            _check(place, operand)
            return
    if (
        "Variable" not in given
        or len(given) != 2
        or not given.keys() - {"Variable"} <= {*_OPERATIONS}
    ):
        raise DocumentError(
            f"{place}: a condition has Variable and one of {', '.join(_OPERATIONS)}, or And, Or, "
            f"Not; this one has {', '.join(given)}"
        )


def choose(inputs: Mapping[str, Any]) -> str:
    """The step that the first true choice names, or the default; "" where there is none."""
    for choice in inputs["Choices"]:
        if _holds({key: each for key, each in choice.items() if key != "NextStep"}):
            return str(choice["NextStep"])
    return str(inputs.get("Default") or "")


def _holds(condition: Mapping[str, Any]) -> bool:
    for operator, combine in _COMBINED.items():
        if operator in condition:
            return combine([_holds(each) for each in condition[operator]])
    if "Not" in condition:
        return not _holds(condition["Not"])
    operation = next(name for name in condition if name != "Variable")
    return _OPERATIONS[operation](condition["Variable"], condition[operation])
