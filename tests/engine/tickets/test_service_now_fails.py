"""Where ServiceNow fails, is slow or answers nonsense: waited for, and nothing done twice."""

from __future__ import annotations

from typing import Any, cast

import pytest
import urllib3

from aws_sandbox.servicenow import Fault, RateLimit
from handlers.open_ticket import service_now
from tests.engine.tickets.conftest import COMPLETED, FAILED, Answering, Bench, event


@pytest.mark.parametrize("status", [400, 403])
def test_what_service_now_refuses_costs_a_try_and_is_then_done_once(
    bench: Bench, status: int
) -> None:
    bench.service.add_fault(Fault(status=status, times=9))
    assert f"GET /api/now/table/incident answered {status}" in bench.fails(FAILED)
    bench.service.clear()
    bench(FAILED)
    assert bench.states() == ["1"]


def test_what_stays_refused_rests_in_the_dead_letters_after_five_tries(bench: Bench) -> None:
    bench.service.add_fault(Fault(status=403, times=99))
    bench(FAILED)
    for _ in range(4):
        assert bench.queue.parked == []
        bench.later(minutes=15)
    (parked,) = bench.queue.parked
    assert "answered 403" in parked.attributes["Reason"]
    assert bench.queue.back == []


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(status=429), "answered 429"),
        (Fault(status=500), "the sandbox was asked to fail"),
        (Fault(status=503), "<h1>503</h1>"),
        (Fault(kind="malformed"), "answered 200 without JSON"),
        (Fault(kind="reset"), "Connection"),
        (Fault(kind="lost"), "Connection"),
    ],
    ids=lambda value: f"{value.kind} {value.status}" if isinstance(value, Fault) else "",
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_outage_is_waited_for_at_no_try_and_then_it_is_done_once(
    bench: Bench, fault: Fault, says: str, method: str
) -> None:
    bench.service.add_fault(Fault(kind=fault.kind, status=fault.status, method=method))
    assert says in bench.waits(FAILED)
    bench.later(minutes=3)
    assert bench.states() == ["1"]
    assert bench.queue.back == []


def test_nobody_is_there_to_connect_to(bench: Bench) -> None:
    url = bench.service.url
    bench.env("SERVICE_NOW_URL", "http://127.0.0.1:9")
    bench.forget()
    assert "was not sent" in bench.waits(FAILED)
    bench.env("SERVICE_NOW_URL", url)
    bench.forget()
    bench.later(minutes=3)
    assert bench.states() == ["1"]


def test_an_hour_of_outage_costs_no_try_and_few_calls(bench: Bench) -> None:
    bench.service.add_fault(Fault(status=503, times=10_000))
    bench(FAILED, event("copy-failed"))
    for _ in range(60):
        bench.later(minutes=1)
    assert bench.queue.parked == []
    assert len(bench.asked()) < 15
    bench.no_more_faults()
    bench.later(minutes=15)
    bench.later(minutes=15)
    assert bench.states() == ["1", "1"]


def test_a_resolution_whose_answer_is_lost_is_done_once(bench: Bench) -> None:
    bench(FAILED)
    bench.service.add_fault(Fault(kind="lost", method="PATCH"))
    bench.waits(COMPLETED)
    bench.later(minutes=3)
    assert bench.states() == ["6"]


