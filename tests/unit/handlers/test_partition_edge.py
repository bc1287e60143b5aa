"""The partitions at their edge: what comes in by a queue, and what AWS is asked for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import pytest

from handlers.curate_reports import app as curating
from handlers.partition_reports import app as partitioning
from reports.glue_partitions import Partitions
from reports.partitions import Partition
from tests.support.aws_in_process import DAY, Aws
from tests.unit.handlers.conftest import (
    COLUMNS,
    CONTEXT,
    HEADER,
    ROW,
    TABLE,
    batch,
    delivery_of,
    lake_keys,
)


def test_a_folder_costs_one_creation_and_each_delivery_a_look(
    aws: Aws, delivery: partitioning.Delivery
) -> None:
    message = aws.deliver(f"{DAY}jobs/a.csv", HEADER + ROW)
    delivery.take_in(message)
    assert (aws.calls["CreatePartition"], aws.calls["GetTable"]) == (1, 1)
    looked, listed = aws.calls["GetPartition"], aws.calls["ListObjectsV2"]
    delivery.take_in(message)
    delivery.take_in(aws.deliver(f"{DAY}jobs/part 2.csv", HEADER + ROW))
    assert (aws.calls["CreatePartition"], aws.calls["GetTable"]) == (1, 1)
    assert (aws.calls["GetPartition"], aws.calls["ListObjectsV2"]) == (looked + 2, listed)
    assert aws.partitions(TABLE) == [
        (["jobs", "2026", "11", "21"], f"s3://reports/{DAY}jobs/"),
    ]


def test_a_partition_that_another_process_added_is_no_error(
    aws: Aws, delivery: partitioning.Delivery
) -> None:
    message = aws.deliver(f"{DAY}jobs/a.csv", HEADER)
    delivery.take_in(message)
    delivery_of(aws).take_in(message)
    assert aws.calls["CreatePartition"] == 1
    assert len(aws.partitions(TABLE)) == 1


def test_a_partition_that_another_process_adds_meanwhile_is_no_error(
    aws: Aws, delivery: partitioning.Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = aws.deliver(f"{DAY}jobs/a.csv", HEADER)
    add = Partitions.add

    def add_late(self: Partitions, partition: Partition) -> bool:
        monkeypatch.setattr(Partitions, "add", add)
        delivery_of(aws).take_in(message)
        return add(self, partition)

    monkeypatch.setattr(Partitions, "add", add_late)
    delivery.take_in(message)
    assert aws.calls["CreatePartition"] == 2
    assert len(aws.partitions(TABLE)) == 1
    assert aws.rest() == []


def test_a_part_that_was_bad_for_another_process_and_was_replaced_gives_the_partition_back(
    aws: Aws, delivery: partitioning.Delivery
) -> None:
    """The first process has added the partition, and the second has taken it out since."""
    other = delivery_of(aws)
    good = aws.deliver(f"{DAY}jobs/part 1.csv", HEADER + ROW)
    delivery.take_in(good)
    other.take_in(aws.deliver(f"{DAY}jobs/part 2.csv", "New," + HEADER))
    assert aws.partitions(TABLE) == []
    (letter,) = aws.rest()
    aws.deliver(f"{DAY}jobs/part 2.csv", HEADER + ROW)
    delivery.take_in(letter["Body"])
    assert [place for _, place in aws.partitions(TABLE)] == [f"s3://reports/{DAY}jobs/"]


@pytest.mark.parametrize("told_as", ["", "part+2%3A.csv"], ids=["as it is", "URL-encoded"])
def test_a_bad_part_that_was_removed_is_done_with_and_gives_the_partition_back(
    told_as: str, aws: Aws, delivery: partitioning.Delivery
) -> None:
    bad, folder = f"{DAY}jobs/part 2:.csv", f"{DAY}jobs/"
    delivery.take_in(aws.deliver(f"{folder}part 1.csv", HEADER + ROW))
    message = aws.deliver(bad, "New," + HEADER, told_as=told_as and folder + told_as)
    delivery_of(aws).take_in(message)
    assert aws.partitions(TABLE) == []
    aws.s3.delete_object(Bucket="reports", Key=bad)
    delivery.take_in(message)
    assert [place for _, place in aws.partitions(TABLE)] == [f"s3://reports/{folder}"]
    assert [letter["Key"] for letter in aws.rest()] == [bad]


def test_a_removed_report_leaves_a_folder_withheld_that_another_is_in_the_way_of(
    aws: Aws, delivery: partitioning.Delivery
) -> None:
    messages = [
        aws.deliver(f"{DAY}jobs/{name}.csv", "New," + HEADER) for name in ("part 1", "part 2")
    ]
    aws.deliver(f"{DAY}jobs/part 3.csv", HEADER + ROW)
    aws.s3.delete_object(Bucket="reports", Key=f"{DAY}jobs/part 1.csv")
    delivery.take_in(messages[0])
    assert aws.partitions(TABLE) == aws.rest() == []


@pytest.mark.parametrize("told_as", ["", "pre+%28x%29/"], ids=["as it is", "URL-encoded"])
def test_a_folder_of_which_nothing_is_left_is_no_partition_any_more(
    told_as: str, aws: Aws, delivery: partitioning.Delivery
) -> None:
    key = f"pre (x)/{DAY}jobs/a.csv"
    message = aws.deliver(key, HEADER + ROW, told_as=told_as and key.replace("pre (x)/", told_as))
    delivery.take_in(message)
    assert len(aws.partitions(TABLE)) == 1
    aws.s3.delete_object(Bucket="reports", Key=key)
    delivery_of(aws).take_in(message)
    assert aws.partitions(TABLE) == aws.rest() == []


def test_what_is_delivered_while_an_empty_folder_is_taken_out_keeps_its_partition(
    aws: Aws, delivery: partitioning.Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = aws.deliver(f"{DAY}jobs/a.csv", HEADER + ROW)
    delivery.take_in(gone)
    aws.s3.delete_object(Bucket="reports", Key=f"{DAY}jobs/a.csv")
    withhold = Partitions.withhold

    def withhold_late(self: Partitions, partition: Partition) -> None:
        delivery_of(aws).take_in(aws.deliver(f"{DAY}jobs/b.csv", HEADER + ROW))
        withhold(self, partition)

    monkeypatch.setattr(Partitions, "withhold", withhold_late)
    delivery.take_in(gone)
    assert [place for _, place in aws.partitions(TABLE)] == [f"s3://reports/{DAY}jobs/"]


def test_a_removed_report_leaves_the_partition_of_another_folder(
    aws: Aws, delivery: partitioning.Delivery
) -> None:
    delivery.take_in(aws.deliver(f"{DAY}jobs/a.csv", HEADER + ROW))
    standing = aws.partitions(TABLE)
    for left in ([], ["b.csv"]):
        message = aws.deliver(f"other/{DAY}jobs/a.csv", HEADER + ROW)
        for name in left:
            aws.deliver(f"other/{DAY}jobs/{name}", HEADER + ROW)
        aws.s3.delete_object(Bucket="reports", Key=f"other/{DAY}jobs/a.csv")
        delivery.take_in(message)
        assert aws.partitions(TABLE) == standing
    assert aws.rest() == []


def test_a_bad_part_that_another_process_takes_in_meanwhile_withholds_the_folder(
    aws: Aws, delivery: partitioning.Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the order: the bad part comes after the good one's look at the folder."""
    add = Partitions.add

    def add_late(self: Partitions, partition: Partition) -> bool:
        bad = aws.deliver(f"{DAY}jobs/part 2.csv", "New," + HEADER)
        delivery_of(aws).take_in(bad)
        return add(self, partition)

    monkeypatch.setattr(Partitions, "add", add_late)
    delivery.take_in(aws.deliver(f"{DAY}jobs/part 1.csv", HEADER + ROW))
    assert aws.partitions(TABLE) == []


