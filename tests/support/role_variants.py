"""acme's stacks where all that settings say of roles is said: path, boundary, external id."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import Any

from stacks.references import references
from tests.support.examples import EXAMPLES, Case, example
from tests.support.recorder import Recording
from tests.support.shared import shared

EXTERNAL_ID = "of-the-provider"
OWN: Mapping[str, Any] = {
    "iam": {"role_path": "/backup/roles/", "permissions_boundary": "boundaries/backup"},
    "deploy_role_external_id": EXTERNAL_ID,
}
ACME = [stack for stack in EXAMPLES if stack.startswith("acme-")]


def case(stack: str) -> Case:
    """With each kind of role that a stack may have, and the user that signs links."""
    like = example(stack)
    mail = like.own.get("reports_mail", {})
    more: Mapping[str, Mapping[str, Any]] = {
        "acme-audit": {
            "reports_copy": {},
            "reports_mail": {**mail, "link": {"signer": "user", "secret": "links"}},
        },
        "acme-management": {"reports": {"bucket": {"copy_to_audit": True}}},
    }
    return dataclasses.replace(like, own={**like.own, **OWN, **more.get(stack, {})})


def with_path_and_boundary() -> Mapping[str, Recording]:
    """By stack."""
    return shared("roles", _recorded)


def _recorded() -> Mapping[str, Recording]:
    order = TopologicalSorter({stack: references(case(stack).settings) for stack in ACME})
    done: dict[str, Recording] = {}
    for stack in order.static_order():
        done[stack] = case(stack).run({name: r.exports for name, r in done.items()})
    return done
