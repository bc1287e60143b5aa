"""The syntax of backup policies of AWS Organizations: the elements that there are, each assigned.

Source: AWS Organizations' user guide, Backup policy syntax and examples. Of the operators only
`@@assign` is known, and no policy that completes an inherited one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

Element: TypeAlias = "Mapping[str, Element] | None"
"""Elements by name, `*` for names of one's own; None for an assigned value."""

_LIFECYCLE: Final[Element] = {
    "move_to_cold_storage_after_days": None,
    "delete_after_days": None,
    "opt_in_to_archive_for_supported_resources": None,
}
_CONDITION: Final[Element] = {"*": {"condition_key": None, "condition_value": None}}
_CONDITIONS: Final[Element] = {
    f"string_{kind}": _CONDITION for kind in ("equals", "not_equals", "like", "not_like")
}
_TAGS: Final[Element] = {"*": {"tag_key": None, "tag_value": None}}
_PLAN: Final[Element] = {
    "regions": None,
    "rules": {
        "*": {
            "schedule_expression": None,
            "target_backup_vault_name": None,
            "target_logically_air_gapped_backup_vault_arn": None,
            "start_backup_window_minutes": None,
            "complete_backup_window_minutes": None,
            "enable_continuous_backup": None,
            "lifecycle": _LIFECYCLE,
            "copy_actions": {"*": {"target_backup_vault_arn": None, "lifecycle": _LIFECYCLE}},
            "recovery_point_tags": _TAGS,
        }
    },
    "selections": {
        "tags": {
            "*": {
                "iam_role_arn": None,
                "tag_key": None,
                "tag_value": None,
                "conditions": _CONDITIONS,
            }
        },
        "resources": {
            "*": {
                "iam_role_arn": None,
                "resource_types": None,
                "not_resource_types": None,
                "conditions": _CONDITIONS,
            }
        },
    },
    "advanced_backup_settings": {"ec2": {"windows_vss": None}},
}
_REQUIRED = ("regions", "rules", "selections")


def backup_policy_problems(content: str) -> Iterator[str]:
    """Where it breaks the syntax, and how."""
    try:
        policy = json.loads(content, object_pairs_hook=_without_duplicates)
    except ValueError as error:
        yield f"the policy is no JSON: {error}"
        return
    yield from _problems(policy, {"plans": {"*": _PLAN}}, "")
    given = cast("Mapping[str, Any]", policy if isinstance(policy, dict) else {})
    plans = cast("Mapping[str, Mapping[str, Any]]", given.get("plans") or {})
    for name, plan in plans.items():
        missing = [element for element in _REQUIRED if element not in plan]
        if missing:
            yield f"plans.{name} lacks {', '.join(missing)}"


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a name is there twice among {', '.join(name for name, _ in pairs)}")
    return found


def _problems(value: Any, element: Element, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place or 'the policy'} is no object"
        return
    given = cast("Mapping[str, Any]", value)
    if element is None:
        if list(given) != ["@@assign"]:
            yield f"{place} has {', '.join(given) or 'nothing'}, and not @@assign"
        return
    for name, child in given.items():
        here = f"{place}.{name}".removeprefix(".")
        if name in element:
            yield from _problems(child, element[name], here)
        elif "*" in element:
            yield from _problems(child, element["*"], here)
        else:
            yield f"{here} is no element of a backup policy"
