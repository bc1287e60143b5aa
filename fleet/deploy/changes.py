"""What a deployment does to each resource, as the engine's events tell it, property by property."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pulumi.automation import EngineEvent, OpType
from pulumi.automation.events import (
    DiffKind,
    PropertyDiff,
    StepEventMetadata,
    StepEventStateMetadata,
)

MASKED = "[secret]"
NOT_KNOWN_YET = "[known once deployed]"

_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_KIND = "4dabf18193072939515e22adb298388d"
_MASKED_KIND = "1b47061264138c4ac30d75fd1eb44270"
"""How Pulumi writes what is no JSON: `sig`s of its sdk/go/common/resource package."""


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    path: str
    """As Pulumi writes it: `rules[0].lifecycle.deleteAfter`."""
    old: Any
    """None where there is none; MASKED in place of a secret."""
    new: Any
    replaces: bool = False
    """Whether the resource is replaced because of it."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Of a refresh: how what stands in AWS differs from the state; `delete`: it is gone."""

    urn: str
    op: str
    """As the engine names it: create, update, replace, delete, import, …; same: only what the state
    has of it changes, such as whether a destroy leaves it."""
    properties: Sequence[PropertyChange] = ()
    id: str = ""
    """Of what stands already."""
    retained: bool = False
    """Whether what is deleted or replaced goes out of the state alone, and stays in AWS."""
    region: str = ""
    """Of what stands already, where the resource says one."""
    empties: bool = False
    """Whether a deletion deletes what lies in it, too: `force_destroy`."""
    loses: str = ""
    """What would be lost with it, in words."""
    blocked: str = ""
    """Why AWS would refuse to delete it, with what to do."""

    @property
    def type(self) -> str:
        """`aws:s3/bucket:Bucket`, without its parents' types."""
        return self.urn.split("::")[-2].rpartition("$")[2]

    @property
    def name(self) -> str:
        return self.urn.split("::")[-1]


def planned(event: EngineEvent) -> Change | None:
    """What an event of a preview, an update or a destroy says will be done to a resource.

    A replacement is one change; but one of its steps is told of alone where an earlier deployment
    left off before it: the deletion of what was replaced.
    """
    told = event.resource_pre_event
    step = told and told.metadata
    if not step or step.op in _LOOKING or not (step.logical or step.op in _LEFT_OVER):
        return None
    properties = (*_properties(step), *_of_state(step))
    if step.op == OpType.SAME and not properties:
        return None
    return _change(step, step.op.value, properties)


def outputs_changed(event: EngineEvent) -> Change | None:
    """What an event says of the outputs of a stack that differ."""
    step = event.res_outputs_event and event.res_outputs_event.metadata
    if not step or not step.logical or not is_stack(step.urn) or not step.old or not step.new:
        return None
    changed = tuple(_different("outputs.", step.old.outputs or {}, step.new.outputs or {}))
    return _change(step, OpType.SAME.value, changed) if changed else None


def drifted(event: EngineEvent) -> Change | None:
    """What an event of a refresh says of a resource that is not as the state has it."""
    step = event.res_outputs_event and event.res_outputs_event.metadata
    if not step or step.logical or step.op not in _REFRESHED:
        return None
    if step.new is None or step.op == OpType.DELETE:
        return _change(step, OpType.DELETE.value, ())
    properties = tuple(_properties(step, of_refresh=True))
    return _change(step, OpType.UPDATE.value, properties) if properties else None


_LEFT_OVER = frozenset({OpType.DELETE_REPLACED, OpType.DISCARD_REPLACED})
_LOOKING = frozenset({OpType.READ, OpType.REFRESH})
_REFRESHED = frozenset({OpType.UPDATE, OpType.DELETE, OpType.REFRESH})
"""REFRESH is what a refresh is called that is part of a preview or an update."""


def _change(step: StepEventMetadata, op: str, properties: Sequence[PropertyChange]) -> Change:
    stands = step.old
    return Change(
        urn=step.urn,
        op=op,
        properties=properties,
        id=stands.id if stands else "",
        retained=bool(stands and stands.retain_on_delete),
        region=str(((stands and stands.inputs) or {}).get("region") or ""),
        empties=bool(((stands and stands.inputs) or {}).get("forceDestroy")),
    )


PROTECTED = (
    "is protected, and so not deleted or replaced: recovery points may lie in the vault, or under "
    "its key.\n"
    "    Keep it: write it under retained_vaults as it was, and another vault for the plans.\n"
    "    Lose it, with all that is in it: set force_destroy: true on the vault, deploy that, and "
    "try again."
)


def deletions(resources: Iterable[Mapping[str, Any]]) -> list[Change]:
    """What a destroy does to the resources of a stack's state."""
    return [_deletion(found) for found in resources if _stands_in_aws(found)]


def _stands_in_aws(resource: Mapping[str, Any]) -> bool:
    return bool(resource.get("custom")) and not resource["type"].startswith("pulumi:")


