"""Runs a Pulumi program under mocks and returns what it registered, as plain data.

A test never needs `apply`: everything has settled when `record` returns, so absence counts too.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime import rpc, settings
from pulumi.runtime.stack import Stack, run_pulumi_func

Exports = Mapping[str, Any]
Answer = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""What an invoke answers, whatever it is asked or by its arguments."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One registered resource; inputs by the provider's own (camel case) names."""

    urn: str
    type: str
    name: str
    parent: str
    """URN of its parent; of the stack's root where it has none."""
    provider: str
    """URN and id of an explicit provider, empty where there is none."""
    custom: bool
    protect: bool
    retain_on_delete: bool
    ignore_changes: Sequence[str]
    """Inputs that are no change, once it stands."""
    sources: Mapping[str, Sequence[str]]
    """For an input, the URNs of the resources that its value came from."""
    after: frozenset[str]
    """URNs of all that must stand before it."""
    inputs: Mapping[str, Any]
    state: Mapping[str, Any]
    """Inputs, and the outputs that the mock made up."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    resources: tuple[Recorded, ...]
    exports: Exports
    references: tuple[str, ...]
    """Full names of the stacks that it read."""
    said: tuple[str, ...]
    """What it told the engine's log: "INFO: …", "WARNING: …"."""

    def all(self, type_: str) -> list[Recorded]:
        """Every resource of a type, such as aws:backup/vault:Vault."""
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str | None = None) -> Recorded:
        """The only resource of a type, or the one of that name."""
        found = [r for r in self.all(type_) if name is None or r.name == name]
        if len(found) != 1:
            there = ", ".join(r.name for r in self.all(type_)) or "none"
            raise AssertionError(f"expected one {type_} {name or ''}, there are: {there}")
        return found[0]

    @property
    def urns(self) -> list[str]:
        return [resource.urn for resource in self.resources]


def record(
    program: Callable[[], None],
    *,
    stack: str = "acme-test",
    root_directory: Path = Path(),
    config: Mapping[str, str] | None = None,
    other_stacks: Mapping[str, Exports] | None = None,
    invokes: Mapping[str, Answer] | None = None,
    partition: str = "aws",
) -> Recording:
    """Runs `program` as a stack. An invoke or a stack reference that is not given is an error."""
    monitor = _Monitor(_Mocks(other_stacks or {}, invokes or {}, partition))
    pulumi.runtime.set_all_config(dict(config or {}))
    exports: dict[str, Any] = {}
    log = _Log()

    # One thread registers resources, in the program's order; the mock monitor gives each thread
    # an event loop that it never closes.
    executor = ThreadPoolExecutor(max_workers=1)

    async def run() -> None:
        asyncio.get_running_loop().set_default_executor(executor)
        pulumi_mocks.set_mocks(
            monitor.mocks,
            project="backup-org",
            stack=stack,
            monitor=monitor,
            organization="organization",
            logger=log.logger,
        )
        cast(Any, settings.SETTINGS).root_directory = str(root_directory)
        root = cast(Stack, settings.get_root_resource())
        root.outputs.clear()
        program()
        exports.update(await pulumi.Output.from_input(dict(root.outputs)).future() or {})

    cast(Any, settings.SETTINGS).outputs.clear()

    async def run_and_clean_up() -> None:
        try:
            await run_pulumi_func(run)
        finally:
            await asyncio.get_running_loop().run_in_executor(executor, _close_event_loop)

    # In a thread, whose stack is short: the SDK notes all of it for each resource.
    with ThreadPoolExecutor(max_workers=1) as thread:
        context = contextvars.copy_context()
        thread.submit(context.run, asyncio.run, run_and_clean_up()).result()
    return Recording(
        resources=tuple(monitor.recorded),
        exports=exports,
        references=tuple(monitor.references),
        said=tuple(log.said),
    )


def _close_event_loop() -> None:
    with suppress(RuntimeError):  # it registered nothing, and has none
        asyncio.get_event_loop().close()


