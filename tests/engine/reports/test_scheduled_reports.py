"""Scheduled reports through what was really deployed: schedule → runbook → S3 → mail → link."""

from __future__ import annotations

import base64
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.sandbox.stage import Stage

AUDIT, MEMBER = "222222222222", "333333333333"
REGION = "eu-central-1"
RUNBOOK = "acme-backup-report"
STEPS = {
    "FindVaults": ("acme-backup-find-vaults", "s3:PutObject"),
    "StartCollation": ("acme-backup-find-vaults", "sqs:SendMessage"),
    "WaitForCollation": (RUNBOOK, "s3:GetObject"),
    "GenerateReport": ("acme-backup-make-report", "s3:PutObject"),
    "StoreReport": ("acme-backup-make-report", "s3:PutObject"),
    "MailReport": ("acme-backup-report-mail", "sts:AssumeRole"),
}
"""What each step cannot do without: a role, and what it is forbidden to make the step fail."""
FORBIDDEN = {"StoreReport": "arn:aws:s3:::*/reports/*"}
"""Where it is forbidden, if not everywhere: the step before does the same elsewhere."""


@pytest.fixture(scope="module")
def outputs(stage: Stage) -> Mapping[str, Any]:
    """What the audit stack exports, with all stacks deployed and a day of jobs behind them."""
    in_order(stage.deployments(), Deployment.up)
    stage.sandbox.call("backup.history", account=MEMBER, region=REGION, days=3, volume=20)
    (audit,) = [d for d in stage.deployments() if d.stack == "acme-audit"]
    return audit.outputs()


@pytest.fixture
def audit(stage: Stage) -> boto3.Session:
    return stage.sandbox.session(AUDIT, REGION)


def fire(stage: Stage, outputs: Mapping[str, Any], cadence: str, at: str) -> Mapping[str, Any]:
    """The execution that a schedule started, once all is over."""
    ssm = stage.sandbox.session(AUDIT, REGION).client("ssm")
    before = {one["AutomationExecutionId"] for one in executions(ssm)}
    stage.sandbox.call(
        "events.fire_schedule",
        account=AUDIT,
        region=REGION,
        schedule=outputs["report_schedules"][cadence],
        scheduled_time=at,
    )
    stage.sandbox.call("settle", timeout_seconds=300)
    (new,) = [o for o in executions(ssm) if o["AutomationExecutionId"] not in before]
    answer = ssm.get_automation_execution(AutomationExecutionId=new["AutomationExecutionId"])
    return answer["AutomationExecution"]


def executions(ssm: Any) -> Sequence[Mapping[str, Any]]:
    return ssm.describe_automation_executions()["AutomationExecutionMetadataList"]


def mails(stage: Stage) -> Sequence[Mapping[str, Any]]:
    return stage.sandbox.call("mails")


def link_in(mail: Mapping[str, Any]) -> str:
    found = re.search(r"https?://\S+X-Amz-Signature=\S+", mail["text"])
    assert found is not None, mail["text"]
    return found[0]


def opened(link: str) -> tuple[str, str]:
    """Content type and page."""
    with urllib.request.urlopen(link) as answer:  # noqa: S310 - the test's own
        return answer.headers["Content-Type"], answer.read().decode()


