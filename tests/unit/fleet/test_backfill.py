"""What lies in the bucket gets its partitions and curated files, and nothing is made twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from threading import Event
from typing import Any

import pytest
from moto import mock_aws

from fleet.lake.backfill import Backfill, Clients, Done
from fleet.lake.backfill_todo import BackfillTarget
from fleet.lake.withheld_headers import observed
from fleet.replay import dead_letters
from fleet.replay.dead_letters import DeadLetter, received, release, replay
from handlers.partition_reports import app as partitioning
from reports.curated_tables import delivery_key
from reports.glue_partitions import Partitions
from reports.keys import parse
from reports.object_events import created_object
from reports.plans import ORGANIZATION, Plan
from reports.templates import TEMPLATES
from tests.unit.handlers.conftest import REGION, Aws

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
    messages = list(received(aws.sqs, aws.queue))
    for message in messages:
        told = json.loads(message.body)["detail"]["object"]["key"]
        report = parse(told)
        aws.s3.put_object(Bucket="lake", Key=delivery_key(report), Body=b"")
        aws.sqs.delete_message(QueueUrl=aws.queue, ReceiptHandle=message.receipt)
    return len(messages)


def fill(aws: Aws, days: int = 3) -> None:
    for day in range(1, days + 1):
        for plan, header in HEADERS.items():
            aws.deliver(key(plan, day), header)
    aws.deliver("results/query.csv", "x")


def test_everything_is_made_where_nothing_is_there_and_nothing_by_a_second_run(aws: Aws) -> None:
    fill(aws)
    assert backfill(aws) == Done(objects=7, reports=6, partitions=6, withheld={}, curations=6)
    assert len(aws.partitions("backup_job_report")) == 3
    assert len(aws.partitions("copy_job_report")) == 3
    assert curate_all(aws) == 6
    assert backfill(aws) == Done(objects=7, reports=6)
    made = {"BatchCreatePartition", "SendMessageBatch", "GetObject"}
    assert not made & aws.calls.keys()


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
    assert aws.calls["GetObject"] == 2


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
    total = fill_months(aws, 6)

    def cut_off() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        backfill(aws, s3=Limited(aws, after=130, then=cut_off))
    assert len(aws.partitions("backup_job_report")) == 130
    assert curate_all(aws) == total
    assert backfill(aws) == Done(objects=total, reports=total, partitions=total - 130)
    assert aws.calls["GetObject"] == total - 130


def test_a_run_that_somebody_stops_keeps_what_it_looked_at(aws: Aws) -> None:
    total = fill_months(aws, 6)
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
    found = received(aws.sqs, aws.dead_letters)
    release(aws.sqs, aws.dead_letters, found)
    return found


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


def test_where_athena_computes_partitions_none_is_added(aws: Aws) -> None:
    fill(aws)
    done = backfill(aws, adds_partitions=False)
    assert (done.partitions, done.curations) == (0, 6)
    assert not {"GetPartitions", "BatchCreatePartition", "GetObject"} & aws.calls.keys()


def test_an_empty_file_has_a_partition_and_is_noted_as_delivered(aws: Aws) -> None:
    aws.deliver(key("jobs", 1), "")
    assert backfill(aws) == Done(objects=1, reports=1, partitions=1, curations=1)


def rest(aws: Aws, count: int) -> None:
    for number in range(count):
        attributes: Any = {"Reason": {"DataType": "String", "StringValue": f"r{number}"}}
        aws.sqs.send_message(
            QueueUrl=aws.dead_letters, MessageBody=f"m{number}", MessageAttributes=attributes
        )


def test_every_dead_letter_is_received_with_its_attributes_until_it_is_released(aws: Aws) -> None:
    rest(aws, 12)
    letters = list(received(aws.sqs, aws.dead_letters))
    assert {letter.body: letter.attributes for letter in letters} == {
        f"m{n}": {"Reason": f"r{n}"} for n in range(12)
    }
    assert list(received(aws.sqs, aws.dead_letters)) == []
    release(aws.sqs, aws.dead_letters, letters)
    assert len(list(received(aws.sqs, aws.dead_letters))) == 12


def test_what_is_put_right_back_is_not_sent_again(aws: Aws) -> None:
    rest(aws, 3)
    sent: list[str] = []

    class PutsRightBack:
        def send_message(self, **message: str) -> None:
            sent.append(message["MessageBody"])
            aws.sqs.send_message(QueueUrl=aws.dead_letters, MessageBody=message["MessageBody"])

    through: Any = PutsRightBack()
    assert replay(aws.sqs, aws.dead_letters, aws.queue, through=through) == 3
    assert sorted(sent) == ["m0", "m1", "m2"]
    assert len(received(aws.sqs, aws.dead_letters)) == 3


def test_replayed_messages_are_in_their_queue_and_no_longer_in_the_other(aws: Aws) -> None:
    rest(aws, 12)
    assert replay(aws.sqs, aws.dead_letters, aws.queue) == 12
    assert sorted(letter.body for letter in received(aws.sqs, aws.queue)) == sorted(
        f"m{n}" for n in range(12)
    )
    counted = aws.sqs.get_queue_attributes(QueueUrl=aws.dead_letters, AttributeNames=["All"])
    assert counted["Attributes"]["ApproximateNumberOfMessages"] == "0"
    assert counted["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_folder_with_what_is_no_report_is_withheld_and_its_partition_withdrawn(aws: Aws) -> None:
    fill(aws, days=2)
    backfill(aws)
    for day, name in ((1, "a.json"), (3, "sub/x.csv"), (2, "_SUCCESS")):
        aws.deliver(key("jobs", day, name), "" if name == "_SUCCESS" else "x")
    aws.deliver(key("jobs", 3), HEADERS["jobs"])
    done = backfill(aws)
    assert {folder: reason.split(",")[0] for folder, reason in done.withheld.items()} == {
        key("jobs", 1, ""): f"{key('jobs', 1, 'a.json')} is no CSV report",
        key("jobs", 3, ""): f"{key('jobs', 3, 'sub/x.csv')} is no CSV report",
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


def test_only_reports_with_the_plans_account_count_and_those_of_numbered_plans_do(
    aws: Aws,
) -> None:
    aws.deliver(key("jobs", 1).replace("crossaccount", "111111111111"), HEADERS["jobs"])
    aws.deliver(key("jobs_2", 1), HEADERS["jobs"])
    aws.deliver(key("copies_2", 1), HEADERS["copies"])
    done = backfill(aws)
    assert (done.objects, done.reports, done.partitions, done.curations) == (3, 1, 1, 1)
    assert [values[0] for values, _ in aws.partitions("backup_job_report")] == ["jobs_2"]
