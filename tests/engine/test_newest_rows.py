"""The newest row of each identity: exactly one, from few bytes, in views and in named queries."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from components.lake.curated_report_tables import newest_view
from components.lake.query_library import queries
from handlers.curate_reports.duck import Source, curate
from handlers.parquet_files import compact, connected
from reports.curated_tables import (
    PARTITION_KEY,
    PROVENANCE,
    columns,
    curated_table,
    table_name,
    view_name,
)
from reports.keys import ReportKey
from reports.newest_rows import newest
from reports.templates import TEMPLATES, Template
from sandbox.tests.athena.conftest import MemoryLake

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import Row

BACKUP = TEMPLATES["backup_job"]
TODAY = datetime.now(UTC).date()
"""Athena's own clock decides what the last days are."""


class Reports:
    """Curated reports in a lake of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self.lake = MemoryLake(folder / "staged")

    def table(self, template: Template) -> None:
        table = curated_table(template)
        self.lake.make(table.name, table.columns, keys={PARTITION_KEY: "string"}, parquet=True)
        view = newest_view(template, "lake")
        self.lake.view(view.name, view.sql, view.columns)

    def deliver(self, template: Template, day: date, header: str, rows: Sequence[str]) -> None:
        number = next(self._numbers)
        source = self._folder / f"{number}.csv"
        source.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        report = ReportKey(
            account="crossaccount",
            region="crossregion",
            date=day,
            plan="jobs",
            file=f"{number % 3}-{number}.csv",
        )
        made = curate(template, Source(file=source, report=report), memory_mb=256)
        assert made.report is not None
        month = f"{day:%Y-%m}"
        place = f"{table_name(template)}/{month}"
        target = self._folder / f"{number}.parquet"
        with connected(self._folder, 256) as duck:
            compact(duck, curated_table(template), [made.report], target)
        self.lake.put(f"{place}/{number}.parquet", target.read_bytes())
        known = [one.values for one in self.lake.registered.get(table_name(template), [])]
        if (month,) not in known:
            self.lake.partition(table_name(template), month, folder=f"{place}/")


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    return Reports(tmp_path)


def by_window(template: Template) -> str:
    """The same in one pass over all columns."""
    time = "report_time_period_end" if template.is_job else "last_evaluation_time"
    names = [column.name for column in columns(template)]
    return " ".join(
        (
            f"SELECT {', '.join([*names, *PROVENANCE])}",
            f"FROM (SELECT *, row_number() OVER (PARTITION BY {', '.join(template.identity)}",
            f"ORDER BY report_date DESC, {time} DESC, report_object DESC, report_repeat DESC)",
            f"AS nth FROM {table_name(template)}) WHERE nth = 1",
        )
    )


def ordered(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=repr)


def with_repeats(template: Template, draw: random.Random) -> Iterator[tuple[date, str, list[str]]]:
    """Reports that say the same and other things about few jobs: several a day, and twice in one;
    with identities that lack a part, and times that are missing."""
    time = "report_time_period_end" if template.is_job else "last_evaluation_time"
    status = next(c.name for c in template.columns if c.name.endswith("_status") and c.required)
    for report in range(12):
        rows = [
            ",".join(
                [
                    *(draw.choice(["", "a", "b"]) for _ in template.identity),
                    draw.choice(["RUNNING", "FAILED", "COMPLETED"]),
                    draw.choice(["", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"]),
                    f"/{report}/{number}",
                ]
            )
            for number in range(30)
        ]
        header = ",".join([*template.identity, status, time, "path_to_root"])
        yield date(2026, 11, 1 + report // 3), header, rows


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    made = Reports(tmp_path_factory.mktemp("repeated"))
    for template in TEMPLATES.values():
        made.table(template)
        for day, header, rows in with_repeats(template, random.Random(template.name)):  # noqa: S311
            made.deliver(template, day, header, rows)
    return made


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_view_has_the_one_newest_row_of_each_identity_though_reports_repeat_it(
    template: Template, repeated: Reports
) -> None:
    lake, table = repeated.lake, table_name(template)
    found = lake.rows("SELECT * FROM {v}", v=view_name(template))
    assert ordered(found) == ordered(lake.rows(by_window(template)))
    about = lake.rows("SELECT DISTINCT {i} FROM {t}", t=table, i=", ".join(template.identity))
    assert len(found) == len(about)
    assert lake.rows("SELECT count(*) FROM {t}", t=table) == [("360",)]


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize("condition", ["region = 'a'", "path_to_root LIKE '/11/%'"])
def test_a_condition_on_a_view_finds_what_it_finds_among_the_newest(
    template: Template, condition: str, repeated: Reports
) -> None:
    asked = "SELECT * FROM {t} WHERE {c}"
    found = repeated.lake.rows(asked, t=view_name(template), c=condition)
    among = repeated.lake.rows(asked, t=f"({by_window(template)})", c=condition)
    assert ordered(found) == ordered(among)
    assert found


HEADER = "account_id,region,backup_job_id,job_status,status_message,creation_date"


def large(reports: Reports) -> None:
    """A day of 60,000 jobs in two Regions, of which few failed, and all their messages differ: more
    than is read whole."""
    reports.table(BACKUP)
    rows = [
        f"1,{'eu' if n % 2 else 'us'},{n},{'FAILED' if n % 100 == 0 else 'COMPLETED'},"
        f"{random.Random(n).randbytes(60).hex()},2026-11-01T00:00:00Z"  # noqa: S311
        for n in range(60_000)
    ]
    reports.deliver(BACKUP, date(2026, 11, 1), HEADER, rows)


def test_a_condition_on_the_state_spares_a_view_the_wide_columns_of_all_else(
    reports: Reports,
) -> None:
    large(reports)
    asked = "SELECT status_message FROM {t} WHERE job_status = 'FAILED'"
    table = reports.lake.scanned(asked, t="backup_jobs_curated")
    view = reports.lake.scanned(asked, t="backup_jobs")
    newest_alone = reports.lake.scanned("SELECT count(*) FROM backup_jobs")
    assert view < table + newest_alone
    assert view < reports.lake.scanned(asked, t=f"({by_window(BACKUP)})") / 3


def test_a_condition_on_the_identity_spares_both_readings_of_the_table(reports: Reports) -> None:
    large(reports)
    asked = "SELECT count(*) FROM backup_jobs"
    footers = 2 * reports.lake.scanned(f"{asked}_curated")
    everywhere = reports.lake.scanned(asked) - footers
    assert 0 < reports.lake.scanned(f"{asked} WHERE region = 'eu'") - footers < 0.8 * everywhere


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """A job a day, still running in its own day's report and completed in the next one's."""
    reports = Reports(tmp_path_factory.mktemp("month"))
    reports.table(BACKUP)
    for back in range(40, -1, -1):
        day = TODAY - timedelta(days=back)
        reports.deliver(
            BACKUP,
            day,
            f"{HEADER},backup_vault_name,backup_size_in_bytes,job_run_time",
            [
                f"1,eu,{age},{state},,{day - timedelta(days=age - back)}T01:00:00Z,"
                f"vault-{age % 3},{2**20},00:00:0{age % 10}"
                for age, state in ((back, "RUNNING"), (back + 1, "COMPLETED"))
            ],
        )
    return reports


@pytest.mark.parametrize(
    "name", ["longest_jobs", "storage_by_vault", "success_rate_by_account", "completed_with_issues"]
)
def test_a_query_of_the_last_days_finds_what_it_finds_in_the_view(
    month: Reports, name: str
) -> None:
    query = queries("eu-west-1")[name]
    sql = query.sql(days="5")
    bounded = f"(\n{_indented(newest(BACKUP, since=_first('5')))}\n)"
    assert bounded in sql
    assert month.lake.rows(sql) == month.lake.rows(sql.replace(bounded, "backup_jobs"))


def test_a_query_of_the_last_days_reads_no_months_before(month: Reports) -> None:
    query = queries("eu-west-1")["success_rate_by_account"]
    first = (TODAY - timedelta(days=6)).replace(day=1)
    days = (TODAY - first).days + 1
    whole = month.lake.scanned(query.sql(days="400"))
    assert month.lake.scanned(query.sql(days="5")) == pytest.approx(whole * days / 41, rel=0.1)


def test_jobs_of_the_last_days_are_counted_each_once(month: Reports) -> None:
    rows = month.lake.rows(queries("eu-west-1")["success_rate_by_account"].sql(days="5"))
    assert sorted(str(row[2]) for row in rows) == [
        str(TODAY - timedelta(days=back)) for back in range(5, 0, -1)
    ]
    assert {row[3:] for row in rows} == {("1", "1", "100.0")}


def test_a_report_whose_folder_is_of_the_day_its_period_began_counts_too(
    reports: Reports,
) -> None:
    """AWS does not say of which end it is."""
    reports.table(BACKUP)
    created = TODAY - timedelta(days=3)
    before = created - timedelta(days=1)
    reports.deliver(BACKUP, before, HEADER, [f"1,eu,x,FAILED,,{created}T00:30:00Z"])
    query = queries("eu-west-1")["success_rate_by_account"]
    assert len(reports.lake.rows(query.sql(days="3"))) == 1


@pytest.mark.parametrize(
    ("sizes", "gib"), [([2**20], "0.001"), ([50_000_000, 1_000], "0.047"), ([5 * 2**30], "5.0")]
)
def test_a_small_vault_is_not_taken_for_an_empty_one(
    reports: Reports, sizes: list[int], gib: str
) -> None:
    reports.table(BACKUP)
    header = f"{HEADER},backup_vault_name,backup_size_in_bytes"
    rows = [f"1,eu,{n},COMPLETED,,{TODAY}T00:00:00Z,v,{size}" for n, size in enumerate(sizes)]
    reports.deliver(BACKUP, TODAY, header, rows)
    (row,) = reports.lake.rows(queries("eu-west-1")["storage_by_vault"].sql())
    assert row == ("1", "eu", "v", str(len(sizes)), gib)


def _first(days: str) -> str:
    return f"current_date - INTERVAL '{days}' DAY - INTERVAL '1' DAY"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
