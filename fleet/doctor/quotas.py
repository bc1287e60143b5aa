"""Whether what settings come to, and what stands beside it, is within AWS Backup's quotas of an
account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fleet.doctor.findings import Answer, Finding, ill, looked_up
from fleet.doctor.stack_account import StackAccount, listed
from stacks.framework_controls import framework_regions


@dataclass(frozen=True, kw_only=True)
class Quota:
    value: int
    code: str = ""
    """By which Service Quotas takes a request; empty where it does not list the quota."""


_DOCUMENTED = {"report plans": Quota(value=20), "frameworks": Quota(value=15)}
"""https://docs.aws.amazon.com/aws-backup/latest/devguide/aws-backup-limits.html, where Service
Quotas does not list it: by what its name begins with there."""


def quotas(here: StackAccount) -> Iterator[Finding]:
    settings = here.settings
    if settings.reports is not None:
        region = settings.region
        yield looked_up(f"the quota of report plans in {region}", lambda: _report_plans(here))
    for region in sorted({r for f in settings.frameworks for r in framework_regions(settings, f)}):
        yield looked_up(
            f"the quota of frameworks in {region}", lambda region=region: _frameworks(here, region)
        )


def _report_plans(here: StackAccount) -> Answer | str:
    """Settings say how many sharding may use: more than AWS allows would fail halfway."""
    reports = here.settings.reports
    assert reports is not None
    region, quota = here.settings.region, _quota(here, here.settings.region, "report plans")
    used, allowed = len(here.report_plans), reports.sharding.report_plan_quota
    told = f"{used} of {quota.value} are used, and sharding may use {allowed}"
    if allowed > quota.value:
        cure = f"set reports.sharding.report_plan_quota: {quota.value}, or have AWS raise its own:"
        return ill(told, cure, *_raised(here, region, quota, allowed))
    return _used(here, region, quota, used) or told


def _frameworks(here: StackAccount, region: str) -> Answer | str:
    backup = here.session.client("backup", region_name=region)
    quota = _quota(here, region, "frameworks")
    used = len(list(listed(backup.list_frameworks, "Frameworks")))
    return _used(here, region, quota, used) or f"{used} of {quota.value} are used"


def _used(here: StackAccount, region: str, quota: Quota, used: int) -> Answer | None:
    if used < quota.value:
        return None
    raised = _raised(here, region, quota, quota.value * 2)
    return ill(f"all {quota.value} are used", "delete some, or have AWS raise it:", *raised)


def _raised(here: StackAccount, region: str, quota: Quota, to: int) -> tuple[str, ...]:
    """Where Service Quotas does not list it, AWS Support takes the request."""
    if not quota.code:
        return ()
    asked = ("--service-code", "backup", "--quota-code", quota.code, "--desired-value", str(to))
    command = ("service-quotas", "request-service-quota-increase", *asked)
    return (here.aws(*command, region=region),)


def _quota(here: StackAccount, region: str, name: str) -> Quota:
    """As AWS has it for this account; names and codes of the list are not documented."""
    client: Any = here.session.client("service-quotas", region_name=region)
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="backup")
    try:
        found: list[Mapping[str, Any]] = [quota for page in pages for quota in page["Quotas"]]
    except client.exceptions.NoSuchResourceException:
        found = []
    for quota in found:
        if quota["QuotaName"].lower().startswith(name):
            return Quota(value=int(quota["Value"]), code=quota["QuotaCode"])
    return _DOCUMENTED[name]
