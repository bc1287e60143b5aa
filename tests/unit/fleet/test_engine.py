"""Where the Pulumi CLI comes from: PATH, cache, installer, Go; each refusal says what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from pulumi.automation import PulumiCommand

from components.packaging.cache import NoPlace, cache_folder
from fleet import engine as engines
from fleet.engine import VERSION, EngineError, engine
from fleet.engine.build import ANALYZER, BuildError
from fleet.engine.build import build as build_engine
from fleet.project import PROJECT
from tests.support.shell import plain_shell


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty; the cache is empty too, and the installer out of reach."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def refused(**_: Any) -> PulumiCommand:
        raise URLError("no route")

    monkeypatch.setattr(PulumiCommand, "install", refused)
    return folder


def program(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file


def whole(folder: Path, body: str) -> None:
    """An engine with the program that runs policy packs."""
    program(folder, "pulumi", body)
    program(folder, ANALYZER, "exit 0")


def cached(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "backup-org" / "pulumi" / f"v{VERSION}" / "bin"


def test_a_cli_on_path_is_taken(path: Path, told: list[str]) -> None:
    whole(path, f"echo v{VERSION}")
    assert engine(told.append).version == VERSION
    assert told == [f"engine: Pulumi {VERSION} on PATH"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [("echo v3.0.0", "passed over Pulumi on PATH: "), ("exit 1", "which does not run")],
    ids=["too old", "broken"],
)
def test_one_on_path_that_does_not_serve_is_passed_over_for_the_cache(
    body: str, reason: str, path: Path, tmp_path: Path, told: list[str]
) -> None:
    whole(path, body)
    whole(cached(tmp_path), f"echo v{VERSION}")
    assert engine(told.append).command == str(cached(tmp_path) / "pulumi")
    assert reason in told[0]


def test_one_on_path_that_cannot_run_policy_packs_is_passed_over(
    path: Path, tmp_path: Path, told: list[str]
) -> None:
    program(path, "pulumi", f"echo v{VERSION}")
    whole(cached(tmp_path), f"echo v{VERSION}")
    assert engine(told.append).command == str(cached(tmp_path) / "pulumi")
    assert f"{ANALYZER} is neither beside it nor on PATH" in told[0]


@pytest.mark.parametrize("where", ["installed", "elsewhere"])
def test_the_program_for_policy_packs_is_found_beside_a_linked_cli_or_on_path(
    where: str, path: Path, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (path / "pulumi").symlink_to(program(tmp_path / "installed", "pulumi", f"echo v{VERSION}"))
    program(tmp_path / where, ANALYZER, "exit 0")
    monkeypatch.setenv("PATH", f"{path}:{tmp_path / 'elsewhere'}")
    assert engine(told.append).command == "pulumi"


@pytest.mark.usefixtures("path")
def test_a_cached_engine_that_cannot_run_policy_packs_is_mended(
    tmp_path: Path, told: list[str]
) -> None:
    program(cached(tmp_path), "pulumi", f"echo v{VERSION}")
    engine(told.append)
    assert f"{ANALYZER} was missing in" in told[1]
    assert "-m pulumi.policy" in (cached(tmp_path) / ANALYZER).read_text()
    told.clear()
    engine(told.append)
    assert told == [f"engine: Pulumi {VERSION} in {cached(tmp_path).parent}"]


@pytest.mark.usefixtures("path")
def test_a_broken_engine_is_told_of_once_with_the_folder_to_delete(
    tmp_path: Path, told: list[str]
) -> None:
    whole(cached(tmp_path), "exit 1")
    with pytest.raises(EngineError, match=f"what is in {cached(tmp_path).parent} does not serve"):
        engine(told.append)
    assert len([line for line in told if "passed over" in line]) == 1


@pytest.mark.usefixtures("path")
def test_a_cache_that_cannot_be_written_says_which_variable_names_another(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/x")
    with pytest.raises(NoPlace, match=r"/proc/x/.* cannot be written: .*; set XDG_CACHE_HOME to"):
        engine(told.append)


@pytest.mark.usefixtures("path")
def test_the_installer_is_asked_before_go(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    installed: list[Any] = []

    def install(**how: Any) -> Any:
        installed.append(how)
        return "the CLI"

    monkeypatch.setattr(PulumiCommand, "install", install)
    found: Any = engine(told.append)
    assert found == "the CLI"
    assert [how["version"] for how in installed] == [VERSION]


@pytest.mark.usefixtures("path")
def test_where_neither_installer_nor_go_is_there_the_cure_is_said(told: list[str]) -> None:
    with pytest.raises(EngineError, match=f"install Pulumi {VERSION} or later, or Go, so that"):
        engine(told.append)
    assert told == ["engine: Pulumi's installer cannot be had here (<urlopen error no route>)"]


def test_with_go_it_is_built_into_the_cache_and_found_there_next_time(
    path: Path, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program(path, "go", "exit 0")
    built: list[Path] = []

    def build(go: Path, root: Path, version: str, tell: object) -> None:
        assert (go, version) == (path / "go", str(VERSION))
        built.append(root)
        whole(root / "bin", f"echo v{VERSION}")

    monkeypatch.setattr(engines, "build", build)
    assert engine(told.append).command == str(cached(tmp_path) / "pulumi")
    assert engine(told.append).command == str(cached(tmp_path) / "pulumi")
    assert built == [cached(tmp_path).parent]


def test_a_build_that_does_not_run_says_which_folder_to_delete(
    path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program(path, "go", "exit 0")

    def build(go: Path, root: Path, version: str, tell: object) -> None:
        del go, version, tell
        program(root / "bin", "pulumi", "exit 1")

    monkeypatch.setattr(engines, "build", build)
    with pytest.raises(EngineError, match=r"does not run; delete .*, try again"):
        engine(told.append)


def test_a_build_that_fails_leaves_nothing_and_tells_what_go_said_last(
    tmp_path: Path, told: list[str]
) -> None:
    go = program(tmp_path, "go", "echo go: downloading x\necho no space left on device\nexit 1")
    root = tmp_path / "engine" / "v1"
    with pytest.raises(BuildError, match="no space left on device"):
        build_engine(go, root, "1.0.0", told.append)
    assert list(root.parent.iterdir()) == []


def test_a_build_brings_the_program_that_runs_policy_packs(tmp_path: Path, told: list[str]) -> None:
    go = program(tmp_path, "go", 'mkdir -p "$GOBIN" && echo "$@" > "$GOBIN/pulumi"')
    root = tmp_path / "engine" / "v1"
    build_engine(go, root, "1.0.0", told.append)
    assert "common/version.Version=v1.0.0" in (root / "bin" / "pulumi").read_text()
    analyzer = root / "bin" / ANALYZER
    assert analyzer.stat().st_mode & 0o111


def test_a_tests_own_shell_finds_the_engine_that_the_test_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked = "from components.packaging.cache import cache_folder; print(cache_folder())"
    told = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=PROJECT,
        env=plain_shell(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str(cache_folder()) == str(tmp_path / "backup-org")
