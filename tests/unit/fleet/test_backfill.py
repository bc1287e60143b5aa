"""What lies in the bucket gets its partitions and curated files, and nothing is made twice."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from fleet.lake.backfill import Done
from tests.support.aws_in_process import Aws
from tests.unit.fleet.conftest import HEADERS, backfill, curate_all, fill, key


def test_everything_is_made_where_nothing_is_there_and_nothing_by_a_second_run(aws: Aws) -> None:
    fill(aws)
    assert backfill(aws) == Done(objects=7, reports=6, partitions=6, withheld={}, curations=6)
    assert len(aws.partitions("backup_job_report")) == 3
    assert len(aws.partitions("copy_job_report")) == 3
    assert curate_all(aws) == 6
    assert backfill(aws) == Done(objects=7, reports=6)
    assert not {"BatchCreatePartition", "SendMessageBatch"} & aws.calls.keys()
    assert aws.calls["GetObject"] == 1  # the list of the month's deliveries


def test_it_takes_a_hundred_partitions_a_call_and_ten_messages(aws: Aws) -> None:
    """21 files in 21 folders of one table: one call for partitions, three for messages."""
    for day in range(1, 22):
        aws.deliver(key("jobs", day), HEADERS["jobs"])
    assert backfill(aws).partitions == 21
    assert aws.calls == {
        "ListObjectsV2": 2,
        "GetPartitions": 2,
        "GetTable": 1,
        "GetObject": 21,
        "BatchCreatePartition": 1,
        "SendMessageBatch": 3,
    }


def test_what_comes_later_is_all_that_a_later_run_makes(aws: Aws) -> None:
    fill(aws, days=1)
    backfill(aws)
    curate_all(aws)
    fill(aws, days=2)
    done = backfill(aws)
    assert (done.partitions, done.curations) == (2, 2)
    assert aws.calls["GetObject"] == 2 + 1  # and the list of the month's deliveries


def fill_months(aws: Aws, months: int) -> int:
    """Reports of one plan, 28 a month; their number."""
    for month in range(1, months + 1):
        for day in range(1, 29):
            aws.deliver(key("jobs", day).replace("/11/", f"/{month:02}/"), HEADERS["jobs"])
    return months * 28


class Limited:
    """S3 that gives some reports and then does something else first."""

    def __init__(self, aws: Aws, *, after: int, then: Callable[[], object]) -> None:
        self._s3 = aws.s3
        self._left = iter(range(after))
        self._then = then

    def get_object(self, **asked: str) -> Any:
        if next(self._left, None) is None:
            self._then()
        return self._s3.get_object(**asked)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)


def test_a_run_that_breaks_off_while_it_reads_is_gone_on_with(aws: Aws) -> None:
    total = fill_months(aws, 5)

    def cut_off() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        backfill(aws, s3=Limited(aws, after=130, then=cut_off))
    assert len(aws.partitions("backup_job_report")) == 130
    assert curate_all(aws) == total
    assert backfill(aws) == Done(objects=total, reports=total, partitions=total - 130)
    assert aws.calls["GetObject"] == total - 130 + 5  # and the lists of deliveries


def test_a_run_that_somebody_stops_keeps_what_it_looked_at(aws: Aws) -> None:
    total = fill_months(aws, 5)
    stopped = Event()

    def stop(what: str, done: int, _of: int) -> None:
        if (what, done) == ("folders looked at", 110):
            stopped.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backfill(aws, s3=Limited(aws, after=110, then=stopped.wait), tell=stop)
    read = aws.calls["GetObject"]
    assert 110 <= read < total
    assert len(aws.partitions("backup_job_report")) == read
    assert backfill(aws).partitions == total - read


def test_it_tells_how_far_it_is_and_hands_over_before_it_reads(aws: Aws) -> None:
    total = fill_months(aws, 4)
    told: list[tuple[str, int, int]] = []

    def tell(what: str, done: int, of: int) -> None:
        told.append((what, done, of))

    backfill(aws, tell=tell)
    places = [
        told.index(one)
        for one in (
            ("objects listed", total, 0),
            ("reports handed to curation", total, total),
            ("folders looked at", 1, total),
            ("partitions added", 100, 0),
            ("folders looked at", total, total),
        )
    ]
    assert places == sorted(places)


def test_where_athena_computes_partitions_none_is_added(aws: Aws) -> None:
    fill(aws)
    done = backfill(aws, adds_partitions=False)
    assert (done.partitions, done.curations) == (0, 6)
    assert not {"GetPartitions", "BatchCreatePartition", "GetObject"} & aws.calls.keys()


def test_an_empty_file_has_a_partition_and_is_noted_as_delivered(aws: Aws) -> None:
    aws.deliver(key("jobs", 1), "")
    assert backfill(aws) == Done(objects=1, reports=1, partitions=1, curations=1)


def test_only_reports_with_the_plans_account_count_and_those_of_numbered_plans_do(
    aws: Aws,
) -> None:
    aws.deliver(key("jobs", 1).replace("crossaccount", "111111111111"), HEADERS["jobs"])
    aws.deliver(key("jobs_2", 1), HEADERS["jobs"])
    aws.deliver(key("copies_2", 1), HEADERS["copies"])
    done = backfill(aws)
    assert (done.objects, done.reports, done.partitions, done.curations) == (3, 1, 1, 1)
    assert [values[0] for values, _ in aws.partitions("backup_job_report")] == ["jobs_2"]
