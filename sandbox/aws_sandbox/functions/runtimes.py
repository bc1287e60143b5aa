"""What functions can run on here: this Python, on this machine, with AWS's own runtime client."""

import hashlib
import importlib.util
import platform
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""Of the interpreter that runs this."""

_MACHINES = {"x86_64": ("x86_64", "AMD64"), "arm64": ("arm64", "aarch64")}
"""Lambda's architectures, and what machines call themselves that have them."""

_CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
"""AWS's runtime client and what it imports; nothing else of its environment reaches a function."""


def architecture() -> str:
    """Raises ValueError on a machine that Lambda has not."""
    for name, machines in _MACHINES.items():
        if platform.machine() in machines:
            return name
    raise ValueError(f"Lambda knows no architecture {platform.machine()}, as this machine is")


def obstacle(runtime: str, architectures: Sequence[str]) -> str:
    """Why a function cannot run here, and what to set so that it can; "" when it can."""
    here = architecture()
    if (runtime, list(architectures)) == (RUNTIME, [here]):
        return ""
    return (
        f"the sandbox cannot run {runtime} on {', '.join(architectures)}: this machine has "
        f"{RUNTIME} on {here}; set Runtime to {RUNTIME} and Architectures to {here}, or start the "
        f"sandbox with {runtime} on such a machine"
    )


def runtime_folder(cache: Path) -> Path:
    """A folder with links to the runtime client alone, kept in the cache for the next start."""
    paths = [_package(name) for name in _CLIENT]
    digest = hashlib.sha256("\n".join(map(str, paths)).encode()).hexdigest()[:16]
    folder = cache / "runtime" / digest
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        with suppress(FileExistsError):  # of the start before, or of a function that starts now
            (folder / path.name).symlink_to(path)
    return folder


def _package(name: str) -> Path:
    """Where a package or module of ours lies."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{sys.executable} has no {name}: install awslambdaric there")
    return Path((spec.submodule_search_locations or [spec.origin])[0])
