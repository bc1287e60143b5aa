"""What a refresh and an import find in AWS."""

from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from moto.core.exceptions import JsonRESTError
from moto.kms.models import KmsBackend
from pulumi.runtime.proto import provider_pb2, status_pb2

from aws_sandbox.aws.backup.control_calls import add_backup_controls
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.plugin.values import Props, decode
from sandbox.tests.plugin.conftest import Made

NONE = provider_pb2.DiffResponse.DIFF_NONE
PLAN, VAULT, QUEUE = "aws:backup/plan:Plan", "aws:backup/vault:Vault", "aws:sqs/queue:Queue"
KEY = "aws:kms/key:Key"


@pytest.fixture(scope="module")
def client(aws: AwsServer) -> Any:
    """Clients of someone else who works in the account."""
    session = aws.session("555555555555", "eu-west-1")
    return session.client


def test_what_someone_else_changed_is_found_and_would_be_put_right(
    plugin: Any, client: Any
) -> None:
    made = plugin.make(QUEUE, {"name": "drift", "visibilityTimeoutSeconds": 90, "tags": {"a": "1"}})
    sqs = client("sqs")
    attributes = {"VisibilityTimeout": "91", "MessageRetentionPeriod": "60"}
    sqs.set_queue_attributes(QueueUrl=made.id, Attributes=attributes)
    sqs.tag_queue(QueueUrl=made.id, Tags={"b": "2"})

    read = plugin.read(made)
    assert read.inputs.values["visibilityTimeoutSeconds"] == 91
    # The program left it to the default.
    assert read.inputs.values["messageRetentionSeconds"] == 60
    assert read.inputs.values["tags"] == {"a": "1", "b": "2"}
    diff = plugin.diff(read, made.inputs.values)
    changes = ["messageRetentionSeconds", "tags", "tagsAll", "visibilityTimeoutSeconds"]
    assert list(diff.diffs) == changes
    assert plugin.update(read, made.inputs).outputs.values == made.outputs.values
    plugin.delete(made)


def test_a_rule_that_someone_else_added_or_changed_is_found(plugin: Any, client: Any) -> None:
    vault = plugin.make(VAULT, {"name": "drift-rules"})
    rule = {"ruleName": "daily", "targetVaultName": "drift-rules"}
    weekly = rule | {"ruleName": "weekly", "lifecycle": {"deleteAfter": 35}}
    made = plugin.make(PLAN, {"name": "drift-rules", "rules": [rule, weekly]})
    backup = client("backup")
    plan = backup.get_backup_plan(BackupPlanId=made.id)["BackupPlan"]
    rules = [{k: v for k, v in each.items() if k != "RuleId"} for each in reversed(plan["Rules"])]
    backup.update_backup_plan(BackupPlanId=made.id, BackupPlan=plan | {"Rules": rules})
    read = plugin.read(made)  # another order of the same rules
    assert read.inputs.values == made.inputs.values

    rules[0]["Lifecycle"] = {"DeleteAfterDays": 40}
    rules.append(rules[1] | {"RuleName": "hourly"})
    backup.update_backup_plan(BackupPlanId=made.id, BackupPlan=plan | {"Rules": rules})
    read = plugin.read(made)
    assert [each["ruleName"] for each in read.inputs.values["rules"]] == [
        "daily",
        "weekly",
        "hourly",
    ]
    assert read.inputs.values["rules"][1]["lifecycle"] == {"deleteAfter": 40}
    diff = plugin.diff(read, made.inputs.values)
    assert {*diff.detailedDiff} == {"rules[1].lifecycle.deleteAfter", "rules[2]"}
    plugin.delete(made)
    plugin.delete(vault)


def test_what_someone_else_deleted_is_gone_and_may_be_deleted_again(
    plugin: Any, client: Any
) -> None:
    made = plugin.make(QUEUE, {"name": "drift-gone"})
    client("sqs").delete_queue(QueueUrl=made.id)
    assert plugin.read(made) is None
    plugin.delete(made)


