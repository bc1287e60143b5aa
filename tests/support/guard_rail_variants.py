"""The management account of a regulated example with guard rails, as a case and as a recording."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.support.examples import Case, example, recordings
from tests.support.recorder import Recording

STACK, CUSTOMER = "hooli-management", "hooli"
GUARD_RAILS: Mapping[str, Any] = {
    "targets": ["r-exam"],
    "break_glass_roles": [
        "break-glass-*",
        "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Rescue_*",
    ],
    "deploy_roles": ["OrganizationAccountAccessRole"],
    "buckets": ["hooli-audit-reports"],
    "trusted_accounts": ["666666666666"],
}


def with_guard_rails(**own: Any) -> Case:
    like = example(STACK)
    return Case(stack=STACK, own={**like.own, "guard_rails": {**GUARD_RAILS, **own}})


@cache
def guarded() -> Recording:
    return with_guard_rails().run(
        {name: recorded.exports for name, recorded in recordings().items()}
    )