class _Log(logging.Handler):
    """Keeps what a program says."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.said: list[str] = []
        self.logger = logging.Logger("program")  # noqa: LOG001 - of this run alone
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.levelname}: {record.getMessage()}")


@dataclass(frozen=True)
class _Mocks(pulumi_mocks.Mocks):
    other_stacks: Mapping[str, Exports]
    invokes: Mapping[str, Answer]
    partition: str
    """Of AWS, in made-up ARNs."""
    accounts: list[str] = field(default_factory=lambda: ["111111111111"])
    """The last is the one that the program's provider works in, in made-up ARNs."""

    def new_resource(self, args: Any) -> Any:
        if args.typ == "pulumi:providers:aws":
            self.accounts.extend(json.loads(args.inputs.get("allowedAccountIds") or "[]"))
        if args.typ == "pulumi:pulumi:StackReference":
            full_name = args.inputs["name"]
            known = self.other_stacks.get(full_name.rsplit("/", 1)[-1])
            if known is None:
                raise AssertionError(f"the program refers to {full_name}, which the test gave not")
            return full_name, {"name": full_name, "outputs": dict(known)}
        name = args.inputs.get("bucket") or args.name
        made_up = _made_up(args.typ, name, self.partition, self.accounts[-1])
        return f"{args.name}-id", made_up | args.inputs

    def call(self, args: Any) -> Any:
        if args.token not in self.invokes:
            raise AssertionError(f"the program calls {args.token}, which the test gave not")
        answer = self.invokes[args.token]
        return dict(answer(args.args) if callable(answer) else answer)


def _made_up(type_: str, name: str, partition: str, account: str) -> dict[str, Any]:
    """Outputs that look like AWS's where programs read them."""
    return {
        "arn": made_up_arn(type_, name, partition, account),
        "keyId": f"{name}-key-id",
        "name": name,
        "url": f"https://sqs.eu-central-1.amazonaws.com/{account}/{name}",
        "bucket": name,
        "dkimSigningAttributes": {"tokens": [f"{name}-token"]},
    }


def made_up_arn(type_: str, name: str, partition: str, account: str) -> str:
    """Of a resource that a program registers under a name, in whichever Region."""
    service = re.sub(r"[:/].*", "", type_.removeprefix("aws:"))
    kind = "key/" if type_ == "aws:kms/key:Key" else ""
    where = ":" if service == "s3" else f"eu-central-1:{account}"
    return f"arn:{partition}:{service}:{where}:{kind}{name}"


@dataclass
class _Monitor(pulumi_mocks.MockMonitor):
    """Pulumi's mock monitor, noting what the mocks are not told: parents, providers, options."""

    mocks: pulumi_mocks.Mocks
    resources: dict[str, pulumi_mocks.MockMonitor.ResourceRegistration] = field(
        default_factory=dict[str, pulumi_mocks.MockMonitor.ResourceRegistration]
    )
    recorded: list[Recorded] = field(default_factory=list[Recorded])
    references: list[str] = field(default_factory=list[str])
    urns: set[str] = field(default_factory=set[str])

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        if request.id not in self.references:
            self.references.append(request.id)
        response = cast(Any, super()).ReadResource(request)
        self._note(response.urn)
        return response

    def _note(self, urn: str) -> None:
        """As the engine refuses two resources of one name, which the mock monitor takes."""
        if urn in self.urns:
            raise AssertionError(f"Duplicate resource URN '{urn}'")
        self.urns.add(urn)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        response = cast(Any, super()).RegisterResource(request)
        self._note(response.urn)
        if request.type != "pulumi:pulumi:Stack":
            self.recorded.append(
                Recorded(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    provider=request.provider,
                    custom=request.custom,
                    protect=request.protect,
                    retain_on_delete=request.retainOnDelete,
                    ignore_changes=list(request.ignoreChanges),
                    sources={
                        name: list(dependencies.urns)
                        for name, dependencies in request.propertyDependencies.items()
                    },
                    after=frozenset(request.dependencies),
                    inputs=rpc.deserialize_properties(request.object),
                    state=MessageToDict(response.object),
                )
            )
        return response
