"""Where ServiceNow fails, is slow or answers nonsense: tried again, and nothing done twice."""

from __future__ import annotations

from typing import Any, cast

import pytest
import urllib3

from aws_sandbox.servicenow import Fault, RateLimit
from handlers.open_ticket import service_now
from tests.engine.tickets.conftest import COMPLETED, FAILED, Answering, Bench, event

# A run without a job that was filed has no metrics to tell, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish:UserWarning")


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(status=400, times=9), "GET /api/now/table/incident answered 400"),
        (Fault(status=403, times=9), "GET /api/now/table/incident answered 403"),
        (Fault(status=500, times=9), "the sandbox was asked to fail"),
        (Fault(status=503, times=9), "<h1>503</h1>"),
        (Fault(kind="malformed", times=9), "answered 200 without JSON"),
        (Fault(kind="reset", times=9), "Connection"),
        (Fault(kind="lost", times=9), "Connection"),
    ],
    ids=lambda value: f"{value.kind} {value.status}" if isinstance(value, Fault) else "",
)
def test_a_message_is_tried_again_when_service_now_fails_and_then_done_once(
    bench: Bench, fault: Fault, says: str
) -> None:
    bench.service.add_fault(fault)
    assert says in bench.fails(FAILED)
    bench.service.clear()
    assert bench(FAILED) == []
    assert bench.states() == ["1"]


def test_an_answer_that_is_lost_opens_no_second_incident(bench: Bench) -> None:
    bench.service.add_fault(Fault(kind="lost", method="POST"))
    bench.fails(FAILED)
    assert bench(FAILED) == []
    assert bench.states() == ["1"]


def test_nor_does_a_resolution_that_is_lost_fail_for_ever(bench: Bench) -> None:
    bench(FAILED)
    bench.service.add_fault(Fault(kind="lost", method="PATCH"))
    bench.fails(COMPLETED)
    assert bench(COMPLETED) == []
    assert bench.states() == ["6"]


def test_service_now_is_not_waited_for_longer_than_the_function_may_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = cast(Any, service_now)._TIMEOUT
    # A look-up and what follows from it, within the minute that the function has.
    assert 2 * (waits.connect_timeout + waits.read_timeout) < 60
    monkeypatch.setattr(service_now, "_TIMEOUT", urllib3.Timeout(connect=1, read=0.05))
    # An instance of its own: it notes what it was asked once nobody waits for that any more.
    bench.instance(rate_limit=RateLimit(requests=1_000)).add_fault(Fault(latency_seconds=0.3))
    assert "timed out" in bench.fails(FAILED)
    assert bench(FAILED) == []
    assert bench.states() == ["1"]


def test_a_rate_limit_is_told_with_the_time_that_it_lasts(bench: Bench) -> None:
    service = bench.instance(rate_limit=RateLimit(requests=2))
    assert bench(FAILED) == []
    why = bench.fails(event("copy-failed"))
    assert "answered 429, to be tried again after" in why
    assert "Rate limit of 2 requests per hour" in why
    assert len(service.incidents()) == 1


_NO_RECORDS: list[object] = [{"result": [{}]}, {"result": [1]}]


@pytest.mark.parametrize("content", [{}, [], None, {"result": None}, {"result": {}}, *_NO_RECORDS])
def test_an_answer_without_a_list_is_not_taken_for_no_incident(
    answering: Answering, content: object
) -> None:
    bench = answering({"GET": content})
    why = bench.fails(FAILED)
    wanted = "an incident's sys_id" if content in _NO_RECORDS else "a list of incidents"
    assert f"GET /api/now/table/incident answered without {wanted}" in why


@pytest.mark.parametrize("content", [{}, [], {"result": []}, {"result": {"number": None}}])
def test_an_incident_without_a_number_was_not_created_for_sure(
    answering: Answering, content: object
) -> None:
    bench = answering({"GET": {"result": []}, "POST": content})
    assert "POST /api/now/table/incident answered without an incident's number" in bench.fails(
        FAILED
    )
    bench = answering({"GET": {"result": [{"sys_id": "abc"}]}, "PATCH": content})
    assert "PATCH /api/now/table/incident/abc answered without an incident's number" in bench.fails(
        FAILED
    )
