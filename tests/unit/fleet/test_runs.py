"""Runs as they are recorded."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.runs import RUNS, Run, not_through, recorded
from fleet.scheduler import Ended

STACKS = [f"acme-member-{number}" for number in range(300)]


def run(root: Path, command: str, **ended: Ended) -> Run:
    made = Run(root, command)
    made.log("web", "one line\n")
    made.log("web", "another")
    rows = [{"stack": stack, "ended": what} for stack, what in ended.items()]
    made.written(rows, cancelled=Ended.CANCELLED in ended.values())
    return made


def test_a_run_leaves_a_record_and_a_log_file_of_each_stack_that_said_something(
    tmp_path: Path,
) -> None:
    made = run(tmp_path, "up", web=Ended.DONE, shop=Ended.FAILED)
    assert made.log_of("web").read_text() == "one line\nanother\n"
    record = json.loads((made.folder / "run.json").read_text())
    assert (record["version"], record["command"], record["ended"]) == (1, "up", "failed")
    assert record["stacks"] == [
        {"stack": "web", "ended": "done", "log": str(made.log_of("web"))},
        {"stack": "shop", "ended": "failed", "log": None},
    ]
    assert made.folder.stat().st_mode & 0o077 == 0


def test_a_run_ends_as_the_worst_of_its_stacks(tmp_path: Path) -> None:
    run(tmp_path, "up", web=Ended.DONE)
    run(tmp_path, "up", web=Ended.DONE, shop=Ended.CANCELLED)
    assert [document["ended"] for document in recorded(tmp_path)] == ["cancelled", "done"]


def test_what_did_not_come_through_is_told_by_the_newest_run_of_each_stack(tmp_path: Path) -> None:
    run(tmp_path, "up", web=Ended.FAILED, shop=Ended.FAILED, bank=Ended.NOT_TRIED)
    run(tmp_path, "up", web=Ended.DONE, mill=Ended.CANCELLED)
    run(tmp_path, "preview", shop=Ended.DONE, till=Ended.FAILED)
    assert not_through(tmp_path, "up") == {"shop", "bank", "mill"}
    assert not_through(tmp_path, "preview") == {"till"}
    assert not_through(tmp_path) == {"bank", "mill", "till"}


def test_what_an_end_by_force_left_without_a_record_is_passed_over(tmp_path: Path) -> None:
    Run(tmp_path, "up").log("web", "begun")
    run(tmp_path, "up", web=Ended.DONE)
    assert len(list(recorded(tmp_path))) == 1


def test_fifty_runs_are_kept(tmp_path: Path) -> None:
    for _ in range(52):
        run(tmp_path, "preview", web=Ended.DONE)
    assert len(list((tmp_path / RUNS).iterdir())) == 50


@pytest.fixture
def few_open_files() -> Iterator[None]:
    """As many more as macOS lets a process have; what ran before may hold any number."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(open_file.name) for open_file in Path("/dev/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1 + 256, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_open_files")
def test_more_stacks_have_log_files_than_a_process_may_have_open(tmp_path: Path) -> None:
    run = Run(tmp_path, "up")
    for stack in (*STACKS, *STACKS):
        run.log(stack, "as the engine says")
    assert {run.log_of(stack).read_text() for stack in STACKS} == {"as the engine says\n" * 2}
