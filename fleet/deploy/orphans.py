"""What a run that was cut off leaves behind: resources that stand, and are not in the state.

The engine writes each creation into the state before it begins it, with all that the provider is
given; what it was cut off from ending stays there as a pending operation. Of each the id is found,
and the resource read: what stands is the stack's again, as if the run had come to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

from fleet.deploy.import_ids import Wanted, delete_command, import_ids, is_named
from stacks.load import Settings
from stacks.providers import deployment_tags

if TYPE_CHECKING:
    from fleet.deploy.deployment import Deployment

Resource = dict[str, Any]
"""As a state has it."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of what was begun: types, names and ids, a line each."""

    imported: Sequence[str] = ()
    never_made: Sequence[str] = ()
    left: Sequence[str] = ()
    """What stands beside the stack, each with what to do about it."""

    def __iter__(self) -> Iterator[str]:
        """As people read it."""
        yield from (f"stands, and is the stack's again: {line}" for line in self.imported)
        yield from (f"was not made: {line}" for line in self.never_made)
        yield from self.left


Find = Callable[[Resource, Sequence[Resource]], Sequence[str]]
"""The ids that a resource may have, the newest first, given all that the state has."""


def settle(deployment: Deployment, session: Callable[[Settings], boto3.Session]) -> Settled:
    """Takes into the state what was begun and stands, and drops what does not: the account stays
    as it is. Raises NeverDeployed, StackFailed, and what `session` and boto3 raise."""
    begun, there = deployment.begun()
    unread = [resource["urn"] for resource in there if _is_unread(resource)]
    if not begun and not unread:
        return Settled()
    settings = deployment.settings
    taking = _Taking(find=finder(settings, session(settings)), region=settings.region)
    deployment.change_state(lambda resources: taking.take(resources, begun))
    targets = sorted({*taking.targets, *unread})
    if targets:
        deployment.refresh(targets)
    judging = _Judging(recorded=taking.recorded, tags=deployment_tags(settings))
    if taking.recorded:
        deployment.change_state(judging.judge)
    return Settled(
        imported=tuple(judging.imported),
        never_made=(*taking.never_made, *judging.never_made()),
        left=(*taking.left, *judging.left),
    )


def begun_lines(deployment: Deployment) -> list[str]:
    """What the engine was cut off from, as people read it. Raises NeverDeployed."""
    begun, there = deployment.begun()
    return [
        *(f"cut off in {o['type']} {_named(o['resource'])}" for o in begun),
        *(f"not read yet: {_named(resource)}" for resource in there if _is_unread(resource)),
    ]


def finder(settings: Settings, session: boto3.Session) -> Find:
    def find(resource: Resource, resources: Sequence[Resource]) -> Sequence[str]:
        type_ = resource["type"]
        wanted = Wanted(
            type=type_,
            inputs=resource.get("inputs") or {},
            session=session,
            account=settings.account,
            partition=settings.partition,
            region=settings.region,
            tags=deployment_tags(settings),
            known={other["id"] for other in resources if other["type"] == type_},
        )
        return import_ids(wanted)

    return find


def _region(resource: Resource) -> str | None:
    """Its own, where it is not the provider's."""
    inputs: Mapping[str, str] = resource.get("inputs") or {}
    return inputs.get("region")


def _is_unread(resource: Resource) -> bool:
    """Whether it was taken into the state, and the run cut off before it was read."""
    return bool(resource.get("id")) and not resource.get("outputs") and _is_of_aws(resource)


def _is_of_aws(resource: Resource) -> bool:
    return resource["type"].startswith("aws:")


