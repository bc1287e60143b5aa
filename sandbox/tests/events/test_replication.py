"""Objects replicated to another account's bucket: all that AWS asks, and nothing less."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.events.workbench import (
    AUDIT,
    MANAGEMENT,
    MEMBER,
    REGION,
    Statement,
    Workbench,
    allow,
    policy,
    sends,
)
from aws_sandbox.journal import Hop

KEY = "Backup/2026/11/22/plan/report.csv"
ROLE = "replicates"
PRINCIPAL = {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}

Rule = dict[str, Any]


@dataclass(kw_only=True)
class Pair:
    """A bucket of the management account, replicated to one of the audit account's."""

    bench: Workbench
    source: str
    target: str
    source_key: str = ""
    target_key: str = ""
    role_name: str = ""
    rule: Rule = field(default_factory=dict[str, Any])

    def put(self, key: str = KEY, **more: Any) -> Mapping[str, Any]:
        answer = self.bench.client("s3", MANAGEMENT).put_object(
            Bucket=self.source, Key=key, Body=b"a,b\n", **more
        )
        self.bench.settle()
        return answer

    def copies(self) -> Sequence[str]:
        listed = self.bench.client("s3", AUDIT).list_objects_v2(Bucket=self.target)
        return [found["Key"] for found in listed.get("Contents", [])]

    def hop(self) -> Hop:
        """The only hop."""
        (hop,) = self.bench.hops(f"arn:aws:s3:::{self.source}/", f"arn:aws:s3:::{self.target}/")
        return hop

    def status(self, key: str = KEY) -> str:
        client = self.bench.client("s3", MANAGEMENT)
        return client.head_object(Bucket=self.source, Key=key).get("ReplicationStatus", "")

    def replicate(self, *rules: Rule) -> None:
        self.bench.client("s3", MANAGEMENT).put_bucket_replication(
            Bucket=self.source,
            ReplicationConfiguration={
                "Role": f"arn:aws:iam::{MANAGEMENT}:role/{self.role_name}",
                "Rules": list(rules or [self.rule]),
            },
        )

    def role_may(self, *statements: Statement) -> None:
        self.bench.client("iam", MANAGEMENT).put_role_policy(
            RoleName=self.role_name, PolicyName="own", PolicyDocument=policy(*statements)
        )

    def bucket_admits(self, *statements: Statement) -> None:
        self.bench.client("s3", AUDIT).put_bucket_policy(
            Bucket=self.target, Policy=policy(*statements)
        )

    def key_admits(self, *statements: Statement) -> None:
        own = allow("kms:*", resource="*", principal={"AWS": f"arn:aws:iam::{AUDIT}:root"})
        self.bench.client("kms", AUDIT).put_key_policy(
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


def new_bucket(bench: Workbench, account: str, *, versioned: bool = True) -> str:
    client, name = bench.client("s3", account), bench.name("pump-replicas-")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def new_pair(bench: Workbench, *, encrypted: bool = False) -> Pair:
    """Not yet replicated."""
    pair = Pair(bench=bench, source=new_bucket(bench, MANAGEMENT), target=new_bucket(bench, AUDIT))
    pair.role_name = bench.name(ROLE)
    bench.client("iam", MANAGEMENT).create_role(
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
        pair.source_key = _new_key(bench, MANAGEMENT, pair.source)
        pair.target_key = _new_key(bench, AUDIT, pair.target)
        pair.rule["SourceSelectionCriteria"] = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
        pair.rule["Destination"]["EncryptionConfiguration"] = {"ReplicaKmsKeyID": pair.target_key}
    return pair


def _new_key(bench: Workbench, account: str, bucket: str) -> str:
    """A key of the account's own, with which the bucket encrypts."""
    arn = bench.client("kms", account).create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    bench.client("s3", account).put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    return arn


@pytest.fixture
def pair(bench: Workbench) -> Pair:
    """Encrypted by S3, with every permission."""
    made = new_pair(bench)
    made.grant()
    made.replicate()
    return made


@pytest.fixture
def encrypted(bench: Workbench) -> Pair:
    """Each with its own key, with every permission."""
    made = new_pair(bench, encrypted=True)
    made.grant()
    made.replicate()
    return made


class TestAReplica:
    def test_is_the_object_again_in_the_other_account(self, pair: Pair, bench: Workbench) -> None:
        put = pair.put(Metadata={"made": "by-night"}, Tagging="a=b", ContentType="text/csv")
        client = bench.client("s3", AUDIT)
        copy = client.get_object(Bucket=pair.target, Key=KEY)
        assert copy["Body"].read() == b"a,b\n"
        assert (copy["ETag"], copy["VersionId"]) == (put["ETag"], put["VersionId"])
        assert (copy["Metadata"], copy["ContentType"]) == ({"made": "by-night"}, "text/csv")
        tags = client.get_object_tagging(Bucket=pair.target, Key=KEY)["TagSet"]
        assert tags == [{"Key": "a", "Value": "b"}]
        assert copy["ServerSideEncryption"] == "AES256"
        assert (pair.status(), copy["ReplicationStatus"]) == ("COMPLETED", "REPLICA")
        assert pair.hop().outcome == "carried"

    def test_has_the_key_of_the_rule_where_its_object_has_one(
        self, encrypted: Pair, bench: Workbench
    ) -> None:
        encrypted.put()
        copy = bench.client("s3", AUDIT).get_object(Bucket=encrypted.target, Key=KEY)
        assert copy["ServerSideEncryption"] == "aws:kms"
        assert copy["SSEKMSKeyId"] == encrypted.target_key

    def test_is_made_of_each_version_and_of_copies_and_uploads_in_parts(
        self, pair: Pair, bench: Workbench
    ) -> None:
        pair.put()
        pair.put()
        client = bench.client("s3", MANAGEMENT)
        client.copy_object(
            Bucket=pair.source, Key="copied", CopySource={"Bucket": pair.source, "Key": KEY}
        )
        upload = client.create_multipart_upload(Bucket=pair.source, Key="parts")["UploadId"]
        given: dict[str, Any] = {"Bucket": pair.source, "Key": "parts", "UploadId": upload}
        part = client.upload_part(**given, PartNumber=1, Body=b"part")
        whole = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
        client.complete_multipart_upload(**given, MultipartUpload=whole)
        bench.settle()
        versions = bench.client("s3", AUDIT).list_object_versions(Bucket=pair.target)["Versions"]
        assert sorted(version["Key"] for version in versions) == [KEY, KEY, "copied", "parts"]

    def test_of_the_newest_version_is_the_newest_in_whichever_order_they_come(
        self, pair: Pair, bench: Workbench
    ) -> None:
        client = bench.client("s3", MANAGEMENT)
        put = [
            client.put_object(Bucket=pair.source, Key=KEY, Body=str(number).encode())
            for number in range(20)
        ]
        bench.settle()
        audit = bench.client("s3", AUDIT)
        versions = audit.list_object_versions(Bucket=pair.target)["Versions"]
        assert len({version["VersionId"] for version in versions}) == 20
        copy = audit.get_object(Bucket=pair.target, Key=KEY)
        assert (copy["Body"].read(), copy["VersionId"]) == (b"19", put[-1]["VersionId"])

    def test_is_told_by_its_bucket(self, pair: Pair, bench: Workbench) -> None:
        bench.client("s3", AUDIT).put_bucket_notification_configuration(
            Bucket=pair.target, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        queue = bench.queue(sends("events.amazonaws.com"))
        events, name = bench.client("events"), bench.name("rule")
        pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [pair.target]}}}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": queue}])
        put = pair.put()
        (event,) = (json.loads(body) for body in bench.bodies(queue))
        assert (event["detail-type"], event["account"]) == ("Object Created", AUDIT)
        assert event["detail"]["object"]["key"] == KEY
        assert event["detail"]["object"]["version-id"] == put["VersionId"]

    def test_is_not_replicated_again(self, pair: Pair, bench: Workbench) -> None:
        onward = Pair(bench=bench, source=pair.target, target=new_bucket(bench, MEMBER))
        role = bench.role("s3.amazonaws.com", allow("s3:*", resource="*"), account=AUDIT)
        rule = {**pair.rule, "Destination": {"Bucket": f"arn:aws:s3:::{onward.target}"}}
        bench.client("s3", AUDIT).put_bucket_replication(
            Bucket=pair.target, ReplicationConfiguration={"Role": role, "Rules": [rule]}
        )
        pair.put()
        assert pair.copies() == [KEY]
        assert bench.hops(f"arn:aws:s3:::{onward.source}/", onward.target) == []


