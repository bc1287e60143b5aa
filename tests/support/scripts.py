"""Runs a script's document in a shell of this machine, as Run Command does on an instance."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components.scripts.texts import FOLDER

EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def document(name: str) -> Mapping[str, Any]:
    """One of the examples."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def shell_text(name: str, given: Mapping[str, str]) -> str:
    """What the agent hands to the shell; a parameter that the document would refuse is an error."""
    found = document(name)
    values: dict[str, str] = {}
    for parameter, described in found["parameters"].items():
        value = given.get(parameter, described["default"])
        assert value in described.get("allowedValues", [value]), parameter
        assert re.fullmatch(described.get("allowedPattern", ".*"), value), (parameter, value)
        values[parameter] = value
    assert given.keys() <= values.keys()
    (step,) = found["mainSteps"]
    lines = "\n".join(step["inputs"]["runCommand"])
    return re.sub(r"{{ (\w+) }}", lambda match: values[match[1]], lines)


def run(
    name: str, given: Mapping[str, str], environment: Mapping[str, str], seconds: int = 30
) -> subprocess.CompletedProcess[str]:
    """Of a run that takes longer, the process group is killed, as the agent does."""
    folder = Path(environment["RUNTIME_DIRECTORY"])
    folder.mkdir(exist_ok=True)
    script = folder / "_script.sh"
    script.write_text(shell_text(name, given), encoding="utf-8")
    return subprocess.run(
        ["bash", str(script)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        start_new_session=True,
    )
