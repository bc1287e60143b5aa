"""Jobs, waits, and knowing when all is done."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from aws_sandbox.events.work import PumpCrashedError, UnsettledError, Work


@pytest.fixture
def work() -> Iterator[Work]:
    started = Work(time_scale=100)
    started.start()
    yield started
    started.stop()


def test_settling_waits_for_what_jobs_submit_in_turn(work: Work) -> None:
    done: list[str] = []

    def first() -> None:
        time.sleep(0.01)
        work.submit("second", lambda: done.append("second"))

    work.submit("first", first)
    work.settle(5)
    assert done == ["second"]


def test_a_wait_is_divided_by_the_time_scale_and_settling_waits_for_it(work: Work) -> None:
    done: list[float] = []
    begun = time.monotonic()
    work.later(5, "retry", lambda: done.append(time.monotonic() - begun))
    work.later(2, "retry", lambda: done.append(time.monotonic() - begun))
    work.settle(5)
    assert len(done) == 2
    assert 0.02 <= done[0] < done[1]
    assert 0.05 <= done[1] < 4


def test_what_is_left_when_the_time_is_up_is_named(work: Work) -> None:
    release = threading.Event()

    def wait() -> None:
        release.wait(5)

    work.submit("a slow one", wait)
    work.later(500, "a late one", lambda: None)
    with pytest.raises(UnsettledError, match="a slow one; a late one"):
        work.settle(0.05)
    release.set()


def test_something_watched_is_waited_for(work: Work) -> None:
    left = ["one message"]
    work.watch(lambda: left)
    with pytest.raises(UnsettledError, match="one message"):
        work.settle(0.05)
    left.clear()
    work.settle(5)


def test_a_crash_is_told_to_whoever_settles(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    def crash() -> None:
        raise KeyError("lost")

    with caplog.at_level(logging.ERROR):
        work.submit("an event", crash)
        with pytest.raises(PumpCrashedError) as told:
            work.settle(5)
    assert isinstance(told.value.__cause__, KeyError)
    assert "an event" in caplog.text


def test_a_time_scale_that_is_no_positive_number_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        Work(time_scale=0)
