"""What the engine does with any resource, by its declaration: from its diff to its end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from itertools import zip_longest
from typing import Any, Final

from aws_sandbox.plugin.aws import AbsentError, CallError, Provider
from aws_sandbox.plugin.checks import MADE, given
from aws_sandbox.plugin.fields import (
    PLAIN,
    Field,
    Fields,
    aligned,
    changed,
    completed,
    element,
    equivalent,
    from_api,
    get,
    projected,
    put,
    reconciled,
)
from aws_sandbox.plugin.resource import Resource, ResourceCall
from aws_sandbox.plugin.values import UNKNOWN, Path, Props, is_array, is_empty, is_object

REGION_SUFFIX: Final = re.compile(r"(?P<rid>.+)@(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)")
"""How an import says the Region of a resource: `acme-vault@eu-west-1`."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """A resource as it is in AWS."""

    rid: str
    inputs: Props
    outputs: Props


class PartialError(Exception):
    """A resource exists, but not all of it could be set; the state must keep it."""

    def __init__(self, live: Live, reason: str) -> None:
        super().__init__(reason)
        self.live, self.reason = live, reason


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """One resource type under one configured provider; `rid` is the id of a resource."""

    resource: Resource
    provider: Provider

    def create(self, inputs: Props) -> Live:
        """CallError if the resource was not made, PartialError if it was but is not complete."""
        call = self._call("", self._completed(inputs), {})
        rid = self.resource.create(call)
        made = replace(call, rid=rid)
        try:
            if (tags := self.resource.fields.get("tagsAll")) and tags.separate:
                self._retag(made)
            self.resource.finish(made)
            return self._taken(replace(made, state=call.props), inputs)
        except CallError as error:
            raise PartialError(self._left(made, inputs), str(error)) from error

    def update(self, rid: str, *, old: Props, new: Props, state: Props) -> Live:
        """Changes it in place; PartialError, with what is live, if AWS refuses any of it."""
        call = self._call(rid, self._completed(new), state)
        fields = self.resource.fields
        try:
            # What was made only in part differs from the state, if not from the inputs then.
            live = {name: state[name] for name in fields.keys() & state.keys()}
            names = changed(fields, call.props, self._completed(old) | live) - {"tags", "tagsAll"}
            if any(fields[name].api for name in names):
                self.resource.update(call)
            self._retag(call)
            return self._taken(replace(call, state=self._kept(state, call.props)), new)
        except CallError as error:
            live = self.read(rid, inputs=old, state=state)
            kept = live or Live(rid=rid, inputs=old, outputs=state)
            raise PartialError(kept, str(error)) from error

    def read(self, rid: str, *, inputs: Props, state: Props) -> Live | None:
        """What is live, None if it is gone; without inputs and state this is an import."""
        if not state:
            if match := REGION_SUFFIX.fullmatch(rid):
                rid, state = match["rid"], {"region": match["region"]}
            state = state | self.resource.imported(rid)
            rid = state.pop("id", rid)
        outputs = self._observed(self._call(rid, self._completed(inputs), state))
        if outputs is None:
            return None
        found = projected(self.resource.fields, given(inputs), outputs, imported=not inputs)
        made = {MADE: inputs[MADE]} if MADE in inputs else {}
        return Live(rid=rid, inputs=found | made, outputs=outputs)

    def delete(self, rid: str, state: Props) -> None:
        """Ends it; one that is gone already is no error."""
        try:
            self.resource.delete(self._call(rid, {}, state))
        except AbsentError:
            return

    def _left(self, made: ResourceCall, inputs: Props) -> Live:
        """What there is of a resource that is not complete: what it lacks shows as a change."""
        try:
            live = self.read(made.rid, inputs=inputs, state=made.props)
        except CallError:
            live = None
        return live or Live(rid=made.rid, inputs=inputs, outputs=made.props | {"id": made.rid})

    def preview(self, inputs: Props, state: Props | None = None) -> Props:
        """The outputs as far as they are certain before a create, or an update of a state."""
        fields, props = self.resource.fields, self._completed(inputs)
        if state is None:
            chosen = {name for name, field in fields.items() if field.computed}
            return dict.fromkeys({*self.resource.outputs, *chosen}, UNKNOWN) | props
        kept = self._kept(state, props)
        return kept | dict.fromkeys(self.resource.volatile, UNKNOWN) | props

    def _kept(self, state: Props, props: Props) -> Props:
        """The outputs of an update: without the properties that are no longer wanted."""
        fields = self.resource.fields
        old = {n: v for n, v in state.items() if n not in fields or fields[n].computed}
        return old | props

    def _call(self, rid: str, props: Props, state: Props) -> ResourceCall:
        region = state.get("region") or props.get("region")
        api = self.provider.aws.api(self.resource.service, region)
        return ResourceCall(resource=self.resource, api=api, rid=rid, props=props, state=state)

    def _completed(self, inputs: Props) -> Props:
        return completed(self.resource.fields, given(inputs))

    def _taken(self, call: ResourceCall, inputs: Props) -> Live:
        outputs = self._observed(call)
        if outputs is None:
            raise CallError(f"{self.resource.token} {call.rid!r}: AWS took it and does not have it")
        fields = self.resource.fields
        lost = sorted(changed(fields, call.props, outputs) & call.props.keys())
        if lost:
            which = ", ".join(lost)
            raise CallError(f"{self.resource.token} {call.rid!r}: AWS took {which} and has it not")
        return Live(rid=call.rid, inputs=inputs, outputs=outputs)

    def _observed(self, call: ResourceCall) -> Props | None:
        """The outputs of what is live, spelled as wanted; None when there is nothing."""
        resource, fields, state = self.resource, self.resource.fields, call.state
        try:
            document = resource.read(call)
            if document is None:
                return None
            if (tagging := resource.tagging) is not None:
                by = resource.outputs.get(tagging.by, "")
                target = call.rid if tagging.by == "id" else get(document, by)
                put(document, resource.tags_member, tagging.read(call.api, target))
        except AbsentError:
            return None
        local = {n: state[n] for n, each in fields.items() if not each.api and n in state}
        live = local | from_api(fields, document) | {"region": call.api.region}
        outputs = reconciled(fields, local | call.props, live)
        if resource.tagging is not None:
            defaults = self.provider.default_tags
            outputs |= _own_tags(call.props, outputs["tagsAll"], defaults)
        known = {name: _text(get(document, path)) for name, path in resource.outputs.items()}
        return outputs | {n: v for n, v in known.items() if v is not None} | {"id": call.rid}

    def _retag(self, call: ResourceCall) -> None:
        tagging, old = self.resource.tagging, call.state.get("tagsAll", {})
        if tagging is not None and old != call.props["tagsAll"]:
            tagging.change(call.api, self._tagged(call, tagging.by), old, call.props["tagsAll"])

    def _tagged(self, call: ResourceCall, by: str) -> Any:
        """What tells the service whose tags; of what was just made there is no state yet."""
        if by == "id":
            return call.rid
        if by in call.state:
            return call.state[by]
        return get(self.resource.read(call) or {}, self.resource.outputs[by])


def _text(value: Any) -> Any:
    """Times as the official plugin writes them."""
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value


def _own_tags(wanted: Props, live: Mapping[str, str], defaults: Mapping[str, str]) -> Props:
    """The tags that are not the provider's: the program's, and those that someone else set."""
    asked: Mapping[str, Any] = wanted.get("tags", {})
    everything: Mapping[str, Any] = wanted.get("tagsAll", {})
    own = {
        key: value
        for key, value in live.items()
        if key in asked or value not in {everything.get(key), defaults.get(key)}
    }
    return {"tags": own} if own or "tags" in wanted else {}


class Kind(Enum):
    """What becomes of a property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One property that changes, and whether that makes a new resource."""

    path: Path
    kind: Kind
    replaces: bool


@dataclass(frozen=True, kw_only=True)
class Difference:
    """All changes, and whether the old resource must go before a new one can come."""

    changes: Sequence[Change]
    delete_first: bool


def difference(resource: Resource, *, old: Props, new: Props, state: Props) -> Difference:
    """What changes from old inputs to new ones.

    `state` holds the outputs: a property that AWS chose and the program now sets is compared with
    them. A fixed name that stays is taken until the old resource is gone.
    """
    fields = resource.fields
    chosen = {
        name: state[name] for name, field in fields.items() if field.computed and name in state
    }
    before = completed(fields, chosen | given(old))
    found = (*_object_changes(fields, before, completed(fields, given(new)), (), replaces=False),)
    name = resource.named
    fixed = bool(name) and name not in new.get(MADE, []) and old.get(name) == new.get(name)
    replaced = any(change.replaces for change in found)
    return Difference(
        changes=found, delete_first=replaced and (fixed or resource.delete_before_replace)
    )


def _object_changes(
    fields: Fields, old: Props, new: Props, path: Path, *, replaces: bool
) -> Iterator[Change]:
    for name in sorted(changed(fields, new, old)):
        field = fields.get(name, PLAIN)
        pair = old.get(name), new.get(name)
        yield from _changes(field, *pair, (*path, name), replaces=replaces or field.replaces)


def _changes(field: Field, old: Any, new: Any, path: Path, *, replaces: bool) -> Iterator[Change]:
    if is_object(old) and is_object(new) and old and new:
        yield from _object_changes(field.fields or {}, old, new, path, replaces=replaces)
    elif is_array(old) and is_array(new) and old and new:
        pairs = zip_longest(aligned(field, new, old), new)
        for index, pair in enumerate(pairs):
            if not equivalent(element(field), pair[1], pair[0]):
                yield from _changes(element(field), *pair, (*path, index), replaces=replaces)
    else:
        yield Change(path=path, kind=_kind(old, new), replaces=replaces)


def _kind(old: Any, new: Any) -> Kind:
    if new is not UNKNOWN and is_empty(new):
        return Kind.DELETE
    return Kind.ADD if is_empty(old) else Kind.UPDATE
