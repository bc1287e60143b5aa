"""`pulumi` as a person types it, over a program in Python that runs in this process.

An official CLI has a language host beside it, which starts Python itself. The engine that is built
from its module has none: there the CLI is told by `--client` where the program is served, which is
how the Automation API does it. All else is the CLI's own: flags, preview before the update, exit.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import grpc
from pulumi.automation import _server
from pulumi.runtime.proto import language_pb2_grpc

from fleet.deploy.deployment import Engine

Program = Callable[[], None]
_PROJECT = "name: {name}\nruntime: python\n"


def pulumi(
    engine: Engine, folder: Path, *arguments: str, program: Program | None = None
) -> subprocess.CompletedProcess[str]:
    """One command in a project's folder; its output, with what went wrong, is in `stdout`."""
    environment = {
        **os.environ,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "BACKUP_ORG_PYTHON": sys.executable,
        **engine.environment,
        # The pack's language host, or what stands in for one, lies beside the engine.
        "PATH": f"{Path(engine.command.command).parent}:{os.environ['PATH']}",
    }

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [engine.command.command, *arguments, *more, "--non-interactive", "--color=never"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    if program is None:
        return run()
    with served(program) as address:
        return run(f"--client={address}")


def project(engine: Engine, folder: Path, stack: str) -> Path:
    """A new project with one stack, without settings."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(_PROJECT.format(name=folder.name))
    pulumi(engine, folder, "stack", "init", stack).check_returncode()
    return folder


@contextmanager
def served(program: Program) -> Generator[str]:
    """The address at which the CLI finds a program."""
    server = grpc.server(ThreadPoolExecutor(4))
    servicer = _server.LanguageServer(program)
    cast(Any, language_pb2_grpc).add_LanguageRuntimeServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
