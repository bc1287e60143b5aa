"""Whether what a restore test restored is good, and what becomes of what nobody can judge."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.check_restore import core, judging
from handlers.check_restore.core import (
    Bad,
    Finding,
    Good,
    NotYet,
    Patience,
    RestoreJob,
    Selection,
    Unjudgeable,
)

PLAN = "arn:aws:backup:eu-central-1:333333333333:restore-testing-plan:weekly-1"
ENDED = datetime(2026, 11, 22, 6, tzinfo=UTC)


def event(**changed: Any) -> str:
    detail = {
        "restoreJobId": "job-1",
        "status": "COMPLETED",
        "restoreTestingPlanArn": PLAN,
        "resourceType": "EBS",
        "createdResourceArn": "arn:aws:ec2:eu-central-1:333333333333:volume/vol-1",
        "sourceResourceArn": "arn:aws:ec2:eu-central-1:333333333333:volume/vol-0",
        "recoveryPointArn": "arn:aws:ec2:eu-central-1::snapshot/snap-1",
        "completionDate": "2026-11-22T06:00:00Z",
    }
    return json.dumps({"time": "2026-11-22T06:04:00Z", "detail": {**detail, **changed}})


def job(size_bytes: int | None = 1000, **changed: Any) -> RestoreJob:
    answer = {} if size_bytes is None else {"BackupSizeInBytes": size_bytes}
    return core.described(core.told(event(**changed)), answer)


def running(**statuses: str) -> Mapping[str, Any]:
    both = {"SystemStatus": "ok", "InstanceStatus": "ok", **statuses}
    return {name: {"Status": status} for name, status in both.items()}


def instance(state: str = "running", *volumes: str) -> Mapping[str, Any]:
    attached = [{"Ebs": {"Status": status}} for status in volumes or ("attached",)]
    return {"State": {"Name": state}, "BlockDeviceMappings": attached}


def efs(state: str, size: int) -> Mapping[str, Any]:
    return {"LifeCycleState": state, "SizeInBytes": {"Value": size}}


def counted(items: int, *, all_: bool = True) -> Callable[[], tuple[int, bool]]:
    return lambda: (items, all_)


RDS = {"DBInstanceStatus": "available", "Engine": "postgres", "AllocatedStorage": 100}
FOUND: Mapping[str, tuple[Finding, type[Finding]]] = {
    "an instance": (judging.instance(instance(), running()), Good),
    "an instance without checks yet": (judging.instance(instance(), {}), NotYet),
    "a pending instance": (judging.instance(instance("pending"), {}), NotYet),
    "an initializing instance": (
        judging.instance(instance(), running(SystemStatus="initializing")),
        NotYet,
    ),
    "an impaired instance": (
        judging.instance(instance(), running(InstanceStatus="impaired")),
        Bad,
    ),
    "a stopped instance": (judging.instance(instance("stopped"), {}), Bad),
    "a terminated instance": (judging.instance(instance("terminated"), {}), Bad),
    "an instance whose volume attaches": (
        judging.instance(instance("running", "attached", "attaching"), running()),
        NotYet,
    ),
    "an instance without volumes": (
        judging.instance({"State": {"Name": "running"}, "BlockDeviceMappings": []}, running()),
        Bad,
    ),
    "a volume": (judging.volume({"State": "available", "Size": 8}, {"VolumeSize": 8}), Good),
    "a volume in use": (judging.volume({"State": "in-use", "Size": 8}, None), Good),
    "a volume in creation": (judging.volume({"State": "creating", "Size": 8}, None), NotYet),
    "a volume in error": (judging.volume({"State": "error", "Size": 8}, None), Bad),
    "a small volume": (judging.volume({"State": "available", "Size": 4}, {"VolumeSize": 8}), Bad),
    "a database": (judging.database(RDS, RDS), Good),
    "a database of no snapshot": (judging.database(RDS, None), Good),
    "a database in creation": (
        judging.database({**RDS, "DBInstanceStatus": "creating"}, RDS),
        NotYet,
    ),
    "a failed database": (judging.database({**RDS, "DBInstanceStatus": "failed"}, RDS), Bad),
    "an incompatible database": (
        judging.database({**RDS, "DBInstanceStatus": "incompatible-restore"}, RDS),
        Bad,
    ),
    "another engine": (judging.database(RDS, {**RDS, "Engine": "mysql"}), Bad),
    "less storage": (judging.database(RDS, {**RDS, "AllocatedStorage": 101}), Bad),
    "a cluster": (judging.cluster({"Status": "available"}), Good),
    "a cluster in creation": (judging.cluster({"Status": "creating"}), NotYet),
    "a cluster without its key": (
        judging.cluster({"Status": "inaccessible-encryption-credentials"}),
        Bad,
    ),
    "a table": (judging.table({"TableStatus": "ACTIVE"}, counted(3), job()), Good),
    "a large table": (
        judging.table({"TableStatus": "ACTIVE"}, counted(9, all_=False), job()),
        Good,
    ),
    "a table in creation": (judging.table({"TableStatus": "CREATING"}, counted(0), job()), NotYet),
    "an archived table": (judging.table({"TableStatus": "ARCHIVED"}, counted(0), job()), Bad),
    "an emptied table": (judging.table({"TableStatus": "ACTIVE"}, counted(0), job()), Bad),
    "an empty table": (judging.table({"TableStatus": "ACTIVE"}, counted(0), job(0)), Good),
    "a table of unknown size": (
        judging.table({"TableStatus": "ACTIVE"}, counted(0), job(None)),
        Unjudgeable,
    ),
    "a bucket": (judging.bucket(["a"], job()), Good),
    "an emptied bucket": (judging.bucket([], job()), Bad),
    "an empty bucket": (judging.bucket([], job(0)), Good),
    "a bucket of unknown size": (judging.bucket([], job(None)), Unjudgeable),
    "a file system": (judging.elastic_file_system(efs("available", 7000), job()), Good),
    "a file system in creation": (judging.elastic_file_system(efs("creating", 0), job()), NotYet),
    "a deleted file system": (judging.elastic_file_system(efs("deleted", 0), job()), Bad),
    "a file system that is not metered yet": (
        judging.elastic_file_system(efs("available", 6144), job(9000)),
        NotYet,
    ),
    "an empty file system": (judging.elastic_file_system(efs("available", 6144), job(6144)), Good),
    "FSx": (judging.fsx({"Lifecycle": "AVAILABLE"}), Good),
    "an FSx volume": (judging.fsx({"Lifecycle": "CREATED"}), Good),
    "FSx in creation": (judging.fsx({"Lifecycle": "CREATING"}), NotYet),
    "misconfigured FSx": (judging.fsx({"Lifecycle": "MISCONFIGURED"}), Bad),
}


@pytest.mark.parametrize("what", FOUND)
def test_each_type_is_good_bad_or_still_in_the_making(what: str) -> None:
    finding, kind = FOUND[what]
    assert type(finding) is kind
    assert finding.reason


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_volume_or_database_is_good_if_and_only_if_it_is_no_smaller(
    size: int, snapshot: int, backup: int
) -> None:
    volume = judging.volume({"State": "available", "Size": size}, {"VolumeSize": snapshot})
    database = judging.database(
        {**RDS, "AllocatedStorage": size}, {**RDS, "AllocatedStorage": snapshot}
    )
    expected = Good if size >= snapshot else Bad
    assert (type(volume), type(database)) == (expected, expected)
    emptied = judging.bucket([], job(backup))
    assert isinstance(emptied, Bad if backup else Good)


@pytest.mark.parametrize(
    ("finding", "status", "message"),
    [
        (Good("fine"), "SUCCESSFUL", "fine"),
        (Bad("broken"), "FAILED", "broken"),
        (Unjudgeable("gone"), "FAILED", "not judged: gone"),
        (NotYet("slow"), "FAILED", "not judged: until its validation window closed: slow"),
        (Bad("x" * 5000), "FAILED", "x" * 1000),
    ],
)
def test_each_finding_is_a_verdict(finding: Finding, status: str, message: str) -> None:
    found = core.verdict(finding)
    assert (found.status, found.message) == (status, message)


def test_a_verdict_is_told_in_the_words_of_aws_backups_events() -> None:
    told = json.loads(core.event_detail(job(), core.verdict(Bad("broken"))))
    assert told == {
        **{
            name: value
            for name, value in json.loads(event())["detail"].items()
            if name not in ("status", "completionDate")
        },
        "completionDate": "2026-11-22T06:00:00+00:00",
        "validationStatus": "FAILED",
        "validationStatusMessage": "broken",
    }


def test_what_aws_backup_describes_comes_before_what_its_event_says() -> None:
    told = core.told(event(createdResourceArn={}, sourceResourceArn=None))
    answer = {"CreatedResourceArn": "arn:new", "ValidationStatus": "VALIDATING"}
    described = core.described(told, answer)
    assert (described.created_resource_arn, described.source_resource_arn) == ("arn:new", "")
    assert described.resource_type == "EBS"
    assert described.validation_status is None
    assert core.described(told, {"ValidationStatus": "TIMED_OUT"}).validation_status == "TIMED_OUT"


def test_a_restore_whose_event_has_no_completion_ended_when_the_event_was_told() -> None:
    assert core.described(core.told(event(completionDate={})), {}).completion_date == datetime(
        2026, 11, 22, 6, 4, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "message",
    [
        "no JSON",
        "{}",
        json.dumps({"time": "2026-11-22T06:04:00Z", "detail": {"status": "COMPLETED"}}),
        event(status="FAILED"),
        event(restoreTestingPlanArn=None),
    ],
)
def test_what_is_no_completed_restore_test_is_not_recognised(message: str) -> None:
    with pytest.raises(core.UnrecognisedEvent):
        core.told(message)


def test_a_time_that_is_none_is_not_recognised() -> None:
    with pytest.raises(core.UnrecognisedEvent, match="job-1"):
        job(completionDate="yesterday")


def test_the_selection_is_that_of_the_plan_and_the_type() -> None:
    own = {"validation_window_hours": 2, "check": "own"}
    selections = {PLAN: {"EBS": own}}
    assert core.selection_of(selections, job()) == Selection(**own)  # pyright: ignore[reportArgumentType]
    for other in (job(resourceType="EC2"), job(restoreTestingPlanArn=f"{PLAN}0")):
        assert core.selection_of(selections, other) == core.UNKNOWN_SELECTION


def patience(tries: int = 1, hours: int = 8) -> Patience:
    selection = Selection(validation_window_hours=hours)
    return Patience(
        deadline=core.deadline(job(), selection),
        tries=tries,
        tries_most=5,
        retry_after=timedelta(minutes=30),
    )


def test_a_verdict_is_given_before_the_validation_window_closes() -> None:
    assert patience().deadline == ENDED + timedelta(hours=7, minutes=50)
    assert patience().may_wait(ENDED + timedelta(hours=7))
    assert not patience().may_wait(ENDED + timedelta(hours=7, minutes=45))
    assert not patience().is_last_try(ENDED + timedelta(hours=7))
    assert patience().is_last_try(ENDED + timedelta(hours=7, minutes=20))
    assert patience(tries=5).is_last_try(ENDED)
    assert patience(hours=1).may_wait(ENDED)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", Unjudgeable),
        ("UnauthorizedOperation", Unjudgeable),
        ("403", Unjudgeable),
        ("InvalidVolume.NotFound", Unjudgeable),
        ("DBInstanceNotFound", Unjudgeable),
        ("ResourceNotFoundException", Unjudgeable),
        ("NoSuchBucket", Unjudgeable),
        ("FileSystemNotFound", Unjudgeable),
        ("ThrottlingException", type(None)),
        ("InternalFailure", type(None)),
    ],
)
def test_what_is_refused_or_gone_is_not_judged_and_the_rest_is_tried_again(
    code: str, kind: type[object]
) -> None:
    assert type(core.unjudgeable_error(code, "why")) is kind


@pytest.mark.parametrize(
    ("payload", "error", "found"),
    [
        ('{"status": "SUCCESSFUL", "message": "12 rows"}', "", Good("own: 12 rows")),
        ('{"status": "FAILED"}', "", Bad("own: without a message")),
        ('{"status": "NOT_YET", "message": "starting"}', "", NotYet("own: starting")),
    ],
)
def test_a_customers_own_check_says_what_it_found(payload: str, error: str, found: Finding) -> None:
    assert core.own_finding("own", payload, error) == found


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
))  # fmt: skip
def test_whatever_else_a_customers_check_answers_judges_nothing(answer: Any) -> None:
    assert isinstance(core.own_finding("own", json.dumps(answer)), Unjudgeable)


def test_a_customers_check_that_fails_judges_nothing() -> None:
    found = core.own_finding("own", '{"status": "SUCCESSFUL"}', "Unhandled")
    assert found == Unjudgeable('the check own failed (Unhandled): {"status": "SUCCESSFUL"}')
