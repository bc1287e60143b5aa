"""A member of a customer without organization, which has all of the way of its alerts inside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.support.examples import Case
from tests.support.recorder import Recording

ALONE = "umbrella-member-shop"
OWN: Mapping[str, Any] = {
    "customer": "umbrella",
    "role": "member",
    "name": "shop",
    "account": "111122223333",
    "region": "eu-central-1",
    "regions": ["eu-central-1", "eu-west-1"],
    "alerts_in": "member",
    "vaults": {"standard": {}},
    "plans": {"gold": {}},
    "ticketing": {"url": "https://umbrella.service-now.com", "secret": "backup-org/servicenow"},
}
CASE = Case(stack=ALONE, own=OWN, invokes={})


@cache
def recorded_alone() -> Recording:
    return CASE.run({})