class TestWhatIsReplicated:
    def test_follows_the_prefix(self, bench: Workbench) -> None:
        pair = new_pair(bench)
        pair.grant()
        pair.replicate({**pair.rule, "Filter": {"Prefix": "Backup/"}})
        pair.put("other/x.csv")
        pair.put(KEY)
        assert pair.copies() == [KEY]
        assert pair.status("other/x.csv") == ""

    def test_is_nothing_while_the_rule_is_disabled(self, bench: Workbench) -> None:
        pair = new_pair(bench)
        pair.grant()
        pair.replicate({**pair.rule, "Status": "Disabled"})
        pair.put()
        assert pair.copies() == []

    def test_is_nothing_that_was_there_before(self, bench: Workbench) -> None:
        pair = new_pair(bench)
        pair.grant()
        pair.put("before")
        pair.replicate()
        pair.put("after")
        assert pair.copies() == ["after"]

    def test_is_nothing_any_more_without_the_configuration(
        self, pair: Pair, bench: Workbench
    ) -> None:
        bench.client("s3", MANAGEMENT).delete_bucket_replication(Bucket=pair.source)
        pair.put()
        assert pair.copies() == []

    def test_goes_by_the_highest_priority_to_one_destination(self, bench: Workbench) -> None:
        pair = new_pair(bench)
        pair.grant()
        cold = {**pair.rule["Destination"], "StorageClass": "STANDARD_IA"}
        pair.replicate(
            {**pair.rule, "ID": "high", "Priority": 2, "Destination": cold},
            {**pair.rule, "ID": "low", "Priority": 1},
        )
        pair.put()
        copy = bench.client("s3", AUDIT).head_object(Bucket=pair.target, Key=KEY)
        assert copy["StorageClass"] == "STANDARD_IA"
        assert pair.hop().detail["rule"] == "high"

    def test_goes_to_each_destination_and_failed_if_it_failed_to_one(
        self, pair: Pair, bench: Workbench
    ) -> None:
        closed = f"arn:aws:s3:::{new_bucket(bench, AUDIT)}"
        second = {**pair.rule["Destination"], "Bucket": closed}
        pair.replicate(
            pair.rule, {**pair.rule, "ID": "closed", "Priority": 1, "Destination": second}
        )
        pair.put()
        assert pair.copies() == [KEY]
        (hop,) = bench.hops(pair.source, closed)
        assert hop.outcome == "refused"
        assert pair.status() == "FAILED"


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
        hop = encrypted.hop()
        assert (hop.outcome, hop.detail["code"]) == ("refused", "NO_PERMISSIONS")
        assert without in hop.reason
        assert encrypted.status() == "FAILED"

    @pytest.mark.parametrize(
        ("without", "by"),
        [
            ("s3:GetObjectVersionTagging", "role"),
            ("s3:ReplicateTags", "role"),
            ("s3:ReplicateTags", "bucket"),
        ],
    )
    def test_for_tags_leaves_the_tags(
        self, pair: Pair, bench: Workbench, without: str, by: str
    ) -> None:
        pair.grant(without=without, by=by)
        pair.put(Tagging="a=b")
        tags = bench.client("s3", AUDIT).get_object_tagging(Bucket=pair.target, Key=KEY)
        assert tags["TagSet"] == []
        assert without in str(pair.hop().detail["tags"])

    def test_of_a_role_that_does_not_trust_s3_refuses_all(
        self, pair: Pair, bench: Workbench
    ) -> None:
        trust = policy(allow("sts:AssumeRole", service="lambda.amazonaws.com"))
        bench.client("iam", MANAGEMENT).update_assume_role_policy(
            RoleName=pair.role_name, PolicyDocument=trust
        )
        pair.put()
        assert (pair.copies(), pair.hop().detail["code"]) == ([], "FAILED_TO_ASSUME_ROLE")

    def test_is_none_of_the_owners_where_the_rule_does_not_override_it(
        self, bench: Workbench
    ) -> None:
        pair = new_pair(bench)
        del pair.rule["Destination"]["AccessControlTranslation"]
        pair.grant(without="s3:ObjectOwnerOverrideToBucketOwner")
        pair.replicate()
        pair.put()
        assert pair.copies() == [KEY]

    def test_of_a_policy_for_other_objects_does_not_help(self, pair: Pair) -> None:
        on = f"arn:aws:s3:::{pair.target}/other/*"
        pair.bucket_admits(allow(*pair.bucket_needs, resource=on, principal=PRINCIPAL))
        pair.put()
        assert (pair.copies(), pair.hop().outcome) == ([], "refused")


