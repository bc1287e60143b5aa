"""A step of a runbook that is a Python script of Automation's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def script_inputs(script: Path, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inputs of an aws:executeScript step; the script's script_handler gets the payload."""
    return {
        "Runtime": "python3.11",
        "Handler": "script_handler",
        "InputPayload": payload,
        "Script": script.read_text(encoding="utf-8"),
    }
