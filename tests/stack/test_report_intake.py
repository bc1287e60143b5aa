"""Which of a bucket's objects start the functions, and how many of them run at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from components.event_patterns import PATTERN_LIMIT
from reports.templates import TEMPLATES
from tests.support.recorder import Recording
from tests.support.report_variants import THEIRS, management, recorded_as

DAY = "crossaccount/crossregion/2026/11/21"
FILE = "backup_job_report_jobs_2026-11-20t00:00:00z_2026-11-21t00:00:00z_1.csv"


def pattern(recording: Recording) -> str:
    return recording.one("aws:cloudwatch/eventRule:EventRule", "acme-backup-reports").inputs[
        "eventPattern"
    ]


def created(key: str) -> Any:
    """The example of S3's guide ("EventBridge event message structure"), with another key."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "111111111111",
        "time": "2021-11-12T00:00:00Z",
        "region": "ca-central-1",
        "resources": ["arn:aws:s3:::theirs-reports"],
        "detail": {
            "version": "0",
            "bucket": {"name": "theirs-reports"},
            "object": {
                "key": key,
                "size": 5,
                "etag": "b1946ac92492d2347c6235b4d2611184",
                "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
                "sequencer": "617f08299329d189",
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012",
            "source-ip-address": "1.2.3.4",
            "reason": "PutObject",
        },
    }


@pytest.mark.parametrize(
    ("key", "starts"),
    [
        (f"Backup/{DAY}/jobs/{FILE}", True),
        (f"Backup/{DAY}/jobs/{FILE.replace(':', '%3A')}", True),
        (f"copies/Backup/{DAY}/jobs/{FILE}", True),
        (f"copies/{DAY}/jobs/{FILE}", True),
        (f"of+a+%28team%29/Backup/{DAY}/jobs/{FILE}", False),
        (f"of_a_(team)/Backup/{DAY}/jobs/{FILE}", True),
        (f"of_a_%28team%29/Backup/{DAY}/jobs/{FILE}", True),
        # What lies in a report's folder and is none must be seen too.
        (f"Backup/{DAY}/jobs/", True),
        (f"copies/Backup/{DAY}/jobs/notes.txt", True),
        ("AWSLogs/111111111111/CloudTrail/eu-central-1/2026/11/21/a.json.gz", False),
        (f"copies-of-others/Backup/{DAY}/jobs/{FILE}", False),
        ("", False),
    ],
)
def test_a_shared_bucket_starts_functions_for_what_may_be_a_report_alone(
    key: str, *, starts: bool
) -> None:
    plans = {"copy_job": {"prefix": "copies"}, "restore_job": {"prefix": "of_a_(team)"}}
    recording = recorded_as(management(bucket=THEIRS, plans=plans))
    assert EventPattern.load(pattern(recording)).matches_event(created(key)) is starts


def test_prefixes_however_long_make_a_pattern_that_eventbridge_takes() -> None:
    plans = {name: {"prefix": f"{name}({'x' * 490})"} for name in TEMPLATES}
    found = pattern(recorded_as(management(plans=plans)))
    assert len(found) <= PATTERN_LIMIT
    assert len(json.loads(found)["detail"]["object"]["key"]) == 2 * len(TEMPLATES)


@pytest.mark.parametrize(("lake", "wanted"), [({}, 10), ({"maximum_concurrency": 2}, 2)])
def test_a_backfill_takes_no_more_of_the_accounts_concurrency_than_is_set(
    lake: Any, wanted: int
) -> None:
    recording = recorded_as(management(lake=lake))
    assert {
        name: recording.one(
            "aws:lambda/eventSourceMapping:EventSourceMapping", f"acme-backup-reports-{name}"
        ).inputs["scalingConfig"]
        for name in ("curation", "partitions")
    } == {name: {"maximumConcurrency": wanted} for name in ("curation", "partitions")}
