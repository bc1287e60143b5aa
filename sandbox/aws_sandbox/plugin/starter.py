"""What the engine executes: becomes a fork of the fork server, or the plugin itself without one.

Run by path, without site-packages, so that it starts in milliseconds: it imports nothing of ours.
Arguments: the Python to run by, the executable's own path, then the engine's.
"""

import json
import os
import select
import socket
import sys

SOCKET = "fork.sock"
"""Of the fork server, in the executable's folder."""


def main() -> None:
    """Returns when the fork that serves in its place has ended."""
    python, executable, *arguments = sys.argv[1:]
    connection = _connected(os.path.dirname(executable))  # noqa: PTH120 - pathlib takes as long again
    if connection is None:
        os.execv(python, [python, "-m", "aws_sandbox.plugin", *arguments])  # noqa: S606 - ours
    request = {"environment": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109
    socket.send_fds(connection, [b"\0"], [0, 1, 2])
    connection.sendall(json.dumps(request).encode() + b"\n")
    engine = os.getppid()
    # Nothing comes but the end of the fork; the engine may die without ending the plugin.
    while os.getppid() == engine and not select.select([connection], [], [], 1)[0]:
        pass


def _connected(folder: str) -> socket.socket | None:
    """A connection to the fork server, if there is one that listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)  # a socket's path is 107 bytes at most
        connection.connect(SOCKET)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    finally:
        os.fchdir(here)
        os.close(here)
    return connection


if __name__ == "__main__":
    main()
