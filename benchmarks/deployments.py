"""A no-change `up` of a member against that of a program that makes its provider alone, and memory
for members that are deployed at once; in the sandbox, by the genuine engine.

Times are those of whole processes, from the interpreter's start on.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import yaml

from benchmarks.measure import Measure, Measured, in_own_process
from benchmarks.one_up import Place, up_of_member, up_of_provider
from benchmarks.processes import largest_while
from components.packaging.layers import layer_file, layer_names
from fleet.deploy.deployment import Deployment, Engine, Outcome
from fleet.engine import engine
from fleet.project import PROJECT
from fleet.sandbox.stage import Stage, running, staged
from fleet.sandbox.tour import give_credentials
from fleet.sandbox.workspace import ADMINISTRATOR_ROLE, Workspace, machine
from stacks.load import CUSTOMERS

_CUSTOMER, _CENTRAL, _MEMBER = "acme", "acme-audit", "acme-member-web"
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
    with TemporaryDirectory() as folder:
        root = Path(folder)
        members = [f"row{number}" for number in range(size.at_once)]
        source = _settings(root / "source", members)
        workspace = Workspace(root=root / "sandbox", source=source)
        sandbox = running(_CUSTOMER, workspace, _say_nothing, with_parent=True)
        try:
            stage = staged(_CUSTOMER, workspace, sandbox, engine(_say_nothing))
            return [*_memory(stage, members), *_times(stage, size.ups, root / "provider-alone")]
        finally:
            sandbox.stop()


def _settings(source: Path, members: Sequence[str]) -> Path:
    """The examples, and further members like acme's own in its table: 300000000000, ….1, …"""
    shutil.copytree(PROJECT / CUSTOMERS, source / CUSTOMERS)
    shutil.copy(PROJECT / "Pulumi.yaml", source)
    shared = source / CUSTOMERS / f"{_CUSTOMER}.yaml"
    own = yaml.safe_load((source / CUSTOMERS / f"Pulumi.{_MEMBER}.yaml").read_text())
    row = dict(own["config"]["backup-org:settings"])
    for key in ("extends", "role", "name"):
        del row[key]
    table = {name: {**row, "account": str(300_000_000_000 + i)} for i, name in enumerate(members)}
    shared.write_text(yaml.safe_dump({**yaml.safe_load(shared.read_text()), "members": table}))
    return source


def _memory(stage: Stage, rows: Sequence[str]) -> Sequence[Measure]:
    """Of first deployments: one member's, then those of others at once, as `backup-org up` does."""
    for layer in layer_names():
        layer_file(layer, machine(), _say_nothing)
    give_credentials(stage)
    Deployment(stage.engine, _CENTRAL).up()
    daemon = stage.sandbox.address.pid
    one = in_own_process(deploy, stage.engine, [_MEMBER], daemon)
    names = [f"{_CUSTOMER}-member-{row}" for row in rows]
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
    settings = stage.stacks[_MEMBER]
    member = Place(
        stack=_MEMBER,
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


def _say_nothing(line: str) -> None:
    del line
