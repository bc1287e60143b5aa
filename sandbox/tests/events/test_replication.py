"""Objects replicated to another account's bucket: all that AWS asks, and nothing less."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.journal import JournalEntry
from sandbox.tests.deployed_aws import (
    AUDIT,
    MANAGEMENT,
    MEMBER,
    REGION,
    DeployedAws,
    Statement,
    allow,
    policy,
    sends,
)

KEY = "Backup/2026/11/22/plan/report.csv"
ROLE = "replicates"
PRINCIPAL = {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}

Rule = dict[str, Any]


@dataclass(kw_only=True)
class Pair:
    """A bucket of the management account, replicated to one of the audit account's."""

    aws: DeployedAws
    source: str
    target: str
    source_key: str = ""
    target_key: str = ""
    role_name: str = ""
    rule: Rule = field(default_factory=dict[str, Any])

    def put(self, key: str = KEY, **more: Any) -> Mapping[str, Any]:
        answer = self.aws.client("s3", MANAGEMENT).put_object(
            Bucket=self.source, Key=key, Body=b"a,b\n", **more
        )
        self.aws.settle()
        return answer

    def copies(self) -> Sequence[str]:
        listed = self.aws.client("s3", AUDIT).list_objects_v2(Bucket=self.target)
        return [found["Key"] for found in listed.get("Contents", [])]

    def entry(self) -> JournalEntry:
        """The only entry."""
        (entry,) = self.aws.entries(f"arn:aws:s3:::{self.source}/", f"arn:aws:s3:::{self.target}/")
        return entry

    def status(self, key: str = KEY) -> str:
        client = self.aws.client("s3", MANAGEMENT)
        return client.head_object(Bucket=self.source, Key=key).get("ReplicationStatus", "")

    def replicate(self, *more: Rule) -> None:
        self.aws.client("s3", MANAGEMENT).put_bucket_replication(
            Bucket=self.source,
            ReplicationConfiguration={
                "Role": f"arn:aws:iam::{MANAGEMENT}:role/{self.role_name}",
                "Rules": [self.rule, *more],
            },
        )

    def role_may(self, *statements: Statement) -> None:
        self.aws.client("iam", MANAGEMENT).put_role_policy(
            RoleName=self.role_name, PolicyName="own", PolicyDocument=policy(*statements)
        )

    def bucket_admits(self, *statements: Statement) -> None:
        self.aws.client("s3", AUDIT).put_bucket_policy(
            Bucket=self.target, Policy=policy(*statements)
        )

    def key_admits(self, *statements: Statement) -> None:
        own = allow("kms:*", resource="*", principal={"AWS": f"arn:aws:iam::{AUDIT}:root"})
        self.aws.client("kms", AUDIT).put_key_policy(
            KeyId=self.target_key, PolicyName="default", Policy=policy(own, *statements)
        )

    @property
    def role_needs(self) -> dict[str, list[str]]:
        """Resources and the actions on them."""
        source, target = f"arn:aws:s3:::{self.source}", f"arn:aws:s3:::{self.target}"
        needs = {
            source: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            f"{source}/*": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            f"{target}/*": [
                "s3:ReplicateObject",
                "s3:ReplicateTags",
                "s3:ObjectOwnerOverrideToBucketOwner",
            ],
        }
        if self.source_key:
            needs[self.source_key] = ["kms:Decrypt"]
            needs[self.target_key] = ["kms:Encrypt", "kms:GenerateDataKey"]
        return needs

    @property
    def bucket_needs(self) -> list[str]:
        return self.role_needs[f"arn:aws:s3:::{self.target}/*"]

    def grant(self, *, without: str = "", by: str = "role") -> None:
        """All permissions but one, of the role, the bucket or the key."""

        def left(actions: Sequence[str], whose: str) -> list[str]:
            return [action for action in actions if (action, whose) != (without, by)]

        self.role_may(
            *(
                allow(*granted, resource=resource)
                for resource, actions in self.role_needs.items()
                if (granted := left(actions, "role"))
            )
        )
        bucket = left(self.bucket_needs, "bucket")
        on = f"arn:aws:s3:::{self.target}/*"
        self.bucket_admits(allow(*bucket, resource=on, principal=PRINCIPAL))
        if self.target_key:
            key = left(self.role_needs[self.target_key], "key")
            self.key_admits(allow(*key, resource="*", principal=PRINCIPAL))