class TestObjectsThatCannotBeReplicated:
    def test_have_a_key_that_the_rule_does_not_select(self, bench: Workbench) -> None:
        pair = new_pair(bench, encrypted=True)
        pair.grant()
        del pair.rule["SourceSelectionCriteria"]
        del pair.rule["Destination"]["EncryptionConfiguration"]
        pair.replicate()
        pair.put()
        assert pair.copies() == []
        assert "SseKmsEncryptedObjects" in pair.hop().reason

    def test_have_a_destination_that_is_no_longer_versioned(
        self, pair: Pair, bench: Workbench
    ) -> None:
        bench.client("s3", AUDIT).put_bucket_versioning(
            Bucket=pair.target, VersioningConfiguration={"Status": "Suspended"}
        )
        pair.put()
        assert (pair.copies(), pair.hop().outcome) == ([], "failed")
        assert "is not versioned" in pair.hop().reason

    def test_have_a_destination_of_another_account_than_the_rule_says(
        self, bench: Workbench
    ) -> None:
        pair = new_pair(bench)
        pair.grant()
        pair.rule["Destination"]["Account"] = MEMBER
        pair.replicate()
        pair.put()
        assert pair.copies() == []
        assert f"belongs to {AUDIT}, not to {MEMBER}" in pair.hop().reason

    def test_have_a_destination_that_is_gone(self, pair: Pair, bench: Workbench) -> None:
        bench.client("s3", AUDIT).delete_bucket(Bucket=pair.target)
        pair.put()
        assert (pair.hop().outcome, pair.hop().detail["code"]) == ("failed", "NO_RESOURCE")


