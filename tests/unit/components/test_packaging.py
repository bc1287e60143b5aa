"""Archives: exactly what a function needs, and the same on every machine."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from components import packaging
from components.packaging import Platform, handler_archive, layer_archive, source_files

HANDLERS = sorted(path.parent.name for path in packaging.HANDLERS.glob("*/app.py"))
PLATFORM = Platform(runtime="python3.12", architecture="arm64")


def names(handler: str) -> list[str]:
    return [path.relative_to(packaging.ROOT).as_posix() for path in source_files(handler)]


def test_an_archive_holds_the_handler_and_what_it_imports_and_nothing_else() -> None:
    found = names("partition_reports")
    assert "handlers/partition_reports/app.py" in found
    assert "reports/keys.py" in found
    assert [name for name in found if "open_ticket" in name or not name.endswith(".py")] == []


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_archives_files_are_sorted(handler: str) -> None:
    assets = handler_archive(handler).assets
    assert list(assets) == sorted(assets) == names(handler)


def test_a_layer_is_named_after_all_that_it_is_made_from() -> None:
    file = packaging.layer_file("base", PLATFORM)
    assert file.name.startswith("base-python3.12-arm64-")


def test_a_layer_that_is_not_built_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaging, "LAYERS", packaging.ROOT / "build" / "none")
    with pytest.raises(pulumi.RunError, match="run: backup-org layers"):
        layer_archive("base", PLATFORM)