def test_a_slow_answer_makes_no_second_incident(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The POST still lands after the function has stopped waiting for it."""
    monkeypatch.setattr(service_now, "_TIMEOUT", urllib3.Timeout(connect=1, read=0.05))
    # An instance of its own: it notes what it was asked once nobody waits for that any more.
    service = bench.instance(rate_limit=RateLimit(requests=1_000))
    service.add_fault(Fault(kind="late", method="POST", latency_seconds=0.3))
    assert "timed out" in bench.waits(FAILED)
    again = event("backup-failed", backupJobId="another")
    bench(again)
    assert [method for method, _ in bench.asked()] == ["GET", "POST"]
    monkeypatch.setattr(service_now, "_TIMEOUT", urllib3.Timeout(connect=1, read=5))
    bench.later(minutes=3)
    assert bench.states() == ["1"]


def test_a_lease_whose_outcome_is_unknown_is_kept_to_its_end(bench: Bench) -> None:
    bench.service.add_fault(Fault(kind="lost", method="POST"))
    bench(FAILED)
    before = len(bench.asked())
    bench.later(seconds=30)
    assert len(bench.asked()) == before
    bench.later(minutes=2)
    assert len(bench.asked()) > before


def test_of_several_incidents_of_one_episode_the_oldest_stays_and_the_surplus_is_told(
    bench: Bench,
) -> None:
    bench.service.add_fault(Fault(kind="lost", method="POST"))
    bench(FAILED)
    (first,) = bench.service.incidents()
    bench.client().create_incident(
        {"correlation_id": first["correlation_id"], "short_description": "landed late"}
    )
    bench.later(minutes=3)
    assert bench.states() == ["1", "6"]
    assert bench.service.incidents()[1]["close_code"] == "Duplicate"
    assert bench.outcomes[-1].surplus == 1
    assert bench.service.incidents()[1]["number"] in bench.journal(first["sys_id"])


def test_all_of_an_episode_are_resolved(bench: Bench) -> None:
    bench(FAILED)
    (first,) = bench.service.incidents()
    bench.client().create_incident(
        {"correlation_id": first["correlation_id"], "short_description": "landed late"}
    )
    bench(COMPLETED)
    assert bench.states() == ["6", "6"]
    assert bench.outcomes[-1].surplus == 1


def test_service_now_is_not_waited_for_longer_than_the_function_may_run(bench: Bench) -> None:
    waits = cast(Any, service_now)._TIMEOUT
    assert waits.connect_timeout + waits.read_timeout == service_now.CALL_SECONDS
    bench.remaining_seconds = service_now.CALL_SECONDS - 1
    assert "time is nearly up" in bench.waits(FAILED)
    assert bench.asked() == []
    bench.remaining_seconds = 90
    bench.later(seconds=30)
    assert bench.states() == ["1"]


def test_a_rate_limit_by_the_hour_costs_no_try_however_many_wait(bench: Bench) -> None:
    bench.set(storm=None)
    # A window that is not over while this runs.
    service = bench.instance(rate_limit=RateLimit(requests=20, seconds=10**10))
    failures = [
        event("backup-failed", resourceArn=f"arn:aws:ec2:eu-central-1:333333333333:volume/{n}",
              statusMessage=str(n), backupJobId=str(n))
        for n in range(40)
    ]  # fmt: skip
    bench(*failures)
    before = len(bench.asked())
    assert len(service.incidents()) == 10
    assert max(bench.queue.delays) == 900
    bench.later(minutes=5)
    assert len(bench.asked()) == before
    assert bench.queue.parked == []
    assert all("Tries" not in message.attributes for message in bench.queue.back)
    assert len(bench.queue.back) == 30


@pytest.mark.parametrize("content", [{}, [], None, {"result": None}, {"result": {}}])
def test_an_answer_without_a_list_is_not_taken_for_no_incident(
    answering: Answering, content: object
) -> None:
    bench = answering({"GET": content})
    why = bench.fails(FAILED)
    assert "GET /api/now/table/incident answered without a list of incidents" in why


_NO_RECORDS: list[object] = [{"result": [{}]}, {"result": [1]}]


@pytest.mark.parametrize("content", _NO_RECORDS)
def test_nor_is_a_list_of_something_else(answering: Answering, content: object) -> None:
    bench = answering({"GET": content})
    assert "answered without an incident's correlation_id" in bench.fails(FAILED)


def test_an_incident_that_was_not_asked_for_is_neither_noted_nor_resolved(
    answering: Answering,
) -> None:
    """ServiceNow drops a part of a query that it does not understand."""
    others = {"number": "INC1", "sys_id": "abc", "state": "1", "correlation_id": "of another",
              "sys_created_on": "2026-11-21 20:00:00"}  # fmt: skip
    bench = answering({"GET": {"result": [others]}})
    why = bench.fails(FAILED)
    assert "answered with an incident of of another when asked for backup-org-" in why


@pytest.mark.parametrize("content", [{}, [], {"result": []}, {"result": {"number": None}}])
def test_an_incident_without_a_number_was_not_created_for_sure(
    answering: Answering, content: object
) -> None:
    bench = answering({"GET": {"result": []}, "POST": content})
    why = bench.waits(FAILED)
    assert "POST /api/now/table/incident answered without an incident's number" in why
