"""What an operator does when reports come otherwise than expected, or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.lake.partition_batches import standing
from fleet.lake.query import Lake, run_query
from fleet.project import PROJECT
from fleet.sandbox.stage import Stage
from reports.templates import TEMPLATES
from stacks.load import CUSTOMERS
from tests.support.waiting import until

MANAGEMENT, REGION, PLAN = "111111111111", "eu-central-1", "acme_backup_job_report"
WATCH = "acme-backup-reports-watch"

Run = Callable[..., str]
ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]


@pytest.fixture(scope="module")
def outputs(stage: Stage) -> Mapping[str, Any]:
    """What the stack with the reports exports; every stack is deployed."""
    in_order(stage.deployments(), Deployment.update)
    return Deployment(stage.engine, "acme-management").outputs()


@pytest.fixture(scope="module")
def session(stage: Stage) -> boto3.Session:
    return stage.sandbox.session(MANAGEMENT, REGION)


@pytest.fixture(scope="module")
def lake(outputs: Mapping[str, Any], session: boto3.Session) -> Lake:
    return Lake(
        session=session,
        region=REGION,
        database=outputs["reports_database"],
        workgroup=outputs["reports_workgroup"],
    )


@pytest.fixture(scope="module")
def run(stage: Stage) -> Run:
    """The command, in a shell of the sandbox's."""
    environment = {
        **os.environ,
        **stage.engine.environment,
        "BACKUP_ORG_PROJECT": str(stage.workspace.project),
    }

    def run(*words: str) -> str:
        answer = subprocess.run(
            [str(Path(sys.executable).with_name("backup-org")), *words],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert answer.returncode == 0, f"{answer.stdout}\n{answer.stderr}"
        return answer.stdout

    return run


def rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in run_query(lake, sql, poll_seconds=0.05).rows]


class TestAHeaderThatNobodyExpected:
    header = "Job Status,Account Id,Region,Backup Job Id,A New Column"
    asked = "SELECT backup_job_id, job_status, a_new_column FROM backup_job_report"

    @pytest.fixture(scope="class", autouse=True)
    def _withheld(self, stage: Stage, outputs: Mapping[str, Any], session: boto3.Session) -> None:
        s3 = session.client("s3")
        for day in ("19", "20"):
            s3.put_object(
                Bucket=outputs["reports_bucket"],
                Key=f"Backup/crossaccount/crossregion/2026/11/{day}/{PLAN}/report.csv",
                Body=f'{self.header}\nFAILED,{MANAGEMENT},{REGION},J{day},"a, b"\n'.encode(),
            )
        stage.sandbox.call("settle")

    def test_reports_are_withheld_until_it_is_learnt_and_follow_then(
        self, stage: Stage, lake: Lake, run: Run
    ) -> None:
        assert rows(lake, "SELECT * FROM backup_job_report") == []
        said = run("lake", "learn-header", "--yes")
        assert "backup_job_report has 0 partitions: those whose reports do not fit" in said
        assert "queried in backup_jobs_curated and backup_jobs" in said
        assert "2 withheld reports sent back" in said
        stage.sandbox.call("settle")
        assert sorted(rows(lake, self.asked)) == [
            ("J19", "FAILED", "a, b"),
            ("J20", "FAILED", "a, b"),
        ]

    def test_what_was_learnt_stands_in_the_settings_and_nothing_waits_any_more(
        self, stage: Stage, run: Run
    ) -> None:
        text = (stage.workspace.project / CUSTOMERS / "Pulumi.acme-management.yaml").read_text()
        assert "A New Column" in text
        assert "of 0 dead letters none was withheld" in run("lake", "learn-header", "--yes")

    def test_what_was_deployed_is_what_the_settings_say(self, stage: Stage) -> None:
        changes = Deployment(stage.engine, "acme-management").up().changes
        assert {op for op, count in changes.items() if count} == {"same"}

    def test_one_that_only_a_backfill_found_is_learnt_and_what_it_takes_out_is_said(
        self, stage: Stage, outputs: Mapping[str, Any], lake: Lake, run: Run
    ) -> None:
        lake.session.resource("s3").Bucket(outputs["reports_bucket"]).put_object(
            Key=f"Backup/crossaccount/crossregion/2026/11/21/{PLAN}/report.csv",
            Body=f"Inserted,{self.header}\nx,FAILED,{MANAGEMENT},{REGION},J21,y\n".encode(),
        )
        stage.sandbox.call("settle")
        letters = outputs["report_queues"]["partitions"]["dead_letters"]
        lake.session.client("sqs").purge_queue(QueueUrl=letters)
        assert "put into the dead-letter queue: 1; see and learn" in run("backfill")
        assert "put into the dead-letter queue" not in run("backfill")
        said = run("lake", "learn-header", "--yes")
        assert "backup_job_report has 2 partitions: those whose reports do not fit" in said
        assert "0 got their table's new columns, and 2 were withdrawn" in said
        assert "1 withheld reports sent back" in said
        stage.sandbox.call("settle")
        assert rows(lake, self.asked) == [("J21", "FAILED", "y")]
        curated = rows(lake, "SELECT backup_job_id FROM backup_jobs ORDER BY backup_job_id")
        assert curated == [("J19",), ("J20",), ("J21",)]
        assert "of 0 dead letters none was withheld" in run("lake", "learn-header", "--yes")


