"""The README's map is whole, and pyproject.toml asks for what is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

SANDBOX = Path(__file__).resolve().parents[1]
PACKAGE = SANDBOX / "aws_sandbox"
README = (SANDBOX / "README.md").read_text(encoding="utf-8")
MODULES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
)
NAMED = sorted(set(re.findall(r"`([\w/.]+\.(?:py|toml|yaml|md))`", README)))
_FOR_TYPES = ("_typeshed",)
DEPENDENCIES = tomllib.loads((SANDBOX / "pyproject.toml").read_text())["project"]["dependencies"]


@pytest.mark.parametrize("module", MODULES)
def test_each_module_has_a_line_in_the_map(module: str) -> None:
    assert f"\n- `{module}`: " in README


@pytest.mark.parametrize("name", NAMED)
def test_each_file_that_the_readme_names_exists(name: str) -> None:
    assert any((folder / name).is_file() for folder in (PACKAGE, SANDBOX, SANDBOX.parent))


def imported() -> Iterator[set[str]]:
    """Of each module that the package imports, the distributions that it may come from; without the
    standard library and itself."""
    modules = {"awslambdaric", "pulumi_aws"}  # a program of its own, and one imported by name
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.split(".")[0])
            elif isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
    known = packages_distributions()
    for module in modules - sys.stdlib_module_names - {"aws_sandbox", *_FOR_TYPES}:
        if not module.startswith("mypy_boto3_"):
            yield {name.lower().replace("_", "-") for name in known[module]}


def test_what_is_imported_is_asked_for_and_nothing_else() -> None:
    asked = {re.split(r"[\[<>=]", dependency)[0] for dependency in DEPENDENCIES}
    found = list(imported())
    assert [names for names in found if not names & asked] == []
    assert asked - set().union(*found) == set()


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_each_dependency_has_a_bound(dependency: str) -> None:
    assert ">=" in dependency
    assert "<" in dependency