@dataclass(kw_only=True)
class _Taking:
    find: Find
    region: str
    """Of the stack's provider."""
    recorded: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """What the provider was given, by the URNs of what is taken into the state."""
    targets: set[str] = field(default_factory=set[str])
    """URNs of what is to be read."""
    never_made: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])

    def take(self, resources: list[Resource], begun: Sequence[Mapping[str, Any]]) -> None:
        for resource in resources:
            if _is_unread(resource):
                self.recorded[resource["urn"]] = resource.get("inputs") or {}
        for operation in begun:
            resource = operation["resource"]
            if not _is_of_aws(resource):
                continue
            if operation["type"] == "creating":
                self._take(resources, resource)
            else:  # what became of an update or a deletion shows where it is read
                self.targets.update(r["urn"] for r in resources if r["urn"] == resource["urn"])

    def _take(self, resources: list[Resource], made: Resource) -> None:
        ids = self.find(made, resources)
        if not ids:
            self.never_made.append(_named(made))
            return
        old = next((r for r in resources if r["urn"] == made["urn"] and not r.get("delete")), None)
        if old is not None and old.get("pendingReplacement"):  # it is gone already
            resources.remove(old)
        elif old is not None:
            if self._is_same(old, made, ids, resources):
                return
            if old.get("inputs") == made.get("inputs"):  # a later run has made it anew
                self.left.extend(_twice(made, id_, self.region) for id_ in ids)
                return
            old["delete"] = True  # with the next run: what was made was to take its place
        self.left.extend(_twice(made, id_, self.region) for id_ in ids[1:])
        self.recorded[made["urn"]] = made.get("inputs") or {}
        self.targets.add(made["urn"])
        # So an import says the Region.
        suffix = f"@{region}" if (region := _region(made)) else ""
        resources.append(made | {"id": f"{ids[0]}{suffix}", "outputs": {}})

    def _is_same(
        self, old: Resource, made: Resource, ids: Sequence[str], resources: Sequence[Resource]
    ) -> bool:
        """Whether the id found is that of the one in the state."""
        if not is_named(made["type"]):
            return False
        return ids == self.find(made | {"inputs": old.get("inputs") or {}}, resources)


@dataclass(kw_only=True)
class _Judging:
    """Of what has been read: whether it stands, and is the stack's."""

    recorded: Mapping[str, Mapping[str, Any]]
    tags: Mapping[str, str]
    seen: set[str] = field(default_factory=set[str])
    imported: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])

    def judge(self, resources: list[Resource]) -> None:
        for resource in [*resources]:
            inputs = self.recorded.get(resource["urn"])
            if inputs is None or resource.get("delete"):
                continue
            self.seen.add(resource["urn"])
            outputs: Mapping[str, Any] = resource.get("outputs") or {}
            if self._is_somebody_else_s(outputs):
                resources.remove(resource)
                self.left.append(_somebody_else_s(resource))
                continue
            # What AWS does not tell is as it was given, as if the stack had made it to the end.
            untold = {name: value for name, value in inputs.items() if name not in outputs}
            resource["inputs"] = {**untold, **resource["inputs"]}
            resource["outputs"] = {**untold, **outputs}
            self.imported.append(f"{_named(resource)}: {resource['id']}")

    def _is_somebody_else_s(self, outputs: Mapping[str, Any]) -> bool:
        """By its tags; without any it was made in part, or is of a type that takes none."""
        there: Mapping[str, str] = outputs.get("tagsAll") or {}
        return bool(there) and not self.tags.items() <= there.items()

    def never_made(self) -> Iterator[str]:
        names = (urn for urn in self.recorded if urn not in self.seen)
        return (_named({"urn": urn}) for urn in names)


def _named(resource: Mapping[str, Any]) -> str:
    """`aws:s3/bucket:Bucket reports`."""
    kinds, name = resource["urn"].split("::")[-2:]
    return f"{kinds.rpartition('$')[2]} {name}"


def _twice(made: Resource, id_: str, region: str) -> str:
    return (
        f"{_named(made)}: {id_} stands beside the stack's own; nothing uses it, delete it:\n  "
        f"{delete_command(made['type'], id_, _region(made) or region)}"
    )


def _somebody_else_s(resource: Resource) -> str:
    return (
        f"{_named(resource)}: {resource['id']} stands, with tags that are not this customer's: the "
        "stack does not take it. Give the stack's own another name in the settings, or delete it"
    )
