"""The doctor on where report plans that stand already deliver, and settings say they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.engine.doctor.conftest import THEIRS, examined, settings

ABOUT = "where all_jobs delivers"


def asked(session: boto3.Session, folder: Path, **plan: Any) -> tuple[str, str]:
    plans = {"backup_job": {"name": "all_jobs", "existing": True, **plan}}
    wanted = settings(folder, scope="account", bucket=THEIRS, plans=plans)
    return examined(wanted, session)[ABOUT]


def stands(
    session: boto3.Session, bucket: str, prefix: str = "", formats: Sequence[str] = ("CSV",)
) -> None:
    channel: Any = {"S3BucketName": bucket, "Formats": [*formats]}
    if prefix:
        channel["S3KeyPrefix"] = prefix
    session.client("backup").create_report_plan(
        ReportPlanName="all_jobs",
        ReportDeliveryChannel=channel,
        ReportSetting={"ReportTemplate": "BACKUP_JOB_REPORT"},
    )


@pytest.mark.parametrize("prefix", ["", "jobs"])
def test_a_plan_that_delivers_where_settings_say_is_well(
    prefix: str, tmp_path: Path, session: boto3.Session
) -> None:
    stands(session, "theirs", prefix)
    set_to = {"prefix": prefix} if prefix else {}
    assert asked(session, tmp_path, **set_to) == (f"s3://theirs/{prefix}", "")


@pytest.mark.parametrize(
    ("delivers", "plan", "cure"),
    [
        (("theirs", "jobs"), {}, "set reports.plans.backup_job.prefix: jobs"),
        (("theirs",), {"prefix": "jobs"}, "leave out reports.plans.backup_job.prefix"),
        (
            ("elsewhere", "jobs"),
            {"prefix": "copies"},
            "set reports.bucket.name: elsewhere and existing: true; "
            "set reports.plans.backup_job.prefix: jobs",
        ),
        (
            ("theirs", "", ("CSV", "JSON")),
            {},
            "let it deliver CSV alone: Athena would read whatever else is in its folders",
        ),
    ],
)
def test_a_plan_that_delivers_elsewhere_is_told_with_the_cure(
    delivers: tuple[Any, ...],
    plan: Mapping[str, Any],
    cure: str,
    tmp_path: Path,
    session: boto3.Session,
) -> None:
    stands(session, *delivers)
    assert asked(session, tmp_path, **plan)[1] == cure


def test_a_plan_that_does_not_stand_is_told(tmp_path: Path, session: boto3.Session) -> None:
    assert asked(session, tmp_path) == (
        "there is no such plan in eu-central-1",
        "write its name, reports.plans.backup_job.name, or leave out existing",
    )
