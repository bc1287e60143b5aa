"""Reports otherwise than by default, through the genuine engine, in this order.

Copied to the audit account; then over a bucket and a plan that existed before, with projection.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest

from components.reports_bucket import reports_are_delivered, reports_are_encrypted
from fleet.deploy.deployment import Deployment, Outcome
from fleet.deploy.order import in_order
from fleet.lake.backfill import Backfill, Clients, Done
from fleet.lake.backfill_todo import BackfillTarget
from fleet.lake.query import Lake, run_query
from fleet.sandbox.stage import Stage
from reports.plans import plans_of
from tests.support.standing import resources_in

MANAGEMENT, AUDIT, REGION = "111111111111", "222222222222", "eu-central-1"
COPIES = f"acme-backup-copies-{AUDIT}-{REGION}"

Values = dict[str, Any]
ChangeSettings = Callable[[str, Callable[[Values], None]], Deployment]


def changed(outcome: Outcome) -> dict[str, int]:
    return {op: count for op, count in outcome.changes.items() if op != "same" and count}


def deliver(stage: Stage, days: int = 1) -> None:
    """The last nights' reports, and all that follows from them."""
    jobs = stage.sandbox.call("reports.deliver", days=days)["jobs"]
    assert {job["Status"] for job in jobs} == {"COMPLETED"}, jobs
    stage.sandbox.call("settle")


