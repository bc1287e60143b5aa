"""The command as a person meets it: what it asks, and what it says of mistakes."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import pytest
from rich.console import Console

from fleet import cli, terminal
from fleet.cli import APP, Command, Group
from fleet.deploy import listing, running
from fleet.deploy.running import RunFailed
from fleet.project import PROJECT
from fleet.rows import show
from stacks.load import CUSTOMERS
from tests.support.command import backup_org


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the settings, and nobody to deploy with."""
    shutil.copytree(PROJECT / CUSTOMERS, tmp_path / CUSTOMERS)
    monkeypatch.setenv("BACKUP_ORG_PROJECT", str(tmp_path))

    def no_engine() -> None:
        raise AssertionError("an engine was looked for")

    for module in (listing, running):
        monkeypatch.setattr(module, "engine_here", no_engine)
    return tmp_path


def test_destroy_is_refused_where_there_is_nobody_to_ask(project: Path) -> None:
    answer = backup_org("destroy", "acme")
    assert answer.exit_code == 2
    assert "--yes" in answer.output


def test_a_project_that_is_named_and_not_there_is_no_empty_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BACKUP_ORG_PROJECT", str(tmp_path / "nowhere"))
    monkeypatch.setattr("sys.argv", ["backup-org", "doctor"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert "nowhere, which has no folder stacks/customers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "has_customers"),
    [("name: webshop\nruntime: nodejs\n", True), ("name: backup-org\nruntime: python\n", False)],
)
@pytest.mark.parametrize("command", ["doctor", "list", "preview"])
def test_inside_another_pulumi_project_a_command_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    text: str,
    *,
    has_customers: bool,
) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text)
    if has_customers:
        (tmp_path / CUSTOMERS).mkdir(parents=True)
    below = tmp_path / "src"
    below.mkdir()
    monkeypatch.chdir(below)
    monkeypatch.delenv("BACKUP_ORG_PROJECT", raising=False)
    monkeypatch.setattr("sys.argv", ["backup-org", command])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    out, err = capsys.readouterr()
    assert f"{tmp_path} is another Pulumi project" in err
    assert out == ""


@pytest.mark.parametrize("command", ["up", "refresh", "destroy"])
@pytest.mark.parametrize("options", [(), ("--yes",), ("--exclude", "acme-audit")])
def test_what_changes_stacks_needs_to_be_told_which(
    project: Path, command: str, options: Sequence[str]
) -> None:
    answer = backup_org(command, *options)
    assert answer.exit_code == 2
    assert "say which stacks are meant" in answer.output


