"""Data as JSON text, as it stands in an archive of evidence."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel


def json_text(data: Any, *, sort_keys: bool = False) -> str:
    """Times are in UTC. Raises TypeError for what has no place in evidence."""
    text = json.dumps(data, indent=2, ensure_ascii=False, sort_keys=sort_keys, default=_plain)
    return text + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{value!r} has no place in evidence")
