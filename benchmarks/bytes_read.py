"""Bytes that Athena reads of the curated tables for the AWS blog's six questions and the lake's own
queries, before and after compaction, and against the raw reports.

Asked is what people ask, the view of the newest rows, and the curated table below it. The sandbox's
Athena accounts as DataScannedInBytes, as Trino reads Parquet: files up to 3 MB whole, and of others
the footers and the column chunks of row groups that may match; and the lists of files. Of a raw
table Athena reads all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.lake_at_hand import REGION, LakeAtHand, Reported, lake_at_hand
from benchmarks.measure import Measure
from components.lake.query_library import queries
from reports.curated_tables import table_name, view_name
from reports.templates import TEMPLATES

_GOAL = 0.05  # a twentieth
_GROWTH = 1.3  # of what as many compacted months cost
_MOST_OBJECTS = 2  # a list and a file

_CONTROLS = "account_id, framework_name, control_name, num_resources_non_compliant"
_JOBS = "account_id, resource_type, resource_name, status_message, creation_date"
_NON_COMPLIANT = f"control_compliance_status = 'NON_COMPLIANT' AND region = '{REGION}'"
_UNIT = "o-exampleorg1/r-exam/ou-exam-00000002"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One of the blog's, and the same over a curated table."""

    name: str
    """Of the blog's query in the library."""
    chosen: str
    """The columns that answer it; the blog asks for all."""
    curated: str
    """From which rows of which curated table."""

    def asked(self) -> Sequence[tuple[str, str]]:
        """What is asked, and how."""
        view = self.curated.replace("_curated", "", 1)
        return (
            ("view, all columns", f"SELECT * FROM {view}"),
            ("view, the columns that answer it", f"SELECT {self.chosen} FROM {view}"),
            ("table, all columns", f"SELECT * FROM {self.curated}"),
        )


QUESTIONS = (
    Question(
        name="blog_1_noncompliant_controls_in_a_region",
        chosen=_CONTROLS,
        curated=f"control_compliance_curated WHERE {_NON_COMPLIANT}",
    ),
    Question(
        name="blog_2_noncompliant_controls_in_a_unit",
        chosen=_CONTROLS,
        curated=f"control_compliance_curated WHERE {_NON_COMPLIANT} AND path_to_root = '{_UNIT}'",
    ),
    Question(
        name="blog_3_resources_without_vault_lock_corrected",
        chosen="account_id, region, resource_type, resource_id",
        curated="resource_compliance_curated WHERE resource_compliance_status = 'NON_COMPLIANT' "
        "AND control_name = 'BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK'",
    ),
    Question(
        name="blog_4_failed_backup_jobs_in_a_region",
        chosen=_JOBS,
        curated=f"backup_jobs_curated WHERE job_status = 'FAILED' AND region = '{REGION}'",
    ),
    Question(
        name="blog_5_failed_restore_jobs_in_a_region",
        chosen=_JOBS,
        curated=f"restore_jobs_curated WHERE job_status = 'FAILED' AND region = '{REGION}'",
    ),
    Question(
        name="blog_6_aborted_jobs_in_a_region",
        chosen=_JOBS,
        curated=f"backup_jobs_curated WHERE job_status = 'ABORTED' AND region = '{REGION}'",
    ),
)


LIBRARY = (
    "completed_with_issues",
    "longest_jobs",
    "missing_reports",
    "resources_without_recent_backup",
    "restore_results",
    "storage_by_vault",
    "success_rate_by_account",
)
_TODAY = "DATE '2026-12-01'"
"""Of the library's queries, so that they ask about the days that there are, in every run."""


@dataclass(frozen=True, kw_only=True)
class Size:
    small: Reported
    """Of a month, asked everything."""
    large: Reported
    """Of a month, for the goal."""
    growing: Reported
    """Of thirteen months."""
    days: int
    """Of a month."""
    growing_days: int
    """Of each of thirteen months."""