def new_bucket(aws: DeployedAws, account: str, *, versioned: bool = True) -> str:
    client, name = aws.client("s3", account), aws.name("pump-replicas-")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def new_pair(aws: DeployedAws, *, encrypted: bool = False) -> Pair:
    """Not yet replicated."""
    pair = Pair(aws=aws, source=new_bucket(aws, MANAGEMENT), target=new_bucket(aws, AUDIT))
    pair.role_name = aws.name(ROLE)
    aws.client("iam", MANAGEMENT).create_role(
        RoleName=pair.role_name,
        AssumeRolePolicyDocument=policy(allow("sts:AssumeRole", service="s3.amazonaws.com")),
    )
    pair.rule = {
        "ID": "all",
        "Status": "Enabled",
        "Priority": 0,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {
            "Bucket": f"arn:aws:s3:::{pair.target}",
            "Account": AUDIT,
            "AccessControlTranslation": {"Owner": "Destination"},
        },
    }
    if encrypted:
        pair.source_key = _new_key(aws, MANAGEMENT, pair.source)
        pair.target_key = _new_key(aws, AUDIT, pair.target)
        pair.rule["SourceSelectionCriteria"] = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
        pair.rule["Destination"]["EncryptionConfiguration"] = {"ReplicaKmsKeyID": pair.target_key}
    return pair


def _new_key(aws: DeployedAws, account: str, bucket: str) -> str:
    """A key of the account's own, with which the bucket encrypts."""
    arn = aws.client("kms", account).create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    aws.client("s3", account).put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    return arn


@pytest.fixture
def pair(aws: DeployedAws) -> Pair:
    """Encrypted by S3, with every permission."""
    made = new_pair(aws)
    made.grant()
    made.replicate()
    return made


@pytest.fixture
def encrypted(aws: DeployedAws) -> Pair:
    """Each with its own key, with every permission."""
    made = new_pair(aws, encrypted=True)
    made.grant()
    made.replicate()
    return made


