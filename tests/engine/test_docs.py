"""Every page's commands for the sandbox, run as a reader types them, in the page's order."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Generator, Mapping
from pathlib import Path

import pytest

from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.project import PROJECT
from fleet.sandbox.stage import Stage
from stacks.settings_files import CUSTOMERS
from tests.support.pages import Commands, commands, named, pages
from tests.support.shell import plain_shell

_IN_THE_SANDBOX = "# in the sandbox"
PAGES = [
    page for page in pages() if any(block.where == _IN_THE_SANDBOX for block in commands(page))
]


@pytest.fixture(scope="module")
def shell(stage: Stage) -> Mapping[str, str]:
    """What `make up` leaves, in small: stacks, a few nights of reports; and a plain shell."""
    in_order(stage.deployments(), Deployment.up)
    delivered = stage.sandbox.call("reports.deliver", days=4, accounts=4, volume=3)
    assert delivered["objects"] == 20
    stage.sandbox.call("settle")
    return plain_shell(BACKUP_ORG_SANDBOX=str(stage.workspace.root))


@pytest.fixture
def only_acme(stage: Stage) -> Generator[None]:
    """A page may bring up another customer, and leave it: the next page is not about that one."""
    yield
    for file in (stage.workspace.project / CUSTOMERS).glob("*.yaml"):
        if not re.match(r"(Pulumi\.)?acme\b", file.name):
            file.unlink()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One whose customers a page may change: a copy of them, beside links to all else."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for path in PROJECT.iterdir():
        if path.name not in ("stacks", ".git"):
            (copy / path.name).symlink_to(path)
    shutil.copytree(PROJECT / "stacks", copy / "stacks", ignore=shutil.ignore_patterns("*.pyc"))
    return copy


@pytest.mark.usefixtures("only_acme")
@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_can_be_followed_from_top_to_bottom(
    page: Path, shell: Mapping[str, str], checkout: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state.sh"
    state.touch()
    for block in commands(page):
        if block.where != _IN_THE_SANDBOX:
            continue
        where = f"{named(page)}:{block.line}"
        answer = subprocess.run(
            ["bash", "-e", "-c", _script(block, state)],
            cwd=checkout,
            env=shell,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert answer.returncode == 0, f"{where}\n{answer.stdout}"
        missing = [line for line in block.prints if not _printed(line, answer.stdout)]
        assert not missing, f"{where} prints\n{answer.stdout}\nwithout {missing}"


def _script(block: Commands, state: Path) -> str:
    """The block in the shell that the one before it left, variables and functions included."""
    keep = "{ declare -p | grep -v '^declare -[a-z]*r'; declare -f; }"
    return f". {state}\n{block.script}\n{keep} > {state}"


def _printed(line: str, output: str) -> bool:
    """Whether a line of the output goes so; … stands for anything, and widths don't count."""
    pattern = ".*".join(map(re.escape, _squeezed(line).split("…")))
    return any(re.search(rf"^{pattern}$", _squeezed(found)) for found in output.splitlines())


def _squeezed(text: str) -> str:
    return re.sub(r"\s*…\s*", "…", " ".join(text.split()))
