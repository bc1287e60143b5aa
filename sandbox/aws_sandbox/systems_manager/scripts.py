"""`aws:executeScript`: a Python script of a runbook, run in a process of its own."""

import json
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aws_sandbox.systems_manager.shells import Ran, Shells

_PROGRAM = """\
import json, sys, traceback
given = json.load(sys.stdin)
names = {"__name__": "script"}
try:
    exec(compile(given["Script"], "script.py", "exec"), names)
    answer = names[given["Handler"]](given["InputPayload"], {})
    text = json.dumps(answer)
except BaseException as error:
    traceback.print_exc()
    sys.exit(f"{type(error).__name__} - {error}")
with open(given["answer"], "w") as file:
    file.write(text)
"""


class ScriptError(Exception):
    """A script raised, or did not come to its end."""


def run_script(
    inputs: Mapping[str, Any],
    *,
    shells: Shells,
    variables: Mapping[str, str],
    limit_seconds: float,
    cancelled: threading.Event,
) -> Any:
    """What the script's handler answers; ScriptError with its traceback where it raises."""
    with TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        ran = shells.run(
            [sys.executable, "-c", _PROGRAM],
            directory=Path(folder),
            environment={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": folder,
                "TMPDIR": folder,
                "LANG": "C.UTF-8",
                "PYTHONDONTWRITEBYTECODE": "1",
                **variables,
            },
            timeout_seconds=limit_seconds,
            cancelled=cancelled,
            given=json.dumps({"InputPayload": {}, **inputs, "answer": str(answer)}),
        )
        if not answer.exists():
            raise ScriptError(_why(ran))
        return json.loads(answer.read_text(encoding="utf-8"))


def _why(ran: Ran) -> str:
    return ran.errors.strip() or ran.output.strip() or f"the script ended with {ran.code}"