class TestAReplica:
    def test_is_the_object_again_in_the_other_account(self, pair: Pair, aws: DeployedAws) -> None:
        put = pair.put(Metadata={"made": "by-night"}, ContentType="text/csv")
        client = aws.client("s3", AUDIT)
        copy = client.get_object(Bucket=pair.target, Key=KEY)
        assert copy["Body"].read() == b"a,b\n"
        assert (copy["ETag"], copy["VersionId"]) == (put["ETag"], put["VersionId"])
        assert (copy["Metadata"], copy["ContentType"]) == ({"made": "by-night"}, "text/csv")
        assert copy["ServerSideEncryption"] == "AES256"
        assert (pair.status(), copy["ReplicationStatus"]) == ("COMPLETED", "REPLICA")
        assert pair.entry().outcome == "carried"

    def test_has_the_key_of_the_rule_where_its_object_has_one(
        self, encrypted: Pair, aws: DeployedAws
    ) -> None:
        encrypted.put()
        copy = aws.client("s3", AUDIT).get_object(Bucket=encrypted.target, Key=KEY)
        assert copy["ServerSideEncryption"] == "aws:kms"
        assert copy["SSEKMSKeyId"] == encrypted.target_key

    def test_is_made_of_each_version_and_of_copies_and_uploads_in_parts(
        self, pair: Pair, aws: DeployedAws
    ) -> None:
        pair.put()
        pair.put()
        client = aws.client("s3", MANAGEMENT)
        client.copy_object(
            Bucket=pair.source, Key="copied", CopySource={"Bucket": pair.source, "Key": KEY}
        )
        upload = client.create_multipart_upload(Bucket=pair.source, Key="parts")["UploadId"]
        given: dict[str, Any] = {"Bucket": pair.source, "Key": "parts", "UploadId": upload}
        part = client.upload_part(**given, PartNumber=1, Body=b"part")
        whole = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
        client.complete_multipart_upload(**given, MultipartUpload=whole)
        aws.settle()
        versions = aws.client("s3", AUDIT).list_object_versions(Bucket=pair.target)["Versions"]
        assert sorted(version["Key"] for version in versions) == [KEY, KEY, "copied", "parts"]

    def test_of_the_newest_version_is_the_newest_in_whichever_order_they_come(
        self, pair: Pair, aws: DeployedAws
    ) -> None:
        client = aws.client("s3", MANAGEMENT)
        put = [
            client.put_object(Bucket=pair.source, Key=KEY, Body=str(number).encode())
            for number in range(20)
        ]
        aws.settle()
        audit = aws.client("s3", AUDIT)
        versions = audit.list_object_versions(Bucket=pair.target)["Versions"]
        assert len({version["VersionId"] for version in versions}) == 20
        copy = audit.get_object(Bucket=pair.target, Key=KEY)
        assert (copy["Body"].read(), copy["VersionId"]) == (b"19", put[-1]["VersionId"])

    def test_is_told_by_its_bucket(self, pair: Pair, aws: DeployedAws) -> None:
        aws.client("s3", AUDIT).put_bucket_notification_configuration(
            Bucket=pair.target, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        queue = aws.queue(sends("events.amazonaws.com"))
        events, name = aws.client("events"), aws.name("rule")
        pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [pair.target]}}}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": queue}])
        put = pair.put()
        (event,) = (json.loads(body) for body in aws.bodies(queue))
        assert (event["detail-type"], event["account"]) == ("Object Created", AUDIT)
        assert event["detail"]["object"]["key"] == KEY
        assert event["detail"]["object"]["version-id"] == put["VersionId"]

    def test_is_not_replicated_again(self, pair: Pair, aws: DeployedAws) -> None:
        onward = Pair(aws=aws, source=pair.target, target=new_bucket(aws, MEMBER))
        role = aws.role("s3.amazonaws.com", allow("s3:*", resource="*"), account=AUDIT)
        destination = pair.rule["Destination"]
        rule = {
            **pair.rule,
            "Destination": {
                **destination,
                "Bucket": f"arn:aws:s3:::{onward.target}",
                "Account": MEMBER,
            },
        }
        aws.client("s3", AUDIT).put_bucket_replication(
            Bucket=pair.target, ReplicationConfiguration={"Role": role, "Rules": [rule]}
        )
        pair.put()
        assert pair.copies() == [KEY]
        assert aws.entries(f"arn:aws:s3:::{onward.source}/", onward.target) == []


class TestWhatIsReplicated:
    def test_is_nothing_that_was_there_before(self, aws: DeployedAws) -> None:
        pair = new_pair(aws)
        pair.grant()
        pair.put("before")
        pair.replicate()
        pair.put("after")
        assert pair.copies() == ["after"]

    def test_is_nothing_any_more_without_the_configuration(
        self, pair: Pair, aws: DeployedAws
    ) -> None:
        aws.client("s3", MANAGEMENT).delete_bucket_replication(Bucket=pair.source)
        pair.put()
        assert pair.copies() == []


