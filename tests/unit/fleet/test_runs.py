"""How a run of a command is recorded."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.runs import Run

STACKS = [f"acme-member-{number}" for number in range(300)]


@pytest.fixture
def few_open_files() -> Iterator[None]:
    """As macOS lets a process have."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_open_files")
def test_more_stacks_have_log_files_than_a_process_may_have_open(tmp_path: Path) -> None:
    run = Run(tmp_path, "up")
    for stack in (*STACKS, *STACKS):
        run.log(stack, "as the engine says")
    assert {run.log_of(stack).read_text() for stack in STACKS} == {"as the engine says\n" * 2}
