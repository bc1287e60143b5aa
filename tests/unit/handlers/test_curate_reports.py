"""Delivered CSV becomes typed Parquet: by header, whatever its fields hold."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.curate_reports.lines import header_of
from reports.curated_tables import PROVENANCE, columns
from reports.templates import TEMPLATES, Kind, Template
from tests.support.curations import CASES, assert_meaning, curated, rows_of

BACKUP = TEMPLATES["backup_job"]
COPY = TEMPLATES["copy_job"]
TEXTS = [column.name for column in COPY.columns if column.kind is Kind.TEXT]
HEADER = "Account Id,Region,Backup Job Id,Job Status,Status Message,Backup Size [bytes]\n"


def written(tmp_path: Path, text: str) -> Path:
    source = tmp_path / "report.csv"
    source.write_bytes(text.encode())
    return source


def test_every_template_has_golden_reports() -> None:
    assert {case.parent.name for case in CASES} == set(TEMPLATES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_a_golden_report_means_what_is_written_beside_it(case: Path, tmp_path: Path) -> None:
    assert_meaning(case, tmp_path)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_file_has_every_column_in_its_type_though_the_report_has_few(
    template: Template, tmp_path: Path
) -> None:
    source = written(tmp_path, ",".join(c.raw for c in template.columns if c.required) + "\n")
    _, target = curated(template, source)
    with duckdb.connect() as duck:
        found = duck.execute("DESCRIBE SELECT * FROM read_parquet($f)", {"f": str(target)})
        types = {row[0]: row[1] for row in found.fetchall()}
    athena = {"VARCHAR": "string", "TIMESTAMP": "timestamp"}
    assert {name: athena.get(kind, kind.lower()) for name, kind in types.items()} == {
        **{column.name: column.type for column in columns(template)},
        **PROVENANCE,
    }


@pytest.mark.parametrize("content", ["", "\ufeff"])
def test_an_empty_file_has_no_header(content: str, tmp_path: Path) -> None:
    assert header_of(written(tmp_path, content)) is None


def test_sizes_beyond_32_bits_add_up_exactly(tmp_path: Path) -> None:
    size = 5_000_000_001
    header = "Account Id,Region,Backup Job Id,Job Status,Backup Size In Bytes\n"
    lines = "".join(f"111111111111,eu-west-1,b-{n},COMPLETED,{size}\n" for n in range(1_000))
    _, target = curated(BACKUP, written(tmp_path, header + lines))
    assert sum(row["backup_size_in_bytes"] for row in rows_of(target)) == size * 1_000


def test_a_row_says_how_many_about_the_same_stand_before_it(tmp_path: Path) -> None:
    lines = "".join(f"1,r,b-{n % 3},FAILED,message {n},1\n" for n in range(8))
    _, target = curated(BACKUP, written(tmp_path, f"{HEADER}{lines}1,s,b-0,FAILED,message 8,1\n"))
    found = {row["status_message"]: row["report_repeat"] for row in rows_of(target)}
    assert found == {f"message {n}": n // 3 for n in range(8)} | {"message 8": 0}


def test_what_a_row_is_about_is_never_null(tmp_path: Path) -> None:
    _, target = curated(BACKUP, written(tmp_path, HEADER + ',r," ",FAILED,,\n'))
    (row,) = rows_of(target)
    assert [row[name] for name in BACKUP.identity] == ["", "r", ""]


def test_the_same_report_makes_the_same_bytes(tmp_path: Path) -> None:
    lines = "".join(f"1,region-{n % 7},b-{n},COMPLETED,{n},{n}\n" for n in range(5_000))
    source = written(tmp_path, HEADER + lines)
    first = curated(BACKUP, source)[1].read_bytes()
    assert curated(BACKUP, source)[1].read_bytes() == first


def test_no_extension_of_duckdb_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[duckdb.DuckDBPyConnection] = []
    connect = duckdb.connect

    class Kept:
        """Looks at the connection before it is closed."""

        def __init__(self, **how: Any) -> None:
            self._duck = connect(**how)

        def __enter__(self) -> duckdb.DuckDBPyConnection:
            made.append(self._duck)
            return self._duck

        def __exit__(self, *_: object) -> None:
            """Left open for the test."""

    monkeypatch.setattr("handlers.parquet_files.duckdb.connect", Kept)
    curated(BACKUP, written(tmp_path, HEADER + "1,r,b-1,FAILED,no,1\n"))
    (duck,) = made
    with duck:
        setting = "SELECT current_setting('autoinstall_known_extensions')"
        assert duck.execute(setting).fetchall() == [(False,)]
        setting = "SELECT current_setting('autoload_known_extensions')"
        assert duck.execute(setting).fetchall() == [(False,)]
        loaded = duck.execute(
            "SELECT extension_name FROM duckdb_extensions() "
            "WHERE loaded AND install_mode <> 'STATICALLY_LINKED'"
        )
        assert loaded.fetchall() == []


VALUES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    | st.sampled_from(list(',"\n\r\\ ')),
    max_size=12,
)
REPORTS = st.lists(st.lists(VALUES, min_size=len(TEXTS), max_size=len(TEXTS)), max_size=4)


@given(
    rows=REPORTS,
    order=st.permutations([*TEXTS, "Unknown 1", "Unknown 2"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_the_text_that_was_written_is_what_is_read_by_its_columns_name(
    rows: Sequence[Sequence[str]], order: Sequence[str], ending: str, *, last: bool
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=ending)
    writer.writerow(order)
    # What a row of several lines needs besides.
    values = [dict(zip(TEXTS, row, strict=True)) | {"account_id": "1" * 12} for row in rows]
    writer.writerows([row.get(name, "unknown") for name in order] for row in values)
    report = text.getvalue() if last else text.getvalue().removesuffix(ending)
    with TemporaryDirectory() as folder:
        made, target = curated(COPY, written(Path(folder), report))
        found = [[row[name] for name in TEXTS] for row in rows_of(target)]
    nothing = {name: "" if name in COPY.identity else None for name in TEXTS}
    needed = {column.name for column in COPY.columns if column.required}
    expected = [
        [(row[n].strip(" ") if n in needed else row[n]) or nothing[n] for n in TEXTS]
        for row in values
    ]
    assert made.rows == len(rows)
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def test_a_fields_second_line_is_no_row_though_an_account_follows_it(tmp_path: Path) -> None:
    header = ["source_recovery_point_arn", "account_id", "region", "copy_job_id", "job_status"]
    row = ["\n0", "1" * 12, "eu-west-1", "job", "COMPLETED"]
    text = "".join(",".join(f'"{value}"' for value in line) + "\n" for line in (header, row, row))
    made, target = curated(COPY, written(tmp_path, text))
    assert [row["source_recovery_point_arn"] for row in rows_of(target)] == ["\n0", "\n0"]
    assert made.lines_rejected == 0
