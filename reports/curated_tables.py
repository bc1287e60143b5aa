"""The curated tables: what people query. Typed, and the same whatever the CSV's header was."""

import hashlib
from dataclasses import dataclass

from reports.keys import ReportKey
from reports.templates import Kind, Template

PARTITION_KEY = "report_date"
"""The day of the report's folder, YYYY-MM-DD: a folder of the curated table, not in its files."""

PROVENANCE = {"report_plan": "string", "report_object": "string", "report_repeat": "bigint"}
"""Where a row comes from: the report plan, the key of the delivered object, and how many rows
about the same stand before it there. With their types as Glue and Athena call them."""

_TYPES = {
    Kind.TEXT: "string",
    Kind.INTEGER: "bigint",
    Kind.FLAG: "boolean",
    Kind.TIME: "timestamp",
    Kind.DURATION: "bigint",
    Kind.PERCENT: "double",
}


@dataclass(frozen=True, kw_only=True)
class CuratedColumn:
    name: str
    kind: Kind
    source: str
    """The report's column, by its name."""

    @property
    def type(self) -> str:
        """As Glue and Athena call it."""
        return _TYPES[self.kind]


DELIVERIES = "report_deliveries"
"""The table of what was delivered: one row a delivered object, also where that has no rows."""
DELIVERIES_FOLDER = "deliveries/"
DELIVERY_COLUMNS = {
    "report_plan": "string",
    "report_object": "string",
    "template": "string",
    "rows": "bigint",
    "lines": "bigint",
    "lines_taken": "bigint",
    "lines_rejected": "bigint",
    "unreadable_values": "bigint",
}
"""With their types as Glue and Athena call them. `rows` were made of `lines_taken` of the `lines`
below the header, as a row may go over several and a blank line makes none; the others were
rejected. `unreadable_values` are NULL in the rows, as they are not of their column's type."""

REJECTS = "report_rejects"
"""The table of what was rejected: one row a piece of a report that no row could be made of."""
REJECTS_FOLDER = "rejects/"
REJECT_COLUMNS = {
    "report_plan": "string",
    "report_object": "string",
    "first_line": "bigint",
    "lines": "bigint",
    "bytes": "bigint",
    "reason": "string",
    "text": "string",
}
"""With their types as Glue and Athena call them. The header is line 1; `text` is the beginning of
the piece."""


def table_name(template: Template) -> str:
    """backup_jobs_curated, …, resource_compliance_curated."""
    return f"{view_name(template)}_curated"


def view_name(template: Template) -> str:
    """backup_jobs, …, resource_compliance: what people query."""
    return f"{template.name}s" if template.is_job else template.name


def folder(template: Template) -> str:
    """Where a curated table's files lie in the lake bucket."""
    return f"curated/{template.name}/"


def columns(template: Template) -> tuple[CuratedColumn, ...]:
    """In their order, without provenance and partition."""
    found: list[CuratedColumn] = []
    for column in (*template.columns, *template.optional):
        if column.kind is Kind.PERIOD:
            found += [
                CuratedColumn(name=f"{column.name}_{end}", kind=Kind.TIME, source=column.name)
                for end in ("start", "end")
            ]
        else:
            name = f"{column.name}_seconds" if column.kind is Kind.DURATION else column.name
            found.append(CuratedColumn(name=name, kind=column.kind, source=column.name))
    return tuple(found)


def curated_key(template: Template, report: ReportKey) -> str:
    """The one place of a report's curated file, so that the same object twice makes one file."""
    return folder(template) + _file(report)


def delivery_key(report: ReportKey) -> str:
    """Of the file that notes the delivery; it is written last: where it is, all is done."""
    return DELIVERIES_FOLDER + _file(report)


def rejects_key(report: ReportKey) -> str:
    """Of the file with what was rejected of the report; there is none where nothing was."""
    return REJECTS_FOLDER + _file(report)


def _file(report: ReportKey) -> str:
    digest = hashlib.sha256(report.key.encode()).hexdigest()[:16]
    return f"{PARTITION_KEY}={report.date.isoformat()}/{report.plan}-{digest}.parquet"
