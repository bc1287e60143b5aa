"""What becomes of what a run was cut off from, with an engine that reads from a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import boto3

from fleet.deploy.deployment import Deployment
from fleet.deploy.orphans import Settled, begun_lines, settle
from fleet.project import PROJECT
from stacks import load
from stacks.load import Settings

LOG_GROUP, ROLE = "aws:cloudwatch/logGroup:LogGroup", "aws:iam/role:Role"
OURS = {"managed-by": "backup-org", "customer": "acme"}
Resources = list[dict[str, Any]]


@dataclass
class FakeDeployment:
    """A stack's state, and what an account has by the ids that resources are imported by."""

    operations: Sequence[Mapping[str, Any]] = ()
    resources: Resources = field(default_factory=list[dict[str, Any]])
    account: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    stack: str = "acme-audit"
    refreshed: list[str] = field(default_factory=list[str])

    @property
    def settings(self) -> Settings:
        return load.from_files(self.stack, PROJECT)

    def begun(self) -> tuple[Sequence[Mapping[str, Any]], Resources]:
        return self.operations, self.resources

    def change_state(self, change: Callable[[Resources], None]) -> None:
        change(self.resources)
        self.operations = ()

    def refresh(self, targets: Sequence[str]) -> None:
        self.refreshed += targets
        for resource in [*self.resources]:
            if resource["urn"] not in targets or resource.get("delete"):
                continue
            outputs = self.account.get(resource["id"])
            if outputs is None:
                self.resources.remove(resource)
            else:
                inputs = {name: outputs[name] for name in resource["inputs"] if name in outputs}
                resource |= {"outputs": dict(outputs), "inputs": inputs}


def settled(deployment: FakeDeployment) -> Settled:
    return settle(cast(Deployment, deployment), lambda _: boto3.Session())


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:acme-audit::backup-org::{type_}::{name}"


def creating(type_: str, called: str, /, **inputs: Any) -> dict[str, Any]:
    resource = {"urn": urn(type_, called), "type": type_, "custom": True, "inputs": inputs}
    return {"type": "creating", "resource": resource}


def standing(type_: str, called: str, id_: str, /, **inputs: Any) -> dict[str, Any]:
    made = creating(type_, called, **inputs)["resource"]
    return made | {"id": id_, "outputs": {**inputs, "id": id_}}


def test_what_stands_is_the_stack_s_and_what_does_not_is_forgotten() -> None:
    deployment = FakeDeployment(
        operations=[
            creating(LOG_GROUP, "made", name="made", skipDestroy=True),
            creating(ROLE, "not-made", name="not-made"),
        ],
        account={"made": {"name": "made", "tagsAll": OURS}},
    )
    found = settled(deployment)
    assert found.imported == (f"{LOG_GROUP} made: made",)
    assert found.never_made == (f"{ROLE} not-made",)
    assert found.left == ()
    (resource,) = deployment.resources
    assert resource["outputs"] == {"name": "made", "tagsAll": OURS, "skipDestroy": True}
    assert settled(deployment) == Settled()


def test_what_aws_does_not_tell_is_as_the_program_gave_it() -> None:
    deployment = FakeDeployment(
        operations=[creating(LOG_GROUP, "made", name="made", skipDestroy=True)],
        account={"made": {"name": "made"}},
    )
    settled(deployment)
    assert deployment.resources[0]["inputs"] == {"name": "made", "skipDestroy": True}


def test_a_region_of_its_own_stands_behind_the_id() -> None:
    deployment = FakeDeployment(
        operations=[creating(LOG_GROUP, "made", name="made", region="eu-west-1")],
        account={"made@eu-west-1": {"name": "made", "region": "eu-west-1"}},
    )
    assert len(settled(deployment).imported) == 1


def test_what_has_somebody_else_s_tags_is_left_and_named() -> None:
    deployment = FakeDeployment(
        operations=[creating(LOG_GROUP, "taken", name="taken", tagsAll=OURS)],
        account={"taken": {"name": "taken", "tagsAll": {"customer": "globex"}}},
    )
    found = settled(deployment)
    assert (found.imported, deployment.resources) == ((), [])
    (line,) = found.left
    assert line.startswith(f"{LOG_GROUP} taken: taken stands, with tags that are not this customer")


def test_what_was_made_in_part_is_taken_and_lacks_its_tags() -> None:
    deployment = FakeDeployment(
        operations=[creating(LOG_GROUP, "part", name="part", tagsAll=OURS)],
        account={"part": {"name": "part", "tagsAll": {}}},
    )
    assert len(settled(deployment).imported) == 1
    assert (
        "tagsAll" not in deployment.resources[0]["inputs"]
        or not (deployment.resources[0]["inputs"]["tagsAll"])
    )


def test_what_a_cut_off_update_or_deletion_came_to_is_read() -> None:
    there = standing(LOG_GROUP, "kept", "kept", name="kept")
    gone = standing(LOG_GROUP, "gone", "gone", name="gone")
    deployment = FakeDeployment(
        operations=[
            {"type": "updating", "resource": there},
            {"type": "deleting", "resource": gone},
        ],
        resources=[there, gone],
        account={"kept": {"name": "kept"}},
    )
    assert list(settled(deployment)) == []
    assert [resource["id"] for resource in deployment.resources] == ["kept"]


def test_what_was_to_replace_another_does_so_with_the_next_run() -> None:
    old = standing(LOG_GROUP, "logs", "before", name="before")
    deployment = FakeDeployment(
        operations=[creating(LOG_GROUP, "logs", name="after")],
        resources=[old],
        account={"before": {"name": "before"}, "after": {"name": "after", "tagsAll": OURS}},
    )
    assert settled(deployment).imported == (f"{LOG_GROUP} logs: after",)
    assert [(r["id"], r.get("delete", False)) for r in deployment.resources] == [
        ("before", True),
        ("after", False),
    ]


def test_what_was_deleted_to_be_made_anew_under_its_name_is_not_there_twice() -> None:
    old = standing(LOG_GROUP, "logs", "logs", name="logs") | {"pendingReplacement": True}
    deployment = FakeDeployment(
        operations=[creating(LOG_GROUP, "logs", name="logs")],
        resources=[old],
        account={"logs": {"name": "logs", "tagsAll": OURS}},
    )
    assert len(settled(deployment).imported) == 1
    assert len(deployment.resources) == 1


def test_what_a_later_run_made_is_no_orphan() -> None:
    deployment = FakeDeployment(
        operations=[creating(LOG_GROUP, "logs", name="logs")],
        resources=[standing(LOG_GROUP, "logs", "logs", name="logs")],
        account={"logs": {"name": "logs"}},
    )
    assert settled(deployment) == Settled()
    assert len(deployment.resources) == 1


def test_what_was_taken_and_not_read_before_the_next_end_is_read_then() -> None:
    unread = standing(LOG_GROUP, "logs", "logs", name="logs")
    del unread["outputs"]
    deployment = FakeDeployment(resources=[unread], account={"logs": {"name": "logs"}})
    assert begun_lines(cast(Deployment, deployment)) == [f"not read yet: {LOG_GROUP} logs"]
    assert settled(deployment).imported == (f"{LOG_GROUP} logs: logs",)


def test_what_is_not_of_aws_is_nothing_to_find() -> None:
    component = creating("backup-org:components:Vault", "standard")
    deployment = FakeDeployment(operations=[component])
    assert settled(deployment) == Settled()
    assert deployment.refreshed == []
