"""What is refused before anything is made, property by property."""

from dataclasses import replace
from typing import Any

import pytest

from aws_sandbox.plugin.values import UNKNOWN, Properties, Props

QUEUE, VAULT, PLAN = "aws:sqs/queue:Queue", "aws:backup/vault:Vault", "aws:backup/plan:Plan"


def test_a_secret_within_is_marked_where_it_is(plugin: Any) -> None:
    inputs: Props = {"name": "vault", "tags": {"open": "1", "hidden": "2"}}
    checked = plugin.check(VAULT, inputs, secrets=[("tags", "hidden")])
    assert checked.inputs.secrets == {("tags", "hidden"), ("tagsAll", "hidden")}
    assert checked.inputs.values["tagsAll"] == {"open": "1", "hidden": "2"}


def test_a_secret_that_is_refused_is_not_shown(plugin: Any) -> None:
    failures = plugin.check(VAULT, {"name": "hush hush"}, secrets=[("name",)]).failures
    assert failures == {"name": "AWS would refuse the value; it is a secret and not shown"}


def test_problems_within_lists_are_found_with_their_paths(plugin: Any) -> None:
    rules = [
        {"ruleName": "a", "targetVaultName": "vault"},
        {"ruleName": 7, "shedule": "x", "lifecycle": {"deleteAfter": "5"}},
    ]
    failures = plugin.check(PLAN, {"name": "plan", "rules": rules}).failures
    assert failures == {
        "rules[1].ruleName": "expected a string, got a whole number (7)",
        "rules[1].shedule": "PlanRule has no property 'shedule'; did you mean 'schedule'?",
        "rules[1].lifecycle.deleteAfter": "expected a whole number, got a string ('5')",
        "rules[1].targetVaultName": "PlanRule requires 'targetVaultName'; set it",
    }


def test_a_property_that_a_nested_table_lacks_is_refused(plugin: Any) -> None:
    rules = [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
            "blockedEncryptionTypes": ["SSE-C"],
        }
    ]
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    failures = plugin.check(type_, {"bucket": "reports", "rules": rules}).failures
    assert [*failures] == ["rules[0].blockedEncryptionTypes"]
    assert (
        "does not support 'blockedEncryptionTypes'" in failures["rules[0].blockedEncryptionTypes"]
    )


def test_a_policy_given_as_an_object_becomes_text(plugin: Any) -> None:
    inputs: Props = {"bucket": "reports", "policy": {"Version": "2012-10-17", "Statement": []}}
    checked = plugin.check("aws:s3/bucketPolicy:BucketPolicy", inputs)
    assert checked.inputs.values["policy"] == '{"Statement": [], "Version": "2012-10-17"}'
    assert not checked.failures


@pytest.mark.parametrize(
    ("type_", "inputs", "path"),
    [
        (QUEUE, {"sqsManagedSseEnabled": True, "kmsMasterKeyId": "k"}, "sqsManagedSseEnabled"),
        ("aws:lambda/function:Function", {"role": "arn:aws:iam::555555555555:role/r"}, "code"),
    ],
)
def test_properties_that_exclude_each_other_are_refused(
    plugin: Any, type_: str, inputs: Props, path: str
) -> None:
    assert path in plugin.check(type_, inputs).failures


def test_a_type_that_is_not_known_is_refused_with_those_that_are(plugin: Any) -> None:
    with pytest.raises(Exception, match=r"does not know aws:ec2/vpc:Vpc; it knows aws:athena/"):
        plugin.check("aws:ec2/vpc:Vpc", {})


def test_a_property_that_aws_chose_stays_when_the_program_leaves_it_out(plugin: Any) -> None:
    checked = plugin.check(VAULT, {"name": "vault"}).inputs
    made = plugin.create(VAULT, checked, preview=True)
    assert made.outputs.values["kmsKeyArn"] is UNKNOWN
    chosen = Properties(values=checked.values | {"kmsKeyArn": "arn:k"}, secrets=frozenset())
    previewed = plugin.update(replace(made, id="vault", outputs=chosen), checked, preview=True)
    assert previewed.outputs.values["kmsKeyArn"] == "arn:k"
