"""Which reports the query of missing ones names, over deliveries as the function notes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.lake.curated_report_tables import plans_view
from components.lake.query_library import queries
from handlers.curate_reports.duck import Curated, Source, note_delivery
from reports.curated_tables import DELIVERIES
from reports.keys import ReportKey
from reports.templates import TEMPLATES
from sandbox.tests.athena.conftest import MemoryLake

TODAY = datetime.now(UTC).date()


def back(days: int) -> str:
    return str(TODAY - timedelta(days=days))


def missing(
    folder: Path, delivered: Mapping[str, Iterable[int]], deployed: Iterable[str]
) -> list[tuple[str | None, ...]]:
    """The query's answer where plans delivered so many days ago."""
    lake = MemoryLake(folder / "staged")
    lake.make(DELIVERIES.name, DELIVERIES.columns, parquet=True)
    view = plans_view(dict.fromkeys(deployed, "backup_job"), "lake")
    lake.view(view.name, view.sql, view.columns)
    for plan, days in delivered.items():
        for day in days:
            report = ReportKey(
                account="crossaccount",
                region="crossregion",
                date=TODAY - timedelta(days=day),
                plan=plan,
                file="a.csv",
            )
            source = Source(file=folder / "a.csv", report=report)
            noted = note_delivery(source, TEMPLATES["backup_job"], Curated(), memory_mb=64)
            lake.put(f"{DELIVERIES.name}/{plan}-{day}.parquet", noted.read_bytes())
    return lake.rows(queries("eu-west-1")["missing_reports"].sql(days="10"))


def test_days_without_a_report_are_missing_from_the_plans_first_one_on(tmp_path: Path) -> None:
    found = missing(tmp_path, {"jobs": (8, 7, 5, 3, 1), "late": (2, 1)}, ["jobs", "late"])
    assert found == [("jobs", back(6)), ("jobs", back(4)), ("jobs", back(2))]


def test_of_a_plan_that_never_delivered_yesterday_is_missing(tmp_path: Path) -> None:
    assert missing(tmp_path, {"jobs": (2, 1)}, ["jobs", "jobs_2"]) == [("jobs_2", back(1))]


def test_where_nothing_ever_arrived_every_plan_is_named(tmp_path: Path) -> None:
    found = missing(tmp_path, {}, ["copies", "jobs"])
    assert found == [("copies", back(1)), ("jobs", back(1))]


def test_a_plan_that_is_no_longer_deployed_misses_nothing(tmp_path: Path) -> None:
    retired = {"jobs": range(9, 4, -1), "jobs_1": range(4, 0, -1), "jobs_2": range(4, 0, -1)}
    assert missing(tmp_path, retired, ["jobs_1", "jobs_2"]) == []


def test_todays_report_may_still_come(tmp_path: Path) -> None:
    assert missing(tmp_path, {"jobs": (2, 1)}, ["jobs"]) == []


@pytest.mark.parametrize("deployed", [[], ["jobs"]])
def test_the_view_of_plans_has_those_that_are_deployed(deployed: list[str], tmp_path: Path) -> None:
    lake = MemoryLake(tmp_path)
    view = plans_view(dict.fromkeys(deployed, "copy_job"), "lake")
    lake.view(view.name, view.sql, view.columns)
    assert lake.rows("SELECT * FROM report_plans") == [(name, "copy_job") for name in deployed]