class TestColumnsThatWereAppended:
    plan = "acme_copy_job_report"
    guide = tuple(column.raw for column in TEMPLATES["copy_job"].columns)

    def deliver(self, bucket: Any, day: int, header: Sequence[str]) -> None:
        values = ",".join(f"{day}-{position}" for position, _ in enumerate(header))
        bucket.put_object(
            Key=f"Backup/crossaccount/crossregion/2026/11/{day}/{self.plan}/report.csv",
            Body=f"{','.join(header)}\n{values}\n".encode(),
        )

    def test_a_recheck_shows_them_in_all_partitions_and_takes_none_out(
        self,
        stage: Stage,
        outputs: Mapping[str, Any],
        lake: Lake,
        run: Run,
        change_settings: ChangeSettings,
    ) -> None:
        bucket = lake.session.resource("s3").Bucket(outputs["reports_bucket"])
        self.deliver(bucket, 17, self.guide)
        stage.sandbox.call("settle")
        learnt = [*self.guide, "Vault Owner"]

        def append(settings: dict[str, Any]) -> None:
            headers = settings["reports"].setdefault("lake", {}).setdefault("headers", {})
            headers["copy_job"] = learnt

        change_settings("acme-management", append).up()
        self.deliver(bucket, 18, learnt)
        stage.sandbox.call("settle")
        said = run("backfill", "--recheck")
        assert "1 got their table's new columns, and 0 were withdrawn" in said
        glue = lake.session.client("glue")
        there = standing(glue, lake.database, "copy_job_report", with_columns=True)
        assert [partition.columns[-1] for partition in there] == ["vault_owner"] * 2
        found = rows(lake, "SELECT day, vault_owner FROM copy_job_report ORDER BY day")
        assert found == [("17", None), ("18", f"18-{len(self.guide)}")]
        assert "got their table" not in run("backfill", "--recheck")


class TestReportsThatDoNotArrive:
    def look(self, stage: Stage) -> str:
        """The state of the alarm after the daily look."""
        stage.sandbox.call("events.fire_schedule", account=MANAGEMENT, region=REGION, rule=WATCH)
        stage.sandbox.call("settle")
        alarms = stage.sandbox.call("alarms.evaluate")["alarms"]
        stage.sandbox.call("settle")
        (state,) = [alarm["state"] for alarm in alarms if alarm["name"] == f"{WATCH}-missing"]
        return state

    def incident(self, stage: Stage) -> Mapping[str, str]:
        found = stage.sandbox.call("servicenow")["incidents"]
        (incident,) = [i for i in found if f"{WATCH}-missing" in i["description"]]
        return incident

    def delivered(self, session: boto3.Session) -> str:
        """The key of what a report job delivers."""
        backup = session.client("backup")
        started = backup.start_report_job(ReportPlanName=PLAN, IdempotencyToken=str(uuid4()))

        def job() -> Any:
            return backup.describe_report_job(ReportJobId=started["ReportJobId"])["ReportJob"]

        until(lambda: job().get("Status") == "COMPLETED", job, within_seconds=30)
        (key,) = job().get("ReportDestination", {}).get("S3Keys", [])
        return key

    def missing(self, session: boto3.Session) -> Mapping[str, str]:
        answer = session.client("lambda").invoke(FunctionName=WATCH, Payload=b"{}")
        return json.loads(answer["Payload"].read())

    def test_what_the_bucket_has_not_becomes_an_incident(
        self, stage: Stage, session: boto3.Session, outputs: Mapping[str, Any]
    ) -> None:
        key = self.delivered(session)
        session.client("s3").delete_object(Bucket=outputs["reports_bucket"], Key=key)
        # The other plans are too young to be late.
        assert self.missing(session) == {PLAN: f"the bucket does not have {key}"}
        assert self.look(stage) == "ALARM"
        assert self.incident(stage)["state"] == "1"

    @pytest.mark.usefixtures("outputs")
    def test_what_is_delivered_after_all_is_missed_no_more(self, session: boto3.Session) -> None:
        assert self.delivered(session)
        assert self.missing(session) == {}


