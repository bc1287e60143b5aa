"""The flows through what was really deployed: reports to rows, job events to incidents."""

from __future__ import annotations

import itertools
import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from components.lake.query_library import queries
from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.lake.query import Lake, QueryFailed, run_query
from fleet.lake.reports_stack import queues_of
from fleet.replay import dead_letters
from fleet.replay.hops import ALERTS, Deployed, hops_of
from fleet.sandbox.stage import Stage
from reports.curated_tables import DELIVERIES
from reports.month_lists import MonthLists

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MEMBER, AUDIT, MANAGEMENT = "333333333333", "222222222222", "111111111111"
REGION, OTHER_REGION = "eu-central-1", "eu-west-1"
PLAN = "acme_backup_job_report"
_volumes = itertools.count(1)

Outputs = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def outputs(stage: Stage) -> Outputs:
    """Every stack, deployed; what each exports."""
    in_order(stage.deployments(), Deployment.up)
    return {d.stack: d.outputs() for d in stage.deployments()}


@pytest.fixture(scope="module")
def management(stage: Stage) -> boto3.Session:
    return stage.sandbox.session(MANAGEMENT, REGION)


@pytest.fixture(scope="module")
def audit(stage: Stage) -> boto3.Session:
    return stage.sandbox.session(AUDIT, REGION)


@pytest.fixture
def lake(outputs: Outputs, management: boto3.Session) -> Lake:
    exported = outputs["acme-management"]
    return Lake(
        session=management,
        region=REGION,
        database=exported["reports_database"],
        workgroup=exported["reports_workgroup"],
    )


@pytest.fixture
def volume() -> str:
    """A resource that no other test had trouble with."""
    return f"arn:aws:ec2:{REGION}:{MEMBER}:volume/vol-{next(_volumes):017x}"


def partitions(lake: Lake, table: str = "backup_job_report") -> list[list[str]]:
    glue = lake.session.client("glue")
    answer = glue.get_partitions(DatabaseName=lake.database, TableName=table)
    return [list(partition.get("Values", [])) for partition in answer["Partitions"]]


def listed(lake: Lake, bucket: str, prefix: str = "") -> dict[str, str]:
    """The ETags of a bucket's objects, by their keys."""
    answer = lake.session.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return {found.get("Key", ""): found.get("ETag", "") for found in answer.get("Contents", [])}


_LETTERS = str.maketrans("0123456789-:/", "ghijklmnopqrs")


def job(
    stage: Stage,
    resource: str,
    state: str,
    kind: str = "backup",
    *,
    account: str = MEMBER,
    region: str = REGION,
) -> None:
    stage.sandbox.call(
        "backup.job",
        kind=kind,
        account=account,
        region=region,
        vault="standard",
        resource_arn=resource,
        state=state,
        # Of one cause each: five of one would be a storm.
        message=f"for a test of {resource.translate(_LETTERS)}",
    )
    stage.sandbox.call("settle")


def incidents(stage: Stage, resource: str) -> Sequence[Mapping[str, str]]:
    found = stage.sandbox.call("servicenow")["incidents"]
    return [incident for incident in found if resource in incident["description"]]


def states(stage: Stage) -> Mapping[str, str]:
    """Of every alarm by its name, as CloudWatch would judge it now."""
    judged = stage.sandbox.call("alarms.evaluate")["alarms"]
    stage.sandbox.call("settle")
    return {alarm["name"]: alarm["state"] for alarm in judged}


def details(sqs: SQSClient, queue: str) -> list[Mapping[str, str]]:
    """Of the events that rest in a queue: what each is about. They stay as they are."""
    found = [json.loads(letter.body)["detail"] for letter in dead_letters.resting(sqs, queue)]
    about = [
        {name: detail[name] for name in ("resourceArn", "alarmName") if name in detail}
        for detail in found
    ]
    return sorted(about, key=lambda one: "alarmName" in one)


@contextmanager
def closed(account: boto3.Session, bus: str) -> Generator[None]:
    """Takes away a bus's policy for a while."""
    events = account.client("events")
    policy = events.describe_event_bus(Name=bus)["Policy"]
    events.remove_permission(EventBusName=bus, RemoveAllPermissions=True)
    try:
        yield
    finally:
        events.put_permission(EventBusName=bus, Policy=policy)


