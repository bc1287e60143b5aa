"""Processes of this machine, by what they were started with."""

from __future__ import annotations

from pathlib import Path


def processes_with(variable: str, value: str) -> dict[int, str]:
    """Command lines by process id, of those whose environment has this variable."""
    wanted = f"{variable}={value}".encode()
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # ended meanwhile, or somebody else's
        if wanted in environment and line:
            found[int(folder.name)] = line
    return found
