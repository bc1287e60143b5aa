"""What a report's files are, and what is missing of a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePath

from reports.digest.activity import Row
from reports.digest.runs import Run

_CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
}


def content_type(name: str) -> str:
    return _CONTENT_TYPES[PurePath(name).suffix]


def not_collated(run: Run, parts: bytes, done: AbstractSet[str]) -> Sequence[Row]:
    """Rows of activity.UNSEEN for the status object's parts that are not done. Raises RuntimeError
    where none is: that would be a report about nothing."""
    all_parts: list[tuple[str, str]] = json.loads(parts)
    missing = [part for part in all_parts if run.done_key(*part) not in done]
    if len(missing) == len(all_parts):
        raise RuntimeError(f"none of {len(all_parts)} accounts and Regions was collated")
    return [
        {"account_id": account, "region": region, "reason": "it was not collated in time"}
        for account, region in missing
    ]
