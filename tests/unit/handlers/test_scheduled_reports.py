"""A scheduled report from its definition to what people find: three functions in a row."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest

from handlers.collate_jobs import app as collating
from handlers.find_vaults import app as finding
from handlers.make_report import app as making
from handlers.member_clients import MemberClients
from reports.digest import runs
from reports.digest.collation import Patience
from reports.digest.definition import Cadence, Definition
from tests.support import figures as examples
from tests.support.aws_in_process import Aws, aws
from tests.support.backup_api import BackupAtHand, Members
from tests.support.in_memory_dynamodb import LEDGER

__all__ = ["aws"]

NOW = datetime(2026, 7, 1, 4, 30, tzinfo=UTC)
ACCOUNT, OTHER = "111111111111", "222222222222"
REGION = "eu-central-1"
COUNT = itertools.count()
PATIENT = Patience(lambda: 300.0, sleep=lambda _: None)
DAILY = dataclasses.replace(
    examples.definition(1, "daily", "api"),
    regions={ACCOUNT: (REGION, "us-east-1"), OTHER: (REGION,)},
    timezone="Europe/Berlin",
)


def vault(name: str, account: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:backup:{REGION}:{account}:backup-vault:{name}"
    return {"BackupVaultName": name, "BackupVaultArn": arn, **more}


def at_hand(**more: Any) -> BackupAtHand:
    """Three vaults, one of them with the tag, and two jobs of the day before: one failed."""
    vaults = [vault("central"), vault("wrong value"), vault("untagged")]
    tags = [dict([DAILY.vault_tag]), {DAILY.vault_tag[0]: "no"}, {}]
    jobs = [
        {
            "BackupJobId": f"job-{number}",
            "State": state,
            "StatusMessage": message,
            "BackupVaultArn": vault("central")["BackupVaultArn"],
            "ResourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-{number}",
            "ResourceType": "EBS",
            "CreationDate": NOW - timedelta(hours=12),
            "CompletionDate": NOW - timedelta(hours=11),
        }
        for number, (state, message) in enumerate([("COMPLETED", ""), ("FAILED", "=no space")])
    ]
    return BackupAtHand(
        vaults={v["BackupVaultArn"]: (v, t) for v, t in zip(vaults, tags, strict=True)},
        backup_jobs=jobs,
        **more,
    )


class Functions:
    """The three functions before an AWS in this process, and accounts at hand."""

    def __init__(self, aws: Aws, members: Members, definition: Definition = DAILY) -> None:
        self.s3, self.sqs, self.queue = aws.s3, aws.sqs, aws.queue
        settings = {"digests_bucket": "reports", "reader_role": "reader"}
        self.finder = finding.Finder(
            finding.Environment(**settings, queue_url=aws.queue), aws.s3, aws.sqs, members.clients
        )
        self.collator = collating.Collator(
            collating.Environment(**settings), aws.s3, members.clients
        )
        self.maker = making.Maker(
            making.Environment(**settings, duckdb_memory_mb="256"),
            aws.s3,
            cast(Any, None),
            members.clients,
        )
        key = runs.definition_key(definition.cadence)
        aws.s3.put_object(Bucket="reports", Key=key, Body=definition.dumped().encode())

    def collate(self, run_id: str, cadence: Cadence, now: datetime) -> None:
        """Up to the last part."""
        self.finder.find(run_id, cadence, now, PATIENT)
        self.finder.start(run_id)
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        for message in found["Messages"]:
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            self.collator.take_in(message["Body"], PATIENT)

    def report(self, run_id: str = "run", cadence: Cadence = "daily", now: datetime = NOW) -> str:
        """The folder of the stored report."""
        self.collate(run_id, cadence, now)
        self.maker.generate(run_id, now)
        return self.maker.store(run_id)["PageKey"].removesuffix("index.html")

    def state(self, run_id: str = "run") -> str:
        return self.s3.head_object(Bucket="reports", Key=f"runs/{run_id}/status")["Metadata"][
            "state"
        ]

    def read(self, key: str) -> bytes:
        return self.s3.get_object(Bucket="reports", Key=key)["Body"].read()

    def rows(self, key: str) -> list[dict[str, str]]:
        content = self.read(key)
        text = (gzip.decompress(content) if key.endswith(".gz") else content).decode()
        return list(csv.DictReader(io.StringIO(text)))

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket="reports", Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]


@pytest.fixture(autouse=True)
def no_metrics_left() -> Iterator[None]:
    yield
    for app in (finding, collating, making):
        app.metrics.clear_metrics()


EVERYWHERE = {(ACCOUNT, REGION), (ACCOUNT, "us-east-1"), (OTHER, REGION)}


def functions(aws: Aws, **places: BackupAtHand) -> Functions:
    here = {place: BackupAtHand() for place in EVERYWHERE}
    return Functions(aws, Members(here | {(ACCOUNT, REGION): places.get("here", at_hand())}))


def test_a_report_is_found_under_its_period_with_its_files_and_figures(aws: Aws) -> None:
    system = functions(aws)
    folder = system.report()
    assert folder == "reports/daily/2026-06-30/"
    names = [key.removeprefix(folder) for key in system.keys(folder)]
    assert {"index.html", "figures.json", "failed_jobs.csv", "unprotected.csv"} <= set(names)
    headline = json.loads(system.read(f"{folder}figures.json"))["headline"]
    assert headline["success_rate"] == {"met": 1, "of": 2}
    assert [row["status_message"] for row in system.rows(f"{folder}failed_jobs.csv")] == [
        "'=no space"
    ]
    page = system.s3.head_object(Bucket="reports", Key=f"{folder}index.html")
    assert page["ContentType"] == "text/html; charset=utf-8"


def test_vaults_are_told_apart_by_the_tags_value(aws: Aws) -> None:
    system = functions(aws)
    answer = system.finder.find("run", "daily", NOW, PATIENT)
    assert answer == {"RunId": "run", "Vaults": 1, "Parts": 3, "StatusKey": "runs/run/status"}
    found = {row["vault_name"]: row["tagged"] for row in system.rows("runs/run/vaults.csv")}
    assert found == {"central": "true", "wrong value": "false", "untagged": "false"}


def test_a_run_is_collated_with_its_last_part_and_not_before(aws: Aws) -> None:
    system = functions(aws)
    system.finder.find("run", "daily", NOW, PATIENT)
    assert system.finder.start("run") == {"Parts": 3}
    parts = [
        json.dumps({"run_id": "run", "account": account, "region": region})
        for account, region in sorted(EVERYWHERE)
    ]
    states: list[str] = []
    for message in [parts[0], parts[0], *parts[1:]]:
        system.collator.take_in(message, PATIENT)
        states.append(system.state())
    assert states == ["running", "running", "running", "collated"]


def test_an_account_that_lets_nobody_in_is_told_in_the_report(aws: Aws) -> None:
    system = Functions(aws, Members({(ACCOUNT, REGION): at_hand()}))
    folder = system.report()
    told = {(row["account_id"], row["region"]) for row in system.rows(f"{folder}not_looked_at.csv")}
    assert told == EVERYWHERE - {(ACCOUNT, REGION)}
    figures = json.loads(system.read(f"{folder}figures.json"))
    assert figures["accounts"] == 1
    assert [limit for limit in figures["limits"] if OTHER in limit and "AssumeRole" in limit]


def test_a_run_fails_where_no_account_lets_it_in(aws: Aws) -> None:
    system = Functions(aws, Members({}))
    with pytest.raises(RuntimeError, match="none of 3 accounts and Regions could be looked at"):
        system.finder.find("run", "daily", NOW, PATIENT)


def test_what_one_call_is_refused_does_not_keep_the_others_from_the_report(aws: Aws) -> None:
    system = functions(aws, here=at_hand(refused={"get_resources": "AccessDeniedException"}))
    folder = system.report()
    headline = json.loads(system.read(f"{folder}figures.json"))["headline"]
    assert headline["failures"] == 1
    (told,) = system.rows(f"{folder}not_looked_at.csv")
    assert told["reason"].startswith("resources: ")


def test_throttled_calls_are_made_again(aws: Aws) -> None:
    system = functions(aws, here=at_hand(throttled=7))
    folder = system.report()
    assert json.loads(system.read(f"{folder}figures.json"))["headline"]["failures"] == 1
    assert system.rows(f"{folder}not_looked_at.csv") == []


def test_a_part_that_was_not_collated_in_time_is_told(aws: Aws) -> None:
    system = functions(aws)
    system.finder.find("run", "daily", NOW, PATIENT)
    message = {"run_id": "run", "account": ACCOUNT, "region": REGION}
    system.collator.take_in(json.dumps(message), PATIENT)
    system.maker.generate("run", NOW)
    (reason,) = {row["reason"] for row in system.rows("runs/run/made/not_looked_at.csv")}
    assert reason == "it was not collated in time"


def test_nothing_collated_makes_no_report(aws: Aws) -> None:
    system = functions(aws)
    system.finder.find("run", "daily", NOW, PATIENT)
    with pytest.raises(RuntimeError, match="none of 3 accounts and Regions was collated"):
        system.maker.generate("run", NOW)


def test_nothing_is_stored_of_a_run_that_made_no_page(aws: Aws) -> None:
    system = functions(aws)
    system.finder.find("run", "daily", NOW, PATIENT)
    with pytest.raises(RuntimeError, match="has made no page"):
        system.maker.store("run")


def test_a_report_is_compared_with_the_stored_one_of_the_period_before(aws: Aws) -> None:
    new = {"ResourceARN": f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-new"}
    system = functions(aws, here=at_hand(tagged=[new]))
    folder = system.report()
    before = folder.replace("06-30", "06-29")
    figures = json.loads(system.read(f"{folder}figures.json"))
    assert figures["changes"] == []
    figures["headline"]["failures"] = 5
    for name in system.keys(folder):
        system.s3.put_object(
            Bucket="reports", Key=name.replace(folder, before), Body=system.read(name)
        )
    system.s3.put_object(
        Bucket="reports", Key=f"{before}figures.json", Body=json.dumps(figures).encode()
    )
    listed = system.read(f"{before}unprotected.csv").replace(b"2026-07-01", b"2026-05-02")
    system.s3.put_object(Bucket="reports", Key=f"{before}unprotected.csv", Body=listed)
    system.report("another")
    compared = json.loads(system.read(f"{folder}figures.json"))
    changes = {change["name"]: (change["before"], change["now"]) for change in compared["changes"]}
    assert changes["failures"] == (5, 1)
    assert changes["success_rate"] == (50, 50)
    oldest = compared["headline"]["oldest_unprotected"]
    assert (oldest["resource_arn"], oldest["since"]) == (
        new["ResourceARN"],
        "2026-05-02T04:30:00+00:00",
    )


@pytest.mark.filterwarnings("ignore:No application metrics")
@pytest.mark.parametrize("app", [finding, making])
def test_a_step_that_there_is_not_is_named(app: Any) -> None:
    context = SimpleNamespace(
        function_name="f",
        memory_limit_in_mb=512,
        invoked_function_arn="arn",
        aws_request_id="r",
        get_remaining_time_in_millis=lambda: 1000,
    )
    with pytest.raises(ValueError, match="no step 'lunch'"):
        app.handler({"Step": "lunch"}, cast(Any, context))


def test_open_incidents_are_those_of_the_ticket_ledger(aws: Aws) -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(**LEDGER, TableName="ledger")
    for name, item in {
        "open": {"incident_open": {"BOOL": True}, "listed": {"S": "not well"}},
        "not told yet": {"listed": {"S": "not well"}},
        "closed": {"incident_open": {"BOOL": False}},
        "a recovery point": {"resource_arn": {"S": "arn"}},
    }.items():
        dynamodb.put_item(TableName="ledger", Item={"correlation_id": {"S": name}, **item})
    system = functions(aws)
    system.maker = making.Maker(
        making.Environment(
            digests_bucket="reports",
            reader_role="reader",
            duckdb_memory_mb="256",
            ledger_table="ledger",
        ),
        aws.s3,
        dynamodb,
        Members({}).clients,
    )
    folder = system.report()
    headline = json.loads(system.read(f"{folder}figures.json"))["headline"]
    assert headline["open_incidents"] == 1


def assumed(*, RoleArn: str, RoleSessionName: str) -> dict[str, Any]:  # noqa: N803 - STS's names
    """Other credentials at each call."""
    given = {name: f"{RoleArn} {next(COUNT)}" for name in ("AccessKeyId", "SecretAccessKey")}
    end = datetime.now(UTC) + timedelta(hours=1)
    return {"Credentials": {**given, "SessionToken": RoleSessionName, "Expiration": end}}


def test_an_accounts_role_is_assumed_once_while_its_session_lasts(aws: Aws) -> None:
    members = MemberClients(boto3.Session(), "reader")
    cast(Any, members)._sts = SimpleNamespace(assume_role=assumed)
    clients = [
        members.backup(ACCOUNT, REGION),
        members.backup(ACCOUNT, "us-east-1"),
        members.tagging(ACCOUNT, REGION),
        members.backup(OTHER, REGION),
    ]
    keys = [cast(Any, client)._request_signer._credentials.access_key for client in clients]
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]
    assert clients[1].meta.region_name == "us-east-1"
