"""A bucket of reports and a lake in this process, for what goes over them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from fleet.lake.backfill import Backfill, Clients, Done
from fleet.lake.backfill_todo import BackfillTarget
from fleet.replay import dead_letters
from fleet.replay.dead_letters import resting
from handlers.monthly_files import MonthlyFiles
from reports.curated_tables import DELIVERIES
from reports.keys import parse
from reports.plans import ORGANIZATION, Plan
from reports.templates import TEMPLATES
from tests.support.aws_in_process import REGION, Aws

PLANS = {
    "jobs": Plan(template="backup_job", account=ORGANIZATION, numbered=True),
    "copies": Plan(template="copy_job", account=ORGANIZATION),
}
HEADERS = {
    name: ",".join(column.raw for column in TEMPLATES[plan.template].columns) + "\n"
    for name, plan in PLANS.items()
}


def key(plan: str, day: int, file: str = "a.csv") -> str:
    return f"Backup/crossaccount/crossregion/2026/11/{day:02}/{plan}/{file}"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(dead_letters, "_WAIT_SECONDS", 0)
    with mock_aws():
        made = Aws()
        for template in (TEMPLATES[plan.template] for plan in PLANS.values()):
            made.table(template.table, [column.raw for column in template.columns])
        yield made


Tell = Callable[[str, int, int], None]


def backfill(
    aws: Aws,
    *,
    recheck: bool = False,
    adds_partitions: bool = True,
    s3: Any = None,
    tell: Tell = lambda _what, _done, _of: None,
) -> Done:
    lake = BackfillTarget(
        reports_bucket="reports",
        lake_bucket="lake",
        database="reports",
        plans=PLANS,
        curation_queue=aws.queue,
        dead_letters=aws.dead_letters if adds_partitions else None,
    )
    aws.calls.clear()
    clients = Clients(s3=s3 or aws.s3, glue=aws.glue, sqs=aws.sqs)
    return Backfill(lake, clients, tell).run(recheck=recheck)


def curate_all(aws: Aws) -> int:
    """Does what the curation function would with what was handed to it."""
    messages = resting(aws.sqs, aws.queue)
    lake = MonthlyFiles(s3=aws.s3, bucket="lake", memory_mb=64)
    noted = Path(__file__)  # whatever it says of them
    for message in messages:
        told = json.loads(message.body)["detail"]["object"]["key"]
        lake.publish(DELIVERIES, parse(told), noted)
        aws.sqs.delete_message(QueueUrl=aws.queue, ReceiptHandle=message.receipt)
    return len(messages)


def fill(aws: Aws, days: int = 3) -> None:
    for day in range(1, days + 1):
        for plan, header in HEADERS.items():
            aws.deliver(key(plan, day), header)
    aws.deliver("results/query.csv", "x")
