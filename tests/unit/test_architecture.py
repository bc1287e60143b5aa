"""Imports go one way, so that a reader can follow each flow without jumping back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAY_IMPORT = {
    "reports": {"reports"},
    "handlers": {"handlers", "reports"},
    "policies": {"policies"},
    "components": {"components", "reports"},
    "stacks": {"stacks", "components", "reports"},
    "fleet": {"fleet", "stacks", "components", "reports"},
    "sandbox/aws_sandbox": {"aws_sandbox"},
}
EXCEPTIONS = {
    # The one command of fleet that stands the sandbox up.
    "fleet/sandbox/": {"aws_sandbox"},
}
PACKAGES = {folder.rpartition("/")[2] for folder in MAY_IMPORT}


def sources() -> list[Path]:
    return [path for package in sorted(MAY_IMPORT) for path in (ROOT / package).rglob("*.py")]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    (below,) = (may for folder, may in MAY_IMPORT.items() if name.startswith(f"{folder}/"))
    allowed = below.union(*(more for folder, more in EXCEPTIONS.items() if name.startswith(folder)))
    ours = {module.split(".")[0] for module in imported(path)} & PACKAGES
    assert ours <= allowed


@pytest.mark.parametrize(
    "path", (ROOT / "handlers").glob("*/core.py"), ids=lambda path: path.parent.name
)
def test_the_core_of_a_handler_has_no_aws_environment_or_clock(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    modules = set(imported(path))
    assert not modules & {"boto3", "botocore", "os", "time", "aws_lambda_powertools"}
    assert ".now(" not in text
    assert ".today(" not in text


@pytest.mark.parametrize("path", (ROOT / "components").glob("*.py"), ids=lambda path: path.stem)
def test_a_component_looks_nothing_up(path: Path) -> None:
    """No config, no boto3, no invokes; and no postponed annotations, which break its schema."""
    text = path.read_text(encoding="utf-8")
    assert "boto3" not in set(imported(path))
    assert "pulumi.Config(" not in text
    assert "aws.get_" not in text
    assert "from __future__ import annotations" not in text


def test_nothing_that_is_deployed_knows_of_the_sandbox() -> None:
    deployed = [
        path
        for package in ("components", "stacks", "handlers", "policies")
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".yaml", ".json"}
    ]
    assert [p.name for p in deployed if "sandbox" in p.read_text(encoding="utf-8").lower()] == []
