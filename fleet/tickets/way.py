"""The way from an account to ServiceNow, tried by an event of its own that is followed."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import boto3

from fleet import access
from fleet.deploy.deployment import Deployment, Engine
from fleet.errors import ToldError
from fleet.replay.dead_letters import on_their_way, resting
from fleet.replay.facts import reason
from fleet.tickets.ledger import Item, Ledger, ledger_of, moment
from reports.correlation import deduplication_key
from reports.own_events import EVENT_SOURCE, TICKET_TEST
from reports.ticket_ledger import PAUSE_KEY
from stacks import names
from stacks.references import alerts_stack
from stacks.settings import Settings

_POLL_SECONDS = 0.5


class WayIsBroken(ToldError):
    """A hop by which the test's event did not come through; says which, and why as far as seen."""


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A part of the way that the event has behind it."""

    what: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Way:
    settings: Settings
    stack: str
    region: str
    outputs: Mapping[str, Any]
    session: boto3.Session
    """In the stack's account."""
    central: str
    central_outputs: Mapping[str, Any]
    central_session: boto3.Session
    ledger: Ledger

    @classmethod
    def of(cls, engine: Engine, stack: str, region: str | None) -> Way:
        """Raises ToldError for a Region from which nothing is forwarded, and without ticketing."""
        deployment = Deployment(engine, stack)
        settings = deployment.settings
        forwarded = settings.alert_regions
        if region is not None and region not in forwarded:
            raise ToldError(f"{stack} forwards nothing from {region}; it does from {forwarded}")
        ledger = ledger_of(engine, settings)
        name = alerts_stack(settings)
        if ledger is None:
            raise ToldError(f"{name} has no ticketing: there is no way to try")
        central = Deployment(engine, name)
        return cls(
            settings=settings,
            stack=stack,
            region=region or next(iter(forwarded)),
            outputs=deployment.outputs(),
            session=access.session(settings),
            central=name,
            central_outputs=central.outputs(),
            central_session=access.session(central.settings),
            ledger=ledger,
        )

    def tried(self, patience: float) -> Iterator[Passed]:
        """Raises WayIsBroken where nothing is seen for so many seconds. What was begun is ended: a
        test that arrives late is resolved by what was put after it."""
        test = uuid.uuid4().hex
        account = self.settings.account
        key = deduplication_key(self.settings.customer, "test", account, self.region, test)
        clock = _Clock()
        self._put(test, "FAILED", "a test of the way to ServiceNow: nothing is wrong")
        yield Passed(
            what=f"put on the default bus of {account} in {self.region}", seconds=clock.lap()
        )
        try:
            self._until(lambda item: "failure" in item, key, patience, self._before_function(test))
            yield Passed(what="at the function, by way of its queue", seconds=clock.lap())
            item = self._until(_is_open, key, patience, self._before_service_now)
            yield Passed(what=f"{item['incident_number']} opened", seconds=clock.lap())
        finally:
            self._put(test, "COMPLETED", "the test is over")
        self._until(
            lambda item: bool(item) and not _is_open(item), key, patience, self._before_service_now
        )
        yield Passed(what="resolved, by the same way", seconds=clock.lap())

    def _put(self, test: str, state: Literal["FAILED", "COMPLETED"], message: str) -> None:
        detail = {"testId": test, "state": state, "statusMessage": message}
        events = self.session.client("events", region_name=self.region)
        answer = events.put_events(
            Entries=[
                {
                    "Source": EVENT_SOURCE,
                    "DetailType": TICKET_TEST,
                    "Detail": json.dumps(detail),
                }
            ]
        )
        for entry in answer["Entries"]:
            if "ErrorCode" in entry:
                why = f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}"
                raise WayIsBroken(f"the default bus does not take the event: {why}")

    def _until(
        self,
        fits: Callable[[Item], bool],
        key: str,
        patience: float,
        why: Callable[[], str],
    ) -> Item:
        deadline = time.monotonic() + patience
        while True:
            item = self.ledger.item(key)
            if fits(item):
                return item
            if time.monotonic() >= deadline:
                raise WayIsBroken(f"broken, {patience:.0f} s long: {why()}")
            time.sleep(_POLL_SECONDS)

    def _before_function(self, test: str) -> Callable[[], str]:
        """Where the event rests, or might be held up, from the account's bus on."""
        return lambda: next(self._obstacles(test), "the event is in no queue, and was not seen")

    def _obstacles(self, test: str) -> Iterator[str]:
        forwarding = f"the hop from {self.stack} in {self.region} to the alert bus"
        url = self.outputs["alert_dead_letters"][self.region]
        here = self.session.client("sqs", region_name=self.region)
        for letter in resting(here, url):
            if test in letter.body:
                yield f"{forwarding}: {reason(letter)}; it rests in {url}"
        there = self.central_session.client("sqs")
        url = self.central_outputs["ticket_dead_letters"]
        for letter in resting(there, url):
            if test in letter.body:
                why = reason(letter) or "the function could not work it off: see its log"
                yield f"the hop to the ticket function of {self.central}: {why}; it rests in {url}"
        yield from self._held_up()
        rules = self.session.client("events", region_name=self.region)
        name = names.monitoring_rule(self.settings)
        found = rules.list_rules(NamePrefix=name)["Rules"]
        off = [rule.get("Name", "") for rule in found if rule.get("State") != "ENABLED"]
        if off or not found:
            yield f"{forwarding}: the rule {', '.join(off) or name} is {'off' if off else 'gone'}"

    def _held_up(self) -> Iterator[str]:
        queue, function = (self.central_outputs[f"ticket_{of}"] for of in ("queue", "function"))
        mappings = self.central_session.client("lambda").list_event_source_mappings(
            FunctionName=function
        )["EventSourceMappings"]
        states = {mapping.get("State", "") for mapping in mappings}
        if "Enabled" not in states:
            state = ", ".join(sorted(states)) or "gone"
            yield f"the hop from its queue to {function}: the mapping between them is {state}"
        if waiting := on_their_way(self.central_session.client("sqs"), queue):
            yield f"{function} has not come to it: {waiting} messages are in its queue"

    def _before_service_now(self) -> str:
        until = self.ledger.item(PAUSE_KEY).get("paused_until")
        if until is not None and moment(until) > datetime.now(UTC):
            return f"ServiceNow wants to be asked nothing until {moment(until):%H:%M:%S} UTC"
        function = self.central_outputs["ticket_function"]
        return f"ServiceNow was not told: the log of {function} says why"


class _Clock:
    def __init__(self) -> None:
        self._last = time.monotonic()

    def lap(self) -> float:
        """Seconds since the last one."""
        last, self._last = self._last, time.monotonic()
        return self._last - last


def _is_open(item: Item) -> bool:
    return bool(item.get("incident_open")) and bool(item.get("incident_number"))
