"""The engine's side of the plugin: Pulumi's resource provider protocol."""
# ruff: noqa: N802, ARG002 - the methods and their parameters are the protocol's

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from aws_sandbox.plugin import checking, provider
from aws_sandbox.plugin.autoname import named
from aws_sandbox.plugin.aws import AwsError
from aws_sandbox.plugin.codec import Properties, decode, encode
from aws_sandbox.plugin.diff import Change, Kind, difference
from aws_sandbox.plugin.install import VERSION
from aws_sandbox.plugin.invokes import invoked
from aws_sandbox.plugin.lifecycle import Lifecycle, PartialError
from aws_sandbox.plugin.messages import check_response, diff_response, init_failed, placed, proposal
from aws_sandbox.plugin.resources import declaration
from aws_sandbox.plugin.values import Path, Problem, Props

Context: TypeAlias = grpc.ServicerContext
DETAILS: Final = "grpc-status-details-bin"
"""Where gRPC carries an error's details."""


def answered(method: Callable[..., Any]) -> Callable[..., Any]:
    """Tells the engine in one sentence why a request is refused."""

    @functools.wraps(method)
    def answer(servicer: Servicer, request: Any, context: Context) -> Any:
        try:
            return method(servicer, request, context)
        except (AwsError, ValueError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return answer


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One provider of a deployment, as the engine talks to it."""

    def __init__(self) -> None:
        self._provider: provider.Provider | None = None
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
        return check_response(news, provider.problems(news.values))

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
        self._provider = provider.configured(decode(request.args))
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
        inputs = checking.filled(resource, inputs, self._configured)
        tags = {("tagsAll", *path[1:]) for path in news.secrets if path[0] == "tags"}
        tags |= {("tagsAll",)} if self._configured.secret_tags else set()
        checked = Properties(values=inputs, secrets=news.secrets | placed(tags, inputs))
        return check_response(checked, checking.problems(resource, inputs))

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
    def _configured(self) -> provider.Provider:
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
