"""The bucket of reports: ours, one that exists, its key and its copies."""

from __future__ import annotations

import json

from tests.stack.conftest import ON_A_BUCKET, PLAN, RULE, buckets, statements, table
from tests.support.examples import recordings
from tests.support.report_variants import (
    recorded,
)


class TestAnExistingBucket:
    found = "existing bucket"

    def test_is_not_touched(self) -> None:
        recording = recorded(self.found)
        assert buckets(recording) == ["acme-backup-lake-111111111111-eu-central-1"]
        on = {r.inputs["bucket"] for type_ in ON_A_BUCKET for r in recording.all(type_)}
        assert on == {"acme-backup-lake-111111111111-eu-central-1"}

    def test_is_delivered_to_and_listened_to(self) -> None:
        recording = recorded(self.found)
        channels = [plan.inputs["reportDeliveryChannel"] for plan in recording.all(PLAN)]
        assert {channel["s3BucketName"] for channel in channels} == {"theirs-reports"}
        patterns = [rule.inputs.get("eventPattern", "") for rule in recording.all(RULE)]
        assert [p for p in patterns if "theirs-reports" in p]
        location = table(recording, "backup_job_report")["storageDescriptor"]["location"]
        assert location == "s3://theirs-reports/"

    def test_has_its_key_opened_for_the_functions_that_read_it(self) -> None:
        recording = recorded(self.found)
        key = "arn:aws:kms:eu-central-1:111111111111:key/theirs"
        readers = [
            policy.inputs["name"]
            for policy in recording.all("aws:iam/rolePolicy:RolePolicy")
            if any(
                "kms:Decrypt" in statement["Action"] and key in statement["Resource"]
                for statement in json.loads(policy.inputs["policy"])["Statement"]
            )
        ]
        assert "acme-backup-reports-curation" in readers
        assert "acme-backup-reports-partitions" in readers


class TestAnotherAccountsBucket:
    def test_is_delivered_to_and_nothing_is_said_of_what_it_lacks(self) -> None:
        """The doctor says it."""
        recording = recorded("another account's bucket")
        channels = [plan.inputs["reportDeliveryChannel"] for plan in recording.all(PLAN)]
        assert {channel["s3BucketName"] for channel in channels} == {"theirs-reports"}
        assert recording.said == ()


class TestS3sOwnKey:
    def test_encrypts_the_reports_and_no_key_is_made_for_them(self) -> None:
        recording = recorded("S3's own key")
        encryption = next(
            r
            for r in recording.all(ON_A_BUCKET[6])
            if r.inputs["bucket"] == "acme-backup-reports-111111111111-eu-central-1"
        )
        (rule,) = encryption.inputs["rules"]
        assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
        keys = [key.name for key in recording.all("aws:kms/key:Key")]
        by_default = [key.name for key in recordings()["acme-management"].all("aws:kms/key:Key")]
        assert {*by_default} - {*keys} == {"acme-backup-reports"}

    def test_leaves_no_permission_for_a_key_of_the_reports(self) -> None:
        for role in ("acme-backup-reports-partitions", "acme-backup-reports-watch"):
            actions = [
                action
                for statement in statements(recorded("S3's own key"), role).values()
                for action in statement["Action"]
            ]
            assert not [action for action in actions if action.startswith("kms:")], role


class TestCopies:
    rule_of = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"

    def test_go_from_the_reports_bucket_to_that_of_the_audit_account(self) -> None:
        audit, recording = recorded("copies in audit"), recorded("copies from management")
        config = recording.one(self.rule_of)
        (rule,) = config.inputs["rules"]
        assert config.inputs["bucket"] == "acme-backup-reports-111111111111-eu-central-1"
        assert rule["destination"] == {
            "bucket": audit.exports["reports_copy_bucket_arn"],
            "account": "222222222222",
            "accessControlTranslation": {"owner": "Destination"},
            "encryptionConfiguration": {
                "replicaKmsKeyId": audit.exports["reports_copy_key_arn"],
            },
        }
        assert rule["sourceSelectionCriteria"] == {"sseKmsEncryptedObjects": {"status": "Enabled"}}

    def test_wait_for_the_versions_that_they_need(self) -> None:
        recording = recorded("copies from management")
        (versioning,) = [
            r
            for r in recording.all("aws:s3/bucketVersioning:BucketVersioning")
            if r.inputs["bucket"] == "acme-backup-reports-111111111111-eu-central-1"
        ]
        config = recording.one(self.rule_of)
        (component,) = [r for r in recording.resources if r.urn == config.parent]
        assert versioning.urn in component.after

    def test_have_no_key_where_the_reports_have_none(self) -> None:
        """AWS refuses a key for replicas without SseKmsEncryptedObjects."""
        recording = recorded("copies with S3's own key")
        (rule,) = recording.one(self.rule_of).inputs["rules"]
        assert "encryptionConfiguration" not in rule["destination"]
        assert "sourceSelectionCriteria" not in rule
        assert statements(recording, "acme-backup-reports-copy").keys() == {
            "ReadReplication",
            "ReadVersions",
            "WriteCopies",
        }

    def test_are_admitted_for_the_replicating_role_alone(self) -> None:
        recording = recorded("copies in audit")
        (policy,) = [
            json.loads(p.inputs["policy"])
            for p in recording.all("aws:s3/bucketPolicy:BucketPolicy")
            if "backup-copies" in p.inputs["bucket"]
        ]
        role = recorded("copies from management").one(
            "aws:iam/role:Role", "acme-backup-reports-copy"
        )
        admitted = [s for s in policy["Statement"] if s["Effect"] == "Allow"]
        assert [s["Sid"] for s in admitted] == ["CopiesAreWritten", "VersioningIsSeen"]
        for statement in admitted:
            assert statement["Condition"] == {
                "ArnEquals": {
                    "aws:PrincipalArn": f"arn:aws:iam::111111111111:role/{role.inputs['name']}"
                }
            }

    def test_are_kept_as_long_as_is_set(self) -> None:
        recording = recorded("copies in audit")
        lifecycle = recording.one(ON_A_BUCKET[2], "acme-backup-reports-copy")
        days = [r["expiration"]["days"] for r in lifecycle.inputs["rules"] if "expiration" in r]
        assert days == [500]
