"""Dead letters go where they are tried again, and none is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from fleet.errors import ToldError
from fleet.replay import dead_letters, outcomes
from fleet.replay.dead_letters import DeadLetter, ReplayFailed, resting
from fleet.replay.hops import ALERTS, RESTORE_CHECKS, SCHEDULES, TICKETS, Deployed, hops_of
from fleet.replay.outcomes import Told, followed
from reports.ticket_ledger import REPLAY, replay_key
from tests.support.in_memory_dynamodb import LEDGER

MEMBER, AUDIT = "333333333333", "222222222222"
REGION, OTHER_REGION = "eu-central-1", "eu-west-1"
LETTER = DeadLetter(
    body="an event", attributes={}, id="", receipt="", sent_at=datetime(2026, 11, 24, tzinfo=UTC)
)


@pytest.fixture
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(dead_letters, "_WAIT_SECONDS", 0)
    with mock_aws():
        yield


def session(account: str) -> boto3.Session:
    """In the account, as moto takes it to be by this header."""

    def name(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    made = boto3.Session("testing", "testing", region_name=REGION)
    made.events.register("before-sign", name)
    return made


def queue(account: boto3.Session, name: str, region: str = REGION) -> str:
    sqs = account.client("sqs", region_name=region)
    return sqs.create_queue(QueueName=name)["QueueUrl"]


def bodies(account: boto3.Session, url: str, region: str = REGION) -> list[str]:
    """What the queue holds; it stays there, hidden."""
    answer = account.client("sqs", region_name=region).receive_message(
        QueueUrl=url, MaxNumberOfMessages=10
    )
    return sorted(message.get("Body", "") for message in answer.get("Messages", []))


@pytest.fixture
def member(_aws: None) -> Deployed:
    """With two events that rest in one Region and one in another."""
    here = session(MEMBER)
    urls: dict[str, str] = {}
    for region, texts in ((REGION, ["first", "second"]), (OTHER_REGION, ["third"])):
        urls[region] = queue(here, "acme-backup-alerts-dead-letters", region)
        for body in texts:
            here.client("sqs", region_name=region).send_message(
                QueueUrl=urls[region], MessageBody=body
            )
    outputs = {"alert_dead_letters": urls}
    return Deployed(stack="acme-member-payments", outputs=outputs, session=here)


@pytest.fixture
def audit(_aws: None) -> Deployed:
    here = session(AUDIT)
    outputs = {
        "ticket_queue": queue(here, "acme-backup-tickets"),
        "ticket_dead_letters": queue(here, "acme-backup-tickets-dead-letters"),
        "ticket_function": "acme-backup-tickets",
        "ticket_ledger": "ledger",
    }
    return Deployed(stack="acme-audit", outputs=outputs, session=here)


def left(member: Deployed) -> Mapping[str, list[str]]:
    urls = cast("Mapping[str, str]", member.outputs["alert_dead_letters"])
    return {region: bodies(member.session, url, region) for region, url in urls.items()}


def resend(member: Deployed, central: Deployed, which: str) -> dict[str, int]:
    """Sends all that rests at a hop; how many by Region."""
    return {
        hop.region: sum(1 for _ in hop.send_back(resting(hop.sqs, hop.dead_letters), 600))
        for hop in hops_of(member, lambda: central, which)
    }


def test_events_of_every_region_go_to_the_tickets_of_the_central_account(
    member: Deployed, audit: Deployed
) -> None:
    assert resend(member, audit, ALERTS) == {REGION: 2, OTHER_REGION: 1}
    tickets: Any = audit.outputs["ticket_queue"]
    assert bodies(audit.session, tickets) == ["first", "second", "third"]
    assert left(member) == {REGION: [], OTHER_REGION: []}
    assert resend(member, audit, ALERTS) == {REGION: 0, OTHER_REGION: 0}


def test_without_ticketing_nothing_is_taken_out_of_its_queue(
    member: Deployed, audit: Deployed
) -> None:
    without = Deployed(stack="acme-audit", outputs={}, session=audit.session)
    with pytest.raises(ToldError, match=r"acme-audit has no ticketing deployed.*up acme-audit"):
        resend(member, without, ALERTS)
    assert left(member) == {REGION: ["first", "second"], OTHER_REGION: ["third"]}


def test_what_the_ticket_queue_refuses_is_left_where_it_was(
    member: Deployed, audit: Deployed
) -> None:
    gone = {**audit.outputs, "ticket_queue": f"{audit.outputs['ticket_queue']}-gone"}
    away = Deployed(stack="acme-audit", outputs=gone, session=audit.session)
    with pytest.raises(ReplayFailed, match=r"was refused: .*; it rests there still"):
        resend(member, away, ALERTS)
    assert left(member) == {REGION: ["first", "second"], OTHER_REGION: ["third"]}


def test_dead_letters_of_a_function_go_back_to_its_own_queue_marked(audit: Deployed) -> None:
    sqs = audit.session.client("sqs")
    sqs.send_message(QueueUrl=audit.outputs["ticket_dead_letters"], MessageBody="an event")
    (hop,) = hops_of(audit, lambda: audit, TICKETS)
    ((mark, letter),) = hop.send_back(resting(hop.sqs, hop.dead_letters))
    (there,) = resting(sqs, audit.outputs["ticket_queue"])
    assert (there.body, there.attributes) == (letter.body, {REPLAY: mark})


def test_judges_of_every_region_have_their_messages_back(member: Deployed) -> None:
    here = member.session
    queues: dict[str, dict[str, str]] = {}
    for region in (REGION, OTHER_REGION):
        urls = {name: queue(here, f"checks-{name}", region) for name in ("queue", "dead_letters")}
        queues[region] = {**urls, "function": "acme-backup-restore-checks"}
        here.client("sqs", region_name=region).send_message(
            QueueUrl=urls["dead_letters"], MessageBody=f"of {region}"
        )
    judges = replace(member, outputs={"restore_check_queues": queues})
    assert resend(judges, member, RESTORE_CHECKS) == {REGION: 1, OTHER_REGION: 1}
    assert bodies(here, queues[REGION]["queue"]) == [f"of {REGION}"]
    assert bodies(here, queues[OTHER_REGION]["queue"], OTHER_REGION) == [f"of {OTHER_REGION}"]


def test_a_runbook_that_a_schedule_could_not_start_is_started(member: Deployed) -> None:
    url = queue(member.session, "acme-backup-scripts-schedules-dead-letters")
    sqs = member.session.client("sqs")
    request = {"DocumentName": "acme-backup-nightly", "Parameters": {"Rule": ["daily"]}}
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(request))
    started: list[Any] = []

    class Ssm:
        def start_automation_execution(self, **asked: Any) -> None:
            started.append(asked)

    class Session:
        region_name = REGION

        def client(self, service: str, **asked: Any) -> Any:
            return Ssm() if service == "ssm" else member.session.client("sqs", **asked)

    session: Any = Session()
    here = Deployed(
        stack=member.stack, outputs={"script_schedule_dead_letters": {REGION: url}}, session=session
    )
    assert resend(here, member, SCHEDULES) == {REGION: 1}
    assert started == [request]
    assert bodies(member.session, url) == []


def test_a_queue_that_a_stack_has_not_is_refused_with_those_that_it_has(
    member: Deployed, audit: Deployed
) -> None:
    with pytest.raises(
        ToldError, match=r"acme-member-payments has no queue tickets; it has: alert"
    ):
        hops_of(member, lambda: audit, TICKETS)
    with pytest.raises(ToldError, match=r"acme-audit has no queue alerts; it has: tickets$"):
        hops_of(audit, lambda: audit, ALERTS)


@pytest.fixture
def ledger(audit: Deployed) -> Any:
    dynamodb: Any = audit.session.client("dynamodb")
    dynamodb.create_table(**LEDGER, TableName="ledger")
    return dynamodb


def test_what_became_of_messages_is_told_as_the_ticket_function_noted_it(
    audit: Deployed, ledger: Any
) -> None:
    (hop,) = hops_of(audit, lambda: audit, TICKETS)
    sent = dict.fromkeys((f"m{n}" for n in range(120)), LETTER)
    for mark in sent:
        item = {"correlation_id": {"S": replay_key(mark)}, "outcome": {"S": "opened"}}
        ledger.put_item(TableName="ledger", Item={**item, "incident_number": {"S": f"INC{mark}"}})
    (told,) = followed(hop, sent, 1)
    assert told == {mark: Told(outcome="opened", incident=f"INC{mark}") for mark in sent}


@pytest.mark.usefixtures("ledger")
def test_one_that_rests_again_is_told_with_the_reason(
    audit: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "_POLL_SECONDS", 0)
    (hop,) = hops_of(audit, lambda: audit, TICKETS)
    attributes: Any = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in ((REPLAY, "mine"), ("Reason", "no such account"))
    }
    audit.session.client("sqs").send_message(
        QueueUrl=audit.outputs["ticket_dead_letters"], MessageBody="x", MessageAttributes=attributes
    )
    *_, told = followed(hop, {"mine": LETTER}, 1)
    assert told == {"mine": Told(outcome="back", reason="no such account")}


@pytest.mark.usefixtures("ledger")
def test_nobody_waits_for_ever_for_what_nobody_tells(
    audit: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "_POLL_SECONDS", 0.01)
    (hop,) = hops_of(audit, lambda: audit, TICKETS)
    *_, told = followed(hop, {"mine": LETTER}, 0.05)
    assert told == {}
