"""What a raw table can read: line by line, in chunks of any size."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.raw_csv import RawCsv, difference, scan
from reports.templates import TEMPLATES

COPIES = TEMPLATES["copy_job"]
HEADER = b'"Account Id","Status Message"\n'


def chunks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def test_a_plain_report_is_readable() -> None:
    found = scan([HEADER, b'"1","it said ""no"", twice"\n"2",""\n'])
    assert found == RawCsv(header=["Account Id", "Status Message"], unreadable=None)


@pytest.mark.parametrize("content", [HEADER, HEADER.rstrip()])
def test_a_header_alone_is_readable(content: bytes) -> None:
    assert scan([content]) == RawCsv(header=["Account Id", "Status Message"], unreadable=None)


def test_an_empty_file_has_no_header() -> None:
    assert scan([]) == scan([b""]) == RawCsv(header=None, unreadable=None)


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert scan([b"\xef\xbb\xbf" + HEADER]).header == ["Account Id", "Status Message"]


def test_a_line_break_within_a_field_is_unreadable_and_its_line_is_named() -> None:
    found = scan([HEADER, b'"1","one\ntwo"\n'])
    assert found.unreadable == "line 2: a line break within a field"


@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
def test_a_carriage_return_ends_a_line_too(end: bytes) -> None:
    lines = [HEADER.rstrip(), b'"1","x"', b'"2","y"', b""]
    assert scan([end.join(lines)]) == RawCsv(
        header=["Account Id", "Status Message"], unreadable=None
    )
    found = scan([end.join([*lines[:2], b'"2","one' + end + b'two"', b""])])
    assert found.unreadable == "line 3: a line break within a field"


@given(st.lists(st.sampled_from([b'"', b"a", b",", b"\r", b"\n"]), max_size=30))
def test_lines_are_those_that_the_raw_table_has(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    lines = re.split(rb"\r\n|\r|\n", content)
    odd = [number for number, line in enumerate(lines, 1) if line.count(b'"') % 2]
    unreadable = scan(chunks(content, 1)).unreadable
    assert unreadable == (f"line {odd[0]}: a line break within a field" if odd else None)


def test_a_backslash_before_a_quote_is_unreadable() -> None:
    found = scan([HEADER, b'"1","fine"\n"2","C:\\"\n'])
    assert found.unreadable == "line 3: a backslash before a quote"


@given(st.binary(max_size=200), st.integers(min_value=1, max_value=50))
def test_the_size_of_chunks_makes_no_difference(content: bytes, size: int) -> None:
    assert scan(chunks(HEADER + content, size)) == scan([HEADER + content])


def first_difference(columns: list[str], header: list[str]) -> str:
    """Without what is said of the formats."""
    found = difference(COPIES, columns, header)
    assert found is not None
    return found.split(": this is ")[0]


@pytest.mark.parametrize("organization", [True, False])
def test_a_report_from_before_columns_were_appended_fits(organization: bool) -> None:
    guide = [column.raw for column in COPIES.columns_of(organization=organization)]
    learnt = [*guide, "vault_owner", "account_name"]
    for count in range(len(guide), len(learnt) + 1):
        assert difference(COPIES, learnt, learnt[:count]) is None
    assert first_difference(learnt, guide[:-1]) == (
        f"column {len(guide)}, {guide[-1]!r}, is missing"
    )


def test_a_report_that_is_shorter_than_columns_in_another_order_does_not_fit() -> None:
    guide = [column.raw for column in COPIES.columns]
    learnt = [*guide[1:], guide[0], "vault_owner"]
    assert first_difference(learnt, learnt[:-1]) == (
        f"column {len(learnt)}, 'vault_owner', is missing"
    )


def test_a_report_from_before_a_column_was_inserted_does_not_fit() -> None:
    guide = [column.raw for column in COPIES.columns]
    learnt = [*guide[:3], "vault_owner", *guide[3:]]
    assert first_difference(learnt, guide) == (
        f"column 4 should be 'vault_owner', and is {guide[3]!r}"
    )


JOBS = TEMPLATES["backup_job"]
ORGANIZATION = [column.name for column in JOBS.columns]
ACCOUNT = [column.name for column in JOBS.columns_of(organization=False)]


@pytest.mark.parametrize(
    ("table", "header", "told"),
    [
        (
            ORGANIZATION,
            ACCOUNT,
            "column 3 should be 'pathtoroot', and is 'account_id': this is one account's report of "
            "37 columns, and the raw table reads an organization's report of 38 columns;",
        ),
        (
            ACCOUNT,
            ORGANIZATION,
            "column 3 should be 'account_id', and is 'path_to_root': this is an organization's "
            "report of 38 columns, and the raw table reads one account's report of 37 columns;",
        ),
        (
            ORGANIZATION,
            ORGANIZATION[:21],
            "column 22, 'resource_name', is missing: this is an organization's report of 21 "
            "columns, and the raw table reads an organization's report of 38 columns;",
        ),
        (
            ORGANIZATION,
            [name for name in ORGANIZATION[:21] if name != "path_to_root"],
            "column 3 should be 'pathtoroot', and is 'account_id': this is one account's report of "
            "20 columns, and the raw table reads an organization's report of 38 columns;",
        ),
    ],
    ids=["one account's", "an organization's", "an older one", "an older one of one account"],
)
def test_a_report_of_another_format_is_told_with_both_and_the_cure(
    table: list[str], header: list[str], told: str
) -> None:
    found = difference(JOBS, [JOBS.raw_name(name) for name in table], header)
    assert found is not None
    assert found.startswith(told)
    assert "under a prefix of its own (reports.plans.backup_job.prefix)" in found


@pytest.mark.parametrize(
    "header",
    [[], ["New", *ORGANIZATION], [ORGANIZATION[1], ORGANIZATION[0], *ORGANIZATION[2:]]],
    ids=["none", "one before", "two swapped"],
)
def test_a_header_that_nobody_knows_is_no_format(header: list[str]) -> None:
    found = difference(JOBS, [column.raw for column in JOBS.columns], header)
    assert found is not None
    assert "format" not in found
    assert "prefix" not in found


def test_a_first_line_too_long_for_a_header_is_unreadable_and_its_size_is_told() -> None:
    found = scan([b'"' + b"x" * 200_000 + b'"\n', b"1\n"])
    assert found == RawCsv(header=None, unreadable="line 1: a header of 200,002 bytes")
