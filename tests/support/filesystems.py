"""Filesystems that are made up: findmnt and fsfreeze for the folder of an instance."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import until

_HOME = """
import json, os, pathlib, sys, time
home = pathlib.Path(sys.argv[0]).parent.parent
"""
_FINDMNT = """
mounts = json.loads((home / "mounts.json").read_text())
option = dict(zip(sys.argv, [*sys.argv[1:], ""]))
rows = mounts
if "--target" in option:
    path = os.path.realpath(option["--target"])
    below = [m for m in mounts if (path + "/").startswith(m["target"].rstrip("/") + "/")]
    rows = [max(below, key=lambda m: len(m["target"]))]
elif "--mountpoint" in option:
    rows = [m for m in mounts if m["target"] == option["--mountpoint"]]
elif "--types" in option:
    rows = [m for m in mounts if m["type"] in option["--types"].split(",")]
for row in rows:
    values = {"MAJ:MIN": row["device"], "TARGET": row["target"].replace(" ", "\\\\x20")}
    print(*[values[name] for name in option["--output"].split(",")])
sys.exit(not rows)
"""
_FSFREEZE = """
action, mount = sys.argv[1:]
world = home / "world"
frozen = world / mount.replace("/", "%")
with (world / "calls").open("a") as calls:
    print(action, mount, file=calls)
order = world / action.strip("-")
ordered, _, seconds = order.read_text().partition(" takes ") if order.exists() else ("", "", "")
if seconds and ordered == mount:
    time.sleep(float(seconds))
elif ordered == mount:
    sys.exit(f"fsfreeze: {mount}: Input/output error")
if action == "--freeze":
    if frozen.exists():
        sys.exit(f"fsfreeze: {mount}: freeze failed: Device or resource busy")
    frozen.touch()
elif frozen.exists():
    frozen.unlink()
else:
    sys.exit(f"fsfreeze: {mount}: unfreeze failed: Invalid argument")
"""


@dataclass(frozen=True)
class Filesystems:
    """Of an instance whose home is a folder."""

    home: Path

    def install(self) -> None:
        """With / and what is in memory, and nothing to freeze yet."""
        for folder in ("bin", "world", "run"):
            (self.home / folder).mkdir(exist_ok=True)
        for name, text in (("findmnt", _FINDMNT), ("fsfreeze", _FSFREEZE)):
            command = self.home / "bin" / name
            command.write_text(f"#!{sys.executable} -IS\n{_HOME}{text}")
            command.chmod(0o755)
        self.put({"target": "/", "device": "259:1", "type": "ext4"})
        self.put({"target": str(self.home / "run"), "device": "0:24", "type": "tmpfs"})

    def put(self, *mounts: Mapping[str, str]) -> None:
        path = self.home / "mounts.json"
        known: list[Mapping[str, str]] = json.loads(path.read_text()) if path.exists() else []
        path.write_text(json.dumps([*known, *mounts]))

    def mount(self, name: str, device: str) -> str:
        """A filesystem below the home; its mount point."""
        target = self.home / name
        target.mkdir(parents=True, exist_ok=True)
        self.put({"target": str(target), "device": device, "type": "xfs"})
        return str(target)

    def order(self, action: str, mount: str, *, takes_seconds: int = 0) -> None:
        """From now on `freeze` or `unfreeze` of a mount point fails, or takes long."""
        takes = f" takes {takes_seconds}" if takes_seconds else ""
        (self.home / "world" / action).write_text(f"{mount}{takes}")

    def obey(self, action: str) -> None:
        """No more of that."""
        (self.home / "world" / action).unlink()

    @property
    def frozen(self) -> list[str]:
        found = (self.home / "world").glob("*%*")
        return sorted(path.name.replace("%", "/") for path in found)

    def calls(self) -> list[str]:
        """All that fsfreeze was asked for, in order."""
        path = self.home / "world" / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def calls_include(self, call: str, seconds: float = 20) -> None:
        """Waits for a call of fsfreeze."""
        until(lambda: call in self.calls(), self.calls, within_seconds=seconds)

    def thaws(self, seconds: float = 20) -> None:
        """Waits until nothing is frozen any more."""
        until(lambda: not self.frozen, self.calls, within_seconds=seconds)
