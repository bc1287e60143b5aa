"""How fast reports are generated: for benchmarks."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aws_sandbox.reports.files import csv_files, rows
from aws_sandbox.reports.jobs import Profile, Window
from aws_sandbox.reports.organization import example
from aws_sandbox.reports.templates import Template, fields


@dataclass(frozen=True, kw_only=True)
class Generation:
    """What was generated, and how long it took."""

    rows: int
    bytes: int
    seconds: float


def generation(*, accounts: int = 40, days: int = 30, jobs_per_day: int = 10) -> Generation:
    """All five reports of an organization in three Regions, made and thrown away."""
    organization, profile = example(accounts), Profile(jobs_per_day=jobs_per_day)
    end = datetime(2026, 11, 1, 2, 17, 33, tzinfo=UTC)
    count = size = 0
    started = time.perf_counter()
    for day in range(days):
        window = Window(end=end + timedelta(days=day))
        for template in Template:
            content = rows(template, organization, profile, window)
            for file in csv_files(content, fields(template)):
                size += len(file)
                count += file.count(b"\n") - 1
    return Generation(rows=count, bytes=size, seconds=time.perf_counter() - started)
