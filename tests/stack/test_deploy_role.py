"""The deploy role's policies beside the stacks that it deploys: types, names and roles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

from fleet.deploy_role.documents import documents
from fleet.deploy_role.table import FILE, table
from stacks.load import Settings
from tests.support.alone import ALONE, CASE, recorded_alone
from tests.support.examples import EXAMPLES, example, recordings
from tests.support.recorder import Recording
from tests.support.report_variants import VARIANTS, recorded

NAMED = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:PutMetricAlarm",
    "aws:cloudwatch/eventBus:EventBus": "events:CreateEventBus",
    "aws:cloudwatch/eventRule:EventRule": "events:PutRule",
    "aws:dynamodb/table:Table": "dynamodb:CreateTable",
    "aws:glue/catalogDatabase:CatalogDatabase": "glue:CreateDatabase",
    "aws:iam/instanceProfile:InstanceProfile": "iam:CreateInstanceProfile",
    "aws:iam/role:Role": "iam:CreateRole",
    "aws:iam/user:User": "iam:CreateUser",
    "aws:kms/alias:Alias": "kms:CreateAlias",
    "aws:lambda/function:Function": "lambda:CreateFunction",
    "aws:cloudwatch/logGroup:LogGroup": "logs:CreateLogGroup",
    "aws:s3/bucket:Bucket": "s3:CreateBucket",
    "aws:scheduler/schedule:Schedule": "scheduler:CreateSchedule",
    "aws:sns/topic:Topic": "sns:CreateTopic",
    "aws:sqs/queue:Queue": "sqs:CreateQueue",
    "aws:ssm/document:Document": "ssm:CreateDocument",
    "aws:athena/workgroup:Workgroup": "athena:CreateWorkGroup",
}
"""Types whose resources have names of their own, and the action that makes one."""


@pytest.fixture(params=[*EXAMPLES, *VARIANTS, ALONE])
def stack(request: pytest.FixtureRequest) -> tuple[Settings, Recording]:
    name = request.param
    if name == ALONE:
        return CASE.settings, recorded_alone()
    if name in EXAMPLES:
        return example(name).settings, recordings()[name]
    return VARIANTS[name].case.settings, recorded(name)


def test_a_stack_has_no_type_whose_row_leaves_its_role_out(
    stack: tuple[Settings, Recording],
) -> None:
    settings, recording = stack
    there = {r.type for r in recording.resources if r.type.startswith("aws:")}
    missing = there - table().of(settings.role, alone=settings.alerts_in == "member").keys()
    assert not missing, f"add {settings.role} to `roles` of {', '.join(missing)} in {FILE.name}"


def test_what_a_stack_makes_has_a_name_that_its_deploy_role_may_make(
    stack: tuple[Settings, Recording],
) -> None:
    settings, recording = stack
    allowed = [s for text in documents([settings]) for s in json.loads(text)["Statement"]]

    def may(action: str) -> Iterator[str]:
        for statement in allowed:
            if action in statement["Action"]:
                yield from (
                    arn.rsplit(":", 1)[1].partition("/")[2] or arn.rsplit(":", 1)[1]
                    for arn in statement["Resource"]
                )

    for resource in recording.resources:
        if resource.type in NAMED:
            name = resource.inputs.get("name") or resource.inputs["bucket"]
            name = name.removeprefix("alias/").removeprefix("/")
            patterns = list(may(NAMED[resource.type]))
            assert any(
                fnmatchcase(name, pattern.removeprefix("default/")) for pattern in patterns
            ), f"{NAMED[resource.type]} of {name}: {patterns}"
