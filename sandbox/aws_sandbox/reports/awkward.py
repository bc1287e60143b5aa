"""Reports that are awkward on purpose: what AWS may send one day, for tests of the lake."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from aws_sandbox.reports.files import SPLIT_BYTES, csv_files, rows
from aws_sandbox.reports.jobs import Profile, Row, Window
from aws_sandbox.reports.organization import Account, Organization, example
from aws_sandbox.reports.templates import Template, fields, words

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
    accounts: Sequence[Account] = example(10_000).accounts
    profile = Profile(seed=7, jobs_per_day=60)
    for account in accounts:
        organization = Organization(accounts=(account,), regions=("eu-west-1", "us-east-1"))
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