def _within(path: str, value: Any) -> Callable[[Rule], None]:
    def change(rule: Rule) -> None:
        *outer, last = path.split(".")
        for name in outer:
            rule = rule.setdefault(name, {})
        rule[last] = value

    return change


def _without(name: str) -> Callable[[Rule], None]:
    def change(rule: Rule) -> None:
        del rule[name]

    return change


class TestAConfiguration:
    @pytest.mark.parametrize(
        ("change", "code", "says"),
        [
            (_within("DeleteMarkerReplication.Status", "Enabled"), "NotImplemented", "markers"),
            (_within("ExistingObjectReplication.Status", "Enabled"), "NotImplemented", "exist"),
            (
                _within("SourceSelectionCriteria.ReplicaModifications.Status", "Enabled"),
                "NotImplemented",
                "modifications of replicas",
            ),
            (_within("Destination.Metrics.Status", "Enabled"), "NotImplemented", "metrics"),
            (
                _within("Filter", {"Tag": {"Key": "a", "Value": "b"}}),
                "NotImplemented",
                "filters with Tag",
            ),
            (_without("Filter"), "NotImplemented", "rules without Filter"),
            (_without("DeleteMarkerReplication"), "InvalidRequest", "DeleteMarkerReplication must"),
            (_without("Priority"), "InvalidRequest", "Priority must be specified"),
            (
                _within("Destination.EncryptionConfiguration.ReplicaKmsKeyID", "alias/x"),
                "InvalidRequest",
                "SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present",
            ),
            (
                _within("SourceSelectionCriteria.SseKmsEncryptedObjects.Status", "Enabled"),
                "InvalidRequest",
                "ReplicaKmsKeyID must be specified",
            ),
            (
                _within("Destination.Bucket", "arn:aws:s3:::nobody-has-this-bucket"),
                "InvalidRequest",
                "Destination bucket must exist",
            ),
            (_within("Destination.Account", ""), "InvalidRequest", "Account must be specified"),
            (_within("Destination.StorageClass", "LUKEWARM"), "MalformedXML", "storage class"),
        ],
    )
    def test_that_is_not_carried_out_is_refused(
        self, bench: Workbench, change: Callable[[Rule], None], code: str, says: str
    ) -> None:
        pair = new_pair(bench)
        change(pair.rule)
        with pytest.raises(ClientError, match=says) as caught:
            pair.replicate()
        assert caught.value.response.get("Error", {}).get("Code") == code

    def test_is_given_back_as_it_was_put(self, encrypted: Pair, bench: Workbench) -> None:
        answer = bench.client("s3", MANAGEMENT).get_bucket_replication(Bucket=encrypted.source)
        role = f"arn:aws:iam::{MANAGEMENT}:role/{encrypted.role_name}"
        assert answer["ReplicationConfiguration"] == {"Role": role, "Rules": [encrypted.rule]}

    def test_needs_a_versioned_destination_other_than_the_source(self, bench: Workbench) -> None:
        pair = new_pair(bench)
        for bucket, says in (
            (new_bucket(bench, AUDIT, versioned=False), "must have versioning enabled"),
            (pair.source, "same as the source"),
        ):
            pair.rule["Destination"]["Bucket"] = f"arn:aws:s3:::{bucket}"
            with pytest.raises(ClientError, match=says):
                pair.replicate()

    def test_needs_destinations_whose_owner_owns_the_replicas(self, bench: Workbench) -> None:
        pair = new_pair(bench)
        bench.client("s3", AUDIT).put_bucket_ownership_controls(
            Bucket=pair.target, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        )
        pair.replicate()
        del pair.rule["Destination"]["AccessControlTranslation"]
        with pytest.raises(ClientError, match="stay the source account's own"):
            pair.replicate()

    def test_keeps_its_bucket_versioned(self, pair: Pair, bench: Workbench) -> None:
        client = bench.client("s3", MANAGEMENT)
        off = {"Status": "Suspended"}
        with pytest.raises(ClientError, match="A replication configuration is present"):
            client.put_bucket_versioning(Bucket=pair.source, VersioningConfiguration=off)
        client.delete_bucket_replication(Bucket=pair.source)
        client.put_bucket_versioning(Bucket=pair.source, VersioningConfiguration=off)
        assert client.get_bucket_versioning(Bucket=pair.source)["Status"] == "Suspended"
