"""Dead letters go where they are tried again, and none is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from fleet.errors import ToldError
from fleet.replay import dead_letters
from fleet.replay.commands import Deployed, replay_alerts, replay_queue
from fleet.replay.dead_letters import ReplayFailed

MEMBER, AUDIT = "333333333333", "222222222222"
REGION, OTHER_REGION = "eu-central-1", "eu-west-1"


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
    for region, resting in ((REGION, ["first", "second"]), (OTHER_REGION, ["third"])):
        urls[region] = queue(here, "acme-backup-alerts-dead-letters", region)
        for body in resting:
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
    }
    return Deployed(stack="acme-audit", outputs=outputs, session=here)


def resting(member: Deployed) -> Mapping[str, list[str]]:
    urls = cast("Mapping[str, str]", member.outputs["alert_dead_letters"])
    return {region: bodies(member.session, url, region) for region, url in urls.items()}


def test_events_of_every_region_go_to_the_tickets_of_the_central_account(
    member: Deployed, audit: Deployed
) -> None:
    assert list(replay_alerts(member, audit)) == [(REGION, 2), (OTHER_REGION, 1)]
    tickets: Any = audit.outputs["ticket_queue"]
    assert bodies(audit.session, tickets) == ["first", "second", "third"]
    assert resting(member) == {REGION: [], OTHER_REGION: []}
    assert list(replay_alerts(member, audit)) == [(REGION, 0), (OTHER_REGION, 0)]


def test_without_ticketing_nothing_is_taken_out_of_its_queue(
    member: Deployed, audit: Deployed
) -> None:
    without = Deployed(stack="acme-audit", outputs={}, session=audit.session)
    with pytest.raises(ToldError, match=r"acme-audit has no ticketing deployed.*up acme-audit"):
        list(replay_alerts(member, without))
    assert resting(member) == {REGION: ["first", "second"], OTHER_REGION: ["third"]}


def test_what_the_ticket_queue_refuses_is_left_where_it_was(
    member: Deployed, audit: Deployed
) -> None:
    gone = {**audit.outputs, "ticket_queue": f"{audit.outputs['ticket_queue']}-gone"}
    away = Deployed(stack="acme-audit", outputs=gone, session=audit.session)
    with pytest.raises(ReplayFailed, match=r"-gone takes no message: .*; 0 were sent before"):
        list(replay_alerts(member, away))
    urls: Any = member.outputs["alert_dead_letters"]
    assert bodies(member.session, urls[REGION]) == ["first", "second"]
    assert bodies(member.session, urls[OTHER_REGION], OTHER_REGION) == ["third"]


def test_dead_letters_of_a_function_go_back_to_its_own_queue(audit: Deployed) -> None:
    sqs = audit.session.client("sqs")
    sqs.send_message(QueueUrl=audit.outputs["ticket_dead_letters"], MessageBody="an event")
    assert replay_queue(audit, "tickets") == 1
    assert bodies(audit.session, audit.outputs["ticket_queue"]) == ["an event"]


def test_a_queue_that_a_stack_has_not_is_refused_with_those_that_it_has(
    member: Deployed, audit: Deployed
) -> None:
    with pytest.raises(
        ToldError, match=r"acme-member-payments has no queue tickets; it has: alert"
    ):
        replay_queue(member, "tickets")
    with pytest.raises(ToldError, match=r"acme-audit has no queue alerts; it has: tickets$"):
        list(replay_alerts(audit, audit))
