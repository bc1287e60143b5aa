"""`pulumi up` as somebody types it, from a process that has loaded nothing of the program yet.

An official CLI has a language host beside it, which starts Python twice: for the preview and for
the update. The engine that is built here has none: the program is served to it by one process,
which loads it once, so this baseline is rather too fast than too slow.
"""

from __future__ import annotations

import runpy
from typing import Any, cast

from pulumi.runtime import settings

from fleet.deploy.deployment import POLICIES, Engine
from fleet.project import PROJECT
from tests.support.pulumi_cli import pulumi


def plain_up(engine: Engine, stack: str) -> str:
    """What it prints. Raises AssertionError with that where it fails."""

    def program() -> None:
        cast(Any, settings.SETTINGS).root_directory = str(engine.project)
        runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__")

    arguments = ("up", "--yes", "--stack", stack, "--policy-pack", str(POLICIES))
    answer = pulumi(engine, engine.project, *arguments, program=program)
    if answer.returncode != 0:
        raise AssertionError(f"pulumi up {stack}: {answer.stdout}")
    return answer.stdout
