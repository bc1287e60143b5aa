"""A report of activity: page, CSV files and figures in one folder, on AWS or on this machine."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from reports.digest import collation, csv_files
from reports.digest.definition import Definition
from reports.digest.figures import Figures, headline_of
from reports.digest.lake import Lake
from reports.digest.loading import loaded
from reports.digest.measuring import Before, Known, figures
from reports.digest.page import page
from reports.digest.runs import Run


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """Whence a report's data come."""

    activity: Path
    """A folder with what was collated; what the lake tells is written into it, too."""
    before: Before
    """Of the period before; where it has no headline the lake is asked, if there is one."""
    lake: Lake | None = None
    open_incidents: int | None = None


def make(
    definition: Definition,
    run: Run,
    source: Source,
    target: Path,
    *,
    now: datetime,
    memory_mb: int,
    stored: bool,
) -> Figures:
    """Writes index.html, figures.json and the CSV files into a folder, and gives the figures.
    `stored`: the folder goes to where the run says, and the page may name that place."""
    known = _known(definition, run, source, now)
    with (
        TemporaryDirectory() as scratch,
        loaded(
            source.activity, definition, run, scratch=Path(scratch), memory_mb=memory_mb
        ) as duck,
    ):
        found = figures(duck, definition, run, known)
        files = csv_files.write(duck, target)
    (target / "figures.json").write_text(found.dumped(), encoding="utf-8")
    html = page(found, definition, run, files, stored=stored)
    (target / "index.html").write_text(html, encoding="utf-8")
    return found


def _known(definition: Definition, run: Run, source: Source, now: datetime) -> Known:
    lake = source.lake
    limits: list[str] = list(collation.LIMITS) if definition.source == "api" else []
    unprotected = definition.source == "api"
    before = source.before
    if lake is not None:
        compliance = source.activity / "compliance"
        compliance.mkdir()
        told = lake.write_compliance(definition, run, compliance)
        unprotected = unprotected or told
        limits = limits[:1]
        if before.headline is None:
            before = _before(definition, run, source.activity, lake)
    if definition.source == "lake":
        if lake is None:
            raise ValueError("the report is to be made from the lake, and there is none")
        limits += lake.write_jobs(definition, run, source.activity)
    return Known(
        made_at=now,
        unprotected=unprotected,
        open_incidents=source.open_incidents,
        before=before,
        limits=limits,
    )


def _before(definition: Definition, run: Run, activity: Path, lake: Lake) -> Before:
    """What jobs tell of the period before; how things stood otherwise is not known any more."""
    period = run.period.before(definition.cadence, definition.timezone)
    since = run.since - (run.period.start - period.start)
    earlier = dataclasses.replace(run, period=period, since=since)
    with TemporaryDirectory() as folder, TemporaryDirectory() as scratch:
        jobs = dataclasses.replace(definition, source="lake")
        lake.write_jobs(jobs, earlier, Path(folder))
        shutil.copy(activity / "vaults.csv", folder)
        with loaded(
            Path(folder), jobs, earlier, scratch=Path(scratch), memory_mb=lake.memory_mb
        ) as duck:
            known = Known(made_at=period.end, unprotected=False)
            found = figures(duck, jobs, earlier, known)
    return Before(
        headline={
            **headline_of(found.dumped()),
            "protected": None,
            "three_two_one": None,
        }
    )
