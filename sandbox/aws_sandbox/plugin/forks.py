"""The fork server's process, and what its forks do: see fork_server.py."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import threading
from pathlib import Path

from aws_sandbox.plugin.starter import SOCKET


def main() -> None:
    """Serves until standard input is closed."""
    socket_file = Path(sys.argv[1]) / SOCKET
    listener = _listening(socket_file.parent)
    sys.stdout.write("ready\n")  # whoever connects from now on waits for the imports
    sys.stdout.flush()
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while not any(key.fileobj is sys.stdin for key, _ in selector.select()):
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _serve(connection)
            connection.close()
    socket_file.unlink(missing_ok=True)


def _import_everything() -> None:
    """What any deployment needs, and the memory of it set apart from collections in the forks."""
    importlib.import_module("aws_sandbox.plugin.serve")
    from aws_sandbox.plugin.aws import Aws, Credentials  # noqa: PLC0415 - only once there is a socket
    from aws_sandbox.plugin.resource import REGISTRY  # noqa: PLC0415

    nobody = Credentials(access_key="-", secret_key="-")  # noqa: S106
    aws = Aws(endpoint="http://127.0.0.1:1", region="us-east-1", credentials=nobody)
    for resource in REGISTRY.values():
        assert resource.fields
        assert resource.shape
        aws.client(resource.service, aws.region)
    gc.collect()
    gc.freeze()


def _listening(folder: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.chdir(folder):  # a socket's path is 107 bytes at most
        Path(SOCKET).unlink(missing_ok=True)
        listener.bind(SOCKET)
    listener.listen()
    return listener


def _serve(connection: socket.socket) -> None:
    """In a fork: becomes the plugin that the starter at the other end was to be."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    request = json.loads(connection.makefile().readline())
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    threading.Thread(target=_leave_with, args=(connection,), daemon=True).start()
    from aws_sandbox.plugin.serve import serve  # noqa: PLC0415

    serve()


def _leave_with(connection: socket.socket) -> None:
    """Ends the fork when the starter has ended, by the engine or otherwise."""
    connection.recv(1)
    os._exit(0)


if __name__ == "__main__":
    main()
