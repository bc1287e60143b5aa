"""EventBridge's event patterns: whether one matches an event.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html; numbers and IP
addresses, which no event of AWS Backup is told apart by, match nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, cast


def matches(pattern: str | None, event: Mapping[str, Any]) -> bool:
    """Whether a rule's pattern, as JSON text, matches an event. None matches none."""
    if not pattern:
        return False
    try:
        parsed = json.loads(pattern)
    except json.JSONDecodeError:
        return False
    return _all(parsed, event)


def _all(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    for field, wanted in pattern.items():
        if field == "$or":
            if not any(_all(one, event) for one in wanted):
                return False
        elif isinstance(wanted, Mapping):
            found = event.get(field, {})
            if not isinstance(found, Mapping) or not _all(
                cast("Mapping[str, Any]", wanted), cast("Mapping[str, Any]", found)
            ):
                return False
        elif not _any(wanted, event.get(field)):
            return False
    return True


def _any(wanted: Sequence[Any], value: Any) -> bool:
    """Of a field's values one must be it; None: the event does not have the field."""
    return any(_is(one, value) for one in wanted)


def _is(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return value is not None and wanted == value
    ((operator, operand),) = cast("Mapping[str, Any]", wanted).items()
    if operator == "exists":
        return operand == (value is not None)
    operands = cast("list[Any]", operand) if isinstance(operand, list) else [operand]
    if not isinstance(value, str):
        return False
    if operator == "anything-but":
        return not _any(operands, value)
    test = _TESTS.get(operator)
    return test is not None and any(test(value, str(one)) for one in operands)


_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, one: value.lower() == one.lower(),
    "wildcard": fnmatchcase,
}
