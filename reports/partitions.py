"""Which partition of which raw table a delivered report belongs to, and what keeps it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.keys import ReportKey, UnrecognisedKey, parse
from reports.object_events import CreatedObject
from reports.plans import Plans, plan_of
from reports.raw_csv import RawCsv, difference
from reports.templates import TEMPLATES, Template

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

    LetterAttributes = Mapping[str, MessageAttributeValueTypeDef]
    """As SQS's API takes them."""


_NO_REPORT = (
    "no CSV report, and Athena would read it as one: let the plan deliver CSV alone, move the "
    "object out of the folder, and replay this message or run backup-org backfill"
)


@dataclass(frozen=True, kw_only=True)
class Partition:
    table: str
    values: tuple[str, str, str, str]
    """report_plan, year, month, day, as in raw_tables.PARTITION_KEYS."""
    bucket: str
    folder: str
    """The plan's own folder of that day, with a slash at its end."""

    @property
    def location(self) -> str:
        return f"s3://{self.bucket}/{self.folder}"

    def lies_at(self, location: str) -> bool:
        """Whether a location is this folder, with a slash at its end or without."""
        return location.rstrip("/") == self.location.rstrip("/")


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report of one of the lake's plans, of which a delivered object is a part."""

    template: Template
    partition: Partition


def report_of(bucket: str, key: str, plans: Plans) -> Report | None:
    """None where an object is no CSV report of these plans."""
    found = folder_of(bucket, key, plans)
    return found if found is not None and is_report(key, found) else None


def is_report(key: str, folder: Report) -> bool:
    """Whether what lies in a folder of reports is one, and no other thing beside or below them."""
    right_in_it = key.rpartition("/")[0] + "/" == folder.partition.folder
    return right_in_it and key.lower().endswith(".csv")


def folder_of(bucket: str, key: str, plans: Plans) -> Report | None:
    """Of whatever lies in a folder of these plans' reports, however deep: Athena reads it all."""
    found = _nearest(key)
    plan = plan_of(found, plans) if found else None
    if found is None or plan is None:
        return None
    template = TEMPLATES[plan.template]
    year, month, day = found.date.isoformat().split("-")
    return Report(
        template=template,
        partition=Partition(
            table=template.table,
            values=(found.plan, year, month, day),
            bucket=bucket,
            folder=found.folder,
        ),
    )


def _nearest(key: str) -> ReportKey | None:
    """The key of a report, where there is one on the way to an object."""
    while key:
        try:
            return parse(key)
        except UnrecognisedKey:
            key = key.rpartition("/")[0]
    return None


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why a folder is no partition: what of it the raw table would misread."""

    created: CreatedObject
    """What is in the way."""
    template: Template
    reason: str
    """With the cure, where it is not the header that must be learnt."""
    expected: Sequence[str]
    """The raw table's columns."""
    header: Sequence[str] = ()
    """The object's, where it is a report."""
    of_header: bool = False
    """Whether it is the header that keeps the report out."""


def first_obstacle(
    report: Report,
    columns: Sequence[str],
    objects: Iterable[CreatedObject],
    read: Callable[[CreatedObject], RawCsv],
) -> Obstacle | None:
    """The first of the objects in a report's folder that the raw table, with these columns, would
    misread; None where it can read them all. Reads reports alone, and none where it need not."""
    for created in sorted(objects, key=lambda one: is_report(one.key, report)):
        obstacle = obstacle_of(report, columns, created, read)
        if obstacle is not None:
            return obstacle
    return None


def obstacle_of(
    report: Report,
    columns: Sequence[str],
    created: CreatedObject,
    read: Callable[[CreatedObject], RawCsv],
) -> Obstacle | None:
    """What one object in a report's folder is to the raw table; None where it does no harm."""
    if not is_report(created.key, report):
        if is_marker(created, report):
            return None
        return Obstacle(
            created=created, template=report.template, reason=_NO_REPORT, expected=columns
        )
    found = read(created)
    header = found.header or ()
    differs = difference(report.template, columns, header) if found.header is not None else None
    reason = differs or found.unreadable
    if reason is None:
        return None
    return Obstacle(
        created=created,
        template=report.template,
        reason=reason,
        expected=columns,
        header=header,
        of_header=differs is not None,
    )


def is_marker(created: CreatedObject, folder: Report) -> bool:
    """Whether an object is no report, and nothing that Athena would take for one."""
    return created.size == 0 and not is_report(created.key, folder)


def second_folder(partition: Partition, location: str) -> str:
    """Why a folder is no partition where another of the same plan and day is it, and what to do."""
    return (
        f"this report lies at {partition.location}, and the partition of its plan and day is "
        f"{location}: let plans of one name deliver to different buckets; if this folder is the "
        "right one, delete the partition, and replay this message or run backup-org backfill"
    )


def letter_of(obstacle: Obstacle) -> LetterAttributes:
    """What lies beside the event of a withheld report in the dead-letter queue: why the raw table
    cannot read it, with both headers."""
    return _attributes(
        Key=obstacle.created.key,
        Template=obstacle.template.name,
        Reason=obstacle.reason,
        Expected=json.dumps(list(obstacle.expected)),
        Header=json.dumps(list(obstacle.header)),
    )


def letter_of_no_report(reason: str) -> LetterAttributes:
    """What lies beside a message that tells of no report at all."""
    return _attributes(Reason=reason)


def _attributes(**known: str) -> LetterAttributes:
    return {name: {"DataType": "String", "StringValue": value} for name, value in known.items()}