def contents(session: boto3.Session, bucket: str) -> Mapping[str, bytes]:
    """Bodies by key."""
    s3 = session.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [found.get("Key", "") for page in pages for found in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


@pytest.fixture(scope="module")
def management(stage: Stage) -> boto3.Session:
    return stage.sandbox.session(MANAGEMENT, REGION)


class TestCopiesInTheAuditAccount:
    @pytest.fixture(autouse=True)
    def _copied(self, change_settings: ChangeSettings) -> None:
        def copy(values: Values) -> None:
            values["reports"]["bucket"]["copy_to_audit"] = True

        def take(values: Values) -> None:
            values["reports_copy"] = {"force_destroy": True}

        change_settings("acme-management", copy)
        change_settings("acme-audit", take)

    @pytest.fixture
    def both(self, stage: Stage) -> list[Deployment]:
        return [Deployment(stage.engine, stack) for stack in ("acme-audit", "acme-management")]

    def test_are_made_of_each_report_and_readable_there(
        self, stage: Stage, both: list[Deployment], management: boto3.Session
    ) -> None:
        in_order(both, Deployment.up)
        deliver(stage)
        bucket = Deployment(stage.engine, "acme-management").outputs()["reports_bucket"]
        audit = stage.sandbox.session(AUDIT, REGION)
        reports, copies = contents(management, bucket), contents(audit, COPIES)
        assert len(reports) == 5
        assert copies == reports
        copy = audit.client("s3").head_object(Bucket=COPIES, Key=next(iter(copies)))
        assert copy.get("ReplicationStatus") == "REPLICA"
        assert f":{AUDIT}:key/" in copy.get("SSEKMSKeyId", "")

    def test_change_nothing_in_a_second_up(self, both: list[Deployment]) -> None:
        assert [changed(outcome) for outcome in in_order(both, Deployment.up)] == [{}, {}]

    def test_show_no_drift(self, both: list[Deployment]) -> None:
        assert [changed(outcome) for outcome in in_order(both, Deployment.refresh)] == [{}, {}]

    def test_go_on_when_the_reports_have_no_key_of_their_own_any_more(
        self, stage: Stage, change_settings: ChangeSettings
    ) -> None:
        def by_s3(values: Values) -> None:
            values["reports"]["bucket"]["encryption"] = "s3_managed"

        change_settings("acme-management", by_s3).up()
        before = contents(stage.sandbox.session(AUDIT, REGION), COPIES)
        stage.sandbox.call("reports.deliver", date="2026-11-01")
        stage.sandbox.call("settle")
        after = contents(stage.sandbox.session(AUDIT, REGION), COPIES)
        assert len(after.keys() - before.keys()) == 5

    def test_leave_nothing_when_all_is_destroyed(
        self, stage: Stage, both: list[Deployment]
    ) -> None:
        in_order(both, Deployment.destroy, backwards=True)
        assert [resources_in(stage, account) for account in (MANAGEMENT, AUDIT)] == [{}, {}]


def _nothing(what: str, done: int, total: int) -> None:
    """Tells nobody how far a backfill is."""


class TestALakeOverWhatExists:
    bucket, plan = "acme-own-reports", "their_backups"

    @pytest.fixture(scope="class")
    def key(self, management: boto3.Session) -> str:
        """Of the bucket, which exists with a plan that has delivered two reports."""
        arn = self._key(management)
        self._bucket(management, arn)
        management.client("backup").create_report_plan(
            ReportPlanName=self.plan,
            ReportDeliveryChannel={"S3BucketName": self.bucket, "Formats": ["CSV"]},
            ReportSetting={
                "ReportTemplate": "BACKUP_JOB_REPORT",
                "Accounts": ["ROOT"],
                "Regions": ["*"],
            },
        )
        return arn

    def _key(self, session: boto3.Session) -> str:
        own = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        statements = [own, reports_are_encrypted(MANAGEMENT, "aws").render()]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        return session.client("kms").create_key(Policy=policy)["KeyMetadata"].get("Arn", "")

    def _bucket(self, session: boto3.Session, key: str) -> None:
        """With the statement that the preview prints, and no other."""
        s3 = session.client("s3")
        s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        s3.put_bucket_encryption(
            Bucket=self.bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": key,
                        }
                    }
                ]
            },
        )
        delivered = reports_are_delivered(f"arn:aws:s3:::{self.bucket}", MANAGEMENT, "aws").render()
        s3.put_bucket_policy(
            Bucket=self.bucket,
            Policy=json.dumps({"Version": "2012-10-17", "Statement": [delivered]}),
        )
        s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )

    @pytest.fixture
    def over(self, change_settings: ChangeSettings, key: str) -> Callable[..., Deployment]:
        """The management stack with these settings of the lake."""

        def over(**lake: Any) -> Deployment:
            def change(values: Values) -> None:
                others = ("restore_job", "copy_job", "control_compliance", "resource_compliance")
                values["alerts_in"] = "management"
                values["reports"] = {
                    "bucket": {"name": self.bucket, "existing": True, "key_arn": key},
                    "plans": {
                        "backup_job": {"name": self.plan, "existing": True},
                        **dict.fromkeys(others),
                    },
                    "lake": {"force_destroy": True, **lake},
                }

            return change_settings("acme-management", change)

        return over

    def test_is_filled_with_what_was_delivered_before(
        self, stage: Stage, management: boto3.Session, over: Callable[..., Deployment]
    ) -> None:
        deliver(stage, days=2)
        before = self.settings(management)
        deployed = over()
        deployed.up()
        assert self.count(management, deployed.outputs()) == 0
        done = self.backfill(management, deployed.outputs())
        assert (done.reports, done.partitions, done.curations) == (2, 2, 2)
        stage.sandbox.call("settle")
        assert self.count(management, deployed.outputs()) == self.delivered(management) > 0
        newest = self.ask(management, deployed.outputs(), "SELECT count(*) FROM backup_jobs")
        assert 0 < newest <= self.delivered(management)
        assert self.settings(management) == before

    def test_needs_no_partitions_where_athena_computes_them(
        self, stage: Stage, management: boto3.Session, over: Callable[..., Deployment]
    ) -> None:
        deployed = over(partitions="projection")
        deployed.up()
        outputs = deployed.outputs()
        self.forget_partitions(management, outputs["reports_database"])
        assert self.count(management, outputs) == self.delivered(management)
        before = self.delivered(management)
        stage.sandbox.call("reports.deliver", date="2026-11-01")
        stage.sandbox.call("settle")
        assert self.count(management, outputs) == self.delivered(management) > before

    def test_leaves_what_existed_when_it_is_destroyed(
        self, stage: Stage, management: boto3.Session, over: Callable[..., Deployment]
    ) -> None:
        before, reports = self.settings(management), contents(management, self.bucket)
        over(partitions="projection").destroy()
        assert self.settings(management) == before
        assert contents(management, self.bucket) == reports
        left = resources_in(stage, MANAGEMENT)
        assert left.keys() == {"eu-central-1 report plans", "eu-central-1 keys"} | {
            f"{region} buckets" for region in ("eu-central-1", "eu-west-1")
        }

    def settings(self, session: boto3.Session) -> Mapping[str, Any]:
        s3 = session.client("s3")
        notified = s3.get_bucket_notification_configuration(Bucket=self.bucket)
        plan = session.client("backup").describe_report_plan(ReportPlanName=self.plan)
        return {
            "policy": s3.get_bucket_policy(Bucket=self.bucket)["Policy"],
            "notification": {k: v for k, v in notified.items() if k != "ResponseMetadata"},
            "encryption": s3.get_bucket_encryption(Bucket=self.bucket)[
                "ServerSideEncryptionConfiguration"
            ],
            "versioning": s3.get_bucket_versioning(Bucket=self.bucket).get("Status"),
            "channel": plan["ReportPlan"].get("ReportDeliveryChannel"),
        }

    def backfill(self, session: boto3.Session, outputs: Mapping[str, Any]) -> Done:
        lake = BackfillTarget(
            reports_bucket=outputs["reports_bucket"],
            lake_bucket=outputs["reports_lake_bucket"],
            database=outputs["reports_database"],
            plans=plans_of(outputs["report_plans"]),
            curation_queue=outputs["report_queues"]["curation"]["queue"],
            dead_letters=outputs["report_queues"]["partitions"]["dead_letters"],
        )
        clients = Clients(
            s3=session.client("s3"), glue=session.client("glue"), sqs=session.client("sqs")
        )
        return Backfill(lake, clients, _nothing).run()

    def forget_partitions(self, session: boto3.Session, database: str) -> None:
        glue = session.client("glue")
        table = "backup_job_report"
        for partition in glue.get_partitions(DatabaseName=database, TableName=table)["Partitions"]:
            glue.delete_partition(
                DatabaseName=database,
                TableName=table,
                PartitionValues=partition.get("Values", []),
            )
        assert glue.get_partitions(DatabaseName=database, TableName=table)["Partitions"] == []

    def delivered(self, session: boto3.Session) -> int:
        """Rows in all reports of the bucket."""
        texts = [body.decode() for body in contents(session, self.bucket).values()]
        return sum(len(list(csv.reader(io.StringIO(text)))) - 1 for text in texts)

    def count(self, session: boto3.Session, outputs: Mapping[str, Any]) -> int:
        return self.ask(session, outputs, "SELECT count(*) FROM backup_job_report")

    def ask(self, session: boto3.Session, outputs: Mapping[str, Any], sql: str) -> int:
        lake = Lake(
            session=session,
            region=REGION,
            database=outputs["reports_database"],
            workgroup=outputs["reports_workgroup"],
        )
        ((answer,),) = run_query(lake, sql, poll_seconds=0.05).rows
        return int(answer)
