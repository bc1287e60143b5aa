"""Builds the functions' layers: pinned wheels for the functions' platform, the same everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from components.packaging import Platform, layer_file, layer_requirements
from fleet.errors import ToldError
from fleet.locks import made_once
from fleet.paths import cache_folder
from stacks.load import Settings
from stacks.settings import MemberSettings

_GLIBC = {"python3.11": 26, "python3.12": 34, "python3.13": 34}
"""Minor version of the C library under a runtime: Amazon Linux 2 has 2.26, 2023 has 2.34."""
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
_ELF_MACHINES = {62: "x86_64", 183: "arm64"}
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NOT_SHIPPED = re.compile(
    r"(^|/)(__pycache__|tests?)/|\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$|^bin/"
)


class LayerError(ToldError):
    """A layer that cannot be built for its platform."""


def built_for(settings: Settings, tell: Callable[[str], None]) -> list[Path]:
    """Builds what a stack's functions need, and does not build it twice."""
    functions = settings.functions
    platform = Platform(runtime=functions.runtime, architecture=functions.architecture)
    needed: list[str] = []
    if settings.reports is not None:
        needed = ["base", "duckdb"]
    elif not isinstance(settings, MemberSettings):
        needed = ["base"]
    return [build(layer, platform, tell) for layer in needed]


def build(layer: str, platform: Platform, tell: Callable[[str], None]) -> Path:
    """The layer's archive: from the checkout, this user's cache, or made now."""
    file = layer_file(layer, platform)
    if file.is_file():
        return file
    cached = cache_folder() / "layers" / file.name
    with made_once(cached, tell):
        if not cached.is_file():
            tell(f"layers: making {file.name}")
            _make(layer, platform, cached)
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        # Renamed into place, so that nobody reads a part of it.
        shutil.copyfile(cached, Path(scratch) / file.name).rename(file)
    return file


def _make(layer: str, platform: Platform, cached: Path) -> None:
    with tempfile.TemporaryDirectory(dir=cached.parent) as scratch:
        content = Path(scratch) / "python"
        _install(layer, platform, content)
        _check(content, platform)
        archive = Path(scratch) / cached.name
        _zip(content, archive)
        archive.rename(cached)


def _install(layer: str, platform: Platform, target: Path) -> None:
    python = platform.runtime.removeprefix("python")
    machine = _MACHINES[platform.architecture]
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(_GLIBC[platform.runtime], 4, -1)]
    abi = f"cp{python.replace('.', '')}"
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps"),
            *("--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"),
            *("--target", str(target), "--python-version", python, "--implementation", "cp"),
            *(part for name in (abi, "abi3", "none") for part in ("--abi", name)),
            *(part for tag in [*tags, f"manylinux2014_{machine}"] for part in ("--platform", tag)),
            *("-r", str(layer_requirements(layer))),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise LayerError(
            f"the layer {layer} cannot be made for {platform.runtime} on {platform.architecture} "
            f"(glibc 2.{_GLIBC[platform.runtime]}): {answer.stderr.strip()}"
        )


def _check(content: Path, platform: Platform) -> None:
    """Every binary in the layer is of the platform's machine and Python, by its own header."""
    for library in sorted(content.rglob("*.so")):
        header = library.read_bytes()[:20]
        machine = _ELF_MACHINES.get(int.from_bytes(header[18:20], "little"), "another machine")
        if header[:4] != b"\x7fELF" or machine != platform.architecture:
            raise LayerError(f"{library.relative_to(content)} is not for {platform.architecture}")
        version = re.search(r"\.cpython-(\d)(\d+)-", library.name)
        if version and platform.runtime != f"python{version[1]}.{version[2]}":
            raise LayerError(f"{library.relative_to(content)} is not for {platform.runtime}")


def _zip(content: Path, archive: Path) -> None:
    """The same bytes on every machine: sorted, without times, owners or an installer's notes."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in _shipped(content):
            entry = zipfile.ZipInfo(f"python/{path.relative_to(content).as_posix()}", _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(entry, path.read_bytes())


def _shipped(content: Path) -> Iterator[Path]:
    for path in sorted(content.rglob("*")):
        if path.is_file() and not _NOT_SHIPPED.search(path.relative_to(content).as_posix()):
            yield path
