"""`backup-org matrix`: stacks as jobs of an engine that others run, such as GitHub Actions."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Annotated

import typer

from fleet.deploy.order import order, settings_of
from fleet.deploy.selection import Selection
from fleet.errors import ToldError
from fleet.options import with_common
from fleet.project import current_project

MOST_JOBS = 256
"""That one matrix may make:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategymatrix
"""

Wave = Sequence[Sequence[str]]
"""Jobs that may run at once, each with its stacks."""


@with_common
def matrix(
    selection: Selection,
    waves: Annotated[
        int, typer.Option(min=1, help="How many the workflow has: more are refused.")
    ] = 8,
    jobs: Annotated[
        int, typer.Option(min=1, max=MOST_JOBS, help="The most in a wave; several stacks a job.")
    ] = MOST_JOBS,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="In one wave: for what needs no order, like drift.")
    ] = False,
) -> None:
    """Print stacks as jobs in waves, in one line of JSON: a wave's jobs may run at once, each wave
    after the one before it. Of a job: its name, and the stacks to name to another command."""
    root = current_project()
    before = order(settings_of(selection.stacks(root), root))
    made = in_waves({stack: set() for stack in before} if at_once else before, jobs)
    if len(made) > waves:
        raise ToldError(
            f"{len(made)} waves, and the workflow has {waves}: add jobs to it that run one more "
            f"wave each, and say so (--waves {len(made)})"
        )
    told = [[{"name": _name(job), "stacks": " ".join(job)} for job in wave] for wave in made]
    typer.echo(json.dumps(told))


def in_waves(before: Mapping[str, Collection[str]], most: int) -> list[Wave]:
    """Stacks, each after those that come before it, in as few waves as can be."""
    sorter = TopologicalSorter(before)
    sorter.prepare()
    waves: list[Wave] = []
    while ready := sorted(sorter.get_ready()):
        waves.append([*_jobs(ready, most)])
        sorter.done(*ready)
    return waves


def _jobs(stacks: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """As even as can be; neighbours, which are mostly of one customer, together."""
    size, larger = divmod(len(stacks), min(most, len(stacks)))
    cut = larger * (size + 1)
    yield from (stacks[i : i + size + 1] for i in range(0, cut, size + 1))
    yield from (stacks[i : i + size] for i in range(cut, len(stacks), size))


def _name(job: Sequence[str]) -> str:
    return job[0] if len(job) == 1 else f"{job[0]} and {len(job) - 1} more"
