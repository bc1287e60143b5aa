"""The engine's CLI in an environment of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pulumi.automation import CommandResult, PulumiCommand


class CommandIn(PulumiCommand):
    """Asks for its environment at each call, since what is in it may expire; what is None there the
    CLI does not get. The Automation API adds to this process's variables, and takes none away."""

    def __init__(
        self, command: PulumiCommand, environment: Callable[[], Mapping[str, str | None]]
    ) -> None:
        self.command = "env"
        self.version = command.version
        self._cli = command.command
        self._environment = environment

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Any = None,
        on_error: Any = None,
    ) -> CommandResult:
        given = {**additional_env, **self._environment()}
        if Path(self._cli).is_absolute():  # what lies beside it is found before others of its name
            given["PATH"] = os.pathsep.join([str(Path(self._cli).parent), os.environ["PATH"]])
        without = [word for name, value in given.items() if value is None for word in ("-u", name)]
        kept = {name: value for name, value in given.items() if value is not None}
        cli = [self._cli, "--non-interactive", *args]
        return super().run([*without, *cli], cwd, kept, on_output, on_error)
