"""The doctor on AWS Backup's quotas, and on SES."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest

from aws_sandbox.aws.server import AwsServer
from aws_sandbox.moto_changes.service_quotas import SandboxServiceQuotasResponse
from aws_sandbox.moto_changes.sesv2 import SandboxSESV2Response
from fleet.doctor.findings import Finding, State
from stacks.load import Settings
from tests.engine.doctor.conftest import (
    AUDIT,
    MANAGEMENT,
    QUOTA,
    REGION,
    deploy_something,
    findings,
    settings,
    written,
)

FRAMEWORKS = f"the quota of frameworks in {REGION}"
SES, IDENTITY = f"SES in {REGION}", "SES's identity of backups@acme.example"
ANSWERS = {
    "quotas": (SandboxServiceQuotasResponse, "list_service_quotas"),
    "account": (SandboxSESV2Response, "get_account"),
}


def answering(what: str, text: str) -> Any:
    """As AWS may answer, and the sandbox never does."""
    response, method = ANSWERS[what]

    def answer(_: object) -> str:  # moto passes over what is no function
        return text

    return mock.patch.object(response, method, answer)


class TestTheQuotas:
    def test_are_aws_backups_documented_ones_where_service_quotas_has_none(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        found = findings(settings(tmp_path, scope="account"), session)[QUOTA]
        assert found.state is State.FINE
        assert found.found == "0 of 20 are used, and sharding may use 20"

    def test_that_settings_overstate_are_told(self, tmp_path: Path, session: boto3.Session) -> None:
        asked = settings(tmp_path, scope="account", sharding={"report_plan_quota": 40})
        assert findings(asked, session)[QUOTA].state is State.CURE
        raised = '{"Quotas": [{"QuotaName": "Report plans", "QuotaCode": "L-1", "Value": 30.0}]}'
        with answering("quotas", raised):
            found = findings(asked, session)[QUOTA]
        assert found.found == "0 of 30 are used, and sharding may use 40"
        assert found.run[0].endswith(
            f" = {MANAGEMENT} && aws service-quotas request-service-quota-increase --service-code "
            f"backup --quota-code L-1 --desired-value 40 --region {REGION}"
        )

    def test_of_frameworks_are_told_before_a_deployment_fails(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        asked = written(tmp_path, "management", reports=None, frameworks={"audit": {}})
        assert findings(asked, session)[FRAMEWORKS].found == "0 of 15 are used"
        none_left = '{"Quotas": [{"QuotaName": "Frameworks", "QuotaCode": "L-2", "Value": 0.0}]}'
        with answering("quotas", none_left):
            assert findings(asked, session)[FRAMEWORKS].state is State.CURE


class TestSes:
    @pytest.fixture
    def asked(self, tmp_path: Path) -> Settings:
        mail = {
            "sender": {"address": "backups@acme.example"},
            "allowed_domains": ["acme.example"],
            "daily": {"recipients": ["ops@acme.example"]},
        }
        return written(tmp_path, "audit", reports_mail=mail, reports_mail_in="audit")

    @pytest.fixture
    def audit(self, aws: AwsServer) -> boto3.Session:
        return aws.session(AUDIT, REGION)

    def found(self, asked: Settings, session: boto3.Session, about: str) -> Finding:
        return findings(asked, session)[about]

    @pytest.mark.parametrize(
        ("answer", "state"),
        [
            ('{"ProductionAccessEnabled": true, "SendingEnabled": true}', State.FINE),
            ('{"ProductionAccessEnabled": false, "SendingEnabled": true}', State.CURE),
            ('{"ProductionAccessEnabled": true, "SendingEnabled": false}', State.CURE),
        ],
    )
    def test_in_its_sandbox_or_switched_off_is_told(
        self, answer: str, state: State, asked: Settings, audit: boto3.Session
    ) -> None:
        with answering("account", answer):
            assert self.found(asked, audit, SES).state is state

    def test_without_the_senders_identity_is_told_once_the_stack_is_deployed(
        self, asked: Settings, audit: boto3.Session
    ) -> None:
        assert self.found(asked, audit, IDENTITY).state is State.NOT_YET
        deploy_something(audit)
        missing = self.found(asked, audit, IDENTITY)
        assert (missing.state, missing.run) == (State.CURE, ("backup-org up acme-audit",))
        audit.client("sesv2").create_email_identity(EmailIdentity="acme.example")
        assert self.found(asked, audit, IDENTITY).found == "acme.example is verified"
