"""The official aws plugin, led to the sandbox: `python -m aws_sandbox.plugin.official PLUGIN …`.

The engine starts this in the official plugin's place; it starts the official one and passes each
request on as it is, but for the provider's configuration. Endpoints need no word there: the
plugin, as every SDK of AWS, takes AWS_ENDPOINT_URL for all services. What has no variable of the
environment that holds for an explicit provider is set in the requests that carry a configuration:
S3's addressing by path, and that nothing is validated beforehand against AWS's own endpoints.
The answers to the engine are without it, so state and diffs are those of the program.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias, cast

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

from aws_sandbox.plugin.aws import local_endpoint
from aws_sandbox.plugin.processes import THREADS, leave_with_parent
from aws_sandbox.plugin.server import UNLIMITED

SETTINGS: Final = {
    "s3UsePathStyle": True,
    "skipCredentialsValidation": True,
    "skipMetadataApiCheck": True,
    "skipRegionValidation": True,
}
"""Not skip_requesting_account_id: the plugin makes ARNs of the account that the sandbox tells."""

Context: TypeAlias = grpc.ServicerContext
Method: TypeAlias = Callable[..., bytes]


class Proxy(grpc.GenericRpcHandler):
    """Every method of the provider protocol, answered by the plugin at the other end."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        method = cast("str", cast("Any", handler_call_details).method)
        ask = cast("Method", self._channel.unary_unary(method))

        def answer(request: bytes, context: Context) -> bytes:
            try:
                return _asked(method.rpartition("/")[2], ask, request)
            except grpc.RpcError as error:
                refusal = cast("Any", error)
                context.set_trailing_metadata(refusal.trailing_metadata())
                context.abort(refusal.code(), refusal.details())

        return cast("Any", grpc).unary_unary_rpc_method_handler(answer)


def _asked(method: str, ask: Method, request: bytes) -> bytes:
    if method == "Configure":
        configuration = provider_pb2.ConfigureRequest.FromString(request)
        _add(configuration.args)
        return ask(configuration.SerializeToString())
    if method == "CheckConfig":
        check = provider_pb2.CheckRequest.FromString(request)
        own = struct_pb2.Struct()
        own.CopyFrom(check.news)
        _add(check.news)
        checked = provider_pb2.CheckResponse.FromString(ask(check.SerializeToString()))
        _take_back(checked.inputs, own)
        return checked.SerializeToString()
    return ask(request)


def _add(configuration: struct_pb2.Struct) -> None:
    """Sets what the sandbox needs, as JSON text: so the SDK sends all that is no string."""
    configuration.update({name: json.dumps(value) for name, value in SETTINGS.items()})


def _take_back(configuration: struct_pb2.Struct, own: struct_pb2.Struct) -> None:
    """Puts the program's own values in the place of the sandbox's."""
    for name in SETTINGS:
        if name in own.fields:
            configuration.fields[name].CopyFrom(own.fields[name])
        else:
            configuration.fields.pop(name, None)


def main() -> None:
    """Serves until the engine ends the process or the official plugin ends."""
    try:
        local_endpoint(os.environ)
    except ValueError as error:
        sys.exit(str(error))
    plugin = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    leave_with_parent(plugin)
    assert plugin.stdout is not None
    port = plugin.stdout.readline().strip().decode()
    if not port:
        sys.exit(f"{sys.argv[1]} ended before it told its port")
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=UNLIMITED)
    server = grpc.server(ThreadPoolExecutor(max_workers=THREADS), options=UNLIMITED)
    server.add_generic_rpc_handlers((Proxy(channel),))
    sys.stdout.write(f"{server.add_insecure_port('127.0.0.1:0')}\n")
    sys.stdout.flush()
    server.start()
    threading.Thread(
        target=shutil.copyfileobj, args=(plugin.stdout, sys.stdout.buffer), daemon=True
    ).start()
    sys.exit(plugin.wait())


if __name__ == "__main__":
    main()
