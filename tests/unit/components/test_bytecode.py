"""Bytecode of layers: by a Python of the function's version, and the same bytes each time."""

from __future__ import annotations

import marshal
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import files
from pathlib import Path

import pytest

from components.packaging import bytecode, layers
from components.packaging.archives import Platform
from components.packaging.bytecode import Compiler, compile_all, compiler

THIS = f"python{sys.version_info.major}.{sys.version_info.minor}"
TAG = sys.implementation.cache_tag


@pytest.fixture(autouse=True)
def found_anew() -> None:
    compiler.cache_clear()


def this() -> Compiler:
    found = compiler(THIS)
    assert found is not None
    return found


def no_compiler(_runtime: str) -> None:
    """As where no Python of the version is there."""


def packages(folder: Path) -> Path:
    """Modules of others, as a layer has them."""
    for name in ("jinja2", "pyyaml", "urllib3"):
        for file in files(name) or []:
            if file.suffix == ".py" and ".." not in file.parts:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(str(file.locate())), folder / file)
    return folder


def compiled(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.pyc")}


def test_bytecode_is_the_same_whatever_the_folder_and_the_process(tmp_path: Path) -> None:
    one, other = packages(tmp_path / "one"), packages(tmp_path / "a" / "longer" / "one")
    assert compile_all(one, this()) == compile_all(other, this()) == ""
    assert compiled(one) == compiled(other)
    assert len(compiled(one)) == len(list(one.rglob("*.py"))) > 60


def test_bytecode_looks_at_no_source_and_says_where_a_function_finds_it(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "one.py").write_text("def f():\n    return 1\n")
    compile_all(tmp_path, this())
    data = (tmp_path / "pkg" / "__pycache__" / f"one.{TAG}.pyc").read_bytes()
    unchecked_hash = 0b01
    assert int.from_bytes(data[4:8], "little") == unchecked_hash
    assert marshal.loads(data[16:]).co_filename == "/opt/python/pkg/one.py"  # noqa: S302
    (tmp_path / "pkg" / "one.py").write_text("def f():\n    return 2\n")
    run = [sys.executable, "-I", "-c", "import sys; sys.path[:0] = sys.argv[1:]\n"]
    run[-1] += "from pkg.one import f; print(f(), f.__code__.co_filename)"
    said = subprocess.run([*run, str(tmp_path)], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["1", str(tmp_path / "pkg" / "one.py")]


def test_a_source_that_cannot_be_compiled_is_named(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("print 'x'\n")
    assert "/opt/python/old.py" in compile_all(tmp_path, this())


def test_this_python_compiles_for_its_own_version() -> None:
    assert this() == Compiler(executable=sys.executable, version=sys.version.split()[0])


def python(folder: Path, name: str, version: str) -> str:
    """Something that says it is Python of a version, and compiles nothing."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {version}\n")
    file.chmod(0o755)
    return str(file)


def test_a_python_on_path_is_taken_and_a_stand_in_that_fails_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bytecode.sys, "executable", python(tmp_path / "venv", "python", "3.11.9"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    (tmp_path / "python3.12").write_text("#!/bin/sh\necho 3.12.4\nexit 127\n")
    (tmp_path / "python3.12").chmod(0o755)
    assert compiler("python3.12") is None
    compiler.cache_clear()
    found = python(tmp_path, "python3.12", "3.12.4")
    assert compiler("python3.12") == Compiler(executable=found, version="3.12.4")


def test_a_python_that_uv_has_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytecode.sys, "executable", python(tmp_path / "venv", "python", "3.11.9"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    there = python(tmp_path / "kept", "python", "3.12.7")
    python(tmp_path / "bin", "uv", there)
    assert compiler("python3.12") == Compiler(executable=there, version="3.12.7")


def test_a_layer_with_bytecode_has_a_name_of_its_own_and_no_build_path_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(_layer: str, _platform: Platform, target: Path) -> None:
        (target / "pkg" / "__pycache__").mkdir(parents=True)
        (target / "pkg" / "one.py").write_text("x = 1\n")
        (target / "pkg" / "__pycache__" / "gone.cpython-311.pyc").write_bytes(b"a wheel's own")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(layers, "LAYERS", tmp_path / "checkout")
    monkeypatch.setattr(layers, "_install", install)
    platform = Platform(runtime=THIS, architecture="x86_64")
    file = layers.layer_file("base", platform, print)
    assert file.name.endswith(f"-{sys.version.split()[0]}.zip")
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        content = b"".join(archive.read(name) for name in names)
    assert names == [f"python/pkg/__pycache__/one.{TAG}.pyc", "python/pkg/one.py"]
    assert str(tmp_path).encode() not in content
    monkeypatch.setattr(layers, "compiler", no_compiler)
    assert layers.layer_name("base", platform) == file.name.replace(
        f"-{sys.version.split()[0]}.zip", ".zip"
    )
