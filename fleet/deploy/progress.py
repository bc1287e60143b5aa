"""What a person sees while stacks are worked on: how far the engine is with each."""

from __future__ import annotations

from collections import Counter

from pulumi.automation import EngineEvent, OpType
from rich.console import Console

from fleet.deploy.deployment import Outcome
from fleet.progress import UnitProgress
from fleet.terminal import asides


class StackProgress(UnitProgress[Outcome]):
    """Takes the engine's events of several stacks too, from their threads."""

    def __init__(self, count: int, doing: str, *, console: Console = asides) -> None:
        super().__init__(count, doing, changes_text, console=console)
        self._resources: Counter[str] = Counter()

    def hear(self, stack: str, event: EngineEvent) -> None:
        before = event.resource_pre_event
        if before is not None:
            self._resources[stack] += 1
            doing = "previewing" if before.planning else _doing(before.metadata.op)
            self.shows(stack, f"{doing}, resource {self._resources[stack]}")
        elif event.summary_event is not None:
            self._resources[stack] = 0  # what a preview counted is over


def changes_text(outcome: Outcome) -> str:
    """`1 create, 2 update`: what was done, or would be; `1 in the state alone`, such as an output;
    `no change`."""
    if outcome.waits_for:
        return f"cannot be previewed before {outcome.waits_for} is deployed"
    if not outcome.deployed:
        return "never deployed"
    if outcome.drift and not outcome.details:
        return f"{len(outcome.drift)} not as deployed"
    done = {op: count for op, count in outcome.changes.items() if op != "same" and count}
    if not done and outcome.details:
        return f"{len(outcome.details)} in the state alone"
    return ", ".join(f"{count} {op}" for op, count in sorted(done.items())) or "no change"


def _doing(op: OpType) -> str:
    return {
        OpType.CREATE: "creating",
        OpType.UPDATE: "updating",
        OpType.DELETE: "deleting",
        OpType.SAME: "checking",
        OpType.REFRESH: "refreshing",
    }.get(op, str(op.value))
