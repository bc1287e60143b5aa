"""Runs the plugin for the engine: its port on standard output, gone when the engine is."""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from aws_sandbox.plugin.server import Servicer

THREADS: Final = 32
"""Requests at once; the engine's `--parallel` is 16 by default on machines of our size."""
UNLIMITED: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
"""Archives and states may be larger than gRPC's 4 MiB."""


def started() -> tuple[grpc.Server, int]:
    """A server with a provider of its own on a free port of this machine."""
    server = grpc.server(ThreadPoolExecutor(max_workers=THREADS), options=UNLIMITED)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def serve() -> None:
    """Tells the engine the port, and serves it until the process ends."""
    # Only this machine is spoken to: neither through a proxy nor to a cloud's metadata service.
    os.environ["NO_PROXY"] = "127.0.0.1,localhost,::1"
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    server, port = started()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


def main() -> None:
    """Serves until the engine ends the process, or ends itself."""
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    serve()


def _leave_with(parent: int) -> None:
    """Ends the process when the engine has died without ending it."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)
