"""The functions' layers: pinned wheels for the functions' platform, the same on every machine.

A layer is made when a program first needs it, and once for a user.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pulumi

from components.packaging.archives import HANDLERS, ROOT, Platform
from components.packaging.bytecode import compile_all, compiler
from components.packaging.cache import Tell, cache_folder, made_once

LAYERS = ROOT / "build" / "layers"
_GLIBC = {"python3.11": 26, "python3.12": 34, "python3.13": 34}
"""Minor version of the C library under a runtime: Amazon Linux 2 has 2.26, 2023 has 2.34."""
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
_ELF_MACHINES = {62: "x86_64", 183: "arm64"}
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NOT_SHIPPED = re.compile(
    r"(^|/)tests?/|\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$|^bin/"
)


class LayerError(pulumi.RunError):
    """A layer that cannot be made for its platform."""


def layer_archive(layer: str, platform: Platform) -> pulumi.FileArchive:
    """Of the requirements of this name in handlers/layers/. Raises LayerError."""
    return pulumi.FileArchive(str(layer_file(layer, platform, pulumi.log.info)))


def layer_names() -> list[str]:
    """Of all layers that there are requirements for."""
    return sorted(path.stem for path in (HANDLERS / "layers").glob("*.txt"))


def layer_file(layer: str, platform: Platform, tell: Tell) -> Path:
    """The layer's archive: from the checkout, this user's cache, or made now."""
    file = LAYERS / layer_name(layer, platform)
    if file.is_file():
        return file
    cached = cache_folder() / "layers" / file.name
    with made_once(cached, tell):
        if not cached.is_file():
            tell(
                f"making the layer {layer} for {platform.runtime} on {platform.architecture}: some "
                "seconds, once for this user"
            )
            if compiler(platform.runtime) is None:
                _tell_without_bytecode(platform.runtime, tell)
            _make(layer, platform, cached)
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        # Renamed into place, so that nobody reads a part of it.
        shutil.copyfile(cached, Path(scratch) / file.name).rename(file)
    return file


def layer_name(layer: str, platform: Platform) -> str:
    """Its archive's, after all that it is made from."""
    digest = hashlib.sha256(_requirements(layer).read_bytes()).hexdigest()[:12]
    by = compiler(platform.runtime)
    bytecode = f"-{by.version}" if by else ""
    return f"{layer}-{platform.runtime}-{platform.architecture}-{digest}{bytecode}.zip"


def _requirements(layer: str) -> Path:
    """Pinned and hashed."""
    return HANDLERS / "layers" / f"{layer}.txt"


@cache
def _tell_without_bytecode(runtime: str, tell: Tell) -> None:
    """Once, not for each layer."""
    version = runtime.removeprefix("python")
    tell(
        f"there is no {runtime} here, so layers have no bytecode and each cold start takes longer "
        f"by what it takes to compile what is imported: put {runtime} on PATH, or run `uv python "
        f"install {version}`, and layers are made anew with it"
    )


def _make(layer: str, platform: Platform, cached: Path) -> None:
    with tempfile.TemporaryDirectory(dir=cached.parent) as scratch:
        content = Path(scratch) / "python"
        _install(layer, platform, content)
        _compile(layer, platform, content)
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
            *("-r", str(_requirements(layer))),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise LayerError(
            f"the layer {layer} cannot be made for {platform.runtime} on {platform.architecture} "
            f"(glibc 2.{_GLIBC[platform.runtime]}). {sys.executable} -m pip must run and reach a "
            f"package index: set PIP_INDEX_URL or PIP_PROXY where the default one is out of reach, "
            f"or bring {(LAYERS / layer_name(layer, platform)).relative_to(ROOT)} here from a "
            f"machine that made it. pip says:\n{answer.stderr.strip()}"
        )


def _compile(layer: str, platform: Platform, content: Path) -> None:
    """Where there is a Python for it; what wheels bring of this kind goes."""
    for folder in sorted(content.rglob("__pycache__")):
        shutil.rmtree(folder)
    by = compiler(platform.runtime)
    if by and (wrong := compile_all(content, by)):
        raise LayerError(f"the layer {layer} cannot be compiled by {by.executable}: {wrong}")


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