@pytest.mark.parametrize("content", ["", HEADER], ids=["empty", "header only"])
@pytest.mark.parametrize("prefix", ["", "some prefix/"], ids=["no prefix", "prefix"])
def test_a_report_without_rows_has_a_partition_too(
    content: str, prefix: str, aws: Aws, delivery: partitioning.Delivery
) -> None:
    delivery.take_in(aws.deliver(f"{prefix}{DAY}jobs/a.csv", content))
    assert [place for _, place in aws.partitions(TABLE)] == [f"s3://reports/{prefix}{DAY}jobs/"]


def test_a_key_that_the_event_spells_url_encoded_is_found(
    aws: Aws, delivery: partitioning.Delivery
) -> None:
    folder, told = f"pre (x)/{DAY}jobs/", f"pre+%28x%29/{DAY}jobs/"
    delivery.take_in(aws.deliver(f"{folder}a b.csv", HEADER + ROW, told_as=f"{told}a+b.csv"))
    assert [place for _, place in aws.partitions(TABLE)] == [f"s3://reports/{folder}"]
    bad = aws.deliver(f"{folder}b c.csv", "New," + HEADER, told_as=f"{told}b+c.csv")
    delivery.take_in(bad)
    assert [letter["Key"] for letter in aws.rest()] == [f"{folder}b c.csv"]
    assert aws.partitions(TABLE) == []


