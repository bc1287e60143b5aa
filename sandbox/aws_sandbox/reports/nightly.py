"""The nights: which report plans there are, when each delivers, and many days of them at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from aws_sandbox.reports.delivery import Access, Courier, Making, ReportJob
from aws_sandbox.reports.draws import Draws
from aws_sandbox.reports.jobs import Profile
from aws_sandbox.reports.organization import example
from aws_sandbox.reports.scope import Plan, read_plan


def report_plans(access: Access, accounts: Iterable[str]) -> Iterator[Plan]:
    """Every report plan of these accounts in the sandbox's Regions."""
    for account in accounts:
        for region in access.regions:
            backup = access.administrator(account, region).client("backup")
            answer = backup.list_report_plans()
            yield from map(read_plan, answer["ReportPlans"])
            while token := answer.get("NextToken"):
                answer = backup.list_report_plans(NextToken=token)
                yield from map(read_plan, answer["ReportPlans"])


def nightly(plan: Plan, day: date) -> datetime:
    """When the plan's report of a day is made: the same time every night, between 1 and 5 UTC."""
    seconds = 3600 * (1 + 4 * Draws(plan.arn).share(0))
    return datetime.combine(day, time(), UTC) + timedelta(seconds=int(seconds))


def deliver_days(
    plans: Iterable[Plan], days: Iterable[date], access: Access, making: Making | None = None
) -> Iterator[ReportJob]:
    """The nightly reports of several plans and days, day by day."""
    known, courier = list(plans), Courier(access, making)
    for day in days:
        for plan in known:
            yield courier.deliver(plan, nightly(plan, day))


def month(
    plans: Iterable[Plan],
    last: date,
    access: Access,
    *,
    accounts: int = 40,
    days: int = 30,
    profile: Profile | None = None,
) -> Iterator[ReportJob]:
    """A month of nights for plans over several accounts, as if the organization had this many."""
    making = Making(
        profile=profile or Profile(), organization=example(accounts, tuple(access.regions))
    )
    yield from deliver_days(plans, last_days(last, days), access, making)


def last_days(last: date, count: int) -> Sequence[date]:
    """`count` days up to and with the last one."""
    return [last - timedelta(days=back) for back in reversed(range(count))]


def control_handler(access: Access, accounts: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
    """`reports.deliver`, for the plans of these accounts.

    Takes, all optional: `date` (the last day, today), `days` (1), `plans` (names or ARNs, all),
    `volume` (backup jobs of an account and Region a day), `seed`, and `accounts` (report as if the
    organization had this many). Answers with the report jobs, the objects' number and their bytes.
    """
    known = {"date", "days", "plans", "volume", "seed", "accounts"}

    def handle(request: Mapping[str, Any]) -> Any:
        if unknown := set(request) - known:
            raise ValueError(f"reports.deliver does not know {', '.join(sorted(unknown))}")
        last = date.fromisoformat(request.get("date") or str(datetime.now(UTC).date()))
        standard = Profile()
        making = Making(
            profile=Profile(
                seed=int(request.get("seed", standard.seed)),
                jobs_per_day=int(request.get("volume", standard.jobs_per_day)),
            ),
            organization=(
                example(int(request["accounts"]), tuple(access.regions))
                if "accounts" in request
                else None
            ),
        )
        plans = _chosen(list(report_plans(access, accounts)), request.get("plans") or ())
        days = last_days(last, int(request.get("days", 1)))
        jobs = list(deliver_days(plans, days, access, making))
        return {
            "jobs": [job.described() for job in jobs],
            "objects": sum(len(job.keys) for job in jobs),
            "bytes": sum(job.bytes for job in jobs),
        }

    return handle


def _chosen(plans: Sequence[Plan], names: Sequence[str]) -> Sequence[Plan]:
    if missing := [name for name in names if not any(name in (p.name, p.arn) for p in plans)]:
        there = ", ".join(sorted(plan.name for plan in plans)) or "none"
        raise ValueError(f"no report plan {', '.join(missing)}; there are: {there}")
    return [plan for plan in plans if not names or plan.name in names or plan.arn in names]
