"""A run's folder goes with it, and what a killed one left goes with the next."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from handlers.scratch import scratch

HOLDS = """
import sys
from handlers.scratch import scratch
with scratch("curate_reports") as folder:
    (folder / "report.csv").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def held() -> tuple[subprocess.Popen[str], Path]:
    """A process in the middle of a run, and its folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_run_left_is_removed_by_the_next_and_a_living_ones_stays(
    home: Path,
) -> None:
    killed, left = held()
    alive, used = held()
    try:
        assert left.is_relative_to(home)
        killed.send_signal(signal.SIGKILL)
        killed.communicate(timeout=30)
        assert (left / "report.csv").exists()
        with scratch("curate_reports") as own:
            assert own.is_dir()
            assert not left.exists()
            assert (used / "report.csv").exists()
        assert not own.exists()
    finally:
        alive.communicate(timeout=30)
    assert alive.returncode == 0
    assert not used.exists()
