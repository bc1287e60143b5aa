"""Units of work: their order, what a failure stops, and what an interruption leaves."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.errors import ToldError
from fleet.scheduler import Ended, run_units

Graph = Mapping[str, frozenset[str]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Units, each after some of those drawn before it, in any order."""
    units = [f"unit-{number}" for number in range(draw(st.integers(0, 8)))]
    graph = {
        unit: draw(st.frozensets(st.sampled_from(units[:position])))
        if position
        else frozenset[str]()
        for position, unit in enumerate(units)
    }
    return {unit: graph[unit] for unit in draw(st.permutations(units))}


def ancestors(graph: Graph, unit: str) -> set[str]:
    return {*graph[unit]}.union(*(ancestors(graph, first) for first in graph[unit]))


@given(graphs(), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_every_unit_comes_after_those_before_it_and_never_more_at_once_than_workers(
    graph: Graph, workers: int
) -> None:
    lock, done, running, most = threading.Lock(), list[str](), set[str](), [0]

    def act(unit: str) -> str:
        with lock:
            assert graph[unit] <= {*done}
            running.add(unit)
            most[0] = max(most[0], len(running))
        with lock:
            running.discard(unit)
            done.append(unit)
        return unit.upper()

    results = run_units(graph, act, workers=workers)
    assert list(results) == list(graph)
    assert {unit: result.value for unit, result in results.items()} == {
        unit: unit.upper() for unit in graph
    }
    assert most[0] <= workers


@given(graphs(), st.data(), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_a_failure_stops_what_depends_on_it_and_nothing_else(
    graph: Graph, data: st.DataObject, workers: int
) -> None:
    fails = data.draw(st.frozensets(st.sampled_from(sorted(graph)))) if graph else frozenset[str]()

    def act(unit: str) -> None:
        if unit in fails:
            raise ToldError(f"{unit} has no wish to")

    results = run_units(graph, act, workers=workers)
    for unit, result in results.items():
        above = ancestors(graph, unit) & fails
        if above:
            assert result.ended is Ended.NOT_TRIED
            assert {*result.because} <= above
            assert result.because
        elif unit in fails:
            assert (result.ended, str(result.error)) == (Ended.FAILED, f"{unit} has no wish to")
        else:
            assert result.ended is Ended.DONE


@given(graphs(), st.data())
@settings(max_examples=60, deadline=None)
def test_where_the_first_failure_ends_it_all_nothing_begins_after_it(
    graph: Graph, data: st.DataObject
) -> None:
    fails = data.draw(st.frozensets(st.sampled_from(sorted(graph)))) if graph else frozenset[str]()
    begun: list[str] = []

    def act(unit: str) -> None:
        begun.append(unit)
        if unit in fails:
            raise ToldError(unit)

    results = run_units(graph, act, workers=1, fail_fast=True)
    assert not fails.intersection(begun[:-1])
    for unit, result in results.items():
        if unit in begun:
            assert result.ended is (Ended.FAILED if unit in fails else Ended.DONE)
        else:
            assert (result.ended, result.because) == (Ended.NOT_TRIED, (begun[-1],))


@pytest.fixture
def plain_interrupts() -> Iterator[None]:
    """Whatever a test before has made of Ctrl-C in this process."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("plain_interrupts")
def test_an_interruption_waits_for_what_is_at_work_and_cancels_the_rest() -> None:
    came, both = threading.Event(), threading.Barrier(2, timeout=10)

    def act(unit: str) -> str:
        if unit == "first":
            both.wait()
            os.kill(os.getpid(), signal.SIGINT)
            assert came.wait(10)
            return "ended well"
        if unit == "cut off":
            both.wait()
            assert came.wait(10)
            raise ToldError("was told to end")
        return "begun"

    class Watch:
        def begins(self, unit: str) -> None:
            """Nothing to see."""

        def ends(self, unit: str, result: object) -> None:
            del result
            heard.append(unit)

    heard: list[str] = []
    timer = threading.Timer(0.5, came.set)
    timer.start()
    graph = {"first": (), "cut off": (), "queued": (), "waits": ("first",)}
    results = run_units(graph, act, workers=2, on=Watch())
    assert {unit: result.ended for unit, result in results.items()} == {
        "first": Ended.DONE,
        "cut off": Ended.CANCELLED,
        "queued": Ended.CANCELLED,
        "waits": Ended.CANCELLED,
    }
    assert str(results["cut off"].error) == "was told to end"
    assert sorted(heard) == sorted(graph)


@pytest.mark.usefixtures("plain_interrupts")
def test_a_second_interruption_waits_for_nothing() -> None:
    goes_on = threading.Event()

    def act(unit: str) -> None:
        del unit
        os.kill(os.getpid(), signal.SIGINT)
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        goes_on.wait(10)

    with pytest.raises(KeyboardInterrupt):
        run_units({"endless": ()}, act, workers=1)
    goes_on.set()


def test_units_that_wait_for_one_another_are_named() -> None:
    with pytest.raises(ToldError, match=r"wait for one another: .*bus"):
        run_units({"bus": ("vaults",), "vaults": ("bus",)}, str, workers=2)


def test_what_nobody_foresaw_is_the_units_failure_with_its_traceback() -> None:
    result = run_units({"odd": ()}, lambda unit: len(unit) // 0, workers=1)["odd"]
    assert result.ended is Ended.FAILED
    assert isinstance(result.error, ZeroDivisionError)
    assert result.error.__traceback__ is not None