class TestAMissingPermission:
    @pytest.mark.parametrize(
        ("without", "by"),
        [
            ("s3:GetReplicationConfiguration", "role"),
            ("s3:ListBucket", "role"),
            ("s3:GetObjectVersionForReplication", "role"),
            ("s3:GetObjectVersionAcl", "role"),
            ("s3:ReplicateObject", "role"),
            ("s3:ReplicateObject", "bucket"),
            ("s3:ObjectOwnerOverrideToBucketOwner", "role"),
            ("s3:ObjectOwnerOverrideToBucketOwner", "bucket"),
            ("kms:Decrypt", "role"),
            ("kms:Encrypt", "role"),
            ("kms:GenerateDataKey", "role"),
            ("kms:Encrypt", "key"),
            ("kms:GenerateDataKey", "key"),
        ],
    )
    def test_refuses_the_copy_and_the_journal_names_it(
        self, encrypted: Pair, without: str, by: str
    ) -> None:
        encrypted.grant(without=without, by=by)
        encrypted.put()
        assert encrypted.copies() == []
        entry = encrypted.entry()
        assert (entry.outcome, entry.detail["code"]) == ("refused", "NO_PERMISSIONS")
        assert without in entry.reason
        assert encrypted.status() == "FAILED"

    def test_of_a_role_that_does_not_trust_s3_refuses_all(
        self, pair: Pair, aws: DeployedAws
    ) -> None:
        trust = policy(allow("sts:AssumeRole", service="lambda.amazonaws.com"))
        aws.client("iam", MANAGEMENT).update_assume_role_policy(
            RoleName=pair.role_name, PolicyDocument=trust
        )
        pair.put()
        assert (pair.copies(), pair.entry().detail["code"]) == ([], "FAILED_TO_ASSUME_ROLE")

    def test_of_a_policy_for_other_objects_does_not_help(self, pair: Pair) -> None:
        on = f"arn:aws:s3:::{pair.target}/other/*"
        pair.bucket_admits(allow(*pair.bucket_needs, resource=on, principal=PRINCIPAL))
        pair.put()
        assert (pair.copies(), pair.entry().outcome) == ([], "refused")


class TestObjectsThatCannotBeReplicated:
    def test_have_a_key_that_the_rule_does_not_select(self, aws: DeployedAws) -> None:
        pair = new_pair(aws, encrypted=True)
        pair.grant()
        del pair.rule["SourceSelectionCriteria"]
        del pair.rule["Destination"]["EncryptionConfiguration"]
        pair.replicate()
        pair.put()
        assert pair.copies() == []
        assert "SseKmsEncryptedObjects" in pair.entry().reason

    def test_have_tags(self, pair: Pair) -> None:
        pair.put(Tagging="a=b")
        assert (pair.copies(), pair.status()) == ([], "FAILED")
        assert "replicates no objects with tags" in pair.entry().reason

    def test_have_a_destination_that_is_no_longer_versioned(
        self, pair: Pair, aws: DeployedAws
    ) -> None:
        aws.client("s3", AUDIT).put_bucket_versioning(
            Bucket=pair.target, VersioningConfiguration={"Status": "Suspended"}
        )
        pair.put()
        assert (pair.copies(), pair.entry().outcome) == ([], "failed")
        assert "is not versioned" in pair.entry().reason

    def test_have_a_destination_of_another_account_than_the_rule_says(
        self, aws: DeployedAws
    ) -> None:
        pair = new_pair(aws)
        pair.grant()
        pair.rule["Destination"]["Account"] = MEMBER
        pair.replicate()
        pair.put()
        assert pair.copies() == []
        assert f"belongs to {AUDIT}, not to {MEMBER}" in pair.entry().reason

    def test_have_a_destination_that_is_gone(self, pair: Pair, aws: DeployedAws) -> None:
        aws.client("s3", AUDIT).delete_bucket(Bucket=pair.target)
        pair.put()
        assert (pair.entry().outcome, pair.entry().detail["code"]) == ("failed", "NO_RESOURCE")


def _within(path: str, value: Any) -> Callable[[Rule], None]:
    def change(rule: Rule) -> None:
        *outer, last = path.split(".")
        for name in outer:
            rule = rule.setdefault(name, {})
        rule[last] = value

    return change


def _without(name: str, of: str = "") -> Callable[[Rule], None]:
    def change(rule: Rule) -> None:
        del (rule[of] if of else rule)[name]

    return change


