"""What the backfill withholds from the raw table, and what a recheck changes there."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from fleet.lake.backfill import Done
from fleet.lake.withheld_headers import observed
from fleet.replay.dead_letters import DeadLetter, resting
from handlers.partition_reports import app as partitioning
from reports.glue_partitions import Partitions
from reports.object_events import created_object
from reports.templates import TEMPLATES
from tests.support.aws_in_process import Aws
from tests.unit.fleet.conftest import HEADERS, PLANS, backfill, curate_all, fill, key


def test_a_folder_that_the_raw_table_cannot_read_is_withheld_with_the_reason(aws: Aws) -> None:
    aws.deliver(key("jobs", 1), HEADERS["jobs"])
    aws.deliver(key("jobs", 1, "b.csv"), "New," + HEADERS["jobs"])
    aws.deliver(key("jobs", 2), HEADERS["jobs"])
    done = backfill(aws)
    assert done.withheld == {
        key("jobs", 1, ""): f"{key('jobs', 1, 'b.csv')}: column 1 should be "
        "'report_time_period_start', and is 'New'"
    }
    assert (done.partitions, done.curations) == (1, 3)


def letters(aws: Aws) -> list[DeadLetter]:
    """What rests in the dead-letter queue, and is left there."""
    return resting(aws.sqs, aws.dead_letters)


def test_each_header_that_is_withheld_rests_once_for_learning_however_often_it_is_found(
    aws: Aws,
) -> None:
    new = {name: "New," + header for name, header in HEADERS.items()}
    for day in (1, 2, 3):
        aws.deliver(key("jobs", day), new["jobs"])
    aws.deliver(key("jobs", 4), "Another," + HEADERS["jobs"])
    aws.deliver(key("copies", 1), new["copies"])
    aws.deliver(key("copies", 2), HEADERS["copies"] + '"a\nb"\n')
    assert [backfill(aws).headers for _ in range(2)] == [3, 0]
    assert [(one.template, one.header[0], one.keys) for one in observed(letters(aws))] == [
        ("copy_job", "New", [key("copies", 1)]),
        ("backup_job", "New", [key("jobs", 3)]),
        ("backup_job", "Another", [key("jobs", 4)]),
    ]


def test_a_header_rests_as_the_function_lets_it_rest_and_can_be_sent_back(aws: Aws) -> None:
    message = aws.deliver(key("jobs", 1), "New," + HEADERS["jobs"])
    backfill(aws)
    (by_backfill,) = letters(aws)
    assert created_object(by_backfill.body) == created_object(message)
    aws.sqs.purge_queue(QueueUrl=aws.dead_letters)
    settings = partitioning.Environment(
        database="reports",
        report_plans=json.dumps({name: asdict(plan) for name, plan in PLANS.items()}),
        dead_letters_url=aws.dead_letters,
        table_headers="",
    )
    partitions = Partitions(aws.glue, "reports")
    partitioning.Delivery(settings, aws.s3, aws.sqs, partitions).take_in(message)
    partitioning.metrics.clear_metrics()
    (by_function,) = letters(aws)
    assert by_backfill.attributes == by_function.attributes


def test_an_old_header_is_not_offered_where_a_newer_report_can_be_read(aws: Aws) -> None:
    aws.deliver(key("jobs", 1), "Old," + HEADERS["jobs"])
    aws.deliver(key("jobs", 2), HEADERS["jobs"])
    assert [backfill(aws, recheck=again).headers for again in (False, False, True)] == [0, 0, 0]
    aws.deliver(key("jobs", 3), "New," + HEADERS["jobs"])
    assert backfill(aws).headers == 1
    assert [one.header[0] for one in observed(letters(aws))] == ["New"]


def test_a_recheck_withdraws_a_partition_that_no_longer_fits_and_keeps_the_others(aws: Aws) -> None:
    fill(aws, days=2)
    backfill(aws)
    aws.deliver(key("jobs", 1), "New," + HEADERS["jobs"])
    assert backfill(aws).withheld == {}
    done = backfill(aws, recheck=True)
    assert list(done.withheld) == [key("jobs", 1, "")]
    assert (done.partitions, done.updated, done.withdrawn) == (0, 0, 1)
    assert [values[3] for values, _ in aws.partitions("backup_job_report")] == ["02"]
    assert len(aws.partitions("copy_job_report")) == 2


def learn(aws: Aws, columns: list[str]) -> None:
    """Gives the raw table of backup jobs other columns, as deploying a learnt header does."""
    name = TEMPLATES["backup_job"].table
    keys = aws.glue.get_table(DatabaseName="reports", Name=name)["Table"]["PartitionKeys"]
    described = {"Columns": [{"Name": c, "Type": "string"} for c in columns]}
    aws.glue.update_table(
        DatabaseName="reports",
        TableInput={"Name": name, "StorageDescriptor": described, "PartitionKeys": keys},
    )


def columns_of_partitions(aws: Aws) -> list[list[str]]:
    found = aws.glue.get_partitions(DatabaseName="reports", TableName="backup_job_report")
    return [
        [column["Name"] for column in one["StorageDescriptor"]["Columns"]]
        for one in found["Partitions"]
    ]


def test_a_recheck_gives_partitions_that_fit_the_columns_that_were_appended(aws: Aws) -> None:
    fill(aws, days=2)
    backfill(aws)
    curate_all(aws)
    learnt = [*(column.raw for column in TEMPLATES["backup_job"].columns), "vault_owner"]
    learn(aws, learnt)
    aws.deliver(key("jobs", 3), ",".join(learnt))
    done = backfill(aws, recheck=True)
    assert done == Done(objects=6, reports=5, partitions=1, updated=2, curations=1)
    assert aws.calls["BatchUpdatePartition"] == 1
    assert columns_of_partitions(aws) == [learnt] * 3
    places = [location for _, location in aws.partitions("backup_job_report")]
    assert places == [f"s3://reports/{key('jobs', day, '')}" for day in (1, 2, 3)]
    assert backfill(aws, recheck=True).updated == 0
    assert not {"BatchUpdatePartition", "BatchCreatePartition"} & aws.calls.keys()


def test_a_recheck_withdraws_what_was_read_by_columns_before_one_was_inserted(aws: Aws) -> None:
    fill(aws, days=2)
    backfill(aws)
    first, *others = (column.raw for column in TEMPLATES["backup_job"].columns)
    learn(aws, [first, "vault_owner", *others])
    done = backfill(aws, recheck=True)
    assert (done.partitions, done.updated, done.withdrawn) == (0, 0, 2)
    assert aws.partitions("backup_job_report") == []
    assert len(aws.partitions("copy_job_report")) == 2


def test_a_folder_with_what_is_no_report_is_withheld_and_its_partition_withdrawn(aws: Aws) -> None:
    fill(aws, days=2)
    backfill(aws)
    for day, name in ((1, "a.json"), (3, "sub/x.csv"), (2, "_SUCCESS")):
        aws.deliver(key("jobs", day, name), "" if name == "_SUCCESS" else "x")
    aws.deliver(key("jobs", 3), HEADERS["jobs"])
    done = backfill(aws)
    assert {folder: reason.split(",")[0] for folder, reason in done.withheld.items()} == {
        key("jobs", 1, ""): f"{key('jobs', 1, 'a.json')}: no CSV report",
        key("jobs", 3, ""): f"{key('jobs', 3, 'sub/x.csv')}: no CSV report",
    }
    assert (done.reports, done.partitions, done.withdrawn) == (5, 0, 1)
    assert [values[3] for values, _ in aws.partitions("backup_job_report")] == ["02"]
    aws.s3.delete_object(Bucket="reports", Key=key("jobs", 1, "a.json"))
    assert backfill(aws).partitions == 1


@pytest.mark.parametrize("recheck", [False, True])
def test_another_folder_of_a_plan_and_day_is_withheld_with_both_places(
    recheck: bool, aws: Aws
) -> None:
    aws.deliver(key("jobs", 1), HEADERS["jobs"])
    first = f"s3://reports/{key('jobs', 1, '')}"
    for standing in (False, True):
        aws.deliver(f"z/{key('jobs', 1)}", HEADERS["jobs"])
        done = backfill(aws, recheck=recheck)
        (reason,) = [done.withheld[f"z/{key('jobs', 1, '')}"]]
        assert first in reason
        assert f"s3://reports/z/{key('jobs', 1, '')}" in reason
        assert len(done.withheld) == 1
        assert done.partitions == (0 if standing else 1)
        assert [place for _, place in aws.partitions("backup_job_report")] == [first]
    assert done.curations == 2
