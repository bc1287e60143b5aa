"""The baseline of benchmarks.report_figures: the same figures of the same files, with pandas."""

import importlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.duck_figures import Figures
from reports.digest.definition import Definition
from reports.digest.loading import FAILED, utc
from reports.digest.runs import Run
from reports.digest.schedules import longest_gap
from tests.support.figures import run_of

_JOBS = (
    "kind",
    "account_id",
    "state",
    "with_issues",
    "status_message",
    "resource_arn",
    "vault_arn",
    "destination_vault_arn",
    "rule_schedule",
    "rule_timezone",
    "created_at",
    "completed_at",
    "size_bytes",
    "restore_testing_plan_arn",
    "validation_status",
)
_SPARSE = dict.fromkeys(
    (
        "account_id",
        "destination_vault_arn",
        "restore_testing_plan_arn",
        "source_vault_arn",
        "status_message",
        "validation_status",
    ),
    str,
)
"""Columns of whose first rows pandas would guess another type."""
_POINTS = ("vault_arn", "resource_arn", "status", "created_at", "source_vault_arn")
_CAUSE = (
    (r"arn:aws[a-z-]*:[^\s\"',)]+", "<arn>"),
    (r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "<id>"),
    (r"\b([a-z]+-)?[0-9a-f]*\d[0-9a-f]{7,}\b", "<id>"),
    (r"\d+", "<n>"),
)
_AIR_GAPPED = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"


def figures_of(folder: Path, defined: Definition) -> Figures:
    # pandas ships no types that strict checking takes, and only `make bench` installs it.
    pandas: Any = importlib.import_module("pandas")
    run = run_of(defined)
    vaults: Any = pandas.read_csv(folder / "vaults.csv.gz", parse_dates=["lock_at"])
    points: Any = pandas.read_csv(
        folder / "recovery_points.csv.gz",
        usecols=_POINTS,
        dtype=_SPARSE,
        parse_dates=["created_at"],
    )
    points = points[points.status.isin(["COMPLETED", "AVAILABLE", "STOPPED"])]
    resources: Any = pandas.read_csv(folder / "resources.csv.gz")
    jobs = _jobs(pandas, folder, run, vaults)
    backups: Any = jobs[jobs.kind == "backup"]
    own: Any = points[points.source_vault_arn.isna()].resource_arn
    listed: Any = resources[resources.protected].resource_arn
    protected = {*own, *listed, *backups.resource_arn}
    return {
        **_of_period(jobs[jobs.created_at >= utc(run.period.start)]),
        **_of_resources(jobs, run),
        "sla": _sla(pandas, backups, points, run, defined),
        "three_two_one": _three_two_one(pandas, jobs, points, vaults, run),
        "protected": len(protected),
        "unprotected": len({*resources.resource_arn} - protected),
    }


def _jobs(pandas: Any, folder: Path, run: Run, vaults: Any) -> Any:
    """Those that count, judged, in the order of their creation."""
    jobs: Any = pandas.read_csv(
        folder / "jobs.csv.gz",
        usecols=_JOBS,
        dtype=_SPARSE,
        parse_dates=["created_at", "completed_at"],
    )
    jobs = jobs[(jobs.created_at >= utc(run.since)) & (jobs.created_at < utc(run.period.end))]
    jobs = jobs[~jobs.vault_arn.isin(vaults[~vaults.tagged].vault_arn)]
    succeeded: Any = jobs.state == "COMPLETED"
    jobs = jobs.assign(
        succeeded=succeeded,
        issues=succeeded & jobs.with_issues,
        failed=jobs.state.isin(FAILED),
        is_test=jobs.restore_testing_plan_arn.notna(),
        day=jobs.created_at.dt.tz_localize("UTC").dt.tz_convert(run.timezone).dt.date,
    )
    return jobs.sort_values(["created_at", "failed"])


