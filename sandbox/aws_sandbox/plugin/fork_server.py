"""A process that has everything imported, and forks a plugin for each that the engine starts.

The engine starts a process a provider, and each would take seconds and 100 MB to import what it
needs. With a fork server, `starter.py` hands its standard streams, environment and folder over a
socket beside the plugin's executable and waits, while a fork (`forks.py`) serves in its place; each
ends with the other. Without a fork server the starter becomes the plugin itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from aws_sandbox.plugin.install import CHECKOUT, plugin_folder


class ForkServer:
    """The fork server of a Pulumi home, to be started by what runs the sandbox."""

    def __init__(self, pulumi_home: Path, python: Path = Path(sys.executable)) -> None:
        """The plugin is installed in that home; its imports go on when this returns."""
        folder = plugin_folder(pulumi_home)
        self._process = subprocess.Popen(
            [str(python), "-m", "aws_sandbox.plugin.forks", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
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
