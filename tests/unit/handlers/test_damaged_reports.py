"""What of a report cannot be read is kept aside with the reason, and the rest goes in."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.curate_reports import duck as curating
from handlers.curate_reports.core import Curation, curation, quick_sql
from reports.templates import TEMPLATES
from tests.support.curations import CASES, assert_meaning, curated, rejects_of, rows_of

BACKUP = TEMPLATES["backup_job"]
READER = {
    "header = false": ["header = true"],
    "skip = 1": ["skip = 0", "skip = 2"],
    "auto_detect = false": ["auto_detect = true"],
    "delim = ','": ["delim = ';'"],
    "quote = '\"'": ["quote = ''", "quote = '|'"],
    "escape = '\"'": ["escape = ''", "escape = '|'"],
    "strict_mode = true": ["strict_mode = false", "strict_mode = true, null_padding = true"],
    "allow_quoted_nulls = false": ["allow_quoted_nulls = true"],
}
"""What each setting of the CSV reader might be changed to."""


@pytest.mark.parametrize(
    ("setting", "changed"), [(one, other) for one, others in READER.items() for other in others]
)
def test_a_setting_of_the_csv_reader_that_changes_breaks_a_golden_report(
    setting: str, changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("quick_sql", "reading_sql"):
        made: Callable[[Curation], str] = getattr(curating, name)

        def mutated(how: Curation, made: Callable[[Curation], str] = made) -> str:
            return made(how).replace(setting, changed)

        monkeypatch.setattr(curating, name, mutated)
    with pytest.raises((AssertionError, duckdb.Error)):
        assert_all_meanings(tmp_path)


def assert_all_meanings(scratch: Path) -> None:
    for number, case in enumerate(CASES):
        folder = scratch / str(number)
        folder.mkdir()
        assert_meaning(case, folder)


def test_every_setting_of_the_csv_reader_is_changed_somewhere() -> None:
    how = curation(BACKUP, [column.raw for column in BACKUP.columns])
    assert quick_sql(how).partition("}, ")[2].partition(", buffer_size")[0] == ", ".join(READER)


HEADER = (
    "Account Id,Region,Backup Job Id,Status Message,Report Time Period End,Job Status,Resource Type"
)
TIME = "2026-11-21T00:00:00Z"
ACCOUNT = "1" * 12


def row(number: int, message: str = "", *, account: str = ACCOUNT, time: str = TIME) -> str:
    return f"{account},eu-west-1,b-{number},{message},{time},FAILED,EBS\n"


def read(folder: Path, body: str | bytes) -> tuple[list[str], list[tuple[int, int, str]], int]:
    """The ids of the rows; first line, lines and reason of each piece; and the lines taken."""
    source = folder / "report.csv"
    source.write_bytes(f"{HEADER}\n".encode() + (body.encode() if isinstance(body, str) else body))
    made, target = curated(BACKUP, source)
    assert made.lines == made.counts["lines_taken"] + made.lines_rejected
    pieces = [(one["first_line"], one["lines"], one["reason"]) for one in rejects_of(made)]
    assert sum(lines for _, lines, _ in pieces) == made.lines_rejected
    ids = sorted(str(found["backup_job_id"]) for found in rows_of(target))
    return ids, pieces, made.counts["lines_taken"]


def test_a_line_of_more_than_2_mb_costs_itself_alone(tmp_path: Path) -> None:
    fits = 2_000_000 - len(row(2)) + 1
    ids, pieces, _ = read(tmp_path, row(1) + row(2, "x" * fits) + row(3, "x" * (fits + 1)) + row(4))
    assert ids == ["b-1", "b-2", "b-4"]
    assert pieces == [(4, 1, "longer than 2,000,000 bytes")]


def test_of_a_large_piece_the_beginning_is_kept_and_its_size(tmp_path: Path) -> None:
    source = tmp_path / "report.csv"
    long = row(1, "x" * 30_000_000)
    source.write_text(f"{HEADER}\n{long}{row(2)}", encoding="utf-8")
    made, _ = curated(BACKUP, source)
    (piece,) = rejects_of(made)
    assert (piece["bytes"], piece["text"]) == (len(long), long[:10_000])


@pytest.mark.parametrize("size", [999_998, 999_999, 1_000_000, 1_000_001, 1_999_999, 2_000_000])
@pytest.mark.parametrize("odd", [b",", b"\0", b'"a" "b"', b"\r"])
def test_what_duckdb_would_misread_is_found_wherever_a_chunk_ends(
    size: int, odd: bytes, tmp_path: Path
) -> None:
    fill = row(1, "x" * 900).encode()
    body = fill * (size // len(fill))
    body += row(2, "x" * max(0, size - len(body) - len(row(2)) - 12)).encode()
    damaged = {
        b",": row(3).replace("EBS\n", "EBS,\n").encode(),
        b"\r": row(3).encode() + b"\r",
    }.get(odd, row(3, odd.decode()).encode())
    ids, pieces, _ = read(tmp_path, body + damaged + row(4).encode())
    assert ids.count("b-3") == (odd == b"\r")
    assert len(pieces) == (odd != b"\r")
    assert ids[-1] == "b-4"


def test_a_blank_line_is_taken_and_makes_no_row(tmp_path: Path) -> None:
    assert read(tmp_path, f"\n{row(1)}\r\n\n{row(2)}\n") == (["b-1", "b-2"], [], 6)


def test_reading_resumes_at_a_line_with_a_valid_account_and_date_alone(tmp_path: Path) -> None:
    unlikely = row(2, account="12345") + row(3, time="yesterday") + row(4, time="")
    ids, pieces, _ = read(tmp_path, row(1) + "short\n" + unlikely + row(5))
    assert ids == ["b-1", "b-5"]
    assert pieces == [(3, 4, "1 fields, where the header has 7")]
    # Where nothing is damaged, they are rows as others.
    assert read(tmp_path, row(1) + unlikely)[0] == ["b-1", "b-2", "b-3", "b-4"]


def test_a_row_of_several_lines_needs_a_valid_account_and_date(tmp_path: Path) -> None:
    ids, pieces, _ = read(tmp_path, row(1, '"a\nb"', account="x") + row(2, '"a\nb"') + row(3))
    assert ids == ["b-3"]
    assert pieces == [(2, 4, "several lines, and no valid account and date")]


def test_a_report_that_is_one_open_quote_is_rejected_whole(tmp_path: Path) -> None:
    lines = "a message\n" * 300_000
    ids, pieces, _ = read(tmp_path, row(1, '"').rstrip("\n") + lines)
    assert ids == []
    assert [(first, count) for first, count, _ in pieces] == [(2, 300_000)]


DOUBLED = '""'
VALUES = st.text(st.sampled_from(list('ab1,"\n\\é')), max_size=6)
DAMAGE = st.tuples(
    st.integers(0, 10**6),
    st.integers(0, 3),
    st.sampled_from([b"", b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\0", b"\xe9", b"x"]),
)
"""Where, how many bytes go, and what comes in their place."""


@given(
    messages=st.lists(VALUES, min_size=1, max_size=8),
    damages=st.lists(DAMAGE, max_size=3),
    quotes_all=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
)
def test_however_a_report_is_damaged_each_line_is_a_rows_or_a_pieces_and_none_is_made_up(
    messages: Sequence[str],
    damages: Sequence[tuple[int, int, bytes]],
    ending: str,
    *,
    quotes_all: bool,
    last: bool,
) -> None:
    records = [
        written(number, text, ending, quotes_all=quotes_all) for number, text in enumerate(messages)
    ]
    if not last:
        records[-1] = records[-1].removesuffix(ending.encode())
    whole = list(records)
    for where, length, put in damages:
        hit = where % len(records)
        place = where % (len(records[hit]) + 1)
        records[hit] = records[hit][:place] + put + records[hit][place + length :]
    body = b"".join([HEADER.encode(), ending.encode(), *records])
    with TemporaryDirectory() as folder:
        source = Path(folder) / "report.csv"
        source.write_bytes(body)
        made, target = curated(BACKUP, source)
        rows, pieces = rows_of(target), rejects_of(made)
    lines = body.splitlines(keepends=True)[1:]
    assert made.lines == len(lines)
    assert sum(piece["lines"] for piece in pieces) == made.lines_rejected
    rejected = [
        number
        for piece in pieces
        for number in range(piece["first_line"] - 2, piece["first_line"] - 2 + piece["lines"])
    ]
    assert rejected == sorted(set(rejected))
    found = [(str(each["backup_job_id"]), each["status_message"]) for each in rows]
    # What is taken stands so, alone, in lines that were not rejected.
    assert not set(found) - set(alone(lines, rejected))
    for number in sure(whole, records):
        assert (f"b-{number}", messages[number] or None) in found


def written(number: int, message: str, ending: str, *, quotes_all: bool) -> bytes:
    values = [ACCOUNT, "eu-west-1", f"b-{number}", message, TIME, "FAILED", "EBS"]
    quoted = [quotes_all or any(mark in value for mark in ',"\r\n') for value in values]
    fields = (
        f'"{value.replace(DOUBLED[:1], DOUBLED)}"' if quotes else value
        for value, quotes in zip(values, quoted, strict=True)
    )
    return (",".join(fields) + ending).encode()


def alone(lines: Sequence[bytes], rejected: Sequence[int]) -> Iterator[tuple[str, str | None]]:
    """Job and message of each run of lines, none of them rejected, that is one row by itself."""
    for first in range(len(lines)):
        for end in range(first + 1, len(lines) + 1):
            if set(range(first, end)) & set(rejected):
                break
            text = b"".join(lines[first:end]).decode().rstrip("\r\n")
            try:
                (values,) = csv.reader([text], strict=True)
            except (csv.Error, ValueError):
                continue
            if len(values) == HEADER.count(",") + 1:
                yield values[2].strip(" "), values[3] or None


def sure(whole: Sequence[bytes], records: Sequence[bytes]) -> Iterator[int]:
    """The rows that no damage reaches: after damage, from a whole row of one line on."""
    in_step = True
    for number, record in enumerate(records):
        unchanged = record == whole[number]
        beside = number > 0 and records[number - 1] != whole[number - 1]
        if not unchanged or beside:
            in_step = False
        elif len(record.splitlines()) == 1:
            in_step = True
        if in_step:
            yield number