class TestReports:
    def test_the_first_night_brings_a_partition_and_a_file_for_each_plan(
        self, stage: Stage, lake: Lake, outputs: Outputs
    ) -> None:
        delivered = stage.sandbox.call("reports.deliver", date="2026-11-20")
        assert {report["Status"] for report in delivered["jobs"]} == {"COMPLETED"}
        stage.sandbox.call("settle")
        assert partitions(lake) == [[PLAN, "2026", "11", "20"]]
        bucket = outputs["acme-management"]["reports_lake_bucket"]
        files = lake.session.client("s3").list_objects_v2(Bucket=bucket, Prefix="files/")
        # One with its rows, and one that says that it was delivered.
        assert files["KeyCount"] == 2 * delivered["objects"] == 10

    def test_raw_and_curated_tables_hold_the_same_jobs(self, lake: Lake) -> None:
        raw = run_query(
            lake, "SELECT backup_job_id, job_status FROM backup_job_report", poll_seconds=0.05
        )
        curated = run_query(
            lake, "SELECT backup_job_id, job_status FROM backup_jobs_curated", poll_seconds=0.05
        )
        assert sorted(map(tuple, raw.rows)) == sorted(map(tuple, curated.rows))
        assert len(raw.rows) > 10

    def test_an_object_delivered_twice_gives_one_partition_and_one_file(
        self, stage: Stage, lake: Lake, outputs: Outputs
    ) -> None:
        exported = outputs["acme-management"]
        s3 = lake.session.client("s3")
        (key, *_) = [k for k in listed(lake, exported["reports_bucket"]) if PLAN in k]
        before = listed(lake, exported["reports_lake_bucket"], "files/")
        body = s3.get_object(Bucket=exported["reports_bucket"], Key=key)["Body"].read()
        s3.put_object(Bucket=exported["reports_bucket"], Key=key, Body=body)
        stage.sandbox.call("settle")
        assert partitions(lake) == [[PLAN, "2026", "11", "20"]]
        assert listed(lake, exported["reports_lake_bucket"], "files/") == before

    def test_a_compacted_month_is_one_file_and_answers_as_before(
        self, stage: Stage, lake: Lake, outputs: Outputs
    ) -> None:
        asked = "SELECT report_object, template, rows, report_date FROM report_deliveries"
        before = run_query(lake, asked, poll_seconds=0.05).rows
        bucket = outputs["acme-management"]["reports_lake_bucket"]
        stage.sandbox.call(
            "events.fire_schedule",
            account=MANAGEMENT,
            region=REGION,
            rule="acme-backup-reports-compaction",
        )
        stage.sandbox.call("settle")
        lists = MonthLists(s3=lake.session.client("s3"), bucket=bucket)
        (name,) = lists.read(DELIVERIES, "2026-11").files
        assert len(lists.made_of(DELIVERIES, "2026-11", name)) == len(before) == 5
        after = run_query(lake, asked, poll_seconds=0.05).rows
        assert sorted(map(tuple, after)) == sorted(map(tuple, before))

    def test_without_its_partition_a_report_answers_nothing_and_with_it_its_rows(
        self, stage: Stage, lake: Lake, outputs: Outputs
    ) -> None:
        count = "SELECT count(*) FROM backup_job_report WHERE day = '20'"
        there = run_query(lake, count, poll_seconds=0.05).rows
        lake.session.client("glue").delete_partition(
            DatabaseName=lake.database,
            TableName="backup_job_report",
            PartitionValues=[PLAN, "2026", "11", "20"],
        )
        assert run_query(lake, count, poll_seconds=0.05).rows == [(0,)]
        glue_tables = lake.session.client("glue").get_table(
            DatabaseName=lake.database, Name="backup_job_report"
        )["Table"]
        lake.session.client("glue").create_partition(
            DatabaseName=lake.database,
            TableName="backup_job_report",
            PartitionInput={
                "Values": [PLAN, "2026", "11", "20"],
                "StorageDescriptor": {
                    **glue_tables.get("StorageDescriptor", {}),
                    "Location": f"s3://{outputs['acme-management']['reports_bucket']}/Backup/"
                    f"crossaccount/crossregion/2026/11/20/{PLAN}/",
                },
            },
        )
        assert run_query(lake, count, poll_seconds=0.05).rows == there
        assert there != [(0,)]

    @pytest.mark.parametrize("name", queries(REGION))
    def test_every_query_of_the_library_is_answered(self, name: str, lake: Lake) -> None:
        answer = run_query(lake, queries(REGION)[name].sql(), poll_seconds=0.05)
        assert answer.columns

    @pytest.mark.parametrize("sql", ["SELEC 1", "SELECT no_such_column FROM backup_jobs"])
    def test_sql_that_athena_refuses_is_told_with_its_reason(self, sql: str, lake: Lake) -> None:
        with pytest.raises(QueryFailed, match=f"\nin: {sql}"):
            run_query(lake, sql, poll_seconds=0.05)

    def test_an_unexpected_header_withholds_the_raw_partition_alone(
        self, stage: Stage, lake: Lake, outputs: Outputs
    ) -> None:
        exported = outputs["acme-management"]
        folder = f"Backup/crossaccount/crossregion/2026/11/19/{PLAN}"
        s3 = lake.session.client("s3")
        header = "New,Account Id,Region,Backup Job Id,Job Status"
        s3.put_object(
            Bucket=exported["reports_bucket"],
            Key=f"{folder}/moved.csv",
            Body=f"{header}\nx,1,r,J1,FAILED\n".encode(),
        )
        stage.sandbox.call("settle")
        assert [PLAN, "2026", "11", "19"] not in partitions(lake)
        curated = run_query(
            lake,
            "SELECT account_id, job_status FROM backup_jobs_curated WHERE backup_job_id = 'J1'",
            poll_seconds=0.05,
        )
        assert curated.rows == [("1", "FAILED")]
        sqs = lake.session.client("sqs")
        queue = queues_of(exported)["partitions"]
        (letter,) = dead_letters.resting(sqs, queue["dead_letters"])
        assert letter.attributes["Key"] == f"{folder}/moved.csv"
        assert json.loads(letter.attributes["Header"])[0] == "New"
        assert json.loads(letter.attributes["Expected"])[0] == "report_time_period_start"


