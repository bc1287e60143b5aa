"""What commands read of the stack with the reports."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fleet.lake.reports_stack import NoReports, ReportsStack
from reports.plans import ORGANIZATION, Plan, described


def stack(**outputs: Any) -> ReportsStack:
    unused = cast(Any, None)
    deployment = cast(Any, SimpleNamespace(stack="acme-management"))
    return ReportsStack(deployment=deployment, settings=unused, session=unused, outputs=outputs)


def test_the_plans_are_those_that_the_stack_told() -> None:
    plans = {"jobs": Plan(template="backup_job", account=ORGANIZATION, numbered=True)}
    found = stack(contracts={"reports": "2"}, report_plans=described(plans)).plans
    assert found == plans


def test_a_stack_that_told_their_templates_alone_is_to_be_deployed_again() -> None:
    older = stack(contracts={"reports": "1"}, report_plans={"jobs": "backup_job"})
    with pytest.raises(NoReports, match="run: backup-org up acme-management"):
        _ = older.plans
