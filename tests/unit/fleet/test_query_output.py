"""Rows of the lake on a terminal, in a pipe, and for programs."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from io import StringIO
from itertools import count
from typing import Any

import pytest
from rich.console import Console

from fleet.errors import ToldError
from fleet.lake.commands import write
from fleet.lake.query import Result
from fleet.lake.query_output import Output, lines, show

COLUMNS = ["text", "number", "rate", "flag", "time"]
TIME = datetime.fromisoformat("2026-11-01 02:03:04")  # without a zone, as Athena's are
VALUES = ["a", 3_000_000_000, Decimal("99.5"), True, TIME]
NULLS = [None] * 5


def shown(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int, *, terminal: bool = True
) -> list[str]:
    file = StringIO()
    console = Console(
        file=file, width=width, force_terminal=terminal, color_system=None, markup=False
    )
    show(console, columns, rows)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def result(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> Result:
    return Result(columns=columns, rows=rows, scanned_bytes=1_500_000, seconds=0.25)


def test_tsv_tells_null_from_empty_and_stays_a_line_a_row() -> None:
    rows = [VALUES, NULLS, ["", "a\tb", "c\nd\re", "\\N", "é"]]
    assert list(lines(Output.TSV, COLUMNS, rows)) == [
        "text\tnumber\trate\tflag\ttime",
        "a\t3000000000\t99.5\ttrue\t2026-11-01 02:03:04",
        "\\N\t\\N\t\\N\t\\N\t\\N",
        "\ta\\tb\tc\\nd\\re\t\\\\N\té",
    ]


def test_csv_tells_null_from_empty_and_is_read_back_as_it_was() -> None:
    texts = ["a,b", 'say "no"', "c\nd\r", "", "é"]
    written = list(lines(Output.CSV, COLUMNS, [VALUES, NULLS, texts]))
    assert written[:3] == [
        "text,number,rate,flag,time",
        "a,3000000000,99.5,true,2026-11-01 02:03:04",
        ",,,,",
    ]
    assert written[3].split(",")[4] == '""'
    (read,) = csv.reader(StringIO(written[3] + "\n", newline=""))
    assert read == texts


def test_json_is_an_object_a_line_and_keeps_types() -> None:
    rows = [VALUES, NULLS, ["", float("nan"), Decimal(7), False, [1, {"a": None}]]]
    assert [json.loads(line) for line in lines(Output.JSON, COLUMNS, rows)] == [
        {
            "text": "a",
            "number": 3_000_000_000,
            "rate": 99.5,
            "flag": True,
            "time": "2026-11-01T02:03:04",
        },
        dict.fromkeys(COLUMNS),
        {"text": "", "number": None, "rate": 7, "flag": False, "time": [1, {"a": None}]},
    ]


def test_json_that_would_lose_a_column_is_refused() -> None:
    with pytest.raises(ToldError, match="a names several columns: tell them apart with AS"):
        list(lines(Output.JSON, ["a", "b", "a"], []))


def test_what_fits_stands_in_a_table() -> None:
    found = shown(["account", "jobs"], [["111111111111", 7], [None, 12345]], 80)
    assert found[3:5] == ["│ 111111111111 │     7 │", "│ NULL         │ 12345 │"]


@pytest.mark.parametrize("width", [80, 40])
def test_what_is_wider_than_a_terminal_stands_upright_and_nothing_is_cut(width: int) -> None:
    columns = [f"column_{number:02}" for number in range(42)]
    arn = "arn:aws:backup:eu-central-1:111111111111:recovery-point:0123456789-0123456789-0123456789"
    rows = [[f"value {number}" for number in range(41)] + [arn]] * 2
    found = shown(columns, rows, width)
    assert max(map(len, found)) <= width
    assert [line for line in found if line.startswith(("1 of 2 ─", "2 of 2 ─"))] == [
        f"{number} of 2 ".ljust(width, "─") for number in (1, 2)
    ]
    assert found[1:42] == [f"column_{number:02}  value {number}" for number in range(41)]
    last = found.index("column_41")
    assert "".join(line.strip() for line in found[last + 1 : len(found) // 2]) == arn


def test_a_table_that_is_asked_for_in_a_pipe_is_as_wide_as_it_is() -> None:
    (_, _, _, row, _) = shown(["a", "b"], [["x" * 100, "y" * 100]], 80, terminal=False)
    assert row == f"│ {'x' * 100} │ {'y' * 100} │"


def test_a_terminal_obeys_nothing_that_a_row_says() -> None:
    found = "\n".join(shown(["a"], [["[red]\x1b[31m\nnext"]], 80))
    assert r"[red]\x1b[31m\nnext" in found


def test_a_table_says_how_many_of_how_many_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    write(result(["n"], iter([(n,) for n in range(1234)])), Output.TABLE, None)
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 50 + 4
    assert printed.err.splitlines() == [
        "50 of 1,234 rows, 1.50 MB read, 0.2 s",
        "all of them: --limit 1234",
    ]


def test_a_pipe_gets_every_row_and_messages_go_beside(capsys: pytest.CaptureFixture[str]) -> None:
    write(result(["n"], iter([("x" * 200,)] * 100_000)), Output.TSV, None)
    printed = capsys.readouterr()
    assert printed.out == "n\n" + f"{'x' * 200}\n" * 100_000
    assert printed.err == "100,000 rows, 1.50 MB read, 0.2 s\n"


def test_rows_are_written_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    def rows() -> Iterator[tuple[int]]:
        for number in count():
            yield (number,)
            if number == 10_000:
                raise ConnectionError

    with pytest.raises(ConnectionError):
        write(result(["n"], rows()), Output.JSON, None)
    assert capsys.readouterr().out.splitlines()[-1] == '{"n": 10000}'


def test_a_limit_holds_in_a_pipe_too(capsys: pytest.CaptureFixture[str]) -> None:
    write(result(["n"], iter([(n,) for n in range(9)])), Output.CSV, 2)
    printed = capsys.readouterr()
    assert printed.out == "n\n0\n1\n"
    assert printed.err.startswith("2 of 9 rows, ")


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    script = """
from itertools import count
from fleet.errors import ToldError
from fleet.lake.commands import write
from fleet.lake.query import Result
from fleet.lake.query_output import Output
from fleet.terminal import read_by_others
rows = ((n,) for n in count())
with read_by_others():
    write(Result(columns=["n"], rows=rows, scanned_bytes=0, seconds=0), Output.TSV, None)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "n\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
