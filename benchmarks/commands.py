"""How long the command takes to say something: CPU time against what it is written with, Typer.

Processes of their own, as somebody starts them; the smallest of several, as other work only adds.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Measure

FULL, TINY = 7, 1
"""How often each is started."""
_HELP_AT_MOST = 6
"""0.4 s where Typer takes 0.065."""
COMMAND = str(Path(sys.executable).parent / "backup-org")
_BARE = [sys.executable, "-c", "import typer, typer.main, rich.console"]


def run(times: int) -> Sequence[Measure]:
    bare = _cpu_seconds(_BARE, times)
    said = {
        "backup-org --help": ["--help"],
        "backup-org preview, a mistyped name": ["preview", "acme-adit"],
        "backup-org, a mistyped command": ["prevew"],
    }
    return [
        Measure(
            what=what,
            value=_cpu_seconds([COMMAND, *arguments], times),
            unit="s of CPU",
            baseline="import typer, rich",
            base=bare,
            at_most=_HELP_AT_MOST if arguments == ["--help"] else None,
        )
        for what, arguments in said.items()
    ]


def _cpu_seconds(command: Sequence[str], times: int) -> float:
    return min(_once(command) for _ in range(times))


def _once(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
