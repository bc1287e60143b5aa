"""What every test starts from: one environment, and a number of cases for property tests."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from fleet.proxies import reach_this_machine_directly
from tests.support import shared

# What a shell, a terminal or a CI machine sets, and what then changes what is printed or asked.
_OF_THE_MACHINE = {
    "COLUMNS",
    "FORCE_COLOR",
    "GITHUB_ACTIONS",
    "LINES",
    "NO_COLOR",
    "PY_COLORS",
    "TERMINAL_WIDTH",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
}
_OF_OTHERS = ("AWS_", "BACKUP_ORG_", "PULUMI_")

for _name in list(os.environ):
    if _name in _OF_THE_MACHINE or _name.startswith(_OF_OTHERS):
        del os.environ[_name]
# Rich takes a dumb terminal for one of 80 columns, whatever COLUMNS says.
os.environ["TERM"] = "xterm"
reach_this_machine_directly(os.environ)

settings.register_profile("every-run", max_examples=60, deadline=None)
settings.register_profile("soak", max_examples=3_000, deadline=None)
settings.load_profile("every-run")


@pytest.fixture(scope="session", autouse=True)
def shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> None:  # pyright: ignore[reportUnusedFunction]
    """With several workers, each one's own folder lies in that of the run."""
    own = tmp_path_factory.getbasetemp()
    shared.folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(autouse=True)
def _as_loud_as_ever() -> Iterator[None]:
    """A command called with -q or -v has set how much is told for the rest of the process."""
    # Here, as its consoles take COLUMNS from the environment that there is when it is read.
    from fleet import terminal

    yield
    terminal.set_detail(terminal.Detail.NORMAL)


def pytest_collection_finish() -> None:
    """Spares each later collection of garbage the modules, pulumi_aws above all: they stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)  # a recorded program makes many objects and drops few


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells the figures of tests that have some (record_property), whichever worker ran them."""
    for report in terminalreporter.getreports("passed"):
        for name, figures in report.user_properties:
            if name == "told":
                terminalreporter.write_line(f"{report.nodeid}: {figures}")
