"""The plugin's processes: one for each provider that the engine starts, and what forks them.

Each would take seconds and 100 MB to import what it needs. So `fork_server` is a process that has
everything imported: `starter.py` hands it the engine's streams, environment and folder over a
socket beside the plugin's executable and waits, while a fork serves in its place; each ends with
the other. Without a fork server the starter becomes the plugin itself.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from aws_sandbox.plugin.starter import SOCKET

THREADS: Final = 32
"""Requests at once; the engine's `--parallel` is 16 by default on machines of our size."""


def serve() -> None:
    """Tells the engine the port, and serves it until the process ends."""
    # Only this machine is spoken to: neither through a proxy nor to a cloud's metadata service.
    os.environ["NO_PROXY"] = "127.0.0.1,localhost,::1"
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    from aws_sandbox.plugin.server import started  # noqa: PLC0415 - a fork server imports it late

    server, port = started(ThreadPoolExecutor(max_workers=THREADS))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


def leave_with_parent(child: subprocess.Popen[bytes] | None = None) -> None:
    """From now on this process, and its child, ends when its parent, the engine, has died."""
    threading.Thread(target=_leave_with, args=(os.getppid(), child), daemon=True).start()


def _leave_with(parent: int, child: subprocess.Popen[bytes] | None) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    if child is not None:
        child.kill()
    os._exit(0)


def fork_server(folder: Path) -> None:
    """Forks plugins for the starters that connect in a folder, until standard input is closed."""
    listener = _listening(folder)
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
                _serve_in_fork(connection)
            connection.close()
    (folder / SOCKET).unlink(missing_ok=True)


def _import_everything() -> None:
    """What any deployment needs, and the memory of it set apart from collections in the forks."""
    importlib.import_module("aws_sandbox.plugin.server")
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


def _serve_in_fork(connection: socket.socket) -> None:
    """Becomes the plugin that the starter at the other end was to be."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    request = json.loads(connection.makefile().readline())
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    threading.Thread(target=_leave_with_starter, args=(connection,), daemon=True).start()
    serve()


def _leave_with_starter(connection: socket.socket) -> None:
    """Ends the fork when the starter has ended, by the engine or otherwise."""
    connection.recv(1)
    os._exit(0)


if __name__ == "__main__":
    fork_server(Path(sys.argv[1]))
