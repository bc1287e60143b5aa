"""Archives: exactly what a function needs, and the same on every machine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.packaging import archives
from components.packaging.archives import handler_archive, source_files

HANDLERS = sorted(path.parent.name for path in archives.HANDLERS.glob("*/app.py"))


def imported(path: Path) -> Iterator[str]:
    """Files of modules, for `from package import module` too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            name = node.module.replace(".", "/")
            is_package = (archives.ROOT / name).is_dir()
            yield from (f"{name}/{a.name}.py" for a in node.names) if is_package else [f"{name}.py"]


def names(handler: str) -> list[str]:
    return [path.relative_to(archives.ROOT).as_posix() for path in source_files(handler)]


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_archive_holds_the_handlers_folder_what_handlers_share_and_reports(handler: str) -> None:
    found = {path.relative_to(archives.ROOT).parent.as_posix() for path in source_files(handler)}
    found.discard("reports/digest")
    assert found == {"handlers", f"handlers/{handler}", "reports"}


def test_reports_that_people_read_go_to_the_functions_that_make_them() -> None:
    with_digest = {h for h in HANDLERS if "reports/digest/runs.py" in names(h)}
    assert {"find_vaults", "collate_jobs"} <= with_digest
    assert {f"reports/digest/page.{kind}" for kind in ("html.j2", "css")} <= {*names("find_vaults")}
    assert not {"curate_reports", "open_ticket"} & with_digest


def test_an_archive_holds_sources_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("app.py", "app.pyc", "__pycache__/app.cpython-311.pyc", "notes.txt", "core.py"):
        file = tmp_path / "handlers" / "one" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.setattr(archives, "ROOT", tmp_path)
    monkeypatch.setattr(archives, "HANDLERS", tmp_path / "handlers")
    assert names("one") == ["handlers/one/app.py", "handlers/one/core.py"]


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_archive_holds_every_module_of_ours_that_its_sources_import(handler: str) -> None:
    there = set(names(handler))
    sources = [path for path in source_files(handler) if path.suffix == ".py"]
    needed = {file for path in sources for file in imported(path)}
    assert {file for file in needed if file.startswith(("handlers/", "reports/"))} <= there


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_archives_files_are_sorted(handler: str) -> None:
    assets = handler_archive(handler).assets
    assert list(assets) == sorted(assets) == names(handler)
