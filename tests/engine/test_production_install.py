"""The product as a deployer installs it: requirements.txt alone, without the sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fleet.cli import APP, Command, Group
from fleet.project import PROJECT, PROJECT_VARIABLE
from tests.support.shell import plain_shell

Run = Callable[..., subprocess.CompletedProcess[str]]
HELP = """
import json, os, sys, tempfile
import boto3, pulumi.automation, pydantic, yaml
from fleet.cli import main

found = []
for names in json.loads(sys.argv[1]):
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            sys.argv = ["backup-org", *names, "--help"]
            main()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        found.append((code, said.read().decode()))
print(json.dumps(found))
"""
"""Of each command its exit code and what it says, in a process that has loaded nothing of ours but
the table of commands: what takes the time is in all of them."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a virtual environment made as the README says, from what is cached."""
    folder = tmp_path_factory.mktemp("production")
    uv = Path(sys.executable).parent / "uv"
    python = folder / "bin" / "python"
    build = folder / "build"

    def call(*arguments: str | Path) -> None:
        subprocess.run([uv, *arguments], cwd=PROJECT, check=True, capture_output=True)

    call("venv", "--python", sys.executable, folder)
    call("pip", "sync", "--python", python, "--require-hashes", "requirements.txt")
    # The wheel's own builder is no requirement of the product: it is this run's.
    call("build", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", build, ".")
    call("pip", "install", "--python", python, "--no-deps", *build.glob("*.whl"))
    return folder / "bin"


@pytest.fixture(scope="module")
def run(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs one of its commands over the checkout's customers, from outside of the checkout."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    environment = {
        **plain_shell(),
        "PATH": f"{installed}:/usr/bin:/bin",
        "COLUMNS": "200",
        "TERM": "xterm",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(elsewhere / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(elsewhere / "credentials"),
        PROJECT_VARIABLE: str(PROJECT),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(installed / arguments[0]), *arguments[1:]]
        return subprocess.run(
            command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_nothing_of_tests_or_of_the_sandbox_is_installed(installed: Path) -> None:
    folders = {path.name for path in next(installed.parent.glob("lib/*/site-packages")).iterdir()}
    assert {"pulumi", "stacks", "reports"} <= folders
    assert folders & {"pytest", "moto", "sqlglot", "mypy_boto3_s3", "aws_sandbox"} == set()


def commands(group: Group = APP, *above: str) -> list[list[str]]:
    found: list[list[str]] = []
    for name, command in group.commands.items():
        if isinstance(command, Group):
            found += commands(command, *above, name)
        elif isinstance(command, Command):
            found.append([*above, name])
    return found


def test_every_command_says_its_help(run: Run) -> None:
    assert run("backup-org", "--help").returncode == 0
    answer = run("python", "-c", HELP, json.dumps(commands()))
    assert answer.returncode == 0, answer.stderr
    for names, (code, said) in zip(commands(), json.loads(answer.stdout), strict=True):
        if names[0] == "sandbox":
            assert code == 1
            continue
        assert code == 0, said
        assert "Usage: backup-org" in said


def test_the_sandboxs_commands_say_in_a_line_how_to_install_it(run: Run) -> None:
    answer = run("backup-org", "sandbox", "up")
    assert answer.returncode == 1
    (line,) = (answer.stdout + answer.stderr).strip().splitlines()
    assert line.startswith("the sandbox is not installed; run: pip install ")


def test_settings_are_read_and_described(run: Run) -> None:
    answer = run("backup-org", "settings-schema")
    assert answer.stdout == (PROJECT / "stacks/settings.schema.json").read_text()


def test_without_credentials_the_doctor_says_so_and_no_more(run: Run) -> None:
    answer = run("backup-org", "doctor", "acme-audit")
    assert answer.returncode == 1
    assert "no session in 222222222222: Unable to locate credentials" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


def test_a_mistyped_stack_is_refused_with_what_is_near(run: Run) -> None:
    answer = run("backup-org", "preview", "acme-adit")
    assert answer.returncode == 1
    assert "there is no stack or customer acme-adit; did you mean acme-audit?" in answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr


def test_the_program_and_the_policy_pack_import_what_is_installed(run: Run) -> None:
    for modules in ("stacks.audit, stacks.management, stacks.member", "policies.pack"):
        answer = run("python", "-c", f"import {modules}")
        assert answer.returncode == 0, answer.stderr
