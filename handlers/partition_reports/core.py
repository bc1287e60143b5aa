"""What becomes of a delivered object: nothing, its folder's partition, or a message that rests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.object_events import CreatedObject
from reports.partitions import Report, no_report, obstacle, report_of, second_folder
from reports.plans import Plans
from reports.raw_csv import RawCsv


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why a folder is no partition, with both headers."""

    reason: str
    expected: Sequence[str]
    header: Sequence[str] = ()


def is_marker(created: CreatedObject, plans: Plans) -> bool:
    """Whether an object is no report, and nothing that Athena would take for one."""
    return created.size == 0 and report_of(created.bucket, created.key, plans) is None


def strange(created: CreatedObject, columns: Sequence[str]) -> Obstacle:
    """What an object that is no report is to its folder."""
    return Obstacle(reason=no_report(created.key), expected=columns)


def misread(report: Report, columns: Sequence[str], found: RawCsv) -> Obstacle | None:
    """None where the raw table, with these columns, can read the report."""
    reason = obstacle(report.template, columns, found)
    if reason is None:
        return None
    return Obstacle(reason=reason, expected=columns, header=found.header or [])


def elsewhere(report: Report, columns: Sequence[str], location: str) -> Obstacle:
    """Where the partition of its plan and day is another folder."""
    return Obstacle(reason=second_folder(report.partition, location), expected=columns)