class TestAlerts:
    @pytest.mark.parametrize("state", ["FAILED", "EXPIRED", "ABORTED"])
    def test_a_job_that_ends_badly_opens_one_incident_and_a_repeat_none(
        self, stage: Stage, outputs: Outputs, volume: str, state: str
    ) -> None:
        assert outputs
        job(stage, volume, state)
        (incident,) = incidents(stage, volume)
        assert incident["state"] == "1"
        job(stage, volume, state)
        (again,) = incidents(stage, volume)
        assert again["number"] == incident["number"]

    def test_the_same_event_twice_is_one_incident_without_a_second_note(
        self, stage: Stage, outputs: Outputs, volume: str
    ) -> None:
        assert outputs
        job(stage, volume, "FAILED")
        (before,) = incidents(stage, volume)
        event = {"source": "aws.backup", "detail-type": "Backup Job State Change"}
        backup = stage.sandbox.session(MEMBER, REGION).client("backup")
        (failed,) = backup.list_backup_jobs(ByResourceArn=volume)["BackupJobs"]
        detail = {
            "backupJobId": failed.get("BackupJobId"),
            "resourceArn": volume,
            "state": "FAILED",
        }
        stage.sandbox.call(
            "events.emit", account=MEMBER, region=REGION, event={**event, "detail": detail}
        )
        stage.sandbox.call("settle")
        assert list(incidents(stage, volume)) == [before]

    def test_a_job_that_completes_resolves_the_incident(
        self, stage: Stage, outputs: Outputs, volume: str
    ) -> None:
        assert outputs
        job(stage, volume, "FAILED")
        job(stage, volume, "COMPLETED")
        (incident,) = incidents(stage, volume)
        assert incident["state"] == "6"
        assert incident["close_notes"]

    def test_a_failure_that_comes_late_opens_nothing_where_a_job_completed_since(
        self, stage: Stage, outputs: Outputs, volume: str
    ) -> None:
        assert outputs
        job(stage, volume, "COMPLETED")
        stage.sandbox.call(
            "events.emit",
            account=MEMBER,
            region=REGION,
            event={
                "source": "aws.backup",
                "detail-type": "Backup Job State Change",
                "time": "2026-01-01T00:00:00+00:00",
                "detail": {
                    "backupJobId": "late",
                    "backupVaultName": "standard",
                    "resourceArn": volume,
                    "state": "FAILED",
                },
            },
        )
        stage.sandbox.call("settle")
        assert incidents(stage, volume) == []

    def test_what_service_now_refuses_is_tried_again_rests_and_is_replayed(
        self, stage: Stage, outputs: Outputs, audit: boto3.Session, volume: str
    ) -> None:
        stage.sandbox.call("servicenow", fail={"kind": "status", "status": 400, "times": 5})
        job(stage, volume, "FAILED")
        assert incidents(stage, volume) == []
        queue = queues_of(outputs["acme-audit"])["tickets"]
        sqs = audit.client("sqs")
        letters = dead_letters.resting(sqs, queue["dead_letters"])
        assert [json.loads(letter.body)["detail"]["resourceArn"] for letter in letters] == [volume]
        requests = stage.sandbox.call("servicenow")["requests"]
        assert sum(request["status"] == 400 for request in requests) == 5
        assert dead_letters.replay(sqs, queue["dead_letters"], queue["queue"]) == 1
        stage.sandbox.call("settle")
        assert len(incidents(stage, volume)) == 1

    @pytest.mark.parametrize("account", [MANAGEMENT, AUDIT])
    def test_a_job_that_fails_in_a_central_account_is_told_once(
        self, stage: Stage, outputs: Outputs, volume: str, account: str
    ) -> None:
        """The audit account has the bus itself: its events reach it by the one rule as well."""
        assert outputs
        vaults = stage.sandbox.session(account, REGION).client("backup")
        vaults.create_backup_vault(BackupVaultName="standard")
        resource = volume.replace(MEMBER, account)
        since = stage.sandbox.call("journal")["next"]
        job(stage, resource, "FAILED", account=account)
        (incident,) = incidents(stage, resource)
        assert incident["state"] == "1"
        entries = stage.sandbox.call("journal", since=since)["entries"]
        bus = outputs["acme-audit"]["alert_bus_arn"]
        assert len([e for e in entries if e["target"] == bus and "rules" in e["detail"]]) == 1

    def test_what_cannot_be_forwarded_rests_is_told_and_is_replayed(
        self, stage: Stage, outputs: Outputs, audit: boto3.Session
    ) -> None:
        exported = outputs["acme-member-payments"]
        member = Deployed(
            stack="acme-member-payments",
            outputs=exported,
            session=stage.sandbox.session(MEMBER, REGION),
        )
        central = Deployed(stack="acme-audit", outputs=outputs["acme-audit"], session=audit)
        sqs = stage.sandbox.session(MEMBER, OTHER_REGION).client("sqs")
        queue = exported["alert_dead_letters"][OTHER_REGION]
        alarm = f"acme-backup-alerts-dead-letters-{OTHER_REGION}"
        volume = f"arn:aws:ec2:{OTHER_REGION}:{MEMBER}:volume/vol-{next(_volumes):017x}"
        assert states(stage)[alarm] == "OK"

        with closed(audit, "acme-backup-alerts"):
            job(stage, volume, "FAILED", region=OTHER_REGION)
            assert details(sqs, queue) == [{"resourceArn": volume}]
            assert states(stage)[alarm] == "ALARM"
            # The alarm's own event cannot be forwarded either; there it ends.
            assert states(stage)[alarm] == "ALARM"
            assert details(sqs, queue) == [{"resourceArn": volume}, {"alarmName": alarm}]
            assert incidents(stage, volume) == incidents(stage, alarm) == []

        for hop in hops_of(member, lambda: central, ALERTS):
            sent = list(hop.send_back(dead_letters.resting(hop.sqs, hop.dead_letters), 600))
            assert len(sent) == (2 if hop.region == OTHER_REGION else 0)
        stage.sandbox.call("settle")
        assert [found["state"] for found in incidents(stage, volume)] == ["1"]
        assert [found["state"] for found in incidents(stage, alarm)] == ["1"]
        assert states(stage)[alarm] == "OK"
        assert [found["state"] for found in incidents(stage, alarm)] == ["6"]
        assert details(sqs, queue) == []
