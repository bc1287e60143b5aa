"""The management account of a regulated example, with guard rails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.examples import Case, example

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