def _deletion(resource: Mapping[str, Any]) -> Change:
    inputs: Mapping[str, Any] = resource.get("inputs") or {}
    return Change(
        urn=resource["urn"],
        op=OpType.DELETE.value,
        id=resource.get("id", ""),
        retained=bool(resource.get("retainOnDelete")),
        region=str(inputs.get("region") or ""),
        empties=bool(inputs.get("forceDestroy")),
        blocked=PROTECTED if resource.get("protect") else "",
    )


def is_stack(urn: str) -> bool:
    """Whether that is no resource, but the stack itself."""
    return "::pulumi:pulumi:Stack::" in urn


def _properties(step: StepEventMetadata, *, of_refresh: bool = False) -> Iterator[PropertyChange]:
    old, new = step.old, step.new
    if new is None:
        return
    if old is None:
        yield from _different("", {}, new.inputs or {})
        return
    for path, how in sorted(_differences(step).items()):
        # A refresh tells of what AWS has beside what was asked for: its diff is an update's,
        # turned round.
        before, after = _sides(old, new, how, of_refresh=of_refresh)
        yield PropertyChange(
            path=path,
            old=None if how.diff_kind in _ADDED else _at(before, path),
            new=None if how.diff_kind in _DELETED else _at(after, path),
            replaces=how.diff_kind in _REPLACING,
        )


def _of_state(step: StepEventMetadata) -> Iterator[PropertyChange]:
    """What AWS is told nothing of, and the next deployment or destroy goes by."""
    old, new = step.old, step.new
    if old is None or new is None or step.op == OpType.DELETE:
        return
    yield from _different("", _kept(old), _kept(new))
    if step.op == OpType.SAME:
        yield from _different("", old.inputs or {}, new.inputs or {})


def _kept(state: StepEventStateMetadata) -> dict[str, Any]:
    return {
        "parent": state.parent or None,
        "protect": bool(state.protect),
        "provider": state.provider.rpartition("::")[0] or None,
        "retainOnDelete": bool(state.retain_on_delete),
    }


def _different(
    prefix: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[PropertyChange]:
    for name in sorted(old.keys() | new.keys()):
        before, after = plain(old.get(name)), plain(new.get(name))
        if before != after and not name.startswith("__"):
            yield PropertyChange(path=f"{prefix}{name}", old=before, new=after)


_ADDED = frozenset({DiffKind.ADD, DiffKind.ADD_REPLACE})
_DELETED = frozenset({DiffKind.DELETE, DiffKind.DELETE_REPLACE})
_REPLACING = frozenset({DiffKind.ADD_REPLACE, DiffKind.DELETE_REPLACE, DiffKind.UPDATE_REPLACE})

_Places = Sequence[Mapping[str, Any]]


def _differences(step: StepEventMetadata) -> Mapping[str, PropertyDiff]:
    """By path; of a provider that tells no paths, by the names of properties that differ."""
    if step.detailed_diff:
        return step.detailed_diff
    replacing = step.keys or []
    return {
        key: PropertyDiff(
            diff_kind=DiffKind.UPDATE_REPLACE if key in replacing else DiffKind.UPDATE,
            input_diff=False,
        )
        for key in [*(step.diffs or []), *replacing]
    }


def _sides(
    old: StepEventStateMetadata,
    new: StepEventStateMetadata,
    how: PropertyDiff,
    *,
    of_refresh: bool,
) -> tuple[_Places, _Places]:
    """Where a property's value stood before, and stands after, the likelier place first."""
    asked, was = old.inputs or {}, old.outputs or {}
    wanted, stands = new.inputs or {}, new.outputs or {}
    if of_refresh:
        return (asked, was), (wanted, stands) if how.input_diff else (stands, wanted)
    return (asked, was) if how.input_diff else (was, asked), (wanted,)


_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\.?([^.\[\]]+)')


def _at(places: _Places, path: str) -> Any:
    """The value at a path in the first place that has one."""
    for place in places:
        value: Any = place
        for quoted, index, name in _STEP.findall(path):
            value = _within(value, quoted or name, index)
        if value is not None:
            return plain(value)
    return None


def _within(value: Any, name: str, index: str) -> Any:
    fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    if fields.get(_KIND) == _MASKED_KIND:
        return fields  # what is in a secret is one
    if index:
        items = cast("list[Any]", value) if isinstance(value, list) else []
        return items[int(index)] if int(index) < len(items) else None
    return fields.get(name)


def plain(value: Any) -> Any:
    """A value of the engine's events as JSON that people read: no secret, no marks of Pulumi's."""
    if value == _UNKNOWN:
        return NOT_KNOWN_YET
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    if fields.get(_KIND) == _MASKED_KIND:
        return MASKED
    if _KIND in fields:  # an asset, an archive or an output: what is in it is long
        return f"[{str(fields.get('hash') or fields.get('urn') or NOT_KNOWN_YET)[:12]}]"
    return {name: plain(item) for name, item in fields.items() if not name.startswith("__")}