def _of_period(jobs: Any) -> Figures:
    ended: Any = jobs[jobs.failed | jobs.succeeded]
    saved: Any = jobs[(jobs.kind == "backup") & jobs.succeeded]
    days: Any = jobs.groupby("day").agg({"succeeded": "sum", "failed": "sum", "issues": "sum"})
    days["size"] = saved.groupby("day").size_bytes.sum()
    causes: Any = jobs[jobs.failed].status_message.fillna("").str.strip(' "')
    for pattern, word in _CAUSE:
        causes = causes.str.replace(pattern, word, regex=True)
    return {
        "failures": int(jobs.failed.sum()),
        "success_rate": (int(jobs.succeeded.sum()), len(ended)),
        "days": {
            day: (int(good - issues), int(failed), int(issues), int(size))
            for day, good, failed, issues, size in days.itertuples()
        },
        "heat_map": len(ended.groupby(["account_id", "day"])),
        "causes": min(causes.nunique(), 200),
        "restore_tests": min(int(jobs.is_test.sum()), 200),
    }


def _of_resources(jobs: Any, run: Run) -> Mapping[str, int]:
    about = ["resource_arn", "kind", "is_test"]
    ended: Any = jobs[jobs.failed | jobs.succeeded]
    three: Any = ended.groupby(about).tail(3).groupby(about).failed.agg(["size", "all"])
    three = three[(three["size"] == 3) & three["all"]]
    now: Any = ended.groupby(about).agg({"failed": "last", "created_at": "last"})
    start = utc(run.period.start)
    earlier: Any = ended[ended.created_at < start].groupby(about).failed.last()
    before: Any = earlier.reindex(now.index, fill_value=False)
    newly: Any = now[now.failed & (now.created_at >= start) & ~before]
    return {
        "three_in_a_row": three.index.get_level_values(0).nunique(),
        "newly_failing": min(len(newly), 200),
    }


def _sla(pandas: Any, backups: Any, points: Any, run: Run, defined: Definition) -> tuple[int, int]:
    end = utc(run.period.end)
    first: Any = pandas.concat([backups, points]).groupby("resource_arn").created_at.min()
    old: Any = first[first < end - timedelta(days=defined.grace_days)].index
    judged: Any = backups[backups.resource_arn.isin(old)]
    rules: Any = judged[["resource_arn", "rule_schedule", "rule_timezone"]].drop_duplicates()
    rules["gap"] = [
        longest_gap(schedule, timezone, run.period.end.date())
        for schedule, timezone in zip(rules.rule_schedule, rules.rule_timezone, strict=True)
    ]
    periods: Any = rules.groupby("resource_arn").gap.min()
    good: Any = judged[judged.succeeded].groupby("resource_arn").created_at.max()
    met: Any = good.reindex(periods.index) >= end - periods
    return int(met.sum()), len(met)


def _three_two_one(pandas: Any, jobs: Any, points: Any, vaults: Any, run: Run) -> tuple[int, int]:
    copies: Any = jobs[(jobs.kind == "copy") & jobs.succeeded]
    copies = copies[~copies.destination_vault_arn.isin(vaults[vaults.tagged].vault_arn)]
    columns = ["resource_arn", "vault_arn"]
    copied: Any = copies[["resource_arn", "destination_vault_arn"]].set_axis(columns, axis=1)
    places: Any = pandas.concat([points[columns], copied]).drop_duplicates()
    held: Any = places.vault_arn.str.split(":", expand=True)
    home: Any = places.resource_arn.str.split(":", expand=True)
    locked: Any = vaults.locked & (vaults.lock_at <= utc(run.period.end))
    immutable: Any = vaults[(vaults.vault_type == _AIR_GAPPED) | locked].vault_arn
    places = places.assign(
        region=held[3] != home[3],
        account=held[4] != home[4],
        immutable=places.vault_arn.isin(immutable),
    )
    kept: Any = places.groupby("resource_arn").agg(
        {"vault_arn": "size", "region": "any", "account": "any", "immutable": "any"}
    )
    safe: Any = (kept.vault_arn >= 2) & kept.region & kept.account & kept.immutable
    tests: Any = jobs[jobs.is_test & (jobs.failed | jobs.succeeded)]
    bad: Any = tests.failed | tests.validation_status.isin(["FAILED", "TIMED_OUT"])
    last: Any = bad.groupby(tests.resource_arn).last()
    passed: Any = (~last).reindex(safe.index, fill_value=False)
    told: Any = safe.index.isin(last.index) | ~safe
    return int((safe & passed).sum()), int(told.sum())
