"""A report's figures worked out job by job, from what docs/reports say they mean: slow and plain,
to hold reports.digest.measuring to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reports.digest.activity import Row
from reports.digest.definition import Definition
from reports.digest.runs import Run

PERIODS = {
    "cron(0 5 ? * * *)": timedelta(days=1),
    "cron(0 0/8 ? * * *)": timedelta(hours=8),
    "cron(0 2 ? * SUN *)": timedelta(days=7),
    "whenever": None,
}
"""Schedules in UTC, each with the longest time between two runs."""

_BAD = {"FAILED", "EXPIRED", "ABORTED", "PARTIAL"}
_AVAILABLE = {"COMPLETED", "AVAILABLE", "STOPPED"}


@dataclass(frozen=True, kw_only=True)
class Activity:
    """Rows by table, their times in UTC."""

    jobs: Sequence[Row]
    recovery_points: Sequence[Row]
    resources: Sequence[Row]
    vaults: Sequence[Row]


class Naive:
    def __init__(self, activity: Activity, definition: Definition, run: Run) -> None:
        self._activity, self._definition, self._run = activity, definition, run
        untagged = {row["vault_arn"] for row in activity.vaults if not row["tagged"]}
        self._jobs = [
            self._resolved(job)
            for job in activity.jobs
            if run.since <= _time(job["created_at"]) < run.period.end
            and job["vault_arn"] not in untagged
        ]
        self._held = [point for point in activity.recovery_points if point["status"] in _AVAILABLE]

    def _resolved(self, job: Row) -> Row:
        """A restore is of what its recovery point is of."""
        if job["kind"] != "restore" or job["resource_arn"] is not None:
            return job
        arns = [
            str(point["resource_arn"])
            for point in self._activity.recovery_points
            if point["recovery_point_arn"] == job["recovery_point_arn"]
        ]
        return {**job, "resource_arn": min(arns) if arns else None}

    def _outcome(self, job: Row) -> str:
        if job["state"] == "COMPLETED":
            return "with_issues" if job["with_issues"] else "succeeded"
        return "failed" if job["state"] in _BAD else "running"

    def _failed(self, job: Row) -> bool:
        outcome = self._outcome(job)
        bad = outcome == "with_issues" and self._definition.issues_are_failures
        return outcome == "failed" or bad

    def _succeeded(self, job: Row) -> bool:
        return self._outcome(job) != "running" and not self._failed(job)

    def _is_test(self, job: Row) -> bool:
        return job["kind"] == "restore" and job["restore_testing_plan_arn"] is not None

    @property
    def _in_period(self) -> list[Row]:
        start = self._run.period.start
        return [job for job in self._jobs if _time(job["created_at"]) >= start]

    def rate(self) -> tuple[int, int]:
        good = sum(map(self._succeeded, self._in_period))
        return good, good + self.failures()

    def failures(self) -> int:
        return sum(map(self._failed, self._in_period))

    def days(self) -> list[tuple[Any, ...]]:
        zone = ZoneInfo(self._run.timezone)
        found: dict[date, list[Row]] = {}
        day = self._run.period.start.astimezone(zone).date()
        while day < self._run.period.end.astimezone(zone).date():
            found[day] = []
            day += timedelta(days=1)
        for job in self._in_period:
            found[_time(job["created_at"]).astimezone(zone).date()].append(job)
        return [self._day(day, jobs) for day, jobs in found.items()]

    def _day(self, day: date, jobs: Sequence[Row]) -> tuple[Any, ...]:
        outcomes = Counter(map(self._outcome, jobs))
        saved = [j for j in jobs if j["kind"] == "backup" and j["state"] == "COMPLETED"]
        seconds = [
            (_time(job["completed_at"]) - _time(job["created_at"])).total_seconds()
            for job in saved
            if job["completed_at"] is not None
        ]
        return (
            day,
            *(outcomes[name] for name in ("succeeded", "failed", "with_issues", "running")),
            sum(seconds) / len(seconds) if seconds else None,
            sum(int(str(job["size_bytes"])) for job in saved if job["size_bytes"] is not None),
        )

    def _about(self) -> Mapping[tuple[Any, ...], list[Row]]:
        """Jobs that ended, by resource and kind, the last one first."""
        found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for job in self._jobs:
            if job["resource_arn"] is not None and self._outcome(job) != "running":
                found[job["resource_arn"], job["kind"], self._is_test(job)].append(job)
        for jobs in found.values():
            jobs.sort(key=lambda job: (_time(job["created_at"]), self._failed(job)), reverse=True)
        return found

    def three_in_a_row(self) -> int:
        return len(
            {
                key[0]
                for key, jobs in self._about().items()
                if len(jobs) >= 3 and all(map(self._failed, jobs[:3]))
            }
        )

    def turned(self, *, failing: bool) -> set[tuple[str, str]]:
        """Resources and kinds whose last job failed, and not the last one before the period; or
        the other way round."""
        found: set[tuple[str, str]] = set()
        start = self._run.period.start
        for (arn, kind, is_test), jobs in self._about().items():
            before = [self._failed(job) for job in jobs if _time(job["created_at"]) < start]
            failed_before = bool(before) and before[0]
            now = self._failed(jobs[0])
            if len(before) < len(jobs) and now == failing and failed_before != failing:
                found.add((arn, "restore test" if is_test else kind))
        return found

    def punctual(self) -> dict[str, bool]:
        """Of each resource that is judged, whether its last success is within its rule's period."""
        end = self._run.period.end
        found: dict[str, bool] = {}
        for arn in {str(j["resource_arn"]) for j in self._backups()}:
            jobs = [job for job in self._backups() if job["resource_arn"] == arn]
            period = self._period(jobs)
            known = [_time(job["created_at"]) for job in jobs]
            held = [_time(p["created_at"]) for p in self._held if p["resource_arn"] == arn]
            is_new = min([*known, *held]) >= end - timedelta(days=self._definition.grace_days)
            if period is not None and not is_new:
                good = [_time(job["created_at"]) for job in jobs if self._succeeded(job)]
                found[arn] = bool(good) and max(good) >= end - period
        return found

    def _backups(self) -> list[Row]:
        return [j for j in self._jobs if j["kind"] == "backup" and j["resource_arn"] is not None]

    def _period(self, jobs: Sequence[Row]) -> timedelta | None:
        """The shortest of the rules that ran in the period, or else of those that are known."""
        start = self._run.period.start
        for some in ([j for j in jobs if _time(j["created_at"]) >= start], jobs):
            periods = [PERIODS.get(str(job["rule_schedule"])) for job in some]
            if known := [period for period in periods if period is not None]:
                return min(known)
        return None

    def protected(self) -> set[str]:
        own = [point for point in self._held if point["source_vault_arn"] is None]
        listed = [row for row in self._activity.resources if row["protected"]]
        return {str(row["resource_arn"]) for row in (*own, *listed, *self._backups())}

    def unprotected(self) -> set[str]:
        listed = {str(row["resource_arn"]) for row in self._activity.resources}
        return listed - self.protected()

    def three_two_one(self) -> Counter[bool | None]:
        return Counter(map(self._is_safe, self.protected()))

    def _is_safe(self, arn: str) -> bool | None:
        """True, False, or None where that cannot be told."""
        vaults = {str(row["vault_arn"]): row for row in self._activity.vaults}
        own = [point for point in self._held if point["resource_arn"] == arn]
        places = {str(point["vault_arn"]) for point in own}
        places |= {
            str(job["destination_vault_arn"])
            for job in self._jobs
            if (job["kind"], job["state"]) == ("copy", "COMPLETED") and job["resource_arn"] == arn
            if job["destination_vault_arn"] is not None
            and not vaults.get(str(job["destination_vault_arn"]), {}).get("tagged")
        }
        if not places:
            return self._verdict([None, self._tested(arn)])
        return self._verdict(
            [
                len(places) >= 2,
                *self._elsewhere(arn, own, places),
                self._immutable([vaults.get(place) for place in places]),
                self._tested(arn),
            ]
        )

    def _elsewhere(self, arn: str, own: Sequence[Row], places: set[str]) -> Iterator[bool | None]:
        """In another Region, in another account."""
        for position, column in ((3, "region"), (4, "account_id")):
            home = arn.split(":")[position] or min(
                (str(point[column]) for point in own if point["source_vault_arn"] is None),
                default="",
            )
            yield any(place.split(":")[position] != home for place in places) if home else None

    def _immutable(self, vaults: Sequence[Row | None]) -> bool | None:
        known = [vault for vault in vaults if vault is not None and vault["locked"] is not None]
        for vault in vaults:
            if vault is None:
                continue
            if vault["vault_type"] == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT":
                return True
            lock = vault["lock_at"]
            if vault["locked"] and lock is not None and _time(lock) <= self._run.period.end:
                return True
        return False if len(known) == len(vaults) else None

    def restore_tests(self) -> list[tuple[str, str]]:
        """Job and outcome of each test of the period."""
        return [
            (str(job["job_id"]), self._test_outcome(job))
            for job in self._in_period
            if self._is_test(job)
        ]

    def _test_outcome(self, job: Row) -> str:
        if job["state"] in _BAD:
            missed = "unable to start within the specified start window"
            told = str(job["status_message"] or "")
            return "not_started" if missed in told else "restore_failed"
        if job["state"] != "COMPLETED":
            return "running"
        match job["validation_status"]:
            case "SUCCESSFUL":
                return "good"
            case "FAILED":
                said = str(job["validation_message"] or "")
                return "not_judged" if said.startswith("not judged: ") else "not_good"
            case "TIMED_OUT":
                return "not_judged_in_time"
            case _:
                return "no_verdict"

    def _tested(self, arn: str) -> bool | None:
        tests = [
            (_time(job["created_at"]), failed)
            for job in self._jobs
            if self._is_test(job) and job["resource_arn"] == arn and self._outcome(job) != "running"
            for failed in [self._failed(job) or job["validation_status"] in {"FAILED", "TIMED_OUT"}]
        ]
        return not max(tests)[1] if tests else None

    @staticmethod
    def _verdict(demands: Sequence[bool | None]) -> bool | None:
        if False in demands:
            return False
        return None if None in demands else True


def _time(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value.astimezone(UTC)
