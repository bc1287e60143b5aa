"""Which partition of which raw table a delivered report belongs to, and what keeps it out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.keys import ReportKey, UnrecognisedKey, parse
from reports.plans import Plans, plan_of
from reports.raw_csv import RawCsv, difference
from reports.templates import TEMPLATES, Template

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef


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


def no_report(key: str) -> str:
    """Why a folder with an object that is no CSV report is no partition, and what to do."""
    return (
        f"{key} is no CSV report, and Athena would read it as one: let the plan deliver CSV alone, "
        "move the object out of the folder, and replay this message or run backup-org backfill"
    )


def second_folder(partition: Partition, location: str) -> str:
    """Why a folder is no partition where another of the same plan and day is it, and what to do."""
    return (
        f"this report lies at {partition.location}, and the partition of its plan and day is "
        f"{location}: let plans of one name deliver to different buckets; if this folder is the "
        "right one, delete the partition, and replay this message or run backup-org backfill"
    )


def obstacle(template: Template, columns: Sequence[str], found: RawCsv) -> str | None:
    """Why the raw table, with these columns, cannot read the report; None where it can."""
    if found.header is None:
        return None
    return difference(template, columns, found.header) or found.unreadable


def letter_attributes(
    *, key: str, template: Template, reason: str, expected: Sequence[str], header: Sequence[str]
) -> Mapping[str, MessageAttributeValueTypeDef]:
    """What lies beside the event of a withheld report in the dead-letter queue: why the raw table
    cannot read it, with both headers, as SQS's API takes it."""
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in (
            ("Key", key),
            ("Template", template.name),
            ("Reason", reason),
            ("Expected", json.dumps(list(expected))),
            ("Header", json.dumps(list(header))),
        )
    }
