"""Reports as files: their columns and headers, CSV as Audit Manager delivers it, and JSON.

AWS publishes the fields as JSON samples (AWS Backup Developer Guide, "Choosing your report
template"); the CSV's own headers and the order of its newer columns are not public. Seven headers
are known from programs, and the order of the first 21 columns of an organization's
BACKUP_JOB_REPORT from tables, that people published; all else follows the samples, with PathToRoot
before the account's id.
"""

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from operator import itemgetter
from types import MappingProxyType

from aws_sandbox.reports.report_plans import ReportedAccount, ReportedOrganization, example
from aws_sandbox.reports.rows import (
    Profile,
    Row,
    Window,
    backup_rows,
    control_rows,
    copy_rows,
    resource_rows,
    restore_rows,
)


class Template(StrEnum):
    """What CreateReportPlan takes as ReportTemplate."""

    BACKUP_JOB_REPORT = "BACKUP_JOB_REPORT"
    RESTORE_JOB_REPORT = "RESTORE_JOB_REPORT"
    COPY_JOB_REPORT = "COPY_JOB_REPORT"
    CONTROL_COMPLIANCE_REPORT = "CONTROL_COMPLIANCE_REPORT"
    RESOURCE_COMPLIANCE_REPORT = "RESOURCE_COMPLIANCE_REPORT"


PATH_TO_ROOT = "pathToRoot"
"""The column that only reports over several accounts have."""

_PERIOD = "reportTimePeriodStart reportTimePeriodEnd"
_RULE = (
    "initiationDate backupPlanName backupRuleName backupRuleSchedule backupRuleTimezone "
    "startWindowEnd backupOptions isParentJob parentJobId"
)
_PROTECTION = (
    "vaultType vaultLockStatus isEncrypted encryptionKeyArn deleteAfterDays moveToColdAfterDays "
    "enableArchive"
)
_FRAMEWORK = f"{PATH_TO_ROOT} accountId region frameworkName frameworkDescription controlName"

_FIELDS: Mapping[Template, Sequence[str]] = {
    Template.BACKUP_JOB_REPORT: (
        f"{_PERIOD} {PATH_TO_ROOT} accountId region backupJobId jobStatus statusMessage "
        "resourceType resourceArn backupPlanArn backupRuleId creationDate completionDate "
        "expectedCompletionDate recoveryPointArn jobRunTime backupSizeInBytes backupVaultName "
        f"backupVaultArn iamRoleArn resourceName {_RULE} {_PROTECTION}"
    ).split(),
    Template.COPY_JOB_REPORT: (
        f"{_PERIOD} {PATH_TO_ROOT} accountId region copyJobId jobStatus jobRunTime resourceType "
        f"resourceArn resourceName {_RULE} creationDate completionDate backupSizeInBytes "
        "sourceRecoveryPointArn sourceBackupVaultArn destinationRecoveryPointArn "
        f"destinationBackupVaultArn {_PROTECTION} iamRoleArn"
    ).split(),
    Template.RESTORE_JOB_REPORT: (
        f"reportTimePeriod {PATH_TO_ROOT} accountId region restoreJobId jobStatus "
        f"recoveryPointArn resourceName {_RULE} {_PROTECTION} sourceResourceArn backupVaultArn "
        "creationDate backupSizeInBytes percentDone iamRoleArn"
    ).split(),
    Template.CONTROL_COMPLIANCE_REPORT: (
        f"{_FRAMEWORK} controlComplianceStatus lastEvaluationTime numResourcesCompliant "
        "numResourcesNonCompliant controlFrequency controlScope controlParameters"
    ).split(),
    Template.RESOURCE_COMPLIANCE_REPORT: (
        f"{_FRAMEWORK} resourceId resourceType resourceComplianceStatus lastEvaluationTime"
    ).split(),
}


def fields(template: Template, *, across_accounts: bool = True) -> Sequence[str]:
    """The documented names of a report's columns, in order."""
    return tuple(name for name in _FIELDS[template] if across_accounts or name != PATH_TO_ROOT)


HeaderStyle = Callable[[str], str]
"""How a documented field name is spelled in a CSV header."""

