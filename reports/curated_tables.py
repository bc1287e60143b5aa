"""The curated tables: what people query. Typed, and the same whatever the CSV's header was.

Which files a month of a table has stands in one object, its list, in the form in which Athena reads
S3 Inventory: `curated/<folder>/report_month=YYYY-MM/symlink.txt`, a line for each file. The files
lie at `files/<folder>/YYYY-MM/`: one for each delivered object, until the month's are compacted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.keys import ReportKey
from reports.templates import TEMPLATES, Kind, Template

PARTITION_KEY = "report_month"
"""YYYY-MM of the report's folder: a folder of the curated table, not in its files."""

PROVENANCE = {
    "report_plan": "string",
    "report_object": "string",
    "report_date": "string",
    "report_repeat": "bigint",
}
"""Where a row comes from: the report plan, the key of the delivered object, the day of its folder
as YYYY-MM-DD, and how many rows about the same stand before it there. With their types as Glue and
Athena call them."""

LISTS = "curated/"
"""Where the lists lie in the lake bucket."""
FILES = "files/"
"""Where the files lie that the lists name."""

_TYPES = {
    Kind.TEXT: "string",
    Kind.INTEGER: "bigint",
    Kind.FLAG: "boolean",
    Kind.TIME: "timestamp",
    Kind.DURATION: "bigint",
    Kind.PERCENT: "double",
}
# By state first: what failed is little, and then lies in few row groups whatever the Region. Then
# by what rows about the same have in common on all days, which compresses them best.
_ORDER = (
    "job_status",
    "control_compliance_status",
    "resource_compliance_status",
    "region",
    "account_id",
    "control_name",
    "report_date",
)


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


@dataclass(frozen=True, kw_only=True)
class CuratedTable:
    name: str
    folder: str
    """Of its lists and of its files, without slashes."""
    columns: Mapping[str, str]
    """Their types, as Glue and Athena call them, by their names; without the partition key."""
    order: Sequence[str]
    """What its files are sorted by, so that Athena passes over row groups that it does not need."""

    @property
    def location(self) -> str:
        """Of its lists' folders in the lake bucket."""
        return f"{LISTS}{self.folder}/"

    def list_key(self, month: str) -> str:
        return f"{self.location}{PARTITION_KEY}={month}/symlink.txt"

    def files_folder(self, month: str) -> str:
        return f"{FILES}{self.folder}/{month}/"


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


def view_name(template: Template) -> str:
    """backup_jobs, …, resource_compliance: what people query."""
    return f"{template.name}s" if template.is_job else template.name


def table_name(template: Template) -> str:
    """backup_jobs_curated, …, resource_compliance_curated."""
    return f"{view_name(template)}_curated"


def curated_table(template: Template) -> CuratedTable:
    types = {column.name: column.type for column in columns(template)}
    return CuratedTable(
        name=table_name(template),
        folder=template.name,
        columns=types | PROVENANCE,
        order=[name for name in _ORDER if name in types | PROVENANCE],
    )


_OBJECT = {name: PROVENANCE[name] for name in ("report_plan", "report_object", "report_date")}
DELIVERIES = CuratedTable(
    name="report_deliveries",
    folder="deliveries",
    columns={
        **_OBJECT,
        "template": "string",
        "rows": "bigint",
        "lines": "bigint",
        "lines_taken": "bigint",
        "lines_rejected": "bigint",
        "unreadable_values": "bigint",
    },
    order=["report_date", "report_object"],
)
"""What was delivered: one row a delivered object, also where that has no rows. It is published
last: where an object is in it, all is done.

`rows` were made of `lines_taken` of the `lines` below the header, as a row may go over several and
a blank line makes none; the others were rejected. `unreadable_values` are NULL in the rows, as they
are not of their column's type."""
REJECTS = CuratedTable(
    name="report_rejects",
    folder="rejects",
    columns={
        **_OBJECT,
        "first_line": "bigint",
        "lines": "bigint",
        "bytes": "bigint",
        "reason": "string",
        "text": "string",
    },
    order=["report_date", "report_object", "first_line"],
)
"""What was rejected: one row a piece of a report that no row could be made of. The header is line
1; `text` is the beginning of the piece."""

TABLES: Sequence[CuratedTable] = (*map(curated_table, TEMPLATES.values()), REJECTS, DELIVERIES)


def month_of(report: ReportKey) -> str:
    return f"{report.date:%Y-%m}"


def object_name(report: ReportKey) -> str:
    """What a delivered object is called in each table's files: `<plan>-<digest of its key>`."""
    return f"{report.plan}-{_digest(report.key.encode())}"


def file_name(report: ReportKey, content: bytes) -> str:
    """Of a delivered object's file: the same object twice makes the same file, and one that has
    changed another."""
    return f"{object_name(report)}-{_digest(content)}.parquet"


def month_file_name(made_of: Sequence[str]) -> str:
    """Of a compacted file, by the names of the files that it was made of."""
    return f"month-{_digest(chr(10).join(sorted(made_of)).encode())}.parquet"


def is_month_file(name: str) -> bool:
    """A report plan may be called month: its files have a digest more."""
    return name.startswith("month-") and name.count("-") == 1


def of_object(name: str) -> str:
    """The object's name in that of its file."""
    return name.rpartition("-")[0]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
