"""Restore tests of the regulated example, each to its end: a verdict, an incident or none, a row in
the lake and a line in the report."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from components.lake.query_library import queries
from components.work_queue import TRIES
from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.evidence.archive import read
from fleet.evidence.making import make_archive, maker_for
from fleet.evidence.records import RESTORE_TESTS
from fleet.evidence.scope import scope_of
from fleet.evidence.verification import verified
from fleet.lake.query import Lake, run_query
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS, KEY
from tests.support.waiting import until

AUDIT, MEMBER, REGION = "999999999999", "000000000000", "eu-central-1"
PLAN, FUNCTION = "hooli_weekly", f"hooli-backup-restore-checks-{REGION}"
TIMEZONE = "Europe/Berlin"
MAILS = {
    "sender": {"address": "backup-reports@hooli.example"},
    "allowed_domains": ["hooli.example"],
    "daily": {"timezone": TIMEZONE, "recipients": ["backup-team@hooli.example"]},
}
OWN_CHECK = """
import json
from datetime import datetime, timezone

def handler(event, context):
    age = datetime.now(timezone.utc) - datetime.fromisoformat(event["completionDate"])
    if event["sourceResourceArn"].endswith("starting") and age.total_seconds() < 5:
        return {"status": "NOT_YET", "message": "it is starting"}
    good = event["createdResourceArn"].endswith("good")
    return {"status": "SUCCESSFUL" if good else "FAILED", "message": json.dumps(sorted(event))}
"""
"""Of hooli's own, for buckets. What starts does so for 5 s, and is looked at each half second: for
queues time runs 600 times as fast."""


class Bench:
    """What is restored of the member's resources, and what becomes of each test."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._at = {"account": MEMBER, "region": REGION}

    def client(self, service: str, account: str = MEMBER) -> Any:
        session: Any = self.stage.sandbox.session(account, REGION)
        return session.client(service)

    def back_up(self, resource: str, size_bytes: int = 1000) -> None:
        self.stage.sandbox.call(
            "backup.job",
            **self._at,
            kind="backup",
            vault="standard",
            resource_arn=resource,
            state="COMPLETED",
            size_bytes=size_bytes,
            delete_after_days=35,
        )

    def test(self, restored: Mapping[str, str], *, missed: bool = False) -> Mapping[str, str]:
        """Runs the plan, ends its restores as said, by resource; the jobs' ids."""
        begun = self.stage.sandbox.call(
            "backup.run_restore_testing_plan", **self._at, plan=PLAN, missed=missed
        )["restore_jobs"]
        jobs = {job["SourceResourceArn"]: job["RestoreJobId"] for job in begun}
        for resource, made in restored.items():
            self.finish(jobs[resource], made)
        self.stage.sandbox.call("settle")
        return jobs

    def finish(self, job: str, made: str) -> None:
        self.stage.sandbox.call(
            "backup.finish", **self._at, job_id=job, state="COMPLETED", created_resource_arn=made
        )

    def verdict(self, job: str) -> tuple[str, str]:
        found = self.client("backup").describe_restore_job(RestoreJobId=job)
        return found.get("ValidationStatus", ""), found.get("ValidationStatusMessage", "")

    def incidents(self, resource: str) -> Sequence[Mapping[str, str]]:
        found = self.stage.sandbox.call("servicenow")["incidents"]
        return [one for one in found if f"Resource: {resource}\n" in one["description"]]

    def volume(self) -> str:
        made = self.client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=8)
        return f"arn:aws:ec2:{REGION}:{MEMBER}:volume/{made['VolumeId']}"

    def table(self, name: str, items: int) -> str:
        dynamodb = self.client("dynamodb")
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        for number in range(items):
            dynamodb.put_item(TableName=name, Item={"id": {"S": str(number)}})
        return f"arn:aws:dynamodb:{REGION}:{MEMBER}:table/{name}"