FULL = Size(
    small=Reported(accounts=40, jobs_per_day=20),
    large=Reported(accounts=300, jobs_per_day=20),
    growing=Reported(accounts=40, jobs_per_day=20),
    days=30,
    growing_days=4,
)
TINY = Size(
    small=Reported(accounts=2, jobs_per_day=3),
    large=Reported(accounts=2, jobs_per_day=3),
    growing=Reported(accounts=1, jobs_per_day=2),
    days=2,
    growing_days=1,
)


def run(size: Size) -> Sequence[Measure]:
    return [*_before_and_after(size), *_against_raw(size), *_over_months(size)]


def _before_and_after(size: Size) -> Iterator[Measure]:
    """A month of a small organization; what is asked finds the same before and after."""
    asked = {f"{q.name}, {what}": sql for q in QUESTIONS for what, sql in q.asked()}
    for name in LIBRARY:
        sql = queries(REGION)[name].sql().replace("current_date", _TODAY)
        asked[name] = sql
    with lake_at_hand("small") as lake:
        _fill(lake, size.small, 11, size.days)
        before = {name: lake.ask(sql) for name, sql in asked.items()}
        lake.compact()
        for name, sql in asked.items():
            found, read = lake.ask(sql)
            assert found == before[name][0], (sql, found, before[name])
            what = f"a month of {size.small.accounts} accounts: {name}, {found} rows"
            yield _measure(what, read, "not compacted", before[name][1])
            raw = _raw(lake, sql)
            if raw:
                yield _measure(what, read, "raw", raw)


def _against_raw(size: Size) -> Iterator[Measure]:
    """A month of a large organization, for the goal."""
    with lake_at_hand("large") as lake:
        _fill(lake, size.large, 11, size.days)
        lake.compact()
        for question in QUESTIONS:
            for what, sql in question.asked():
                found, read = lake.ask(sql)
                yield Measure(
                    what=f"a month of {size.large.accounts} accounts: "
                    f"{question.name}, {what}, {found} rows",
                    value=read,
                    unit="bytes",
                    baseline="raw",
                    base=_raw(lake, sql),
                    at_most=_GOAL,
                )


def _over_months(size: Size) -> Iterator[Measure]:
    """Thirteen months, of which the last has a day that came after it was compacted."""
    with lake_at_hand("growing") as lake:
        _fill(lake, size.growing, 11, size.growing_days, year=2025)
        lake.compact()
        asked = {q.name: q.asked()[0][1] for q in QUESTIONS}
        one = {name: lake.ask(sql)[1] for name, sql in asked.items()}
        _fill(lake, size.growing, 12, size.growing_days, year=2025)
        for month in range(1, 12):
            _fill(lake, size.growing, month, size.growing_days)
        lake.compact()
        yield Measure(
            what="thirteen months: objects of a month and table, its list and its files",
            value=1 + lake.most_files(),
            unit="objects",
            baseline="the goal",
            base=_MOST_OBJECTS,
            at_most=1,
        )
        _fill(lake, size.growing, 11, size.growing_days + 1, first=size.growing_days + 1)
        for name, sql in asked.items():
            yield Measure(
                what=f"thirteen months: {name}, view, all columns",
                value=lake.ask(sql)[1],
                unit="bytes",
                baseline="thirteen times a compacted month",
                base=13 * one[name],
                at_most=_GROWTH,
            )


def _fill(
    lake: LakeAtHand,
    reported: Reported,
    month: int,
    last: int,
    *,
    first: int = 1,
    year: int = 2026,
) -> None:
    for day in range(first, last + 1):
        lake.deliver(reported, datetime(year, month, day, 2, tzinfo=UTC))


def _measure(what: str, read: int, baseline: str, base: int) -> Measure:
    return Measure(
        what=f"{what}, against {baseline}",
        value=read,
        unit="bytes",
        baseline=baseline,
        base=base,
    )


def _raw(lake: LakeAtHand, sql: str) -> int:
    """What Athena would read of the raw tables of what a query asks for."""
    return sum(
        lake.raw_bytes[template.name]
        for template in TEMPLATES.values()
        if re.search(rf"\b({view_name(template)}|{table_name(template)})\b", sql)
    )
