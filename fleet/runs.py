"""What became of each stack in each run of a command: a folder a run, with a log file a stack.

`build/runs/<time>/run.json` is what `--json` prints; `--only-failed` and `status` read it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from fleet.scheduler import Ended

VERSION = 1
"""Of the shape of run.json and of `--json`: raised where what is there is renamed or goes; what is
new raises nothing."""
RUNS = Path("build/runs")
_KEPT = 50

Document = dict[str, Any]


class Run:
    """One run of a command over stacks, as it is recorded."""

    def __init__(self, root: Path, command: str) -> None:
        """`root` holds Pulumi.yaml."""
        self.command = command
        self.began = datetime.now(UTC)
        self.folder = root / RUNS / f"{self.began:%Y-%m-%dT%H-%M-%S.%fZ}"
        self.folder.mkdir(parents=True, mode=0o700)
        self._lock = Lock()
        for old in sorted((root / RUNS).iterdir())[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)  # another run may be at it

    def log_of(self, stack: str) -> Path:
        return self.folder / f"{stack}.log"

    def log(self, stack: str, text: str) -> None:
        """Adds to the stack's log file, a line or several. None is kept open: a process may
        have 256 files open on macOS, and a fleet more stacks."""
        with self._lock, self.log_of(stack).open("a", encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else f"{text}\n")

    def written(self, stacks: Sequence[Mapping[str, Any]], *, cancelled: bool) -> Document:
        """Records what became of the stacks, each with its `stack` and how it `ended`."""
        through = all(one["ended"] == Ended.DONE for one in stacks)
        document = {
            "version": VERSION,
            "command": self.command,
            "began": self.began.isoformat(),
            "seconds": round((datetime.now(UTC) - self.began).total_seconds(), 1),
            "ended": Ended.CANCELLED if cancelled else Ended.DONE if through else Ended.FAILED,
            "stacks": [{**one, "log": self._log_if_any(one["stack"])} for one in stacks],
        }
        whole = self.folder / "run.json.new"  # an end by force leaves no half of a record
        whole.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        whole.replace(self.folder / "run.json")
        return document

    def _log_if_any(self, stack: str) -> str | None:
        path = self.log_of(stack)
        return str(path) if path.exists() else None


def recorded(root: Path, command: str | None = None) -> Iterator[Document]:
    """What is kept of runs, of this command or of any, the newest first. What an end by force left
    without a record, or another version wrote, is passed over."""
    for path in sorted((root / RUNS).glob("*/run.json"), reverse=True):
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.get("version") == VERSION and command in (None, document["command"]):
            yield document


def not_through(
    root: Path, command: str | None = None, tables: Mapping[str, Sequence[str]] | None = None
) -> set[str]:
    """The stacks that did not come through when this command last ran on them. A customer whose
    table of members could not be read stands for the stacks that `tables` has of it now."""
    newest: dict[str, str] = {}
    for document in recorded(root, command):
        for one in document["stacks"]:
            for name in (one["stack"], *(tables or {}).get(one["stack"], ())):
                newest.setdefault(name, one["ended"])
    return {stack for stack, ended in newest.items() if ended != Ended.DONE}
