"""Builds the engine from its Go module: minutes the first time, then never again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fleet.errors import ToldError

_MODULE = Path(__file__).parent
_MODULE_PATH = "github.com/pulumi/pulumi"
_EVERY_SECONDS = 15
_LAST_LINES = 15

ANALYZER = "pulumi-analyzer-policy-python"
# The engine looks for this program to run policy packs in Python, and hands it its own address and
# the pack's folder; the official CLI brings one that starts a virtual environment of the pack's.
_STARTS_PACKS = """#!/bin/sh
exec "${BACKUP_ORG_PYTHON:-python3}" -u -m pulumi.policy "$1" "$2"
"""


class BuildError(ToldError):
    """The build failed; carries what Go said last."""


def build(go: Path, root: Path, version: str, tell: Callable[[str], None]) -> None:
    """Puts bin/pulumi under `root`, whole or not at all."""
    tell(f"engine: building Pulumi {version} with {go}: some minutes, once for this user")
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        module = Path(scratch) / "module"
        module.mkdir()
        for name in ("go.mod", "go.sum"):
            shutil.copy(_MODULE / name, module)
        built = Path(scratch) / "root"
        flag = f"-X {_MODULE_PATH}/sdk/v3/go/common/version.Version=v{version}"
        _run(
            [str(go), "install", "-v", "-trimpath", "-ldflags", f"-s -w {flag}", "tool"],
            module,
            {"GOBIN": str(built / "bin"), "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
            tell,
        )
        write_analyzer(built)
        shutil.rmtree(root, ignore_errors=True)
        built.rename(root)


def write_analyzer(root: Path) -> None:
    """Makes the program that runs policy packs appear whole, beside the engine."""
    draft = root / "bin" / f"{ANALYZER}.draft"
    draft.write_text(_STARTS_PACKS)
    draft.chmod(0o755)
    draft.replace(root / "bin" / ANALYZER)


def _run(
    command: list[str], folder: Path, environment: dict[str, str], tell: Callable[[str], None]
) -> None:
    started = told = time.monotonic()
    last: list[str] = []
    compiled = downloaded = 0
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = [*last, line.rstrip()][-_LAST_LINES:]
            if line.startswith("go: downloading"):
                downloaded += 1
            else:
                compiled += 1
            if time.monotonic() - told >= _EVERY_SECONDS:
                told = time.monotonic()
                tell(
                    f"engine: {downloaded} modules fetched, {compiled} packages compiled, "
                    f"{told - started:.0f} s"
                )
    if process.returncode != 0:
        said = "\n  ".join(last)
        raise BuildError(
            f"`go install` failed; check that Go 1.26 or later, or its toolchain, can be fetched, "
            f"and that the disk has 4 GB free. Its last lines:\n  {said}"
        )
