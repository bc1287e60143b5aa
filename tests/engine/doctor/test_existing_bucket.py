"""The doctor on a bucket that exists: its policy, its events and its key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from aws_sandbox.aws.server import AwsServer
from aws_sandbox.events.pump import Pump
from aws_sandbox.functions.runner import Functions
from aws_sandbox.journal import Journal
from components.reports_bucket import (
    reports_are_decrypted,
    reports_are_delivered,
    reports_are_encrypted,
    reports_are_read,
)
from fleet.doctor.findings import State
from stacks.load import Settings
from tests.engine.doctor.conftest import (
    ARN,
    AUDIT,
    BUCKET,
    EVENTS,
    EVERYWHERE,
    KEY_POLICY,
    MANAGEMENT,
    POLICY,
    REGION,
    ROLE,
    THEIR_KEY_POLICY,
    THEIRS,
    examined,
    findings,
    policy_of,
    settings,
)


@pytest.mark.usefixtures("aws")
class TestABucketThatExists:
    wanted = reports_are_delivered("arn:aws:s3:::theirs", MANAGEMENT, "aws").render()

    @pytest.fixture
    def asked(self, tmp_path: Path) -> Settings:
        return settings(tmp_path, scope="account", bucket=THEIRS)

    @pytest.mark.usefixtures("bucket")
    def test_that_lets_nothing_through_is_told_the_statement_to_add(
        self, asked: Settings, session: boto3.Session
    ) -> None:
        found = examined(asked, session)
        assert found[BUCKET] == ("exists", "")
        assert found[POLICY] == (
            "does not let reports through",
            f"add to it: {json.dumps(self.wanted)}",
        )

    @pytest.mark.usefixtures("role")
    @pytest.mark.parametrize(
        ("other", "found"),
        [
            ({}, "lets reports through"),
            ({"Condition": {}}, "lets reports through"),
            ({"Action": "s3:PutObject", "Sid": "Another"}, "lets reports through"),
            (
                {"Condition": {"StringEquals": {"s3:x-amz-acl": "private"}}},
                "does not let reports through",
            ),
            ({"Resource": "arn:aws:s3:::theirs/one/*"}, "does not let reports through"),
            ({"Effect": "Deny"}, "does not let reports through"),
            ({"Principal": {"AWS": f"arn:aws:iam::{AUDIT}:root"}}, "does not let reports through"),
        ],
    )
    def test_has_the_statement_in_its_policy_or_one_that_allows_as_much(
        self,
        other: Mapping[str, Any],
        found: str,
        asked: Settings,
        session: boto3.Session,
        bucket: Any,
    ) -> None:
        bucket.put_bucket_policy(Bucket="theirs", Policy=policy_of({**self.wanted, **other}))
        assert examined(asked, session)[POLICY][0] == found

    @pytest.fixture
    def _events(self, aws: AwsServer, tmp_path: Path) -> Iterator[None]:
        """S3 says where a bucket's events go, which moto alone does not."""
        journal, access = Journal(), aws.services.access
        functions = Functions(
            access=access, journal=journal, cache=tmp_path / "cache", endpoint=lambda: aws.url
        )
        pump = Pump(journal=journal, functions=functions, access=access, time_scale=1)
        pump.start()
        yield
        pump.stop()

    @pytest.mark.usefixtures("_events")
    def test_does_not_tell_eventbridge_until_that_is_switched_on(
        self, asked: Settings, session: boto3.Session, bucket: Any
    ) -> None:
        found, cure = examined(asked, session)[EVENTS]
        assert found == "do not go to EventBridge"
        assert "switch on Amazon EventBridge" in cure
        bucket.put_bucket_notification_configuration(
            Bucket="theirs", NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        assert examined(asked, session)[EVENTS] == ("go to EventBridge", "")

    def test_that_does_not_is_told_once(self, asked: Settings, session: boto3.Session) -> None:
        found = examined(asked, session)
        assert found.keys() - EVERYWHERE == {ROLE, BUCKET}
        assert found[BUCKET][0] == "does not exist"
        assert "reports.bucket.existing" in found[BUCKET][1]

    def test_of_another_account_is_told_where_to_write_that(
        self, aws: AwsServer, asked: Settings, session: boto3.Session
    ) -> None:
        aws.session(AUDIT, REGION).client("s3").create_bucket(
            Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        found = examined(asked, session)
        assert found.keys() - EVERYWHERE == {ROLE, BUCKET}
        assert found[BUCKET][0].startswith(f"is not {MANAGEMENT}'s")
        assert "reports.bucket.account" in found[BUCKET][1]

    def test_of_another_account_is_told_what_it_must_see_to(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        theirs = {**THEIRS, "account": AUDIT}
        asked = settings(tmp_path, scope="account", bucket=theirs)
        found = findings(asked, session)
        must_have = {
            f"{POLICY} ({statement['Sid']})": statement
            for statement in (
                reports_are_delivered(ARN, MANAGEMENT, "aws").render(),
                reports_are_read(ARN, MANAGEMENT, "aws").render(),
            )
        } | {
            f"{THEIR_KEY_POLICY} ({statement['Sid']})": statement
            for statement in (
                reports_are_encrypted(MANAGEMENT, "aws").render(),
                reports_are_decrypted(MANAGEMENT, "aws").render(),
            )
        }
        assert found.keys() - EVERYWHERE == {ROLE, BUCKET, EVENTS, *must_have}
        assert found[BUCKET].found == f"not looked at: it is {AUDIT}'s"
        assert f"of the report plan's own account, {MANAGEMENT}" in found[BUCKET].cure
        assert "a rule there must forward them to this account's default" in found[EVENTS].cure
        for about, statement in must_have.items():
            assert found[about].state is State.BY_HAND
            assert found[about].cure == f"{AUDIT} must have in it: {json.dumps(statement)}"

    @pytest.mark.usefixtures("bucket")
    def test_with_another_accounts_key_is_told_what_that_must_have(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        theirs = {**THEIRS, "key_arn": f"arn:aws:kms:{REGION}:{AUDIT}:key/theirs"}
        asked = settings(tmp_path, scope="account", bucket=theirs)
        found = findings(asked, session)
        assert {about for about in found if about.startswith(THEIR_KEY_POLICY)} == {
            f"{THEIR_KEY_POLICY} (ReportsAreEncrypted)",
            f"{THEIR_KEY_POLICY} (LakeDecryptsReports)",
        }


@pytest.mark.usefixtures("bucket", "role")
class TestTheKeyOfABucketThatExists:
    own: Mapping[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }

    def test_is_the_one_that_settings_name(
        self, tmp_path: Path, session: boto3.Session, bucket: Any
    ) -> None:
        kms: Any = session.client("kms")
        theirs, other = (kms.create_key()["KeyMetadata"] for _ in range(2))
        kms.create_alias(AliasName="alias/theirs", TargetKeyId=theirs["KeyId"])

        def encryption(**more: str) -> tuple[str, str]:
            asked = settings(tmp_path, scope="account", bucket={**THEIRS, **more})
            return examined(asked, session)["encryption of theirs"]

        assert encryption() == ("is by a key that S3 manages", "")
        for spelt in (theirs["Arn"], theirs["KeyId"], "alias/theirs"):
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": spelt}
            bucket.put_bucket_encryption(
                Bucket="theirs",
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
                },
            )
            cure = f"set reports.bucket.key_arn: {theirs['Arn']}"
            for wrong in ({}, {"key_arn": other["Arn"]}):
                assert encryption(**wrong)[1] == cure
            assert encryption(key_arn=theirs["Arn"]) == (f"is by {theirs['Arn']}", "")

    def found(self, arn: str, tmp_path: Path, session: boto3.Session) -> tuple[str, str]:
        theirs = {**THEIRS, "key_arn": arn}
        return examined(settings(tmp_path, scope="account", bucket=theirs), session)[KEY_POLICY]

    def key(self, session: boto3.Session, *statements: Mapping[str, Any]) -> str:
        made = session.client("kms").create_key(Policy=policy_of(self.own, *statements))
        return made["KeyMetadata"].get("Arn", "")

    def test_is_told_the_statement_that_its_policy_lacks(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        wanted = reports_are_encrypted(MANAGEMENT, "aws").render()
        assert self.found(self.key(session), tmp_path, session) == (
            "does not let reports through",
            f"add to it: {json.dumps(wanted)}",
        )
        key = self.key(session, wanted)
        assert self.found(key, tmp_path, session) == ("lets reports through", "")

    def test_that_does_not_exist_is_told(self, tmp_path: Path, session: boto3.Session) -> None:
        arn = f"arn:aws:kms:{REGION}:{MANAGEMENT}:key/11111111-1111-1111-1111-111111111111"
        found, cure = self.found(arn, tmp_path, session)
        assert found == "does not exist"
        assert "reports.bucket.key_arn" in cure
