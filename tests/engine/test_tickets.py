"""The deployed way of alerts to ServiceNow, on one account alone: what becomes of what fails, of
what is replayed, and of a way that is cut."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fleet.deploy.deployment import Deployment
from fleet.project import PROJECT_VARIABLE
from fleet.replay.hops import Deployed
from fleet.sandbox.stage import Stage
from fleet.tickets.way import Way, WayIsBroken
from tests.support.command import backup_org

ACCOUNT, REGION, STACK = "777777777777", "eu-west-1", "globex-management"
_volumes = itertools.count(1)


@dataclass(frozen=True)
class Globex:
    """The account with its ticketing, deployed."""

    stage: Stage

    def client(self, service: str) -> Any:
        session: Any = self.stage.sandbox.session(ACCOUNT, REGION)
        return session.client(service)

    def deployed(self) -> Deployed:
        return Deployed(
            stack=STACK,
            outputs=Deployment(self.stage.engine, STACK).outputs(),
            session=self.stage.sandbox.session(ACCOUNT, REGION),
        )

    def settle(self) -> None:
        self.stage.sandbox.call("settle")

    def job(self, volume: str, state: str) -> None:
        """A backup of the volume ends so, and all that follows is over."""
        self.stage.sandbox.call(
            "backup.job",
            kind="backup",
            account=ACCOUNT,
            region=REGION,
            vault="standard",
            resource_arn=volume,
            state=state,
        )
        self.settle()

    def service_now(self, **given: Any) -> Any:
        return self.stage.sandbox.call("servicenow", **given)

    def states(self, about: str) -> list[str]:
        """Of incidents, by ServiceNow's numbers: 1 new, 2 in progress, 6 resolved."""
        found = self.service_now()["incidents"]
        return [incident["state"] for incident in found if about in incident["description"]]

    def asked(self, method: str) -> int:
        return sum(request["method"] == method for request in self.service_now()["requests"])


@pytest.fixture(scope="module")
def globex(stage_of: Callable[[str], Stage]) -> Iterator[Globex]:
    stage = stage_of("globex")
    Deployment(stage.engine, STACK).up()
    # The commands find the sandbox as they would AWS.
    environment = stage.workspace.environment(stage.sandbox, next(iter(stage.stacks.values())))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv(PROJECT_VARIABLE, str(stage.workspace.project))
        yield Globex(stage)


@pytest.fixture
def volume() -> str:
    return f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-{next(_volumes):017x}"


def test_a_failure_opens_its_repeat_is_noted_and_a_success_resolves(
    globex: Globex, volume: str
) -> None:
    globex.job(volume, "FAILED")
    assert globex.states(volume) == ["1"]
    before = globex.asked("PATCH")
    globex.job(volume, "FAILED")
    assert globex.asked("PATCH") == before + 1
    told = backup_org("tickets", "list", "--stack", STACK).output
    assert "2 times" in told
    assert "1 not well" in told
    globex.job(volume, "COMPLETED")
    assert globex.states(volume) == ["6"]
    assert "all is well" in backup_org("tickets", "list", "--stack", STACK).output


def test_a_failure_after_the_resolution_reopens_the_incident(globex: Globex, volume: str) -> None:
    for state in ("FAILED", "COMPLETED", "FAILED"):
        globex.job(volume, state)
    assert globex.states(volume) == ["2"]
    globex.job(volume, "COMPLETED")
    assert globex.states(volume) == ["6"]


def test_a_rate_limit_keeps_the_alert_waiting_and_loses_none(globex: Globex, volume: str) -> None:
    globex.service_now(fail={"kind": "status", "status": 429, "retry_after": 2, "times": 6})
    globex.job(volume, "FAILED")
    assert globex.states(volume) == ["1"]
    assert resting(globex) == []
    globex.job(volume, "COMPLETED")


def resting(globex: Globex) -> list[str]:
    """The volumes of events that rest in the tickets' dead letters."""
    shown = backup_org("replay", STACK, "tickets", "--dry-run").output
    return [line for line in shown.splitlines() if "volume/vol-" in line]


def test_what_service_now_refuses_rests_and_is_replayed_to_its_incident(
    globex: Globex, volume: str
) -> None:
    globex.service_now(fail={"kind": "status", "status": 403, "times": 15})
    others = [f"{volume}{n}" for n in range(3)]
    for each in others:
        globex.job(each, "FAILED")
    assert len(resting(globex)) == 3
    told = backup_org("replay", STACK, "tickets", "--filter", f"resource={others[0]}").output
    assert "1 of 1 message sent to globex-backup-tickets" in told
    assert "1 opened an incident" in told
    assert len(resting(globex)) == 2
    told = backup_org("replay", STACK, "--rate", "600").output
    assert "2 opened an incident" in told
    assert resting(globex) == []
    assert [globex.states(each) for each in others] == [["1"]] * 3
    for each in others:
        globex.job(each, "COMPLETED")


def test_an_event_of_an_account_that_is_not_its_own_rests_with_the_reason(
    globex: Globex, volume: str
) -> None:
    event: dict[str, Any] = {
        "version": "0",
        "id": "forged",
        "detail-type": "Backup Job State Change",
        "source": "aws.backup",
        "account": "999999999999",
        "region": REGION,
        "time": "2026-11-21T20:15:26Z",
        "resources": [],
        "detail": {"backupJobId": "x", "state": "FAILED", "resourceArn": volume},
    }
    outputs = globex.deployed().outputs
    globex.client("sqs").send_message(
        QueueUrl=outputs["ticket_queue"], MessageBody=json.dumps(event)
    )
    globex.settle()
    assert globex.states(volume) == []
    shown = backup_org("replay", STACK, "tickets", "--dry-run").output
    assert "999999999999" in shown
    assert "organization" in shown
    globex.client("sqs").purge_queue(QueueUrl=outputs["ticket_dead_letters"])


def test_the_way_is_tried_from_the_bus_to_the_incident_and_back(globex: Globex) -> None:
    said = backup_org("tickets", "test", STACK)
    assert said.exit_code == 0
    assert "opened\n" in said.output
    assert "resolved, by the same way\n" in said.output


def test_a_way_that_is_cut_is_told_where(globex: Globex) -> None:
    way = Way.of(globex.stage.engine, STACK, None)
    events = globex.client("events")
    events.disable_rule(Name="globex-backup-alerts")
    with pytest.raises(WayIsBroken, match=r"to the alert bus: the rule globex-backup-alerts is of"):
        list(way.tried(1))
    events.enable_rule(Name="globex-backup-alerts")
