"""Which partition of which raw table a delivered report belongs to, and whether it can be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.raw_csv import RawCsv, difference
from handlers.report_keys import UnrecognisedKey, parse
from handlers.report_plans import Plans, plan_of
from handlers.report_templates import TEMPLATES, Template


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


@dataclass(frozen=True, kw_only=True)
class Report:
    """A delivered object that is a report of one of the lake's plans."""

    template: Template
    partition: Partition


def report_of(bucket: str, key: str, plans: Plans) -> Report | None:
    """None where an object is no CSV report of these plans."""
    try:
        found = parse(key)
    except UnrecognisedKey:
        return None
    plan = plan_of(found, plans)
    if plan is None or not found.file.lower().endswith(".csv"):
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


def obstacle(template: Template, columns: Sequence[str], found: RawCsv) -> str | None:
    """Why the raw table, with these columns, cannot read the report; None where it can."""
    if found.header is None:
        return None
    return difference(template, columns, found.header) or found.unreadable
