"""The command as a person meets it: what it asks, and what it says of mistakes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet import cli
from fleet.paths import PROJECT
from stacks.load import CUSTOMERS


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the settings, and nobody to deploy with."""
    shutil.copytree(PROJECT / CUSTOMERS, tmp_path / CUSTOMERS)
    monkeypatch.setenv("BACKUP_ORG_PROJECT", str(tmp_path))

    def no_engine() -> None:
        raise AssertionError("an engine was looked for")

    monkeypatch.setattr(cli, "engine_here", no_engine)
    return tmp_path


def test_destroy_names_the_stacks_and_asks_first(project: Path) -> None:
    answer = CliRunner().invoke(cli.app, ["destroy", "acme"], input="n\n")
    assert answer.exit_code == 1
    assert "acme-audit, acme-management, acme-member-payments, acme-member-web" in answer.output


def test_a_project_that_is_named_and_not_there_is_no_empty_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BACKUP_ORG_PROJECT", str(tmp_path / "nowhere"))
    monkeypatch.setattr("sys.argv", ["backup-org", "doctor"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert "nowhere, which has no folder stacks/customers" in capsys.readouterr().out


def test_destroy_needs_a_name(project: Path) -> None:
    answer = CliRunner().invoke(cli.app, ["destroy"])
    assert answer.exit_code == 2
    assert "Missing argument" in answer.output


def test_the_problems_of_all_stacks_are_told_before_an_engine_is_looked_for(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for stack in ("acme-audit", "acme-member-web"):
        path = project / CUSTOMERS / f"Pulumi.{stack}.yaml"
        path.write_text(path.read_text().replace("extends: acme", "extends: acme\n    colour: red"))
    monkeypatch.setattr("sys.argv", ["backup-org", "up", "acme"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    said = capsys.readouterr().out
    assert "the settings of acme-audit" in said
    assert "the settings of acme-member-web" in said
