"""A no-change `up` of a member against that of a program that makes its provider alone, and memory
for members that are deployed at once; in the sandbox, by the genuine engine.

Times are those of whole processes, from the interpreter's start on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measure import Measure, Measured, in_own_process
from benchmarks.members import CENTRAL, MEMBER, members
from benchmarks.one_up import Place, up_of_member, up_of_provider
from benchmarks.processes import largest_while
from fleet.deploy.deployment import Deployment, Engine, Outcome
from fleet.sandbox.stage import Stage
from fleet.sandbox.workspace import ADMINISTRATOR_ROLE

_UP_AT_MOST = 1.5


@dataclass(frozen=True, kw_only=True)
class Size:
    ups: int
    """Of each of the two programs, in turn."""
    at_once: int
    """Members that are deployed together, for the first time."""


FULL = Size(ups=7, at_once=4)
TINY = Size(ups=1, at_once=2)


def run(size: Size) -> Sequence[Measure]:
    with members(size.at_once) as (stage, stacks), TemporaryDirectory() as folder:
        return [*_memory(stage, stacks), *_times(stage, size.ups, Path(folder) / "provider-alone")]


def _memory(stage: Stage, names: Sequence[str]) -> Sequence[Measure]:
    """Of first deployments: one member's, then those of others at once, as `backup-org up` does."""
    Deployment(stage.engine, CENTRAL).up()
    daemon = stage.sandbox.address.pid
    one = in_own_process(deploy, stage.engine, [MEMBER], daemon)
    many = in_own_process(deploy, stage.engine, names, daemon)
    what = f"for an account, of {len(names)} first deployed at once"
    return [
        Measure(
            what=f"{of} {what}",
            value=mb(many) / len(names),
            unit="MB",
            baseline="for one alone",
            base=mb(one),
        )
        for of, mb in _PARTS.items()
    ]


Peaks = Mapping[str, float]
_PARTS: Mapping[str, Callable[[Measured[Peaks]], float]] = {
    "the programs' process": lambda measured: measured.peak_mb,
    "the engine's and the policy pack's processes": lambda measured: measured.result["engine"],
    "the stand-in for the plugin": lambda measured: measured.result["plugin"],
}


def deploy(engine: Engine, stacks: Sequence[str], daemon: int) -> Peaks:
    """The most MB that the processes beside this one held at a time while it deployed."""

    def up(stack: str) -> Outcome:
        return Deployment(engine, stack).up()

    with largest_while(daemon) as peaks, ThreadPoolExecutor(len(stacks)) as pool:
        list(pool.map(up, stacks))
    return peaks


def _times(stage: Stage, ups: int, folder: Path) -> Sequence[Measure]:
    """Both without the policy pack, which takes as long for either; in turn, and the middle one."""
    settings = stage.stacks[MEMBER]
    member = Place(
        stack=MEMBER,
        project="backup-org",
        folder=stage.workspace.project,
        command=stage.engine.command,
        environment=dict(stage.engine.environment),
        account=settings.account,
        region=settings.region,
        role=ADMINISTRATOR_ROLE,
    )
    folder.mkdir()
    alone = replace(member, stack="provider-alone", project="provider-alone", folder=folder)
    in_own_process(up_of_provider, alone)
    pairs = [(_timed(up_of_member, member), _timed(up_of_provider, alone)) for _ in range(ups)]
    return [
        Measure(
            what="a no-change up of a member",
            value=median(ours for ours, _ in pairs),
            unit="s",
            baseline="of its provider alone",
            base=median(theirs for _, theirs in pairs),
            at_most=_UP_AT_MOST,
        )
    ]


def _timed(up: Callable[[Place], Mapping[str, int]], place: Place) -> float:
    started = time.perf_counter()
    changes = in_own_process(up, place).result
    seconds = time.perf_counter() - started
    if set(changes) != {"same"}:
        raise AssertionError(f"{place.stack}: nothing was to change, and it did: {changes}")
    return seconds