@contextmanager
def forbidden(session: boto3.Session, role: str, action: str, resource: str) -> Generator[None]:
    iam = session.client("iam")
    statement = {"Effect": "Deny", "Action": action, "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="fault", PolicyDocument=policy)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="fault")


def test_a_schedule_brings_one_mail_whose_link_opens_the_report(
    stage: Stage, outputs: Mapping[str, Any]
) -> None:
    execution = fire(stage, outputs, "daily", f"{datetime.now(UTC):%Y-%m-%d}T05:00:00Z")
    steps = {s["StepName"]: s["StepStatus"] for s in execution["StepExecutions"]}
    assert execution["AutomationExecutionStatus"] == "Success", execution
    assert {name for name, status in steps.items() if status == "Success"} == STEPS.keys()
    (mail,) = mails(stage)
    assert mail["recipients"] == ["backup-team@acme.example"]
    assert mail["sender"] == "backup-reports@acme.example"
    (attached,) = mail["attachments"]
    content_type, page = opened(link_in(mail))
    assert content_type == "text/html; charset=utf-8"
    assert base64.b64decode(attached["content"]).decode() == page
    assert "Acme Corporation" in page


def test_the_same_period_is_not_mailed_again_unless_that_is_wanted(
    stage: Stage, outputs: Mapping[str, Any], audit: boto3.Session
) -> None:
    before = len(mails(stage))
    at = "2026-11-20T05:00:00Z"
    first, second = (fire(stage, outputs, "daily", at) for _ in range(2))
    assert [e["AutomationExecutionStatus"] for e in (first, second)] == ["Success"] * 2
    assert len(mails(stage)) == before + 1
    audit.client("ssm").start_automation_execution(
        DocumentName=outputs["report_runbook"],
        Parameters={"Cadence": ["daily"], "At": [at], "Resend": ["true"]},
    )
    stage.sandbox.call("settle", timeout_seconds=300)
    assert len(mails(stage)) == before + 2


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, marks=[] if step == "GenerateReport" else pytest.mark.soak)
        for step in STEPS
    ],
)
def test_a_step_that_fails_is_told_by_mail_and_incident(
    step: str, stage: Stage, outputs: Mapping[str, Any], audit: boto3.Session
) -> None:
    before = len(mails(stage))
    role, action = STEPS[step]
    at = f"2026-10-{10 + list(STEPS).index(step)}T05:00:00Z"
    with forbidden(audit, role, action, FORBIDDEN.get(step, "*")):
        execution = fire(stage, outputs, "daily", at)
    assert execution["AutomationExecutionStatus"] == "Failed"
    (mail,) = mails(stage)[before:]
    assert f"could not be made, {step} failed" in mail["subject"]
    assert mail["recipients"] == ["backup-team@acme.example"]
    incidents = stage.sandbox.call("servicenow")["incidents"]
    assert any(RUNBOOK in incident["short_description"] for incident in incidents)
    assert fire(stage, outputs, "daily", at)["AutomationExecutionStatus"] == "Success"
    assert len(mails(stage)) == before + 2


def test_a_mail_of_which_nobody_knows_whether_it_went_out_is_not_sent_again(
    stage: Stage, outputs: Mapping[str, Any], audit: boto3.Session
) -> None:
    """As when the function dies between the intent and what SES answers."""
    before = len(mails(stage))
    at, s3, bucket = "2026-09-15T05:00:00Z", audit.client("s3"), outputs["digests_bucket"]
    assert fire(stage, outputs, "daily", at)["AutomationExecutionStatus"] == "Success"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="mails/daily/2026-09-14/").get("Contents", [])
    (key,) = [item.get("Key", "") for item in listed]
    noted = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    half = json.dumps({**noted, "state": "intended", "message_id": ""})
    s3.put_object(Bucket=bucket, Key=key, Body=half.encode())
    assert fire(stage, outputs, "daily", at)["AutomationExecutionStatus"] == "Failed"
    (_, told) = mails(stage)[before:]
    assert "MailReport failed" in told["subject"]
    assert "mail unknown" in told["text"]


def test_a_link_is_refused_once_its_promised_time_is_over(
    stage: Stage, outputs: Mapping[str, Any]
) -> None:
    """The last one: sessions of functions that are warm end with it."""
    execution = fire(stage, outputs, "weekly", f"{datetime.now(UTC):%Y-%m-%d}T05:00:00Z")
    assert execution["AutomationExecutionStatus"] == "Success"
    link = link_in(mails(stage)[-1])
    (seconds,) = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["X-Amz-Expires"]
    stage.sandbox.call("clock.advance", seconds=int(seconds) - 60)
    opened(link)
    stage.sandbox.call("clock.advance", seconds=60)
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        opened(link)
    refused.value.close()
