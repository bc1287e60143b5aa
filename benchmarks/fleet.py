"""A customer's members, where nothing is to change, by `backup-org up` and by one plain `pulumi up`
after another; in the sandbox, by the genuine engine.

Times are those of whole processes, from the interpreter's start on. Beside them the processor's: of
the commands and all that they start, without the sandbox, which both use alike.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.measure import Measure, in_own_process
from benchmarks.members import CENTRAL, backup_org, members, only
from benchmarks.plain_up import plain_up
from benchmarks.processes import largest_while
from fleet.sandbox.stage import Stage

_UP_AT_MOST = 1 / 3
_GROWTH_AT_MOST = 1.1
_MB_AT_MOST = 250


@dataclass(frozen=True, kw_only=True)
class Size:
    few: int
    """Member accounts that the customer has at first."""
    many: int
    """That it has in the end."""
    plain: int
    """Of these, how many one `pulumi up` after another is measured with; all take as many times
    as long."""
    at_once: int
    """Of those that are added, how many memory is measured with."""


FULL = Size(few=10, many=100, plain=5, at_once=8)
TINY = Size(few=1, many=3, plain=1, at_once=2)


@dataclass(frozen=True, kw_only=True)
class Time:
    seconds: float
    cpu_seconds: float


def run(size: Size) -> Sequence[Measure]:
    with members(size.many) as (stage, stacks):
        with only(stage, size.few):
            backup_org(stage, "up", "--yes", CENTRAL, *stacks[: size.few])
            few = _timed(lambda: _no_change(stage, stacks[: size.few]))
        memory = _memory(stage, stacks[size.few :][: size.at_once])
        backup_org(stage, "up", "--yes", *stacks)
        many = _timed(lambda: _no_change(stage, stacks))
        plain = _timed(lambda: _one_after_another(stage, stacks[: size.plain]))
    return [
        *_against_plain(many, size.many, plain, size.plain),
        Measure(
            what=f"a no-change up of {size.many} members, for each",
            value=many.seconds / size.many,
            unit="s",
            baseline=f"of {size.few}, for each",
            base=few.seconds / size.few,
            at_most=_GROWTH_AT_MOST,
        ),
        memory,
    ]


def _against_plain(many: Time, members: int, plain: Time, measured: int) -> Iterator[Measure]:
    baseline = f"one pulumi up after another, {measured} measured"
    what, times = f"a no-change up of {members} members", members / measured
    yield Measure(
        what=what,
        value=many.seconds,
        unit="s",
        baseline=baseline,
        base=plain.seconds * times,
        at_most=_UP_AT_MOST,
    )
    yield Measure(
        what=what,
        value=many.cpu_seconds,
        unit="s of CPU",
        baseline=baseline,
        base=plain.cpu_seconds * times,
    )


def _memory(stage: Stage, stacks: Sequence[str]) -> Measure:
    """Of a first deployment: the command, with the programs in it, the engine, the policy pack and
    the stand-in for the plugin."""
    with largest_while(stage.sandbox.address.pid) as peaks:
        backup_org(stage, "up", "--yes", "--parallel", str(len(stacks)), *stacks)
    return Measure(
        what=f"memory for a member, of {len(stacks)} first deployed at once",
        value=sum(peaks.values()) / len(stacks),
        unit="MB",
        baseline="the goal",
        base=_MB_AT_MOST,
        at_most=1,
    )


def _no_change(stage: Stage, stacks: Sequence[str]) -> None:
    said = backup_org(stage, "up", "--yes", "--json", *stacks)
    changed = [row["stack"] for row in json.loads(said)["stacks"] if row["changed"]]
    if changed:
        raise AssertionError(f"nothing was to change, and it did: {changed}")


def _one_after_another(stage: Stage, stacks: Sequence[str]) -> None:
    for stack in stacks:
        said = in_own_process(plain_up, stage.engine, stack).result
        if " unchanged" not in said or any(f" {op}d" in said for op in ("create", "update")):
            raise AssertionError(f"nothing was to change, and it did: {said}")


def _timed(act: Callable[[], None]) -> Time:
    started, busy = time.perf_counter(), _cpu_seconds()
    act()
    return Time(seconds=time.perf_counter() - started, cpu_seconds=_cpu_seconds() - busy)


def _cpu_seconds() -> float:
    """Of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
