"""The README's map is whole, and pyproject.toml asks for what is imported."""

from __future__ import annotations

import re
import tomllib
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
DEPENDENCIES = tomllib.loads((SANDBOX / "pyproject.toml").read_text())["project"]["dependencies"]


@pytest.mark.parametrize("module", MODULES)
def test_each_module_has_a_line_in_the_map(module: str) -> None:
    assert f"\n- `{module}`: " in README


@pytest.mark.parametrize("name", NAMED)
def test_each_file_that_the_readme_names_exists(name: str) -> None:
    assert any((folder / name).is_file() for folder in (PACKAGE, SANDBOX, SANDBOX.parent))


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_each_dependency_has_a_bound_and_is_used(dependency: str) -> None:
    name = re.split(r"[\[<>=]", dependency)[0]
    package = {"grpcio": "grpc"}.get(name, name.replace("-", "_"))
    assert "<" in dependency
    used = re.compile(rf"(import|from) {package}\b|\"{name}\"|\"{package}[\".]")
    assert any(used.search(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py"))
