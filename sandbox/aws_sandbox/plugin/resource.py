"""The declaration of a resource type: its table of properties, and the calls on it.

A new type is one subclass of `Resource` in `resources/`, decorated with `register`. What all have
in common (names, tags, Regions, validation, diffs, projections) is done for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Final, TypeVar

from botocore.model import Shape

from aws_sandbox.plugin.aws import AbsentError, Api
from aws_sandbox.plugin.fields import Converter, Document, Field, Fields, get, outputs, put, to_api
from aws_sandbox.plugin.schema import ResourceSchema, input_shape, member_shape, resource_schema
from aws_sandbox.plugin.values import Problem, Props


@dataclass(frozen=True, kw_only=True)
class Tagging:
    """A service's operations on the tags of what exists, and how it spells them."""

    listing: str
    adding: str = "TagResource"
    removing: str = "UntagResource"
    target: str = "ResourceArn"
    """The parameter that says whose tags."""
    by: str = "arn"
    """The output, or `id`, that is given for it."""
    kind: Mapping[str, str] = field(default_factory=dict[str, str])
    """What these operations take beside that, where a service tags things of several kinds."""
    listed: str = "Tags"
    added: str = "Tags"
    removed: str = "TagKeys"
    pair: tuple[str, str] | None = ("Key", "Value")
    """The two members of a tag in a list; None where tags are a map."""

    @cached_property
    def converter(self) -> Converter | None:
        """Between a map of tags and the service's spelling."""
        if self.pair is None:
            return None
        key, value = self.pair
        return Converter(
            to_api=lambda tags: [{key: name, value: text} for name, text in tags.items()],
            from_api=lambda tags: {tag[key]: tag[value] for tag in tags},
        )

    def read(self, api: Api, target: str) -> Any:
        """The tags as the service spells them; some know nothing of what has none."""
        try:
            return api(self.listing, **{self.target: target}, **self.kind).get(self.listed)
        except AbsentError:
            return None

    def change(self, api: Api, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        """Adds and removes tags to get from the old ones to the new."""
        if gone := sorted(old.keys() - new.keys()):
            api(self.removing, **{self.target: target, self.removed: gone}, **self.kind)
        if put := {key: value for key, value in new.items() if old.get(key) != value}:
            spelled = self.converter.to_api(put) if self.converter else put
            api(self.adding, **{self.target: target, self.added: spelled}, **self.kind)


REGISTRY: Final[dict[str, Resource]] = {}
"""Every type that the stand-in knows, by its token."""


@dataclass(frozen=True, kw_only=True)
class ResourceCall:
    """One request about one resource: `call("CreateBackupVault", …)` calls its service."""

    resource: Resource
    api: Api
    rid: str = ""
    """The resource's id, once it has one."""
    props: Props = field(default_factory=dict[str, Any])
    """What is wanted, with defaults; all of it known."""
    state: Props = field(default_factory=dict[str, Any])
    """The outputs so far; of an import, what its id says."""

    def __call__(self, operation: str, **parameters: Any) -> Any:
        """The operation's answer; AbsentError or CallError if AWS refuses."""
        return self.api(operation, **parameters)

    def pages(self, operation: str, items: str, **parameters: Any) -> Iterator[Any]:
        """The items of all pages of an operation's answer."""
        return self.api.pages(operation, items, **parameters)

    def request(self, *, clear: bool = False) -> Document:
        """What is wanted, as the operation takes it; of what exists already, without its tags.

        `clear` adds what takes unset properties away.
        """
        fields = {name: each for name, each in self.resource.fields.items() if not each.separate}
        if self.rid:
            fields.pop("tagsAll", None)
        document = to_api(fields, self.props)
        for each in fields.values() if clear else ():
            if each.empty is not None and get(document, each.api) is None:
                put(document, each.api, each.empty)
        return document


class Resource(ABC):
    """One resource type. Previews never reach its methods."""

    token: ClassVar[str]
    service: ClassVar[str]
    """Of botocore."""
    operation: ClassVar[str]
    """Its input gives the properties' constraints, and the shape of the document."""
    properties: ClassVar[Fields]
    outputs: ClassVar[Mapping[str, str]] = outputs()
    """What only AWS knows: the output to its dotted path in the document that is read."""
    volatile: ClassVar[frozenset[str]] = frozenset()
    """Outputs that an update may change: unknown in its preview."""
    tagging: ClassVar[Tagging | None] = None
    tags_member: ClassVar[str] = "Tags"
    """Where the operation takes the tags."""
    delete_before_replace: ClassVar[bool] = False

    @abstractmethod
    def create(self, call: ResourceCall) -> str:
        """Makes the resource with one call, and gives its id."""

    def finish(self, call: ResourceCall) -> None:
        """Sets what remains on a resource just made; if that fails, the state keeps it."""
        del call

    @abstractmethod
    def read(self, call: ResourceCall) -> Document | None:
        """What is live, in the shape of the operation's input; None or AbsentError for nothing."""

    def update(self, call: ResourceCall) -> None:
        """Changes properties in place; tags are changed for it."""
        raise NotImplementedError(f"{self.token} {call.rid} cannot change in place")

    @abstractmethod
    def delete(self, call: ResourceCall) -> None:
        """Ends the resource; AbsentError means that it had ended before."""

    def check(self, props: Props) -> Iterable[Problem]:
        """What AWS would refuse at once and no model says; unknown values are UNKNOWN."""
        del props
        return ()

    def imported(self, rid: str) -> Props:
        """What the id given to an import says, with the proper id as `id` where that differs."""
        del rid
        return {}

    @cached_property
    def schema(self) -> ResourceSchema:
        """What the official plugin's SDK says of the type."""
        return resource_schema(self.token)

    @cached_property
    def shape(self) -> Shape:
        """What botocore's model says of the operation's input."""
        return input_shape(self.service, self.operation)

    @cached_property
    def fields(self) -> Fields:
        """The declared properties and those that the official plugin adds: Region and tags."""
        fields = dict(self.properties)
        if "region" in self.schema.inputs:
            fields["region"] = Field(replaces=True)
        if self.tagging is not None:
            fields["tags"] = Field()
            fields["tagsAll"] = Field(
                self.tags_member,
                convert=self.tagging.converter,
                default={},
                separate=member_shape(self.shape, self.tags_member) is None,
            )
        return fields

    @cached_property
    def named(self) -> str:
        """The property that is named automatically, or nothing."""
        return next((name for name, each in self.properties.items() if each.autoname), "")


class Setting(Resource):
    """A resource that one call puts, whether it is new or changes."""

    key: ClassVar[str]
    """The property that is its id: what it is set on."""

    @abstractmethod
    def put(self, call: ResourceCall) -> None:
        """Sets it as wanted."""

    def create(self, call: ResourceCall) -> str:
        self.put(call)
        return call.props[self.key]

    def update(self, call: ResourceCall) -> None:
        self.put(call)


R = TypeVar("R", bound=Resource)


def register(token: str) -> Callable[[type[R]], type[R]]:
    """Makes a declaration known by its type's token."""

    def known(declaration: type[R]) -> type[R]:
        declaration.token = token
        REGISTRY[token] = declaration()
        return declaration

    return known
