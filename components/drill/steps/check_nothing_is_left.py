"""Fails a runbook that left something behind."""

from collections.abc import Mapping
from typing import Any


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Raises RuntimeError with all of it."""
    if events["LeftBehind"]:
        raise RuntimeError(f"left behind: {', '.join(events['LeftBehind'])}")
    return {}
