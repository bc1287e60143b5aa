"""What a run that was cut off leaves behind is found, and the stack's again."""

from __future__ import annotations

import json

import pytest

from fleet.deploy.deployment import Deployment
from fleet.deploy.orphans import settle
from fleet.sandbox.stage import Stage


def cut_off(stage: Stage, stack: str) -> None:
    """As if the engine had been killed while all of these were created, and had heard of none."""
    (file,) = (stage.workspace.root / "state").rglob(f"{stack}.json")
    state = json.loads(file.read_text())
    latest = state["checkpoint"]["latest"]
    gone = [r for r in latest["resources"] if r["type"].startswith("aws:")]
    latest["resources"] = [r for r in latest["resources"] if r not in gone]
    urns = {resource["urn"] for resource in gone}
    for resource in latest["resources"]:  # nothing can stand already that depends on them
        resource["dependencies"] = [u for u in resource.get("dependencies", ()) if u not in urns]
    latest["pending_operations"] = [
        {
            "type": "creating",
            "resource": {k: v for k, v in r.items() if k not in ("id", "outputs")},
        }
        for r in gone
    ]
    file.write_text(json.dumps(state))


def ids(deployment: Deployment) -> dict[str, str]:
    return {r["urn"]: r["id"] for r in deployment.deployed() if r.get("id")}


@pytest.mark.parametrize("stack", ["acme-audit", "acme-management", "acme-member-web"])
def test_whatever_was_begun_is_found_again(stage: Stage, stack: str) -> None:
    deployment = Deployment(stage.engine, stack)
    deployment.up()
    before = ids(deployment)
    cut_off(stage, stack)
    settled = settle(deployment, lambda s: stage.sandbox.session(s.account, s.region))
    assert (settled.never_made, settled.left) == ([], [])
    assert ids(deployment) == before
    assert not deployment.up().changed
    assert not deployment.drifted().changed
