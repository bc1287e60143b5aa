"""Whatever stacks make can be imported, by the ids that the aws provider's own pages give."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import boto3
import pytest

from fleet.deploy.import_ids import Wanted, delete_command, import_ids, is_named, types
from tests.support.examples import recordings

SDK: Mapping[str, str] = {"lambda": "lambda_"}
GIVEN = (  # what the forms are filled with
    "accountId",
    "backupVaultName",
    "bucket",
    "configurationSetName",
    "databaseName",
    "emailIdentity",
    "eventBusName",
    "eventDestinationName",
    "function",
    "key",
    "name",
    "principal",
    "restoreTestingPlanName",
    "role",
    "rule",
    "statementId",
    "targetId",
    "user",
)
INPUTS = {
    **dict.fromkeys(GIVEN, "x"),
    "arn": "arn:aws:sns:eu-central-1:111111111111:x",
    "policyArn": "arn:aws:iam::aws:policy/x",
    "policyId": "p-x",
    "queueUrl": "https://sqs.eu-central-1.amazonaws.com/111111111111/x",
    "resourceArn": "arn:aws:ec2:eu-central-1:111111111111:subnet/x",
    "resourceShareArn": "arn:aws:ram:eu-central-1:111111111111:resource-share/x",
}


def made() -> set[str]:
    return {
        resource.type
        for recording in recordings().values()
        for resource in recording.resources
        if resource.type.startswith("aws:")
    }


def test_each_type_of_the_example_stacks_can_be_imported() -> None:
    assert made() <= set(types())


def examples(type_: str) -> list[str]:
    """The ids that the SDK's docstrings of a type give as examples."""
    service, _, name = type_.removeprefix("aws:").replace("/", ":").split(":")
    made: Any = getattr(import_module(f"pulumi_aws.{SDK.get(service, service)}"), name)
    source = inspect.getsource(sys.modules[made.__module__])
    return re.findall(r"\$ pulumi import \S+ \S+ (\S+)", source)


def shape(id_: str) -> str:
    """What stands between the parts of an id."""
    plain = re.sub(r"https://[^/]+/|arn:[^,]*|s3://|alias/|some/key\.txt", "", id_)
    return re.sub(r"[^/:|,]+", "", plain)


@pytest.mark.parametrize("type_", sorted(t for t in types() if is_named(t) and "queue:" not in t))
def test_an_id_has_the_form_of_the_provider_s_page(type_: str) -> None:
    wanted = Wanted(
        type=type_,
        inputs=INPUTS | {"eventBusName": "x" if "eventRule" in type_ else "default"},
        session=boto3.Session(),
        account="111111111111",
        partition="aws",
        region="eu-central-1",
        tags={},
    )
    (id_,) = import_ids(wanted)
    assert shape(id_) in {shape(example) for example in examples(type_)}


def test_what_may_stand_twice_has_the_command_that_deletes_it() -> None:
    for type_ in types():
        if not is_named(type_):
            assert "{" not in delete_command(type_, "a|b:1", "eu-central-1")