class TestVolumesOfAccounts:
    """As `lake volume` writes them, and the next deployment reads them."""

    def test_are_what_the_reports_have_and_a_plan_is_made_by_them(
        self, stage: Stage, run: Run, outputs: Mapping[str, Any]
    ) -> None:
        assert outputs
        deployment = Deployment(stage.engine, "acme-management")
        deployment.up()  # settings that other tests changed are as they were
        stage.sandbox.call("reports.deliver", days=1, accounts=3, volume=2)
        stage.sandbox.call("settle")
        said = run("lake", "volume", "--write")
        table = stage.workspace.project / CUSTOMERS / "acme-management.volumes.csv"
        assert f"written to {table}" in said
        assert "report plans a template: 1, each filled to 80,000 a day at most" in said
        header, *lines = table.read_text().splitlines()
        assert header == "account,daily_volume"
        assert lines == sorted(lines)
        volumes = dict(line.split(",") for line in lines)
        # The organization's own tell of on-demand reports, if there were any.
        assert {f"90000000000{number}" for number in (1, 2, 3)} <= volumes.keys()
        for account, volume in volumes.items():
            assert f"{account} │ {volume}" in said
        assert deployment.up().changes.keys() == {"same"}
        table.unlink()


class TestADamagedReport:
    alarm = "acme-backup-reports-rejects"
    header = "Account Id,Region,Copy Job Id,Job Status,Status Message,Report Time Period End"

    def line(self, job: str, message: str) -> str:
        return f"{MANAGEMENT},{REGION},{job},FAILED,{message},2026-11-16T00:00:00Z\n"

    def test_its_other_rows_go_in_and_the_rejected_one_can_be_asked_for(
        self, stage: Stage, outputs: Mapping[str, Any], lake: Lake
    ) -> None:
        key = "Backup/crossaccount/crossregion/2026/11/16/acme_copy_job_report/damaged.csv"
        damaged = self.line("D2", '"nobody closes this')
        body = f"{self.header}\n{self.line('D1', 'a')}{damaged}{self.line('D3', 'c')}"
        bucket = lake.session.resource("s3").Bucket(outputs["reports_bucket"])
        bucket.put_object(Key=key, Body=body.encode())
        stage.sandbox.call("settle")
        asked = "SELECT copy_job_id FROM copy_jobs WHERE copy_job_id LIKE 'D_' ORDER BY copy_job_id"
        assert rows(lake, asked) == [("D1",), ("D3",)]
        rejects = rows(lake, "SELECT report_object, reason, text FROM report_rejects")
        assert rejects == [(key, "a quote that is not closed before the next row", damaged)]
        counted = "SELECT lines, lines_taken, lines_rejected FROM report_deliveries"
        assert rows(lake, f"{counted} WHERE report_object = '{key}'") == [(3, 2, 1)]

    def test_an_alarm_becomes_an_incident(self, stage: Stage) -> None:
        alarms = stage.sandbox.call("alarms.evaluate")["alarms"]
        stage.sandbox.call("settle")
        assert {one["name"]: one["state"] for one in alarms}[self.alarm] == "ALARM"
        found = stage.sandbox.call("servicenow")["incidents"]
        (incident,) = [one for one in found if self.alarm in one["description"]]
        assert incident["state"] == "1"
