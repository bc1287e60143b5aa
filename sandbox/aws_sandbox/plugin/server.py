"""The engine's side of the plugin: Pulumi's resource provider protocol."""
# ruff: noqa: N802, ARG002 - the methods and their parameters are the protocol's

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from aws_sandbox.plugin.aws import CallError, Provider, configuration_problems, configured
from aws_sandbox.plugin.checks import Mode, Proposal, filled, named, problems
from aws_sandbox.plugin.install import VERSION
from aws_sandbox.plugin.invokes import invoked
from aws_sandbox.plugin.lifecycle import Change, Kind, Lifecycle, PartialError, difference
from aws_sandbox.plugin.resources import declaration
from aws_sandbox.plugin.values import (
    Path,
    Problem,
    Properties,
    Props,
    decode,
    encode,
    lookup,
    path_text,
)

UNLIMITED: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
"""Archives and states may be larger than gRPC's 4 MiB."""
KINDS: Final = {
    (Kind.ADD, False): provider_pb2.PropertyDiff.ADD,
    (Kind.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Kind.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (Kind.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Kind.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (Kind.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def proposal(request: provider_pb2.CheckRequest) -> Proposal | None:
    """The name that the engine wishes for, if it has a wish."""
    if not request.HasField("autonaming"):
        return None
    return Proposal(name=request.autonaming.proposed_name, mode=Mode(request.autonaming.mode))


def check_response(inputs: Properties, found: Iterable[Problem]) -> provider_pb2.CheckResponse:
    """The checked inputs, their secrets still marked, or what is wrong with them."""
    return provider_pb2.CheckResponse(
        inputs=encode(inputs.values, inputs.secrets),
        failures=[
            provider_pb2.CheckFailure(
                property=path_text(problem.path), reason=_shown(problem, inputs.secrets)
            )
            for problem in found
        ],
    )


def _shown(problem: Problem, secrets: Iterable[Path]) -> str:
    """The reason, which may quote the value, unless that is a secret."""
    hidden = any(problem.path[: len(path)] == path for path in secrets)
    return "AWS would refuse the value; it is a secret and not shown" if hidden else problem.reason


def diff_response(changes: Iterable[Change], *, delete_first: bool) -> provider_pb2.DiffResponse:
    """A detailed diff; its paths are those of inputs."""
    found = list(changes)
    replacing = {str(change.path[0]) for change in found if change.replaces}
    outcome = provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=outcome,
        diffs=sorted({str(change.path[0]) for change in found}),
        replaces=sorted(replacing),
        deleteBeforeReplace=delete_first,
        hasDetailedDiff=True,
        detailedDiff={
            path_text(change.path): provider_pb2.PropertyDiff(
                kind=KINDS[change.kind, change.replaces], inputDiff=True
            )
            for change in found
        },
    )


def init_failed(error: PartialError, secrets: Iterable[Path]) -> bytes:
    """The details of an error by which the engine keeps the resource in its state."""
    live = error.live
    failed = provider_pb2.ErrorResourceInitFailed(
        id=live.rid,
        properties=encode(live.outputs, placed(secrets, live.outputs)),
        inputs=encode(live.inputs, placed(secrets, live.inputs)),
        reasons=[error.reason],
    )
    details = any_pb2.Any()
    details.Pack(failed)
    code = grpc.StatusCode.UNKNOWN.value[0]
    status = status_pb2.Status(code=code, message=error.reason, details=[details])
    return status.SerializeToString()


def placed(secrets: Iterable[Path], values: Props) -> set[Path]:
    """The places of secrets in other properties of the same names.

    Where a secret's own place is not there (a set came back in another order), all of the
    property is secret.
    """
    return {
        path if lookup(values, path) is not None else path[:1]
        for path in secrets
        if path[0] in values
    }


# ruff: noqa: N802, ARG002 - the methods and their parameters are the protocol's


Context: TypeAlias = grpc.ServicerContext
DETAILS: Final = "grpc-status-details-bin"
"""Where gRPC carries an error's details."""


def answered(method: Callable[..., Any]) -> Callable[..., Any]:
    """Tells the engine in one sentence why a request is refused."""

    @functools.wraps(method)
    def answer(servicer: Servicer, request: Any, context: Context) -> Any:
        try:
            return method(servicer, request, context)
        except (CallError, ValueError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return answer


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One provider of a deployment, as the engine talks to it."""

    def __init__(self) -> None:
        self._provider: Provider | None = None
        self._cancelled = threading.Event()

    def Handshake(self, request: Any, context: Context) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, supports_autonaming_configuration=True
        )

    def GetPluginInfo(self, request: Any, context: Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Cancel(self, request: Any, context: Context) -> empty_pb2.Empty:
        """Lets what is under way end, and begins nothing more."""
        self._cancelled.set()
        return empty_pb2.Empty()

    def GetSchema(self, request: Any, context: Context) -> None:
        """Only `pulumi import` and programs in YAML ask for it."""
        reason = "the sandbox's stand-in has no schema: use the official plugin for this"
        context.abort(grpc.StatusCode.UNIMPLEMENTED, reason)

    @answered
    def CheckConfig(self, request: provider_pb2.CheckRequest, context: Context) -> Any:
        news = decode(request.news)
        return check_response(news, configuration_problems(news.values))

    @answered
    def DiffConfig(self, request: provider_pb2.DiffRequest, context: Context) -> Any:
        """Another configuration replaces nothing by itself; a resource's own Region does."""
        old, new = decode(request.old_inputs).values, decode(request.news).values
        changes = [
            Change(path=(name,), kind=Kind.UPDATE, replaces=False)
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
        return diff_response(changes, delete_first=False)

    @answered
    def Configure(self, request: provider_pb2.ConfigureRequest, context: Context) -> Any:
        self._provider = configured(decode(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    @answered
    def Invoke(self, request: provider_pb2.InvokeRequest, context: Context) -> Any:
        result = invoked(self._configured, request.tok, decode(request.args).values)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(encode(result))  # a keyword of Python's
        return response

    @answered
    def Check(self, request: provider_pb2.CheckRequest, context: Context) -> Any:
        resource = declaration(request.type)
        olds, news = decode(request.olds), decode(request.news)
        inputs = named(
            resource,
            request.name,
            seed=request.randomSeed,
            proposal=proposal(request),
            olds=olds.values,
            news=news.values,
        )
        if isinstance(inputs, Problem):
            return check_response(news, [inputs])
        inputs = filled(resource, inputs, self._configured)
        tags = {("tagsAll", *path[1:]) for path in news.secrets if path[0] == "tags"}
        tags |= {("tagsAll",)} if self._configured.secret_tags else set()
        checked = Properties(values=inputs, secrets=news.secrets | placed(tags, inputs))
        return check_response(checked, problems(resource, inputs))

    @answered
    def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> Any:
        found = difference(
            declaration(request.type),
            old=decode(request.old_inputs).values,
            new=decode(request.news).values,
            state=decode(request.olds).values,
        )
        return diff_response(found.changes, delete_first=found.delete_first)

    @answered
    def Create(self, request: provider_pb2.CreateRequest, context: Context) -> Any:
        inputs = decode(request.properties)
        if request.preview:
            outputs = self._lifecycle(request.type).preview(inputs.values)
            return provider_pb2.CreateResponse(properties=_marked(outputs, inputs.secrets))
        with _kept(context, inputs.secrets):
            live = self._lifecycle(request.type).create(inputs.values)
        return provider_pb2.CreateResponse(
            id=live.rid, properties=_marked(live.outputs, inputs.secrets)
        )

    @answered
    def Read(self, request: provider_pb2.ReadRequest, context: Context) -> Any:
        inputs, state = decode(request.inputs), decode(request.properties)
        live = self._lifecycle(request.type).read(
            request.id, inputs=inputs.values, state=state.values
        )
        if live is None:
            return provider_pb2.ReadResponse()
        secrets = inputs.secrets | state.secrets
        return provider_pb2.ReadResponse(
            id=live.rid,
            inputs=_marked(live.inputs, inputs.secrets),
            properties=_marked(live.outputs, secrets),
        )

    @answered
    def Update(self, request: provider_pb2.UpdateRequest, context: Context) -> Any:
        state, new = decode(request.olds).values, decode(request.news)
        lifecycle = self._lifecycle(request.type)
        if request.preview:
            outputs = lifecycle.preview(new.values, state)
        else:
            with _kept(context, new.secrets):
                old = decode(request.old_inputs).values
                outputs = lifecycle.update(request.id, old=old, new=new.values, state=state).outputs
        return provider_pb2.UpdateResponse(properties=_marked(outputs, new.secrets))

    @answered
    def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> Any:
        self._lifecycle(request.type).delete(request.id, decode(request.properties).values)
        return empty_pb2.Empty()

    @property
    def _configured(self) -> Provider:
        if self._provider is None:
            raise ValueError("the engine asked before it had configured the provider")
        if self._cancelled.is_set():
            raise ValueError("the deployment was cancelled")
        return self._provider

    def _lifecycle(self, token: str) -> Lifecycle:
        return Lifecycle(resource=declaration(token), provider=self._configured)


def _marked(values: Props, secrets: frozenset[Path]) -> Any:
    return encode(values, placed(secrets, values))


@contextmanager
def _kept(context: Context, secrets: frozenset[Path]) -> Generator[None]:
    """Has the engine keep what a failed request has made."""
    try:
        yield
    except PartialError as error:
        context.set_trailing_metadata(((DETAILS, init_failed(error, secrets)),))
        context.abort(grpc.StatusCode.UNKNOWN, error.reason)


def started(pool: ThreadPoolExecutor) -> tuple[grpc.Server, int]:
    """A server with a provider of its own on a free port of this machine."""
    server = grpc.server(pool, options=UNLIMITED)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
