"""Each benchmark at a tiny size, so that it still runs when somebody wants its figures."""

from collections.abc import Sequence
from functools import cache

import pytest

from benchmarks.by_name import NAMES, run_tiny
from benchmarks.measure import Measure, in_own_process


@cache
def tiny(name: str) -> Sequence[Measure]:
    """In a process of its own: moto's state, and the sandbox's Athena, belong to the process."""
    return in_own_process(run_tiny, name).result


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_and_has_a_baseline_for_each_line(name: str) -> None:
    lines = tiny(name)
    assert lines
    assert len({str(line) for line in lines}) == len(lines)
    for line in lines:
        assert line.base > 0, line
        assert line.value >= 0, line


def test_no_delivery_costs_more_than_a_look_in_glue_and_no_folder_more_than_a_creation() -> None:
    first, again, *_ = tiny("glue_calls")
    tables = 5
    assert round(first.value * 40) == 40 + 10 + tables
    assert again.value == 1


def test_a_backfill_makes_no_more_calls_than_the_floor() -> None:
    calls = [line for line in tiny("backfill") if line.at_most]
    assert [line.ratio for line in calls] == [1] * 5


def test_a_storm_of_repeats_costs_a_note_a_minute_and_what_changes_nothing_one_call() -> None:
    goals = [line for line in tiny("tickets") if line.at_most]
    assert len(goals) == 3
    assert [line for line in goals if line.ratio > 1] == []


def test_a_line_says_the_ratio_and_whether_it_meets_the_goal() -> None:
    line = Measure(what="x", value=1, unit="s", baseline="y", base=4, at_most=0.2)
    assert str(line) == "x: 1 s; y: 4; ratio 0.2500, goal 0.2000 MISSED"