def test_a_second_folder_of_a_plan_and_day_rests_with_both_places_and_leaves_the_first(
    aws: Aws, delivery: partitioning.Delivery
) -> None:
    delivery.take_in(aws.deliver(f"{DAY}jobs/a.csv", HEADER + ROW))
    standing = aws.partitions(TABLE)
    other = f"Backup/{DAY.split('/', 2)[2]}".replace("crossregion", "eu-west-1")
    for _ in range(2):
        delivery.take_in(aws.deliver(f"{other}jobs/a.csv", HEADER + ROW))
        assert aws.partitions(TABLE) == standing
    delivery.take_in(aws.deliver(f"{other}jobs/b.csv", "New," + HEADER + ROW))
    assert aws.partitions(TABLE) == standing
    told = [(letter["Key"], letter["Reason"]) for letter in aws.rest()]
    assert [key for key, _ in told] == [f"{other}jobs/{name}.csv" for name in "aab"]
    for _, reason in told[:2]:
        assert f"s3://reports/{other}jobs/" in reason
        assert standing[0][1] in reason
    metrics = cast(Any, partitioning.metrics).serialize_metric_set()
    assert metrics["PartitionsWithheld"] == [1.0] * 3


def test_a_second_folder_becomes_the_partition_once_the_first_is_none(
    aws: Aws, delivery: partitioning.Delivery
) -> None:
    delivery.take_in(aws.deliver(f"{DAY}jobs/a.csv", HEADER + ROW))
    message = aws.deliver(f"right/{DAY}jobs/a.csv", HEADER + ROW)
    delivery.take_in(message)
    aws.glue.delete_partition(
        DatabaseName="reports", TableName=TABLE, PartitionValues=["jobs", "2026", "11", "21"]
    )
    delivery.take_in(message)
    assert [place for _, place in aws.partitions(TABLE)] == [f"s3://reports/right/{DAY}jobs/"]


@pytest.mark.parametrize("name", ["a.json", "sub/x.csv", "sub/deeper/x.csv", "a.csv.gz"])
@pytest.mark.parametrize("first", [True, False], ids=["before the report", "after it"])
def test_what_is_no_report_but_in_its_folder_withholds_the_partition_until_it_is_gone(
    name: str, first: bool, aws: Aws, delivery: partitioning.Delivery
) -> None:
    strange, report = aws.deliver(f"{DAY}jobs/{name}", "{}"), f"{DAY}jobs/a report.csv"
    delivered = aws.deliver(report, HEADER + ROW)
    for message in (strange, delivered) if first else (delivered, strange):
        delivery.take_in(message)
    assert aws.partitions(TABLE) == []
    (letter,) = aws.rest()
    assert letter["Key"] == f"{DAY}jobs/{name}"
    assert letter["Reason"].startswith("no CSV report")
    assert "move the object out of the folder" in letter["Reason"]
    aws.s3.delete_object(Bucket="reports", Key=letter["Key"])
    delivery.take_in(letter["Body"])
    assert [place for _, place in aws.partitions(TABLE)] == [f"s3://reports/{DAY}jobs/"]


def test_a_folder_without_any_report_is_no_partition(
    aws: Aws, delivery: partitioning.Delivery
) -> None:
    message = aws.deliver(f"{DAY}jobs/a.json", "{}")
    aws.s3.delete_object(Bucket="reports", Key=f"{DAY}jobs/a.json")
    delivery.take_in(message)
    assert aws.partitions(TABLE) == aws.rest() == []


@pytest.mark.parametrize("marker", ["", "sub/", "_SUCCESS"])
def test_an_empty_object_in_the_folder_does_no_harm(
    marker: str, aws: Aws, delivery: partitioning.Delivery
) -> None:
    delivery.take_in(aws.deliver(f"{DAY}jobs/{marker}", ""))
    delivery.take_in(aws.deliver(f"{DAY}jobs/a.csv", HEADER + ROW))
    delivery.take_in(aws.deliver(f"{DAY}jobs/{marker}", ""))
    assert len(aws.partitions(TABLE)) == 1
    assert aws.rest() == []
    metrics = cast(Any, partitioning.metrics).serialize_metric_set()
    assert metrics["IgnoredObjects"] == [1.0, 1.0]


