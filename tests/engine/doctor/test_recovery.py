"""The doctor on restore tests of what plans fill, and on AWS Config beside frameworks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.backends import get_backend

from fleet.doctor.findings import State
from fleet.doctor.recovery import RECORDED
from tests.engine.doctor.conftest import (
    MANAGEMENT,
    REGION,
    answer_with,
    deploy_something,
    examined,
    findings,
    written,
)

TESTS, CONFIG = f"restore tests in {REGION}", f"AWS Config in {REGION}, for frameworks"
ROLE = f"arn:aws:iam::{MANAGEMENT}:role/recorder"
PLAN: Mapping[str, Any] = {
    "rules": {"daily": {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 7}}
}
TESTED: Mapping[str, Any] = {"weekly": {"selections": {"volumes": {"type": "EBS"}}}}


def restores(session: boto3.Session, **selection: Any) -> None:
    backup: Any = session.client("backup")
    backup.create_restore_testing_plan(
        RestoreTestingPlan={
            "RestoreTestingPlanName": "theirs",
            "ScheduleExpression": "cron(0 5 ? * SUN *)",
            "RecoveryPointSelection": {
                "Algorithm": "LATEST_WITHIN_WINDOW",
                "RecoveryPointTypes": ["SNAPSHOT"],
                **selection,
            },
        }
    )


def test_vaults_from_which_no_plan_in_aws_restores_are_told(
    tmp_path: Path, session: boto3.Session
) -> None:
    own: dict[str, Any] = {"vaults": {"own": {}}, "plans": {"gold": PLAN}, "reports": None}
    untested = findings(written(tmp_path, "management", **own), session)[TESTS]
    assert (untested.found, untested.state) == ("none of own", State.BY_HAND)
    assert untested.cure.startswith("have a restore testing plan take from own")
    asked = written(tmp_path, "management", **own, restore_testing=TESTED)
    assert findings(asked, session)[TESTS].state is State.NOT_YET
    deploy_something(session)
    assert findings(asked, session)[TESTS].state is State.CURE
    restores(session, IncludeVaults=[f"arn:aws:backup:{REGION}:{MANAGEMENT}:backup-vault:own"])
    assert examined(asked, session)[TESTS] == ("of each vault that plans fill", "")


def test_what_aws_config_must_record_for_frameworks_is_told_with_its_cost(
    tmp_path: Path, session: boto3.Session
) -> None:
    asked = written(tmp_path, "management", reports=None, frameworks={"audit": {}})
    config: Any = get_backend("config")[MANAGEMENT][REGION]
    found, cure = examined(asked, session)[CONFIG]
    assert found.startswith("has no recorder; ")
    assert "an estimated 0.003 USD" in found
    put = cure.partition("--configuration-recorder '")[2].partition("'")[0]
    assert json.loads(put)["recordingGroup"]["resourceTypes"] == [*RECORDED]

    recorded = {"resourceTypes": ["AWS::EC2::Instance", *RECORDED[1:]]}
    theirs = {"name": "theirs", "roleARN": ROLE, "recordingGroup": recorded}
    config.put_configuration_recorder(theirs)
    found, cure = examined(asked, session)[CONFIG]
    assert found.startswith(f"does not record {RECORDED[0]}; ")
    put = cure.partition("--configuration-recorder '")[2].partition("'")[0]
    config.put_configuration_recorder(json.loads(put))
    found, cure = examined(asked, session)[CONFIG]
    assert found.startswith("the recorder is stopped; ")
    assert cure.endswith(
        "start-configuration-recorder --configuration-recorder-name theirs --region eu-central-1"
    )
    config.put_delivery_channel({"name": "theirs", "s3BucketName": "config-of-theirs"})
    config.start_configuration_recorder("theirs")
    found, cure = examined(asked, session)[CONFIG]
    assert (found.startswith("records what they go by; "), cure) == (True, "")


@pytest.mark.parametrize(
    ("missing", "mode", "kept"),
    [
        ([RECORDED[0]], None, {}),
        ([RECORDED[0]], {"recordingFrequency": "DAILY"}, {"recordingFrequency": "DAILY"}),
        (
            [RECORDED[-1]],
            {
                "recordingFrequency": "DAILY",
                "recordingModeOverrides": [
                    {"resourceTypes": ["AWS::S3::Bucket"], "recordingFrequency": "CONTINUOUS"}
                ],
            },
            {
                "recordingFrequency": "DAILY",
                "recordingModeOverrides": [
                    {
                        "resourceTypes": ["AWS::S3::Bucket", RECORDED[-1]],
                        "recordingFrequency": "CONTINUOUS",
                    }
                ],
            },
        ),
    ],
)
def test_the_command_of_the_cure_changes_nothing_of_how_often_is_recorded(
    missing: Sequence[str],
    mode: Mapping[str, Any] | None,
    kept: Mapping[str, Any],
    tmp_path: Path,
    session: boto3.Session,
) -> None:
    asked = written(tmp_path, "management", reports=None, frameworks={"audit": {}})
    kinds = [kind for kind in RECORDED if kind not in missing]
    recorder = {"name": "theirs", "roleARN": ROLE, "recordingGroup": {"resourceTypes": kinds}}
    told = {**recorder, **({"recordingMode": mode} if mode else {})}
    answer_with(
        session,
        "config-service.DescribeConfigurationRecorders",
        lambda _: {"ConfigurationRecorders": [told]},
    )
    _, cure = examined(asked, session)[CONFIG]
    put = cure.partition("--configuration-recorder '")[2].partition("'")[0]
    assert json.loads(put).get("recordingMode", {}) == kept
