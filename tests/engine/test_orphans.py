"""What a run that was cut off leaves behind is found, and the stack's again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fleet.deploy.deployment import Deployment
from fleet.deploy.orphans import settle
from fleet.project import PROJECT_VARIABLE
from fleet.sandbox.stage import Stage
from tests.support.command import backup_org
from tests.support.standing import resources_in

KEY = "aws:kms/key:Key"


def cut_off(stage: Stage, stack: str, type_: str = "aws:", *, again: bool = False) -> None:
    """As if the engine had been killed while all of these were created, and had heard of none;
    `again`: and a later run had made them anew."""
    (file,) = (stage.workspace.root / "state").rglob(f"{stack}.json")
    state = json.loads(file.read_text())
    latest = state["checkpoint"]["latest"]
    gone = [r for r in latest["resources"] if r["type"].startswith(type_)]
    if not again:
        latest["resources"] = [r for r in latest["resources"] if r not in gone]
    urns = {resource["urn"] for resource in gone}
    for resource in (
        () if again else latest["resources"]
    ):  # nothing can stand already that depends on them
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
    found_again(stage, stack)


def found_again(stage: Stage, stack: str) -> None:
    deployment = Deployment(stage.engine, stack)
    deployment.up()
    before = ids(deployment)
    cut_off(stage, stack)
    settled = settle(deployment, lambda s: stage.sandbox.session(s.account, s.region))
    assert (settled.never_made, settled.left) == ((), ())
    assert ids(deployment) == before
    assert not deployment.up().changed
    assert not deployment.drifted().changed


def test_a_destroy_finds_what_was_begun_where_nothing_else_is_in_the_state(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROJECT_VARIABLE, str(stage.workspace.project))
    for stack in ("acme-audit", "acme-member-web"):
        Deployment(stage.engine, stack).up()
    cut_off(stage, "acme-member-web")
    answer = backup_org("destroy", "acme-member-web", "--yes", "--lose", "*")
    assert answer.output.count("stands, and is the stack's again: aws:backup/vault:Vault") == 1
    assert resources_in(stage, stage.stacks["acme-member-web"].account) == {}


def test_a_key_that_a_later_run_made_anew_is_named_with_the_command_that_deletes_it(
    stage: Stage,
) -> None:
    deployment = Deployment(stage.engine, "acme-audit")
    deployment.up()
    ours = [resource for resource in deployment.resources() if resource["type"] == KEY]
    settings = deployment.settings
    kms: Any = stage.sandbox.session(settings.account, settings.region).client("kms")
    tags = [
        {"TagKey": key, "TagValue": value} for key, value in ours[0]["inputs"]["tagsAll"].items()
    ]
    twin = kms.create_key(Description=ours[0]["inputs"]["description"], Tags=tags)
    id_ = twin["KeyMetadata"]["KeyId"]
    cut_off(stage, "acme-audit", KEY, again=True)
    settled = settle(deployment, lambda s: stage.sandbox.session(s.account, s.region))
    assert settled.imported == ()
    (line,) = settled.left
    command = f"aws kms schedule-key-deletion --key-id {id_} --region {settings.region}"
    assert line.endswith(
        f"{id_} stands beside the stack's own; nothing uses it, delete it:\n  {command}"
    )
    assert not deployment.up().changed


@pytest.mark.soak
@pytest.mark.parametrize("stack", ["hooli-audit", "hooli-management", "hooli-member-trading"])
def test_whatever_was_begun_is_found_again_of_a_customer_with_everything(
    stage_of: Callable[[str], Stage], stack: str
) -> None:
    found_again(stage_of("hooli"), stack)
