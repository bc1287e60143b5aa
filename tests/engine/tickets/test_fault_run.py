"""Every failure becomes one incident and none is lost, whatever fails on the way."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from handlers.open_ticket.settings import TicketSettings
from tests.engine.tickets.happenings import Happenings, Job, Subject, malformed
from tests.engine.tickets.simulation import Faults, Simulation
from tests.support.in_memory_dynamodb import LEDGER

START = datetime(2026, 11, 21, tzinfo=UTC)
_JOB = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"\d+")
_RESOURCE = re.compile(r"arn:aws:ec2:[-a-z0-9]+:\d{12}:instance/i-[0-9a-f]{8}")


@dataclass(frozen=True, kw_only=True)
class Size:
    jobs: int
    resources: int
    hours: float


TINY = Size(jobs=60, resources=10, hours=2)
SHORT = Size(jobs=600, resources=60, hours=4)
LONG = Size(jobs=10_000, resources=500, hours=24)


class Run:
    """Every event comes twice, out of order, among others that nobody can read."""

    def __init__(self, size: Size, seed: int) -> None:
        self.size = size
        start = START.timestamp()
        self.happened = Happenings(seed, start, size.hours, size.jobs, size.resources)
        away = start + size.hours * 1800
        self.simulation = Simulation(
            seed=seed,
            starts=START,
            settings=TicketSettings(customer="acme"),
            lookup=self.happened,
            faults=Faults(
                service_now=0.3,
                away=(away, away + 3600),
                killed=0.002,
                handed_out_twice=0.02,
                conflicts=0.01,
            ),
        )
        self.malformed = self._deliver(Random(seed))  # noqa: S311 - a story, not a secret

    def _deliver(self, random: Random) -> Counter[str]:
        for job in self.happened.all:
            for latest in (30, 3600):
                late = random.uniform(0, latest if random.random() < 0.8 else 3600)
                self.simulation.put(job.event(), job.told + late)
        bad = [text for _ in range(self.size.jobs // 500) for text in malformed(random)]
        for text in bad:
            self.simulation.queue.put(text, START.timestamp() + random.uniform(0, 3600))
        return Counter(bad)

    def open(self) -> Mapping[Subject, Sequence[str]]:
        """What incidents stand for, with the numbers of those that are open for each."""
        found: dict[Subject, list[str]] = {}
        listed: dict[Subject, str] = {}
        for incident in self.simulation.service.incidents():
            if incident["state"] in {"1", "2", "3"}:
                by_cause, others = self._subjects(incident)
                for subject in by_cause:
                    found.setdefault(subject, []).append(incident["number"])
                listed |= dict.fromkeys(others, incident["number"])
        return {**{subject: [number] for subject, number in listed.items()}, **found}

    def _subjects(self, incident: Mapping[str, str]) -> tuple[set[Subject], set[Subject]]:
        """Of a storm's incident: those that failed by its cause since they last went well, and the
        others that it lists. Whose success was told after its next failure has not left it."""
        jobs = (self.happened.job(job_id) for job_id in _JOB.findall(incident["description"]))
        of = {job.subject: job for job in jobs if job is not None}
        if "\nResources (" not in incident["description"]:
            return set(of), set()
        (one,) = of.values()
        return self._of_one_storm(one, set(_RESOURCE.findall(self._told(incident))))

    def _told(self, incident: Mapping[str, str]) -> str:
        notes = cast(Any, self.simulation.service)._incidents.journal(
            incident["sys_id"], "work_notes"
        )
        return incident["description"] + notes

    def _of_one_storm(self, one: Job, resources: set[str]) -> tuple[set[Subject], set[Subject]]:
        cause = _NUMBER.sub("", one.message)
        listed = {
            subject: any(_NUMBER.sub("", job.message) == cause for job in jobs)
            for subject, jobs in self.happened.not_well().items()
            if (subject[0], subject[1] in resources) == (one.kind, True)
        }
        by_cause = {subject for subject, is_by_cause in listed.items() if is_by_cause}
        return by_cause, listed.keys() - by_cause

    def dead(self) -> Counter[str]:
        return Counter(letter.body for letter in self.simulation.queue.dead)

    def figures(self) -> dict[str, float]:
        simulation, wire = self.simulation, self.simulation.wire
        events, done = self.size.jobs, Counter(what for _, what, _ in wire.done)
        return {
            "events": events,
            "deliveries": events * 2 + self.malformed.total(),
            "incidents": len(simulation.service.incidents()),
            "notes": done["noted"],
            "resolved": done["resolved"],
            "reopened": done["reopened"],
            "killed": simulation.outcomes["Killed"],
            "calls that failed": wire.failures.total(),
            "dead letters": len(simulation.queue.dead),
            "malformed": self.malformed.total(),
            "ServiceNow calls an event": round(wire.calls.total() / events, 2),
            "DynamoDB calls an event": round(simulation.dynamodb.calls.total() / events, 2),
        }


@contextmanager
def run(size: Size, seed: int) -> Generator[Run]:
    made = Run(size, seed)
    try:
        made.simulation.run()
        yield made
    finally:
        made.simulation.close()


def _check(made: Run, tell: Callable[[str, object], None]) -> None:
    not_well = made.happened.not_well()
    assert made.malformed == made.malformed & made.dead()
    waiting = made.dead() - made.malformed
    resting = {job.subject for job in made.happened.all if job.event() in waiting}
    lost = not_well.keys() - made.open().keys() - resting
    figures = made.figures()
    made.simulation.replay()
    found = made.open()
    surplus = {subject: numbers for subject, numbers in found.items() if len(numbers) > 1}
    figures |= {"lost": len(lost), "duplicates": len(surplus)}
    tell("told", ", ".join(f"{name} {figure:,}" for name, figure in figures.items()))
    assert lost == set()
    assert surplus == {}
    assert found.keys() == not_well.keys()
    assert made.dead() == made.malformed


@pytest.mark.parametrize("seed", [1, 2])
def test_each_thing_that_is_not_well_has_one_incident_whatever_failed(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    with run(SHORT, seed) as made:
        _check(made, record_property)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_thousand_events_of_five_hundred_resources_end_alike(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    with run(LONG, seed) as made:
        _check(made, record_property)


def test_the_table_in_memory_answers_as_moto_does() -> None:
    with run(TINY, 1) as made, mock_aws():
        session: Any = boto3.Session("testing", "testing", region_name="eu-central-1")
        moto = session.client("dynamodb")
        moto.create_table(**LEDGER, TableName="ledger")
        for operation, asked, answered in made.simulation.dynamodb.log:
            assert _told(_answer(moto, operation, asked)) == _told(answered), (operation, asked)


def _answer(client: Any, operation: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return getattr(client, operation)(**asked)
    except ClientError as error:
        return cast(Any, error.response)


def _told(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """What both say in their own words left out, and sets in one order."""
    error = answer.get("Error", {}).get("Code")
    reasons = [(each["Code"], each.get("Item")) for each in answer.get("CancellationReasons", ())]
    items = {name: answer.get(name) for name in ("Item", "Items", "Attributes", "Responses")}
    return json.loads(json.dumps([error, reasons, items]), object_hook=_sorted)


def _sorted(value: dict[str, Any]) -> dict[str, Any]:
    return {"SS": sorted(value["SS"])} if value.keys() == {"SS"} else value
