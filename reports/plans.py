"""The report plans that the lake takes reports of, as functions and commands are told of them."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from reports.keys import ReportKey

ORGANIZATION = "crossaccount"
"""What the keys of reports on several accounts have for an account."""

_NUMBERED = re.compile(r"(?P<name>.+)_[1-9][0-9]*")


@dataclass(frozen=True, kw_only=True)
class Plan:
    template: str
    account: str
    """What its reports' keys have for an account: crossaccount, or the id of the only one."""
    numbered: bool = False
    """Whether `<name>_<number>` is a part of it where no plan of that name is known: there are as
    many parts as AWS's quotas demand, and reports of one that is no longer needed stay."""


Plans = Mapping[str, Plan]
"""By the plan's name."""


def described(plans: Plans) -> dict[str, dict[str, Any]]:
    """The plans in plain values, for JSON and for a stack's outputs."""
    return {name: asdict(plan) for name, plan in plans.items()}


def plans_of(described: Mapping[str, Mapping[str, Any]]) -> dict[str, Plan]:
    return {name: Plan(**fields) for name, fields in described.items()}


def part_name(name: str, number: int) -> str:
    """Of a plan that has several parts; the first keeps its name where others come beside it."""
    return name if number == 1 else f"{name}_{number}"


def plan_of(report: ReportKey, plans: Plans) -> Plan | None:
    """The plan that a report is of; None where it is of none of these.

    Plans of one name stand in several Regions and accounts, and may deliver to one bucket: a key
    with another account part is another plan's. The older form of keys leaves that part out.
    """
    plan = plans.get(report.plan)
    if plan is None and (numbered := _NUMBERED.fullmatch(report.plan)):
        whole = plans.get(numbered["name"])
        plan = whole if whole is not None and whole.numbered else None
    return plan if plan is not None and report.account in ("", plan.account) else None


REPORTS_SERVICE = "reports.backup.amazonaws.com"
REPORTS_ROLE = "AWSServiceRoleForBackupReports"
"""As which AWS Backup delivers an account's reports. A policy that names it before it exists is
refused by AWS."""


def reports_service_role_arn(account: str, partition: str) -> str:
    path = f"role/aws-service-role/{REPORTS_SERVICE}/{REPORTS_ROLE}"
    return f"arn:{partition}:iam::{account}:{path}"
