"""What a person sees while stacks are worked on: a line a stack, live on a terminal."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from pulumi.automation import EngineEvent, OpType
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class StackProgress:
    """Takes the engine's events of several stacks, from their threads."""

    def __init__(self, console: Console, *, previews: bool = True) -> None:
        """Without `previews`, lines tell only of what changes, not of the preview before it."""
        self._console = console
        self._previews = previews
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._seen: dict[str, int] = {}
        self._previewing: dict[str, bool] = {}
        """Of each stack that is at work, whether that is a preview."""
        self._bars = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f} of {task.total:.0f}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def say(self, message: str) -> None:
        """A line that stays."""
        self._bars.console.print(message, highlight=False)

    def fails(self, stack: str) -> None:
        """Says so at once: why is told when all that could be done is done."""
        with self._lock:
            if stack in self._tasks:
                self._bars.update(self._tasks[stack], description=f"{stack}: failed")
            else:
                self.say(f"{stack}: failed")

    def hear(self, stack: str, event: EngineEvent) -> None:
        if not self._console.is_terminal:
            self._hear_in_lines(stack, event)
            return
        with self._lock:
            if stack not in self._tasks:
                self._tasks[stack] = self._bars.add_task(stack, total=0)
            task = self._tasks[stack]
            before, after = event.resource_pre_event, event.res_outputs_event
            if before is not None:
                self._seen[stack] = self._seen.get(stack, 0) + 1
                if self._seen[stack] == 1:  # what a preview counted is over
                    self._bars.update(task, completed=0)
                doing = "previewing" if before.planning else _doing(before.metadata.op)
                self._bars.update(task, total=self._seen[stack], description=f"{stack}: {doing}")
            elif after is not None:
                self._bars.advance(task)
            elif event.summary_event is not None:
                self._seen[stack] = 0
                self._bars.update(task, description=f"{stack}: done")

    def _hear_in_lines(self, stack: str, event: EngineEvent) -> None:
        """Where nothing can move, such as in a log: a line as a stack begins and one as it ends."""
        before, summary = event.resource_pre_event, event.summary_event
        with self._lock:
            if before is not None and stack not in self._previewing:
                self._previewing[stack] = bool(before.planning)
                if self._previews or not before.planning:
                    begins = "previewing" if before.planning else _doing(before.metadata.op)
                    self.say(f"{stack}: {begins}")
            elif summary is not None:
                if self._previewing.pop(stack, False) and not self._previews:
                    return
                changes = summary.resource_changes or {}
                done = {str(getattr(op, "value", op)): count for op, count in changes.items()}
                told = ", ".join(f"{count} {op}" for op, count in sorted(done.items()) if count)
                self.say(f"{stack}: done: {told or 'nothing'} ({summary.duration_seconds} s)")


def _doing(op: OpType) -> str:
    return {
        OpType.CREATE: "creating",
        OpType.UPDATE: "updating",
        OpType.DELETE: "deleting",
        OpType.SAME: "checking",
        OpType.REFRESH: "refreshing",
    }.get(op, str(op.value))
