"""Puts a plugin where the engine looks for the official one: the stand-in, or a way to that one."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Final, Self

VERSION: Final = version("pulumi-aws")
"""The engine asks for a plugin of exactly the SDK's version."""
NAME: Final = "pulumi-resource-aws"
SIGNED: Final = "# Written by aws_sandbox.plugin."
"""A line of each executable that is written here."""
USERS_HOME: Final = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
"""Where the user's own CLI keeps plugins, as the shell says it before the sandbox's home is set."""


class Plugin(StrEnum):
    """What stands behind the programs' `aws` resources."""

    STAND_IN = "stand-in"
    OFFICIAL = "official"


class NoOfficialPluginError(Exception):
    """The official plugin is neither here nor can it be fetched; the message says the cure."""


def plugin_folder(pulumi_home: Path) -> Path:
    """Where the engine looks for the plugin."""
    return pulumi_home / "plugins" / f"resource-aws-v{VERSION}"


def install(pulumi_home: Path, python: Path = Path(sys.executable)) -> Path:
    """Installs the stand-in in a Pulumi home, to run by this Python; gives its executable.

    An engine that finds it there neither warns nor downloads. A second call changes nothing.
    """
    # -I and -S: the starter needs nothing but the standard library, and must start at once.
    starter = str(Path(__file__).with_name("starter.py"))
    return _script(pulumi_home, [str(python), "-I", "-S", starter, str(python)], '"$0"')


def install_official(pulumi_home: Path, pulumi: str, users_home: Path = USERS_HOME) -> Path:
    """Installs the way to the official plugin, found in the user's Pulumi home or fetched by this
    `pulumi`; gives its executable. NoOfficialPluginError if it can't be had.
    """
    fetched = pulumi_home / "official"
    for home in (users_home, fetched):
        found = plugin_folder(home) / NAME
        if found.is_file() and not _is_ours(found):
            break
    else:
        found = _fetched(fetched, pulumi)
    return _script(pulumi_home, [sys.executable, "-m", "aws_sandbox.plugin.official", str(found)])


def _fetched(home: Path, pulumi: str) -> Path:
    command = [pulumi, "plugin", "install", "resource", "aws", f"v{VERSION}"]
    environment = os.environ | {"PULUMI_HOME": str(home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    executable = plugin_folder(home) / NAME
    if done.returncode != 0 or not executable.is_file():
        told = done.stderr.strip().splitlines()[-1:] or ["pulumi said nothing"]
        raise NoOfficialPluginError(
            f"the official aws plugin v{VERSION} is not in {plugin_folder(USERS_HOME)}, and can't "
            f"be fetched ({told[0]}). Run `{' '.join(['pulumi', *command[1:]])}` where Pulumi's "
            "download server is reached, and copy that folder here; or leave out `--plugin "
            "official`: the stand-in needs nothing"
        )
    return executable


def _is_ours(executable: Path) -> bool:
    """Whether a file is a script of `_script`'s, found where a shell's Pulumi home is a sandbox."""
    with executable.open("rb") as file:
        return SIGNED.encode() in file.read(4096)


def _script(pulumi_home: Path, command: Sequence[str], *more: str) -> Path:
    folder = plugin_folder(pulumi_home)
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / NAME
    words = " ".join([*map(shlex.quote, command), *more, '"$@"'])
    executable.write_text(f"#!/bin/sh\n{SIGNED}\nexec {words}\n")
    executable.chmod(0o755)
    return executable


class ForkServer:
    """The fork server of a Pulumi home, to be started by what runs the sandbox."""

    def __init__(self, pulumi_home: Path) -> None:
        """Its imports go on when this returns."""
        folder = plugin_folder(pulumi_home)
        folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "aws_sandbox.plugin.processes", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError(f"the fork server of {folder} did not start; see the lines above")

    def stop(self) -> None:
        """Ends it; plugins that it has forked end with their deployments."""
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
