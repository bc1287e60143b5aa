"""What somebody changes in AWS by hand: told per resource and property, and mended on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from fleet.deploy.changes import Change, PropertyChange
from fleet.deploy.deployment import Deployment, NeverDeployed
from fleet.sandbox.stage import Stage

AUDIT, MEMBER = "acme-audit", "acme-member-payments"
REGION = "eu-central-1"
ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]


@pytest.fixture(scope="module")
def deployed(stage: Stage) -> Stage:
    for stack in (AUDIT, MEMBER):
        Deployment(stage.engine, stack).up()
    return stage


def told(changes: Sequence[Change]) -> dict[str, str]:
    """What is done to each resource, by its type and name."""
    return {f"{change.type} {change.name}": change.op for change in changes}


def test_what_was_never_deployed_has_no_drift_to_look_for(stage: Stage) -> None:
    with pytest.raises(NeverDeployed, match=f"{MEMBER} was never deployed"):
        Deployment(stage.engine, MEMBER).drifted()


def test_an_update_is_left_out_where_the_preview_shows_no_change(deployed: Stage) -> None:
    updates: list[str] = []
    deployment = Deployment(
        deployed.engine,
        MEMBER,
        lambda stack, event: (
            updates.append(stack)
            if event.resource_pre_event and not event.resource_pre_event.planning
            else None
        ),
    )
    outcome = deployment.up()
    assert not outcome.changed
    assert set(outcome.changes) == {"same"}
    assert updates == []
    assert not deployment.drifted().changed


def test_a_rule_deleted_by_hand_is_told_and_mended(deployed: Stage) -> None:
    member = Deployment(deployed.engine, MEMBER)
    session = deployed.sandbox.session(member.settings.account, REGION)
    events, sqs = session.client("events"), session.client("sqs")
    rule = next(r for r in events.list_rules()["Rules"] if r.get("Name", "").endswith("-alerts"))
    name = rule.get("Name", "")
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    events.remove_targets(Rule=name, Ids=[target["Id"] for target in targets])
    events.delete_rule(Name=name)
    queue = sqs.get_queue_url(QueueName=f"{name}-dead-letters")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": "345600"})

    found = member.drifted()
    assert told(found.drift) == {
        "aws:cloudwatch/eventRule:EventRule acme-backup-alerts-eu-central-1": "delete",
        "aws:cloudwatch/eventTarget:EventTarget acme-backup-alerts-eu-central-1": "delete",
        "aws:sqs/queue:Queue acme-backup-alerts-eu-central-1": "update",
    }
    (differs,) = [change for change in found.drift if change.op == "update"]
    assert differs.properties == (
        PropertyChange(path="messageRetentionSeconds", old=1209600, new=345600),
    )
    assert not member.preview().changed, "the state alone does not know"
    previewed = member.preview(refreshed=True)
    assert told(previewed.drift) == told(found.drift)
    mended = told(previewed.details)
    assert (
        mended.items()
        >= {
            "aws:cloudwatch/eventRule:EventRule acme-backup-alerts-eu-central-1": "create",
            "aws:cloudwatch/eventTarget:EventTarget acme-backup-alerts-eu-central-1": "create",
            "aws:sqs/queue:Queue acme-backup-alerts-eu-central-1": "update",
        }.items()
    )
    assert events.list_rules(NamePrefix=name)["Rules"] == [], "a preview changes nothing"

    member.up(refreshed=True)
    assert not member.drifted().changed
    assert [r.get("Name") for r in events.list_rules(NamePrefix=name)["Rules"]] == [name]
    assert events.list_targets_by_rule(Rule=name)["Targets"] == targets


def test_a_bucket_s_policy_deleted_by_hand_is_told_and_mended(deployed: Stage) -> None:
    audit = Deployment(deployed.engine, AUDIT)
    s3 = deployed.sandbox.session(audit.settings.account, REGION).client("s3")
    buckets = [bucket.get("Name", "") for bucket in s3.list_buckets()["Buckets"]]
    (bucket,) = [name for name in buckets if "proof" in name]
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    assert told(audit.drifted().drift) == {
        "aws:s3/bucketPolicy:BucketPolicy acme-backup-evidence": "delete"
    }
    audit.up(refreshed=True)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    assert not audit.drifted().changed


def test_settings_may_have_every_up_look_in_aws_and_mend(
    deployed: Stage, change_settings: ChangeSettings
) -> None:
    audit = change_settings(AUDIT, lambda values: values.update(refresh=True))
    s3 = deployed.sandbox.session(audit.settings.account, REGION).client("s3")
    buckets = [bucket.get("Name", "") for bucket in s3.list_buckets()["Buckets"]]
    (bucket,) = [name for name in buckets if "proof" in name]
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    audit.up()
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy


def test_what_only_the_state_has_is_deployed_all_the_same(
    deployed: Stage, change_settings: ChangeSettings
) -> None:
    """A vault that a destroy shall leave from now on: nothing in AWS changes by that."""

    def leave(values: dict[str, Any]) -> None:
        values["vaults"]["standard"] = {"leave_on_destroy": True}

    def protect(values: dict[str, Any]) -> None:
        values["vaults"]["standard"] = {}

    change_settings(MEMBER, protect).up()
    outcome = change_settings(MEMBER, leave).up()
    vaults = [found for found in outcome.details if found.type == "aws:backup/vault:Vault"]
    assert {change.op for change in vaults} == {"same"}
    assert [(p.path, p.old, p.new) for p in vaults[0].properties] == [
        ("protect", True, False),
        ("retainOnDelete", False, True),
    ]
    kept = [
        resource.get("retainOnDelete")
        for resource in Deployment(deployed.engine, MEMBER).resources()
        if resource["type"] == "aws:backup/vault:Vault"
    ]
    assert kept == [True, True]