@pytest.fixture(scope="module")
def bench(stage_of: Callable[[str], Stage]) -> Bench:
    """All stacks, with a check of hooli's own for buckets, and reports by mail."""
    stage = stage_of("hooli")
    folder = stage.workspace.project / CUSTOMERS
    settings = yaml.safe_load((folder / "hooli.yaml").read_text())
    plan = settings["member_defaults"]["restore_testing"]["weekly"]
    plan["selections"]["buckets"]["check"] = "judge-buckets"
    settings["reports_mail_in"] = "audit"
    (folder / "hooli.yaml").write_text(yaml.safe_dump(settings))
    audit = yaml.safe_load((folder / "Pulumi.hooli-audit.yaml").read_text())
    audit["config"][KEY]["reports_mail"] = MAILS
    audit["config"][KEY]["ticketing"]["storm"] = None  # a plan's run has all of its tests missed
    (folder / "Pulumi.hooli-audit.yaml").write_text(yaml.safe_dump(audit))
    in_order(stage.deployments(), Deployment.update)
    bench = Bench(stage)
    own_check(bench)
    return bench


def own_check(bench: Bench) -> None:
    archive, trust = io.BytesIO(), {"Service": "lambda.amazonaws.com"}
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("own.py", OWN_CHECK)
    statement = {"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}
    role = bench.client("iam").create_role(
        RoleName="judge-buckets",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Role"]["Arn"]
    bench.client("lambda").create_function(
        FunctionName="judge-buckets",
        Role=role,
        Runtime="python3.11",
        Handler="own.handler",
        Code={"ZipFile": archive.getvalue()},
    )


@pytest.fixture(scope="module")
def ended(bench: Bench) -> Mapping[str, Mapping[str, str]]:
    """A test of each kind: its resource and its job."""
    table = f"arn:aws:dynamodb:{REGION}:{MEMBER}:table"
    sources = {
        "good": bench.volume(),
        "not good": f"{table}/ledger",
        "not judged": bench.volume(),
        "own": "arn:aws:s3:::hooli-ledger",
    }
    for source in sources.values():
        bench.back_up(source)
    restored = {
        "good": bench.volume(),
        "not good": bench.table("awsbackup-restore-test-ledger", items=0),
        "not judged": f"arn:aws:ec2:{REGION}:{MEMBER}:volume/vol-00000000000000000",
        "own": "arn:aws:s3:::awsbackup-restore-test-good",
    }
    jobs = bench.test({sources[kind]: made for kind, made in restored.items()})
    return {kind: {"resource": sources[kind], "job": jobs[sources[kind]]} for kind in sources}


Ended = Mapping[str, Mapping[str, str]]


def test_what_was_restored_is_judged_once(bench: Bench, ended: Ended) -> None:
    found = {kind: bench.verdict(test["job"]) for kind, test in ended.items()}
    assert found["good"][0] == "SUCCESSFUL"
    assert found["not good"] == (
        "FAILED",
        "the table is ACTIVE and has no items, but the backup has 1000 bytes",
    )
    assert found["not judged"][0] == "FAILED"
    assert found["not judged"][1].startswith("not judged: it is gone")
    assert found["own"][0] == "SUCCESSFUL"
    assert "restoreTestingPlanArn" in found["own"][1]


def test_what_is_not_good_or_not_judged_is_an_incident_and_says_which(
    bench: Bench, ended: Ended
) -> None:
    said = {
        kind: [one["short_description"] for one in bench.incidents(test["resource"])]
        for kind, test in ended.items()
    }
    assert said["good"] == said["own"] == []
    (bad,), (unjudged,) = said["not good"], said["not judged"]
    assert "restore test: what it restored is not good" in bad
    assert "ledger" in bad
    assert "restore test: nobody could judge what it restored" in unjudged


@pytest.fixture(scope="module")
def delivered(bench: Bench, ended: Ended) -> Ended:
    """The tests, once a report that tells of them is in the lake."""
    backup = bench.client("backup", AUDIT)
    report = backup.start_report_job(ReportPlanName="hooli_restore_job_report")["ReportJobId"]

    def job() -> Mapping[str, Any]:
        return backup.describe_report_job(ReportJobId=report)["ReportJob"]

    until(lambda: job()["Status"] == "COMPLETED", job)
    bench.stage.sandbox.call("settle")
    return ended


def test_each_test_is_a_row_in_the_lake(bench: Bench, delivered: Ended) -> None:
    audit = {d.stack: d for d in bench.stage.deployments()}["hooli-audit"].outputs()
    lake = Lake(
        session=bench.stage.sandbox.session(AUDIT, REGION),
        region=REGION,
        database=audit["reports_database"],
        workgroup=audit["reports_workgroup"],
    )
    answer = run_query(lake, queries(REGION)["restore_results"].sql(days="2"))
    columns = [answer.columns.index(name) for name in ("restore_job_id", "outcome")]
    found = dict([row[column] for column in columns] for row in answer.rows)
    assert {kind: found[test["job"]] for kind, test in delivered.items()} == {
        "good": "good",
        "not good": "not_good",
        "not judged": "not_judged",
        "own": "good",
    }


def test_what_is_restored_well_the_next_time_resolves_its_incident(
    bench: Bench, ended: Ended
) -> None:
    source = ended["not good"]["resource"]
    good = bench.table("awsbackup-restore-test-again", items=2)
    jobs = bench.test({source: good})
    assert bench.verdict(jobs[source]) == ("SUCCESSFUL", "ACTIVE, 2 items")
    (incident,) = bench.incidents(source)
    assert incident["state"] == "6"


def test_what_is_still_in_the_making_is_looked_at_again_which_costs_no_try(bench: Bench) -> None:
    source = "arn:aws:s3:::hooli-starting"
    bench.back_up(source)
    jobs = bench.test({source: "arn:aws:s3:::awsbackup-restore-test-good"})
    assert bench.verdict(jobs[source])[0] == "SUCCESSFUL"
    told = bench.stage.sandbox.call("functions.logs", function=FUNCTION)
    assert json.dumps(told).count("looked at again later") > TRIES


def test_a_missed_start_is_told_apart_from_a_restore_that_failed(bench: Bench) -> None:
    source = bench.volume()
    bench.back_up(source)
    jobs = bench.test({}, missed=True)
    (missed,) = bench.incidents(source)
    assert "restore test did not start in its window" in missed["short_description"]
    assert bench.verdict(jobs[source]) == ("", "")


def test_the_report_tells_the_ends_apart(bench: Bench, ended: Ended) -> None:
    day = datetime.now(ZoneInfo(TIMEZONE)).date() + timedelta(days=1)
    audit = {d.stack: d for d in bench.stage.deployments()}["hooli-audit"].outputs()
    bench.stage.sandbox.call(
        "events.fire_schedule",
        account=AUDIT,
        region=REGION,
        schedule=audit["report_schedules"]["daily"],
        scheduled_time=f"{day}T05:00:00Z",
    )
    bench.stage.sandbox.call("settle", timeout_seconds=300)
    (mail,) = bench.stage.sandbox.call("mails")
    (attached,) = mail["attachments"]
    page = base64.b64decode(attached["content"]).decode()
    for said in ("judged good", "but not good", "nobody could judge it", "never started"):
        assert said in page


def test_evidence_has_each_test_with_its_verdict(
    bench: Bench, delivered: Ended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bench.stage.engine.environment.items():
        monkeypatch.setenv(name, value)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    scope = scope_of("hooli", "daily", bench.stage.workspace.project, tomorrow)
    path = tmp_path / "evidence.zip"
    make_archive(scope, maker_for(scope, None, print), path)
    assert verified(path)
    _, held = read(path, {RESTORE_TESTS: 1 << 20})
    told = json.loads(held[RESTORE_TESTS])
    found = {
        kind: {
            (row["validation_status"], row["outcome"])
            for row in told["tests"]
            if row["resource_arn"] == test["resource"]
        }
        for kind, test in delivered.items()
    }
    assert found["good"] == found["own"] == {("SUCCESSFUL", "good")}
    assert found["not good"] == {("FAILED", "not_good")}
    assert found["not judged"] == {("FAILED", "not_judged")}
    assert told["verdicts"]["FAILED"] >= 2
