"""An organization of a thousand accounts in seventeen Regions, and one of five thousand: what of
their stack grows with them stays within AWS's limits."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import Any

import pulumi
import pytest

from reports.templates import TEMPLATES
from tests.stack.conftest import plans, scope
from tests.support.recorder import Recorded, Recording
from tests.support.report_variants import Variant, large, management, recorded_as, with_invokes

REGIONS = [f"region-{number}" for number in range(17)]
IN_ALL_REGIONS = {"aws:index/getRegions:getRegions": {"names": REGIONS}}
POLICIES = {
    "aws:iam/rolePolicy:RolePolicy": 10_240,
    "aws:s3/bucketPolicy:BucketPolicy": 20_480,
    "aws:kms/key:Key": 32_768,
    "aws:sqs/queuePolicy:QueuePolicy": 8_192,
}
"""Bytes of a policy by the quotas of IAM (inline policies of a role), S3 and KMS; SQS names none,
and this is less than its attributes take."""
NAMES = {
    "aws:lambda/function:Function": 64,
    "aws:iam/role:Role": 64,
    "aws:sqs/queue:Queue": 80,
    "aws:cloudwatch/eventRule:EventRule": 64,
    "aws:cloudwatch/metricAlarm:MetricAlarm": 255,
    "aws:backup/reportPlan:ReportPlan": 256,
    "aws:glue/catalogTable:CatalogTable": 255,
}


def organization(units: int, accounts_each: int, **reports: Any) -> Variant:
    """All Regions, by default settings."""
    answers = {**large(units, accounts_each), **IN_ALL_REGIONS}
    return with_invokes(management(**reports), answers)


@cache
def thousand() -> tuple[Recording, float]:
    """With the seconds that its program takes."""
    recorded_as(organization(1, 1))  # what is read and imported once
    began = time.process_time()
    return recorded_as(organization(20, 50)), time.process_time() - began


def sizes(kind: str, field: str) -> dict[str, int]:
    found = thousand()[0].all(kind)
    assert found
    return {one.name: len(str(one.inputs.get(field) or "").encode()) for one in found}


class TestOfAThousandAccounts:
    def test_comes_to_no_more_report_plans_than_aws_gives_an_account(self) -> None:
        found = plans(thousand()[0])
        assert len(found) == 10
        for template in TEMPLATES:
            of_it = [scope(p) for n, p in found.items() if n.startswith(f"acme_{template}_report")]
            units = [unit for one in of_it for unit in one["organizationUnits"]]
            assert sorted(units) == [f"ou-exam-{number:08d}" for number in range(20)]
            assert {tuple(one["regions"]) for one in of_it} == {("*",)}

    def test_is_recorded_in_seconds(self) -> None:
        assert thousand()[1] < 10

    def test_has_environments_far_below_lambdas_4_kb(self) -> None:
        functions = thousand()[0].all("aws:lambda/function:Function")
        assert len(functions) > 2
        for function in functions:
            variables = function.inputs["environment"]["variables"]
            assert len(json.dumps(variables).encode()) < 2_048, function.name

    @pytest.mark.parametrize("kind", POLICIES)
    def test_has_policies_within_aws_limits(self, kind: str) -> None:
        assert all(size <= POLICIES[kind] // 2 for size in sizes(kind, "policy").values())

    @pytest.mark.parametrize("kind", NAMES)
    def test_has_names_within_aws_limits(self, kind: str) -> None:
        assert all(size <= NAMES[kind] for size in sizes(kind, "name").values())

    def test_has_patterns_within_2048_characters(self) -> None:
        patterns = sizes("aws:cloudwatch/eventRule:EventRule", "eventPattern")
        assert all(size <= 2_048 for size in patterns.values())

    def test_exports_little(self) -> None:
        assert len(json.dumps(thousand()[0].exports)) < 50_000

    def test_has_no_more_resources_than_a_small_one_but_for_its_plans(self) -> None:
        small = recorded_as(organization(1, 1))

        def others(recording: Recording) -> list[str]:
            ours = [one for one in recording.resources if not _is_plan(one)]
            return sorted(one.urn for one in ours)

        assert others(thousand()[0]) == others(small)


def _is_plan(resource: Recorded) -> bool:
    return resource.type == "aws:backup/reportPlan:ReportPlan"


class TestOfFiveThousandAccounts:
    def test_stops_with_the_arithmetic_and_what_to_ask_aws_for(self) -> None:
        with pytest.raises(pulumi.RunError) as caught:
            recorded_as(organization(100, 50))
        assert str(caught.value) == (
            "5 templates × 7 shards + 0 own plans + 0 that exist = 35 report plans; this account "
            "may have 20: have AWS raise the quota and set reports.sharding.report_plan_quota, "
            "switch templates off (reports.plans.<template>: null), or let `backup-org lake volume "
            "--write` say what accounts really weigh, where they have reports"
        )

    def test_is_deployed_under_the_quota_that_it_names(self) -> None:
        raised = organization(100, 50, sharding={"report_plan_quota": 35})
        found = recorded_as(raised)
        assert len(plans(found)) == 35
        for function in found.all("aws:lambda/function:Function"):
            variables = function.inputs["environment"]["variables"]
            assert len(json.dumps(variables).encode()) < 2_048, function.name
