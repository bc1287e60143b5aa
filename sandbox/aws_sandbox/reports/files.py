"""Reports as files: CSV as Audit Manager delivers it, split at 50 MB, and JSON."""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from aws_sandbox.reports.compliance import control_rows, resource_rows
from aws_sandbox.reports.jobs import Profile, Row, Window, backup_rows, copy_rows, restore_rows
from aws_sandbox.reports.organization import Organization
from aws_sandbox.reports.templates import HeaderStyle, Template, words

SPLIT_BYTES = 50_000_000
"""AWS splits a report larger than 50 MB into several files (Developer Guide, "Viewing reports")."""

_SOURCES = {
    Template.BACKUP_JOB_REPORT: backup_rows,
    Template.COPY_JOB_REPORT: copy_rows,
    Template.RESTORE_JOB_REPORT: restore_rows,
    Template.CONTROL_COMPLIANCE_REPORT: control_rows,
    Template.RESOURCE_COMPLIANCE_REPORT: resource_rows,
}
_NUMBERS = {
    "backupSizeInBytes",
    "deleteAfterDays",
    "moveToColdAfterDays",
    "numResourcesCompliant",
    "numResourcesNonCompliant",
}
_FLAGS = {"isParentJob", "isEncrypted", "enableArchive"}
_OBJECTS = {"backupOptions"}


def rows(
    template: Template, organization: Organization, profile: Profile, window: Window
) -> Iterator[Row]:
    """The rows of one report, account by account and Region by Region, made as they are read."""
    return _SOURCES[template](organization, profile, window)


def csv_files(
    content: Iterable[Row],
    columns: Sequence[str],
    *,
    header: HeaderStyle = words,
    split_bytes: int = SPLIT_BYTES,
) -> Iterator[bytes]:
    """The report's files: at least one, each with the header, none larger than the split."""
    first = _line(map(header, columns)).encode()
    file = io.BytesIO()
    file.write(first)
    for line in map(_line, map(itemgetter(*columns), content)):
        encoded = line.encode()
        if file.tell() + len(encoded) > split_bytes and file.tell() > len(first):
            yield file.getvalue()
            file = io.BytesIO()
            file.write(first)
        file.write(encoded)
    yield file.getvalue()


def _line(values: Iterable[str]) -> str:
    """One CSV line with every field quoted; several times as fast as the csv module."""
    joined = "\x1f".join(values).replace('"', '""').replace("\x1f", '","')
    return f'"{joined}"\n'


def json_file(content: Iterable[Row], columns: Sequence[str]) -> bytes:
    """`{"reportItems": […]}`, which AWS offers for one account and one Region only."""
    items = [{name: _typed(name, row[name]) for name in columns if row[name]} for row in content]
    return json.dumps({"reportItems": items}).encode()


def _typed(name: str, value: str) -> object:
    if name in _NUMBERS:
        return int(value)
    if name in _FLAGS:
        return value == "true"
    return json.loads(value) if name in _OBJECTS else value