class TestAConfiguration:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (_within("DeleteMarkerReplication.Status", "Enabled"), "with DeleteMarkerReplication"),
            (_within("ExistingObjectReplication.Status", "Enabled"), "with ExistingObject"),
            (
                _within("SourceSelectionCriteria.ReplicaModifications.Status", "Enabled"),
                "with SourceSelectionCriteria.ReplicaModifications",
            ),
            (_within("Destination.Metrics.Status", "Enabled"), "with Destination.Metrics"),
            (_within("Destination.StorageClass", "GLACIER"), "with Destination.StorageClass"),
            (_within("Filter", {"Tag": {"Key": "a", "Value": "b"}}), "with Filter.Tag"),
            (_within("Filter.Prefix", "Backup/"), "with Filter.Prefix Backup/"),
            (_within("Status", "Disabled"), "with Status Disabled"),
            (_without("Filter"), "without Filter"),
            (_without("DeleteMarkerReplication"), "without DeleteMarkerReplication"),
            (_without("Priority"), "without Priority"),
            (_within("Destination.Account", ""), "without Destination.Account"),
            (_without("AccessControlTranslation", "Destination"), "AccessControlTranslation"),
        ],
    )
    def test_that_is_not_carried_out_is_refused(
        self, aws: DeployedAws, change: Callable[[Rule], None], says: str
    ) -> None:
        pair = new_pair(aws)
        change(pair.rule)
        with pytest.raises(ClientError, match=f"does not carry out replication .*{says}") as caught:
            pair.replicate()
        assert caught.value.response.get("Error", {}).get("Code") == "NotImplemented"

    def test_of_two_rules_is_refused(self, aws: DeployedAws) -> None:
        pair = new_pair(aws)
        with pytest.raises(ClientError, match="by more rules than one"):
            pair.replicate({**pair.rule, "ID": "second", "Priority": 1})

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (
                _within("Destination.EncryptionConfiguration.ReplicaKmsKeyID", "alias/x"),
                "must be specified together",
            ),
            (
                _within("SourceSelectionCriteria.SseKmsEncryptedObjects.Status", "Enabled"),
                "must be specified together",
            ),
            (
                _within("Destination.Bucket", "arn:aws:s3:::nobody-has-this-bucket"),
                "Destination bucket must exist",
            ),
        ],
    )
    def test_that_s3_refuses_is_refused(
        self, aws: DeployedAws, change: Callable[[Rule], None], says: str
    ) -> None:
        pair = new_pair(aws)
        change(pair.rule)
        with pytest.raises(ClientError, match=says) as caught:
            pair.replicate()
        assert caught.value.response.get("Error", {}).get("Code") == "InvalidRequest"

    def test_is_given_back_as_it_was_put(self, encrypted: Pair, aws: DeployedAws) -> None:
        answer = aws.client("s3", MANAGEMENT).get_bucket_replication(Bucket=encrypted.source)
        role = f"arn:aws:iam::{MANAGEMENT}:role/{encrypted.role_name}"
        assert answer["ReplicationConfiguration"] == {"Role": role, "Rules": [encrypted.rule]}

    def test_needs_a_versioned_destination_other_than_the_source(self, aws: DeployedAws) -> None:
        pair = new_pair(aws)
        for bucket, says in (
            (new_bucket(aws, AUDIT, versioned=False), "must have versioning enabled"),
            (pair.source, "same as the source"),
        ):
            pair.rule["Destination"]["Bucket"] = f"arn:aws:s3:::{bucket}"
            with pytest.raises(ClientError, match=says):
                pair.replicate()

    def test_keeps_its_bucket_versioned(self, pair: Pair, aws: DeployedAws) -> None:
        client = aws.client("s3", MANAGEMENT)
        off = {"Status": "Suspended"}
        with pytest.raises(ClientError, match="A replication configuration is present"):
            client.put_bucket_versioning(Bucket=pair.source, VersioningConfiguration=off)
        client.delete_bucket_replication(Bucket=pair.source)
        client.put_bucket_versioning(Bucket=pair.source, VersioningConfiguration=off)
        assert client.get_bucket_versioning(Bucket=pair.source)["Status"] == "Suspended"
