"""The Pulumi engine: an official CLI where there is one, else built from its Go module.

Looked for in this order: PATH, this user's cache, Pulumi's own installer, `go install`. The version
is that of the Python SDK in requirements.txt; go.mod beside this file pins the same one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from urllib.error import URLError

from pulumi.automation import PulumiCommand
from pulumi.automation.errors import InvalidVersionError
from semver import VersionInfo

from components.packaging.cache import cache_folder, made_once
from fleet.engine.build import ANALYZER, build, write_analyzer
from fleet.errors import ToldError

VERSION = VersionInfo.parse(version("pulumi"))

Tell = Callable[[str], None]


class EngineError(ToldError):
    """There is no engine; says what to do about it."""


def engine(tell: Tell) -> PulumiCommand:
    """The CLI to work with. `tell` hears one line for each place looked at, and any progress."""
    tell = _once(tell)
    root = cache_folder() / "pulumi" / f"v{VERSION}"
    return _on_path(tell) or _cached(root, tell) or _made(root, tell)


def _once(tell: Tell) -> Tell:
    """Says no line twice: the cache is looked at again once nobody else makes the engine."""
    told: set[str] = set()

    def say(line: str) -> None:
        if line not in told:
            told.add(line)
            tell(line)

    return say


def _on_path(tell: Tell) -> PulumiCommand | None:
    """The CLI on PATH, where it can run policy packs in Python too."""
    found = shutil.which("pulumi")
    if found is None:
        return None
    folders = [str(Path(found).parent), str(Path(found).resolve().parent), os.environ["PATH"]]
    if shutil.which(ANALYZER, path=os.pathsep.join(folders)) is None:
        tell(f"engine: passed over Pulumi on PATH: {ANALYZER} is neither beside it nor on PATH")
        return None
    return _usable(None, tell)


def _cached(root: Path, tell: Tell) -> PulumiCommand | None:
    if not os.access(root / "bin" / "pulumi", os.X_OK):
        return None
    found = _usable(root, tell)
    if found is not None and not os.access(root / "bin" / ANALYZER, os.X_OK):
        tell(f"engine: {ANALYZER} was missing in {root}, and is written anew")
        write_analyzer(root)
    return found


def _made(root: Path, tell: Tell) -> PulumiCommand:
    with made_once(root, tell):
        return _cached(root, tell) or _installed(root, tell)


def _usable(root: Path | None, tell: Tell) -> PulumiCommand | None:
    """The CLI under `root`, or on PATH; None, and why, where it does not serve."""
    where = "on PATH" if root is None else f"in {root}"
    try:
        command = PulumiCommand(root=str(root) if root else None, version=VERSION)
    except InvalidVersionError as error:
        tell(f"engine: passed over Pulumi {where}: {error}")
    except (OSError, subprocess.CalledProcessError) as error:
        tell(f"engine: passed over Pulumi {where}, which does not run: {error}")
    else:
        tell(f"engine: Pulumi {command.version} {where}")
        return command
    return None


def _installed(root: Path, tell: Tell) -> PulumiCommand:
    try:
        command = PulumiCommand.install(root=str(root), version=VERSION)
    except (URLError, OSError, subprocess.CalledProcessError) as error:
        tell(f"engine: Pulumi's installer cannot be had here ({error})")
    else:
        tell(f"engine: Pulumi {VERSION} installed in {root}")
        return command
    go = shutil.which("go")
    if go is None:
        broken = f"; what is in {root} does not serve: delete it" if root.exists() else ""
        raise EngineError(
            f"there is no Pulumi CLI, and no Go to build it with: install Pulumi {VERSION} or "
            f"later, or Go, so that it is on PATH{broken}"
        )
    build(Path(go), root, str(VERSION), tell)
    built = _usable(root, tell)
    if built is None:
        raise EngineError(f"the engine that was just built does not run; delete {root}, try again")
    return built
