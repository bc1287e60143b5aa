"""The doctor on what plans select, where alarms go, and which accounts have no stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.backends import get_backend

from aws_sandbox.aws.server import AwsServer
from fleet.deploy.prepare import prepared
from fleet.doctor.findings import State
from stacks.load import CUSTOMERS, Settings
from tests.engine.doctor.conftest import (
    ACME,
    AUDIT,
    BELOW,
    IN_UNIT,
    LAKE,
    MANAGEMENT,
    MEMBER,
    REGION,
    TOPICS,
    WITHOUT_STACK,
    examined,
    findings,
    settings,
    written,
)

SERVICES = f"services of AWS Backup in {REGION}"
SOURCES = f"sources of copies across accounts in {REGION}"
RULE = {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 7}


def protected(folder: Path, selection: Mapping[str, Any], **values: Any) -> Settings:
    plan = {"selection": selection, "rules": {"daily": {**RULE, "copies": [{"account": AUDIT}]}}}
    return written(
        folder, "management", reports=None, vaults={"own": {}}, plans={"gold": plan}, **values
    )


class TestServices:
    @pytest.fixture
    def backup(self, session: boto3.Session) -> Any:
        backup = session.client("backup")
        off = {"DynamoDB": False, "EFS": False}
        backup.update_region_settings(ResourceTypeOptInPreference=off)
        return backup

    @pytest.mark.usefixtures("backup")
    def test_that_are_off_and_named_by_a_plan_are_cured_by_prepare(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        asked = protected(tmp_path, {"resource_types": ["EFS", "EC2"]})
        assert examined(asked, session)[SERVICES] == (
            "off, and selected: EFS",
            "set opt_ins: {EFS: true}, then:; backup-org prepare acme-management",
        )
        asked = protected(tmp_path, {"resource_types": ["EFS"]}, opt_ins={"EFS": True})
        made = next(prepared(asked, lambda: [asked], session))
        assert made == f"opt_ins in {REGION}: made"
        assert next(prepared(asked, lambda: [asked], session)).endswith(": stands")
        assert examined(asked, session)[SERVICES] == ("all that settings name are on", "")
        live = session.client("backup").describe_region_settings()["ResourceTypeOptInPreference"]
        assert (live["EFS"], live["DynamoDB"], live["EC2"]) == (True, False, True)

    @pytest.mark.usefixtures("backup")
    def test_that_are_off_and_not_meant_to_be_are_told_of_a_plan_by_tag(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        asked = protected(tmp_path, {}, opt_ins={"EFS": False})
        finding = findings(asked, session)[SERVICES]
        assert finding.state is State.BY_HAND
        assert finding.found == "off, so that no tag gets them backed up: DynamoDB"

    def test_that_aws_does_not_know_are_refused_with_those_that_it_does(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        asked = protected(tmp_path, {}, opt_ins={"Dynamo": True})
        with pytest.raises(Exception, match=r"opt_ins: AWS Backup has no Dynamo in .*DynamoDB"):
            list(prepared(asked, lambda: [asked], session))


class TestSourcesOfCopies:
    @pytest.fixture
    def keys(self, session: boto3.Session) -> tuple[str, str]:
        """AWS's for EBS, and one of the account's own."""
        kms = session.client("kms")
        theirs = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"].get("Arn", "")
        return theirs, kms.create_key()["KeyMetadata"].get("Arn", "")

    @staticmethod
    def volume(key: str, plan: str = "") -> str:
        """The ARN of one that moto makes: the product makes none."""
        ec2 = get_backend("ec2")[MANAGEMENT][REGION]
        made = ec2.create_volume(
            size=1, zone_name=f"{REGION}a", encrypted=bool(key), kms_key_id=key or None
        )
        ec2.create_tags([made.id], {"backup-plan": plan} if plan else {})
        return f"arn:aws:ec2:{REGION}:{MANAGEMENT}:volume/{made.id}"

    def test_under_a_key_of_aws_are_told_where_a_plan_selects_them(
        self, tmp_path: Path, session: boto3.Session, keys: tuple[str, str]
    ) -> None:
        theirs, own = keys
        bound = self.volume(theirs, "gold")
        for key, plan in ((own, "gold"), ("", "gold"), (theirs, "silver")):
            self.volume(key, plan)
        found, cure = examined(protected(tmp_path, {}), session)[SOURCES]
        assert found == f"under a key of AWS's, so that their copies fail: {bound}"
        assert "a key of your own" in cure
        for selection in (
            {"resource_types": ["RDS"]},
            {"exclude_arns": ["arn:aws:ec2:*:*:volume/*"]},
            {"conditions": {"not_equals": {"backup-plan": "gold"}}},
            {"conditions": {"like": {"stage": "prod*"}}},
        ):
            asked = protected(tmp_path, selection)
            assert examined(asked, session)[SOURCES][1] == ""

    def test_are_databases_and_the_volumes_of_instances_too(
        self, tmp_path: Path, session: boto3.Session, keys: tuple[str, str]
    ) -> None:
        theirs, _ = keys
        ec2 = get_backend("ec2")[MANAGEMENT][REGION]
        image = session.client("ec2").describe_images()["Images"][0].get("ImageId", "")
        (instance,) = ec2.run_instances(
            image,
            1,
            None,
            [],
            tags={"instance": {"backup-plan": "gold"}},
            is_instance_type_default=True,
        ).instances
        ec2.attach_volume(self.volume(theirs).rpartition("/")[2], instance.id, "/dev/sdh")
        database = session.client("rds").create_db_instance(
            DBInstanceIdentifier="ledger",
            DBInstanceClass="db.t3.micro",
            Engine="postgres",
            StorageEncrypted=True,
            KmsKeyId=theirs,
            Tags=[{"Key": "backup-plan", "Value": "gold"}],
        )["DBInstance"]
        found = examined(protected(tmp_path, {}), session)[SOURCES][0]
        arn = f"arn:aws:ec2:{REGION}:{MANAGEMENT}:instance/{instance.id}"
        assert found.endswith(f": {arn}, {database.get('DBInstanceArn')}")

    def test_are_not_looked_for_where_no_rule_copies_to_another_account(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        asked = written(
            tmp_path, "management", reports=None, vaults={"own": {}}, plans={"gold": {}}
        )
        assert SOURCES not in examined(asked, session)


def test_accounts_without_a_stack_are_told_with_their_names(
    tmp_path: Path, session: boto3.Session
) -> None:
    written(tmp_path, "audit")
    asked = settings(tmp_path)
    finding = findings(asked, session, tmp_path)[WITHOUT_STACK]
    assert finding.found == f"{MEMBER} (member), {IN_UNIT} (in-a-unit), {BELOW} (below)"
    assert (finding.state, finding.run) == (State.BY_HAND, ("backup-org enrol acme",))


def test_accounts_that_enrolment_excludes_may_be_without_a_stack(
    tmp_path: Path, session: boto3.Session
) -> None:
    written(tmp_path, "audit")
    asked = settings(tmp_path)
    session.client("organizations").tag_resource(
        ResourceId=MEMBER, Tags=[{"Key": "backup", "Value": "none"}]
    )
    exclude = [{"units": ["upper"]}, {"tags": {"backup": "none"}}]
    shared = tmp_path / CUSTOMERS / "acme.yaml"
    shared.write_text(json.dumps({**ACME, "enrolment": {"exclude": exclude}}))
    assert examined(asked, session, tmp_path)[WITHOUT_STACK] == ("none of 2", "")
    shared.write_text(json.dumps({**ACME, "enrolment": {"exclude": [{}]}}))
    wrong = findings(asked, session, tmp_path)[WITHOUT_STACK]
    assert (wrong.state, "enrolment.exclude[0]" in wrong.found) == (State.FAILED, True)


def test_an_empty_alarm_topics_is_told_where_the_alert_bus_stands(
    aws: AwsServer, tmp_path: Path, session: boto3.Session
) -> None:
    audit, topic = aws.session(AUDIT, REGION), f"arn:aws:sns:{REGION}:{AUDIT}:on-call"
    assert findings(written(tmp_path, "audit"), audit)[TOPICS].state is State.BY_HAND
    told = findings(written(tmp_path, "audit", alarm_topics=[topic]), audit)[TOPICS]
    assert (told.found, told.state) == (topic, State.FINE)
    assert TOPICS not in findings(settings(tmp_path), session)


def test_lake_formation_that_shuts_iam_out_is_told_with_where_to_let_it_in(
    tmp_path: Path, session: boto3.Session
) -> None:
    asked = settings(tmp_path)
    assert examined(asked, session)[LAKE] == ("leave new databases and tables to IAM", "")
    session.client("lakeformation").put_data_lake_settings(
        DataLakeSettings={"CreateTableDefaultPermissions": []}
    )
    found, cure = examined(asked, session)[LAKE]
    assert found.endswith("of new databases and tables")
    assert "Use only IAM access control" in cure
