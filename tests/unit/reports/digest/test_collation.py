"""What AWS's API says of one account and Region: paged, patient, and to the row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from reports.digest.activity import TABLES, Row
from reports.digest.collation import Patience, Place, collate
from tests.support.backup_api import BackupAtHand

SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC)
WITHIN = datetime(2026, 3, 3, tzinfo=UTC)
PLACE = Place(account="111111111111", region="eu-central-1")
VAULT = "arn:aws:backup:eu-central-1:111111111111:backup-vault:central"
VOLUME = "arn:aws:ec2:eu-central-1:111111111111:volume/vol-1"


class Clock:
    """Time that passes only by waiting."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.left -= seconds

    @property
    def patience(self) -> Patience:
        return Patience(lambda: self.left, sleep=self.sleep)


def rows(
    backup: BackupAtHand, *, clock: Clock | None = None, vaults: tuple[str, ...] = ("central",)
) -> Mapping[str, list[Row]]:
    tables = collate(
        cast(Any, backup),
        cast(Any, backup),
        PLACE,
        vaults=vaults,
        jobs=(SINCE, UNTIL),
        patience=(clock or Clock(900)).patience,
    )
    found = {name: list(given) for name, given in tables.items()}
    for name, given in found.items():
        assert all(row.keys() <= TABLES[name].keys() for row in given)
    return found


def job(number: int, **more: Any) -> dict[str, Any]:
    return {"BackupJobId": f"job-{number}", "CreationDate": WITHIN, "State": "COMPLETED", **more}


def test_every_page_is_read_once() -> None:
    backup = BackupAtHand(
        backup_jobs=[job(number) for number in range(7)],
        recovery_points={"central": [{"RecoveryPointArn": str(n)} for n in range(5)]},
        protected=[{"ResourceArn": str(n)} for n in range(3)],
        tagged=[{"ResourceARN": f"arn:aws:s3:::{n}"} for n in range(4)],
    )
    found = rows(backup)
    assert [row["job_id"] for row in found["jobs"]] == [f"job-{n}" for n in range(7)]
    assert [row["recovery_point_arn"] for row in found["recovery_points"]] == list("01234")
    assert len(found["resources"]) == 3 + 4
    assert backup.calls == {
        "list_backup_jobs": 4,
        "list_copy_jobs": 1,
        "list_restore_jobs": 1,
        "list_recovery_points_by_backup_vault": 3,
        "list_protected_resources": 2,
        "get_resources": 2,
    }


def test_an_account_with_nothing_in_it_has_no_rows() -> None:
    assert rows(BackupAtHand(), vaults=()) == {"jobs": [], "recovery_points": [], "resources": []}


def test_jobs_are_those_that_were_created_from_the_first_second_to_before_the_last() -> None:
    times = [SINCE - timedelta(milliseconds=1), SINCE, UNTIL - timedelta(milliseconds=1), UNTIL]
    backup = BackupAtHand(
        backup_jobs=[job(n, CreationDate=created) for n, created in enumerate(times)]
    )
    assert [row["job_id"] for row in rows(backup)["jobs"]] == ["job-1", "job-2"]


def test_a_composite_job_counts_and_its_children_do_not() -> None:
    jobs = [job(1, IsParent=True), job(2, ParentJobId="job-1"), job(3, ParentJobId="job-1")]
    assert [row["job_id"] for row in rows(BackupAtHand(backup_jobs=jobs))["jobs"]] == ["job-1"]


def test_a_copy_counts_where_it_comes_from_alone() -> None:
    elsewhere = VAULT.replace("111111111111", "222222222222")
    copies = [
        {"CopyJobId": source, "CreationDate": WITHIN, "SourceBackupVaultArn": source}
        for source in (VAULT, elsewhere, VAULT.replace("central-1", "west-1"))
    ]
    assert [row["job_id"] for row in rows(BackupAtHand(copy_jobs=copies))["jobs"]] == [VAULT]


