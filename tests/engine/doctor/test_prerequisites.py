"""The doctor on what must stand first: the service-linked role, the secret, and leave to look."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from aws_sandbox.aws.server import AwsServer
from tests.engine.doctor.conftest import (
    AUDIT,
    MANAGEMENT,
    REGION,
    ROLE,
    THEIRS,
    TRUSTED,
    examined,
    policy_of,
    settings,
    written,
)


class TestTheServiceRole:
    @pytest.mark.usefixtures("role")
    def test_that_exists_is_well(self, tmp_path: Path, session: boto3.Session) -> None:
        assert examined(settings(tmp_path, scope="account"), session)[ROLE] == ("exists", "")

    def test_that_does_not_exist_is_made_by_prepare(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        asked = settings(tmp_path, scope="account", bucket=THEIRS)
        cure = "backup-org prepare acme-management"
        assert examined(asked, session)[ROLE] == ("does not exist", cure)


class TestTheSecret:
    def test_that_does_not_exist_is_told_how_to_make(self, aws: AwsServer, tmp_path: Path) -> None:
        ticketing = {"url": "https://acme.service-now.com", "secret": "acme/servicenow"}
        asked = written(tmp_path, "audit", ticketing=ticketing)
        session = aws.session(AUDIT, REGION)
        found, cure = examined(asked, session)["the secret acme/servicenow"]
        assert found == "does not exist"
        assert cure.endswith(
            f" = {AUDIT} && aws secretsmanager create-secret --name acme/servicenow "
            f"--secret-string file://servicenow.json --region {REGION}"
        )
        session.client("secretsmanager").create_secret(Name="acme/servicenow", SecretString="{}")
        assert examined(asked, session)["the secret acme/servicenow"] == ("exists", "")


class TestALookThatIsRefused:
    def test_is_a_finding_beside_the_others(
        self, aws: AwsServer, tmp_path: Path, session: boto3.Session
    ) -> None:
        iam = session.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": MANAGEMENT}, "Action": "sts:AssumeRole"}
        made = iam.create_role(RoleName="little", AssumeRolePolicyDocument=policy_of(trust))
        allowed = {"Effect": "Allow", "Action": "organizations:*", "Resource": "*"}
        iam.put_role_policy(RoleName="little", PolicyName="own", PolicyDocument=policy_of(allowed))
        little = aws.role_session(made["Role"]["Arn"], REGION)
        found = examined(settings(tmp_path), little)
        assert found[TRUSTED] == ("is on", "")
        for about, call in ((ROLE, "GetRole"), ("accounts in the report plans", "ListReportPlans")):
            assert found[about][0].startswith("cannot be looked up: An error occurred (Access")
            assert (
                found[about][1]
                == f"let the role that deploys here call {call} (docs/deploy-role.md)"
            )