def test_what_is_no_report_is_counted_and_costs_no_call(
    aws: Aws, delivery: partitioning.Delivery
) -> None:
    message = aws.deliver(f"{DAY}somebody_elses/a.csv", "x")
    aws.calls.clear()
    delivery.take_in(message)
    assert not aws.calls
    metrics = cast(Any, partitioning.metrics).serialize_metric_set()
    assert metrics["IgnoredObjects"] == [1.0]


@pytest.mark.parametrize(
    ("content", "reason", "header"),
    [
        (
            "New," + HEADER + ROW,
            "column 1 should be 'report_time_period_start', and is 'New'",
            ["New", *COLUMNS],
        ),
        (HEADER + ROW.replace('"7"', '"a\nb"'), "line 2: a line break within a field", COLUMNS),
    ],
    ids=["another header", "a line break in a field"],
)
def test_what_the_raw_table_cannot_read_rests_with_its_key_and_both_headers(
    content: str, reason: str, header: Sequence[str], aws: Aws, delivery: partitioning.Delivery
) -> None:
    key = f"{DAY}jobs/b.csv"
    delivery.take_in(aws.deliver(f"{DAY}jobs/a.csv", HEADER + ROW))
    message = aws.deliver(key, content)
    delivery.take_in(message)
    assert aws.partitions(TABLE) == []
    assert aws.rest() == [
        {
            "Body": message,
            "Key": key,
            "Template": "backup_job",
            "Reason": reason,
            "Expected": json.dumps(COLUMNS),
            "Header": json.dumps(header),
        }
    ]
    delivery.take_in(aws.deliver(f"{DAY}jobs/c.csv", HEADER + ROW))
    assert aws.partitions(TABLE) == []


def test_another_accounts_plan_of_the_same_name_enters_neither_table_nor_lake(
    aws: Aws, delivery: partitioning.Delivery, curator: curating.Curator
) -> None:
    single = aws.deliver("Backup/111111111111/eu-central-1/2026/11/21/jobs/a.csv", HEADER + ROW)
    for take_in in (delivery.take_in, curator.take_in):
        take_in(single)
    assert aws.partitions(TABLE) == lake_keys(aws) == aws.rest() == []
    metrics = cast(Any, partitioning.metrics).serialize_metric_set()  # of both functions
    assert metrics["IgnoredObjects"] == [1.0, 1.0]


def test_a_part_of_a_plan_that_is_no_longer_needed_stays_in_table_and_lake(
    aws: Aws, delivery: partitioning.Delivery, curator: curating.Curator
) -> None:
    message = aws.deliver(f"{DAY}jobs_3/a.csv", HEADER + ROW)
    for take_in in (delivery.take_in, curator.take_in):
        take_in(message)
    assert [values[0] for values, _ in aws.partitions(TABLE)] == ["jobs_3"]
    assert len(lake_keys(aws, "files/backup_job/2026-11/jobs_3-")) == 1


def test_one_message_of_three_that_is_no_event_rests_at_once_and_alone(
    aws: Aws, delivery: partitioning.Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitioning, "_delivery", lambda: delivery)
    first = aws.deliver(f"{DAY}jobs/a.csv", HEADER)
    last = aws.deliver(f"{DAY}jobs/b.csv", HEADER)
    answer = partitioning.handler(batch(first, "no event", last), cast(Any, CONTEXT))
    assert answer == {"batchItemFailures": []}
    assert len(aws.partitions(TABLE)) == 1
    (letter,) = aws.rest()
    assert letter["Body"] == "no event"
    assert letter["Reason"].endswith("in the message 'no event'")


def test_one_message_of_three_that_aws_fails_is_the_only_one_that_is_tried_again(
    aws: Aws, delivery: partitioning.Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitioning, "_delivery", lambda: delivery)
    first = aws.deliver(f"{DAY}jobs/a.csv", HEADER)
    gone = aws.deliver(f"{DAY}jobs/b.csv", HEADER).replace('"reports"', '"no-such-bucket"')
    last = aws.deliver(f"{DAY}jobs/c.csv", HEADER)
    answer = partitioning.handler(batch(first, gone, last), cast(Any, CONTEXT))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert aws.rest() == []