def test_a_stack_with_unreadable_settings_fails_alone_and_all_problems_are_told(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for stack in ("acme-audit", "acme-member-web"):
        path = project / CUSTOMERS / f"Pulumi.{stack}.yaml"
        path.write_text(path.read_text().replace("extends: acme", "extends: acme\n    colour: red"))
    monkeypatch.setattr(running, "engine_here", lambda: None)
    monkeypatch.setattr("sys.argv", ["backup-org", "up", "acme", "--yes"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    table, said = capsys.readouterr()
    assert "the settings of acme-audit" in said
    assert "the settings of acme-member-web" in said
    assert "4 of 4 did not come through" in said
    assert re.findall(r"^(\S+) +(.+?)  ", table, re.MULTILINE)[1:] == [
        ("acme-audit", "failed"),
        ("acme-management", "not tried"),
        ("acme-member-payments", "not tried"),
        ("acme-member-web", "failed"),
    ]


def test_each_line_of_the_help_says_what_its_command_says_at_length() -> None:
    def below(group: Group) -> Iterator[tuple[str, str]]:
        for command in group.commands.values():
            if isinstance(command, Group):
                yield from below(command)
            elif isinstance(command, Command):
                yield command.help or "", " ".join((command.loaded().help or "").split())

    lines = list(below(cli.APP))
    assert len(lines) > 10
    for short, long in lines:
        assert long.startswith(short)


def test_help_imports_no_command() -> None:
    script = "import sys; from fleet.cli import APP; APP(['--help'], standalone_mode=False); "
    script += "print([name for name in ('pulumi', 'boto3', 'pydantic') if name in sys.modules])"
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Ask the lake" in answer.stdout
    assert answer.stdout.splitlines()[-1] == "[]"


def test_a_command_that_changes_stacks_asks_or_is_told_not_to(project: Path) -> None:
    answer = backup_org("up", "acme")
    assert answer.exit_code == 2
    assert "there is nobody to ask here: look at a preview, and say --yes" in answer.output


@pytest.mark.parametrize("command", [("up", "--yes"), ("preview",), ("list",)])
def test_all_and_names_together_are_not_understood(project: Path, command: Sequence[str]) -> None:
    answer = backup_org(*command, "acme", "--all")
    assert answer.exit_code == 2
    assert "--all is every stack there is" in answer.output


def test_the_version_is_that_of_the_distribution() -> None:
    assert backup_org("--version").output == f"backup-org {version('backup-org')}\n"


def test_stacks_and_customers_complete_in_a_shell(project: Path) -> None:
    def completions(*words: str) -> list[str]:
        environment = {
            **os.environ,
            "_BACKUP_ORG_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": str(len(words) - 1),
        }
        command = [str(Path(sys.executable).parent / "backup-org")]
        answer = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        return answer.stdout.split()

    assert completions("backup-org", "pre") == ["preview", "prepare"]
    assert completions("backup-org", "preview", "initech") == [
        "initech",
        "initech-management",
        "initech-member-core",
    ]


def test_list_tells_of_stacks_as_their_settings_have_them(project: Path) -> None:
    broken = project / CUSTOMERS / "Pulumi.acme-member-web.yaml"
    broken.write_text("config: [")
    answer = backup_org("list", "acme", "--exclude", "acme-member-*", "--json")
    assert answer.exit_code == 0
    assert [(one["stack"], one["reads"], one["last"]) for one in json.loads(answer.output)] == [
        ("acme-audit", [], None),
        ("acme-management", ["acme-audit"], None),
    ]
    with pytest.raises(RunFailed, match="the settings of acme-member-web have a problem"):
        APP(["list", "acme"])


@pytest.mark.parametrize("arguments", ["list acme", "list acme --json", "refresh acme"])
def test_closed_streams_are_no_mistake_of_the_command(project: Path, arguments: str) -> None:
    command = f"{Path(sys.executable).parent}/backup-org {arguments} <&- >&-"
    answer = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert "Traceback" not in answer.stderr
    assert answer.returncode == (2 if "refresh" in arguments else 0)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_why_something_failed_is_told_though_nobody_reads_the_results(
    project: Path, options: Sequence[str]
) -> None:
    (project / CUSTOMERS / "Pulumi.acme-member-web.yaml").write_text("config: [")
    command = [f"{Path(sys.executable).parent}/backup-org", "preview", "acme-member-web", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 1
    assert "1 of 1 did not come through" in said
    assert "Traceback" not in said


def test_outputs_that_can_be_read_are_printed_beside_what_is_wrong(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Deployed:
        def __init__(self, engine: None, stack: str) -> None:
            del engine
            self._stack = stack

        def outputs(self) -> dict[str, str]:
            return {"of": self._stack}

    (project / CUSTOMERS / "labs.yaml").write_text("members: [web]\n")
    monkeypatch.setattr(listing, "engine_here", lambda: None)
    monkeypatch.setattr(listing, "Deployment", Deployed)
    with pytest.raises(RunFailed, match="the settings of labs have a problem"):
        APP(["outputs", "acme-audit", "labs"])
    assert json.loads(capsys.readouterr().out) == {"acme-audit": {"of": "acme-audit"}}


@pytest.mark.parametrize(("width", "lines"), [(100, 2), (80, 3)])
def test_a_long_name_leaves_no_pillar_of_what_stands_beside_it(width: int, lines: int) -> None:
    screen = io.StringIO()
    rows = [
        (
            "northwind-traders-member-production-payments-eu-central",
            "done",
            "12 s",
            "1 create, 2 update",
        )
    ]
    show(Console(file=screen, width=width), ("stack", "result", "time", "changes"), rows)
    assert "1 create, 2 update" in screen.getvalue()
    assert len(screen.getvalue().splitlines()) == lines


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_quiet_leaves_what_went_wrong(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    backup_org("settings-schema", option)
    terminal.tell("by the way")
    terminal.tell_error("this went wrong")
    assert capsys.readouterr().err == "this went wrong\n"


def test_verbose_is_understood_by_every_command() -> None:
    backup_org("settings-schema", "-v")
    assert terminal.verbose()
