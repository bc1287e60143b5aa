"""Where the engine finds the plugin."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from aws_sandbox.plugin import VERSION, NoOfficialPluginError, install, install_official
from aws_sandbox.plugin.install import NAME, plugin_folder

Pulumi = Callable[[str], str]


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    """A command that does as a script says."""

    def made(script: str) -> str:
        executable = tmp_path / "pulumi"
        executable.write_text(f"#!/bin/sh\n{script}\n")
        executable.chmod(0o755)
        return str(executable)

    return made


def test_the_engine_finds_the_plugin_and_a_second_installation_changes_nothing(
    tmp_path: Path,
) -> None:
    executable = install(tmp_path)
    assert executable == tmp_path / f"plugins/resource-aws-v{VERSION}/pulumi-resource-aws"
    assert os.access(executable, os.X_OK)
    before = executable.read_bytes()
    assert install(tmp_path).read_bytes() == before


def test_the_plugin_is_of_the_sdks_own_version() -> None:
    assert version("pulumi-aws") == VERSION


def test_the_official_plugin_is_fetched_once_where_the_user_has_none(
    tmp_path: Path, pulumi: Pulumi
) -> None:
    home, users_home = tmp_path / "home", tmp_path / "users"
    # A shell that works in a sandbox has that one's Pulumi home, with the stand-in in it.
    install(users_home)
    folder = plugin_folder(home / "official")
    fetch = pulumi(f'echo "$@" >> {tmp_path}/asked; mkdir -p {folder}; echo 1 > {folder}/{NAME}')
    for _ in range(2):
        executable = install_official(home, fetch, users_home)
        assert str(folder / NAME) in executable.read_text()
    asked = (tmp_path / "asked").read_text()
    assert asked == f"plugin install resource aws v{VERSION}\n"


def test_where_the_official_plugin_cannot_be_had_the_cure_is_told(
    tmp_path: Path, pulumi: Pulumi
) -> None:
    refuses = pulumi("echo 'error: no such host' >&2; exit 1")
    with pytest.raises(NoOfficialPluginError, match=r"\(error: no such host\). Run `pulumi plugin"):
        install_official(tmp_path / "home", refuses, tmp_path / "users")


def test_the_official_plugin_is_not_started_where_it_would_reach_aws(tmp_path: Path) -> None:
    started = tmp_path / "started"
    command = [sys.executable, "-m", "aws_sandbox.plugin.official", "touch", str(started)]
    environment = {n: v for n, v in os.environ.items() if not n.startswith("AWS_")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "AWS_ENDPOINT_URL must name 127.0.0.1 or localhost" in done.stderr
    assert not started.exists()