_UNITS = MappingProxyType(
    {"jobRunTime": "[HH:MM:SS]", "creationDate": "[UTC]", "completionDate": "[UTC]"}
)
_SEEN = MappingProxyType(
    {
        "resourceArn": "Resource ARN",
        "recoveryPointArn": "Recovery Point ARN",
        "backupSizeInBytes": "Backup Size in Bytes",
    }
)
"""Of the headers that were seen, those that are spelt otherwise than the rest is made."""


def words(field: str) -> str:
    """`accountId` → `Account Id`; a few with a unit in brackets. The default: what is known."""
    if field in _SEEN:
        return _SEEN[field]
    spaced = " ".join(re.findall(r"[A-Z]?[a-z]+", field)).title()
    return f"{spaced} {_UNITS[field]}" if field in _UNITS else spaced


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
    template: Template, organization: ReportedOrganization, profile: Profile, window: Window
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


WINDOW = Window(end=datetime(2026, 11, 22, 2, 17, 33, tzinfo=UTC))


class Awkward(StrEnum):
    """What is wrong, or unusual, with a file."""

    BYTE_ORDER_MARK = "byte-order-mark"
    BRACKETED_HEADERS = "bracketed-headers"
    COLUMN_APPENDED = "column-appended"
    COLUMN_INSERTED = "column-inserted"
    COLUMN_MISSING = "column-missing"
    COLUMNS_MOVED = "columns-moved"
    EMPTY = "empty"
    HEADER_ONLY = "header-only"
    LINE_BREAKS = "line-breaks"
    IN_PARTS = "in-parts"


def awkward(
    template: Template, kind: Awkward, *, split_bytes: int = SPLIT_BYTES
) -> Iterator[bytes]:
    """The files of one such report; one file but for IN_PARTS, which is 60 MB in two."""
    if kind is Awkward.EMPTY:
        yield b""
        return
    columns = list(fields(template))
    content = _content(template, kind, split_bytes)
    added = {"retentionLockMode": 'GOVERNANCE, "soft"'}
    if kind in {Awkward.COLUMN_APPENDED, Awkward.COLUMN_INSERTED}:
        columns.insert(len(columns) if kind is Awkward.COLUMN_APPENDED else 3, "retentionLockMode")
        content = ({**row, **added} for row in content)
    columns = _REARRANGED.get(kind, list)(columns)
    header = _bracketed if kind is Awkward.BRACKETED_HEADERS else words
    for file in csv_files(content, columns, header=header, split_bytes=split_bytes):
        yield b"\xef\xbb\xbf" + file if kind is Awkward.BYTE_ORDER_MARK else file


def _content(template: Template, kind: Awkward, split_bytes: int) -> Iterator[Row]:
    if kind is Awkward.HEADER_ONLY:
        return iter(())
    if kind is Awkward.IN_PARTS:
        return _at_least(template, int(split_bytes * 1.2))
    profile = Profile(seed=7, jobs_per_day=15, line_breaks=kind is Awkward.LINE_BREAKS)
    content = rows(template, example(3), profile, WINDOW)
    return map(_broken, content) if kind is Awkward.LINE_BREAKS else content


def _at_least(template: Template, size: int) -> Iterator[Row]:
    """Rows of ever more accounts until they are `size` bytes."""
    accounts: Sequence[ReportedAccount] = example(10_000).accounts
    profile = Profile(seed=7, jobs_per_day=60)
    for account in accounts:
        organization = ReportedOrganization(accounts=(account,), regions=("eu-west-1", "us-east-1"))
        for row in rows(template, organization, profile, WINDOW):
            yield row
            size -= sum(len(row[name]) + 3 for name in fields(template))
            if size < 0:
                return
    raise ValueError(f"{template} cannot be made {size} bytes larger with 10,000 accounts")


def _broken(row: Row) -> Row:
    """With a line break in a text that the report has, whatever its template."""
    name = "resourceName" if "resourceName" in row else "frameworkDescription"
    return {**row, name: f"{row[name]}\nand so on"}


def _bracketed(field: str) -> str:
    return f"{words(field).split(' [')[0]} [{field}]"


def _without(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name not in {"resourceType", "controlScope", "percentDone"}]


def _moved(columns: Sequence[str]) -> list[str]:
    return [*columns[:2], columns[-1], *columns[2:-1]]


_REARRANGED: Mapping[Awkward, Callable[[Sequence[str]], list[str]]] = MappingProxyType(
    {Awkward.COLUMN_MISSING: _without, Awkward.COLUMNS_MOVED: _moved}
)
