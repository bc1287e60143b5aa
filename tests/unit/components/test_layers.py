"""Layers for a function's platform, and what several processes make only once."""

from __future__ import annotations

import subprocess
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from components.packaging import layers
from components.packaging.archives import Platform
from components.packaging.cache import made_once

X86 = Platform(runtime="python3.12", architecture="x86_64")
_ELF = b"\x7fELF" + bytes(14)
_MACHINES = {"x86_64": 62, "arm64": 183}


def library(architecture: str) -> bytes:
    """The head of a shared library for a machine."""
    return _ELF + _MACHINES[architecture].to_bytes(2, "little") + b"code"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Stands in for pip: notes what is installed, and puts a package there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(layers, "LAYERS", tmp_path / "checkout")
    calls: list[str] = []

    def install(layer: str, platform: Platform, target: Path) -> None:
        calls.append(f"{layer} {platform.runtime} {platform.architecture}")
        for name, content in (
            ("pkg/__init__.py", b"x = 1\n"),
            ("pkg/fast.cpython-312-x86_64-linux-gnu.so", library("x86_64")),
            ("pkg/tests/test_x.py", b"x = 2\n"),
            ("pkg/__pycache__/x.pyc", b"no"),
            ("pkg-1.dist-info/RECORD", b"no"),
            ("pkg-1.dist-info/METADATA", b"Name: pkg\n"),
        ):
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    monkeypatch.setattr(layers, "_install", install)
    return calls


@pytest.fixture(autouse=True)
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Python is there: tests about bytecode say which one they want."""

    def compiler(_runtime: str) -> None:
        """None."""

    monkeypatch.setattr(layers, "compiler", compiler)


def test_a_layer_holds_what_is_shipped_sorted_and_without_times(made: Sequence[str]) -> None:
    file = layers.layer_file("base", X86, print)
    assert made == ["base python3.12 x86_64"]
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == [
        "python/pkg/__init__.py",
        "python/pkg/fast.cpython-312-x86_64-linux-gnu.so",
        "python/pkg-1.dist-info/METADATA",
    ]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_a_program_that_needs_a_layer_makes_it_once_and_says_so(
    made: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(layers.pulumi.log, "info", told.append)
    archives = [layers.layer_archive("base", X86) for _ in range(2)]
    assert len({str(archive.path) for archive in archives}) == len(made) == 1
    assert told[:1] == [
        "making the layer base for python3.12 on x86_64: some seconds, once for this user"
    ]
    assert ["making" in line for line in told].count(True) == 1


def test_where_no_python_can_compile_a_layer_it_is_told_once_with_the_cure(
    made: Sequence[str],
) -> None:
    told: list[str] = []
    for layer in ("base", "duckdb"):
        layers.layer_file(layer, X86, told.append)
    assert len(made) == 2
    (line,) = [line for line in told if "bytecode" in line]
    assert "there is no python3.12 here" in line
    assert "`uv python install 3.12`" in line


def test_a_layer_is_named_after_all_that_it_is_made_from() -> None:
    assert layers.layer_name("base", X86).startswith("base-python3.12-x86_64-")
    arm = Platform(runtime="python3.12", architecture="arm64")
    names = {layers.layer_name(layer, of) for layer in ("base", "duckdb") for of in (X86, arm)}
    assert len(names) == 4


def test_where_no_package_index_is_reached_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(layers, "LAYERS", layers.ROOT / "build" / "none")

    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "ERROR: no matching distribution\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(layers.LayerError) as raised:
        layers.layer_file("base", X86, print)
    said = str(raised.value)
    assert "the layer base cannot be made for python3.12 on x86_64" in said
    assert "PIP_INDEX_URL" in said
    assert f"build/none/{layers.layer_name('base', X86)}" in said
    assert said.endswith("ERROR: no matching distribution")


def test_another_checkout_takes_the_layer_from_the_users_cache(
    made: Sequence[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = layers.layer_file("base", X86, print).read_bytes()
    monkeypatch.setattr(layers, "LAYERS", tmp_path / "other")
    assert layers.layer_file("base", X86, print).read_bytes() == first
    assert len(made) == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("fast.so", library("arm64"), "is not for x86_64"),
        ("fast.cpython-311-x86_64-linux-gnu.so", library("x86_64"), "is not for python3.12"),
        ("text.so", b"no library at all, by far", "is not for x86_64"),
    ],
)
def test_a_library_for_another_platform_is_refused_and_nothing_is_kept(
    made: list[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: bytes,
    said: str,
) -> None:
    def install(_layer: str, _platform: Platform, target: Path) -> None:
        target.mkdir(parents=True)
        (target / name).write_bytes(content)

    monkeypatch.setattr(layers, "_install", install)
    with pytest.raises(layers.LayerError, match=said):
        layers.layer_file("base", X86, print)
    assert list(layers.LAYERS.parent.rglob("*.zip")) == []
    assert made == []


def test_what_one_process_makes_another_waits_for(tmp_path: Path) -> None:
    target, told, order = tmp_path / "engine", list[str](), list[str]()
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with made_once(target, told.append):
            inside.set()
            leave.wait()
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait()

    def hear(message: str) -> None:
        told.append(message)
        leave.set()

    with made_once(target, hear):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert told == ["waiting for another process that makes engine"]
