"""The catalogue of rules in docs/: made from the rules, and fresh."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from fleet.policies import commands
from fleet.policies.pages import pages, write
from fleet.project import PROJECT

DOCS = PROJECT / "docs"


def test_the_pages_are_those_of_the_rules_as_they_are() -> None:
    """Else run `make policies-docs`."""
    there = {Path("policies.md"), *(p.relative_to(DOCS) for p in (DOCS / "policies").glob("*.md"))}
    assert there == pages().keys()
    for path, text in pages().items():
        assert (DOCS / path).read_text(encoding="utf-8") == text, path


def test_the_page_of_a_rule_that_there_is_no_more_goes(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    old = tmp_path / "policies" / "vault_is_blue.md"
    old.write_text("# vault_is_blue\n")
    write(tmp_path)
    assert not old.exists()
    assert (tmp_path / "policies.md").is_file()


def test_nothing_of_a_page_is_cut_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = StringIO()
    terminal = Console(file=shown, force_terminal=True, width=40, soft_wrap=True, no_color=True)
    monkeypatch.setattr(commands, "console", terminal)
    commands.explain("vault_denies_deletion")
    text = re.sub(r"\s+", "", Text.from_ansi(shown.getvalue()).plain)
    assert re.sub(r"\s+", "", "before anything is created, in an update afterwards") in text
    assert "rel_backing_up_data_secured_backups_data.html" in text
    assert '"backup:PutBackupVaultAccessPolicy"]' in text