def test_a_vault_that_holds_a_recovery_point_is_deleted_only_by_force(
    plugin: Any, aws: AwsServer
) -> None:
    made = plugin.make(VAULT, {"name": "full"})
    handlers: Any = {}
    recorder: Any = SimpleNamespace(add=handlers.__setitem__)
    add_backup_controls(recorder, aws.services)
    handlers["backup.job"](
        {
            "account": "555555555555",
            "region": "eu-west-1",
            "kind": "backup",
            "vault": "full",
            "resource_arn": "arn:aws:dynamodb:eu-west-1:555555555555:table/incidents",
            "state": "COMPLETED",
        }
    )
    assert plugin.read(made).outputs.values["recoveryPoints"] == 1
    with pytest.raises(grpc.RpcError, match="DeleteBackupVault: InvalidRequestException"):
        plugin.delete(made)
    forced = plugin.check(VAULT, {"name": "full", "forceDestroy": True})
    plugin.delete(plugin.update(made, forced.inputs))
    assert plugin.read(made) is None


def test_a_bucket_that_holds_an_object_is_deleted_only_by_force(plugin: Any, client: Any) -> None:
    made = plugin.make("aws:s3/bucket:Bucket", {"bucket": "plugin-full"})
    client("s3").put_object(Bucket="plugin-full", Key="a", Body=b"")
    with pytest.raises(grpc.RpcError, match="BucketNotEmpty"):
        plugin.delete(made)
    forced = plugin.check(made.type, {"bucket": "plugin-full", "forceDestroy": True})
    plugin.delete(plugin.update(made, forced.inputs))
    assert plugin.read(made) is None


@pytest.mark.parametrize(
    ("type_", "inputs", "rid", "expected"),
    [
        (VAULT, {"name": "imported", "tags": {"a": "1"}}, "imported", {"name": "imported"}),
        (
            VAULT,
            {"name": "imported-there", "region": "eu-central-1"},
            "imported-there@eu-central-1",
            {"region": "eu-central-1"},
        ),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "/imported"}, "/imported", {}),
        ("aws:s3/bucket:Bucket", {"bucket": "plugin-imported"}, "plugin-imported", {}),
    ],
)
def test_what_exists_is_imported_as_the_program_would_write_it(
    plugin: Any, type_: str, inputs: Props, rid: str, expected: Props
) -> None:
    made = plugin.make(type_, inputs)
    read = plugin.read(type(made)(type=type_, name="it", id=rid))
    assert read.id == made.id
    assert read.inputs.values.items() >= expected.items()
    assert plugin.diff(read, made.inputs.values).changes == NONE
    plugin.delete(made)


def test_an_id_of_several_parts_is_imported(plugin: Any) -> None:
    pattern = '{"source": ["aws.backup"]}'
    bus = plugin.make("aws:cloudwatch/eventBus:EventBus", {"name": "imported"})
    rule = plugin.make(
        "aws:cloudwatch/eventRule:EventRule",
        {"name": "imported", "eventBusName": "imported", "eventPattern": pattern},
    )
    queue = plugin.make(QUEUE, {"name": "imported"})
    inputs = {"rule": "imported", "eventBusName": "imported", "targetId": "q"}
    inputs["arn"] = queue.outputs.values["arn"]
    target = plugin.make("aws:cloudwatch/eventTarget:EventTarget", inputs)
    read = plugin.read(type(target)(type=target.type, name="it", id="imported/imported/q"))
    assert read.id == target.id == "imported-imported-q"
    assert plugin.diff(read, target.inputs.values).changes == NONE
    for made in (target, rule, queue, bus):
        plugin.delete(made)


def test_what_does_not_exist_cannot_be_imported(plugin: Any) -> None:
    wanted = plugin.make(QUEUE, {"name": "not-there"})
    plugin.delete(wanted)
    assert plugin.read(type(wanted)(type=QUEUE, name="it", id=wanted.id)) is None


def test_what_aws_took_only_in_part_is_kept_with_its_secrets(
    plugin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise JsonRESTError("DisabledException", "not today")

    inputs = {"description": "hush", "enableKeyRotation": True}
    checked = plugin.check(KEY, inputs, secrets=[("description",)]).inputs
    with monkeypatch.context() as patch:
        patch.setattr(KmsBackend, "enable_key_rotation", refuse)
        with pytest.raises(grpc.RpcError, match="EnableKeyRotation: DisabledExc") as raised:
            plugin.create(KEY, checked)
    error: Any = raised.value
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(details)
    failed = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(failed)
    assert "EnableKeyRotation" in failed.reasons[0]
    assert decode(failed.properties).secrets == {("description",)}

    kept = Made(
        type=KEY,
        name="it",
        id=failed.id,
        inputs=decode(failed.inputs),
        outputs=decode(failed.properties),
    )
    assert kept.inputs.values["enableKeyRotation"] is False
    updated = plugin.update(kept, checked)
    assert updated.outputs.values["enableKeyRotation"] is True
    plugin.delete(updated)
