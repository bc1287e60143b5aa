"""How many stacks are worked on at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet import parallel
from fleet.parallel import units_at_once

MACHINE = "proc/meminfo"
CONTAINER = "sys/fs/cgroup/memory"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four cores, and 16 GB free; where its files stand."""

    def placed(path: str) -> Path:
        return tmp_path / path.lstrip("/")

    def cores(_: int) -> range:
        return range(4)

    monkeypatch.setattr(parallel, "Path", placed)
    monkeypatch.setattr(parallel.os, "sched_getaffinity", cores, raising=False)
    (tmp_path / "proc").mkdir()
    (tmp_path / CONTAINER).parent.mkdir(parents=True)
    (tmp_path / MACHINE).write_text("MemTotal: 32000000 kB\nMemAvailable:   16777216 kB\n")
    return tmp_path


def contain(machine: Path, **figures: str) -> None:
    for name, text in figures.items():
        (machine / f"{CONTAINER}.{name}").write_text(f"{text}\n")


def test_a_core_has_two(machine: Path) -> None:
    assert units_at_once(500) == 8
    contain(machine, max="max")
    assert units_at_once(500) == 8


def test_less_free_memory_holds_fewer_and_none_holds_one(machine: Path) -> None:
    (machine / MACHINE).write_text("MemAvailable:    2048000 kB\n")
    assert (units_at_once(500), units_at_once(4000)) == (4, 1)


def test_a_container_has_what_it_does_not_use_but_to_keep_files(machine: Path) -> None:
    contain(
        machine, max="4000000000", current="3900000000", stat="anon 1\ninactive_file 1900000000"
    )
    assert units_at_once(500) == 4


def test_where_nothing_tells_of_memory_cores_alone_count(machine: Path) -> None:
    (machine / MACHINE).unlink()
    assert units_at_once(500) == 8