@pytest.mark.parametrize(
    ("told", "with_issues"),
    [
        ({"MessageCategory": "SUCCESS"}, False),
        ({"MessageCategory": "SUCCESS", "StatusMessage": "well done"}, False),
        ({"MessageCategory": "ACCESS_DENIED"}, True),
        ({}, False),
        ({"StatusMessage": "VSS failed"}, True),
        ({"State": "FAILED", "MessageCategory": "ACCESS_DENIED"}, False),
    ],
)
def test_completed_with_issues_is_what_awss_guide_says(
    told: dict[str, str], with_issues: bool
) -> None:
    (row,) = rows(BackupAtHand(backup_jobs=[job(1, **told)]))["jobs"]
    assert row["with_issues"] is with_issues


def test_a_jobs_row_has_what_the_api_tells() -> None:
    backup = BackupAtHand(
        restore_jobs=[
            {
                "RestoreJobId": "restore",
                "CreationDate": WITHIN,
                "Status": "COMPLETED",
                "RecoveryPointArn": "point",
                "SourceResourceArn": VOLUME,
                "CreatedBy": {"RestoreTestingPlanArn": "plan"},
                "ValidationStatus": "FAILED",
                "ValidationStatusMessage": "empty",
            }
        ],
        copy_jobs=[
            {
                "CopyJobId": "copy",
                "CreationDate": WITHIN,
                "State": "COMPLETED",
                "ResourceArn": VOLUME,
                "SourceBackupVaultArn": VAULT,
                "DestinationBackupVaultArn": "far",
                "SourceRecoveryPointArn": "point",
                "CreatedBy": {"BackupRuleCron": "cron(0 5 ? * * *)", "BackupRuleTimezone": "UTC"},
            }
        ],
    )
    copy, restore = rows(backup)["jobs"]
    assert (copy["kind"], copy["vault_arn"], copy["destination_vault_arn"]) == (
        "copy",
        VAULT,
        "far",
    )
    assert (copy["rule_schedule"], copy["rule_timezone"]) == ("cron(0 5 ? * * *)", "UTC")
    assert (restore["kind"], restore["resource_arn"], restore["state"]) == (
        "restore",
        VOLUME,
        "COMPLETED",
    )
    assert (restore["restore_testing_plan_arn"], restore["validation_status"]) == (
        "plan",
        "FAILED",
    )


def test_a_resource_that_was_saved_is_not_told_as_unprotected() -> None:
    backup = BackupAtHand(
        protected=[{"ResourceArn": VOLUME, "ResourceType": "EBS", "LastBackupTime": WITHIN}],
        tagged=[
            {"ResourceARN": VOLUME},
            {
                "ResourceARN": "arn:aws:ec2:eu-central-1:111111111111:instance/i-1",
                "Tags": [{"Key": "Name", "Value": "web"}],
            },
        ],
    )
    assert [
        (row["resource_type"], row.get("resource_name"), row["protected"])
        for row in rows(backup)["resources"]
    ] == [("EBS", None, True), ("EC2", "web", False)]


def test_a_throttled_call_is_waited_for_longer_each_time() -> None:
    clock = Clock(900)
    backup = BackupAtHand(backup_jobs=[job(n) for n in range(3)], throttled=6)
    assert len(rows(backup, clock=clock)["jobs"]) == 3
    assert len(clock.waits) == 6
    assert all(0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(clock.waits[:5]))
    assert max(clock.waits) <= 30


def test_no_call_is_waited_for_beyond_the_time_that_is_left() -> None:
    clock = Clock(120)
    with pytest.raises(ClientError, match="ThrottlingException"):
        rows(BackupAtHand(throttled=1000), clock=clock)
    assert clock.left > 40


def test_what_is_refused_is_not_asked_again() -> None:
    clock = Clock(900)
    backup = BackupAtHand(refused={"list_backup_jobs": "AccessDeniedException"})
    with pytest.raises(ClientError, match="AccessDeniedException"):
        rows(backup, clock=clock)
    assert clock.waits == []
    assert backup.calls["list_backup_jobs"] == 1
