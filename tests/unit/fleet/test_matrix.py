"""Stacks as jobs in waves."""

from __future__ import annotations

import json

import pytest

from fleet.deploy.matrix import MOST_JOBS, in_waves
from fleet.errors import ToldError
from tests.support.command import backup_org


def test_each_stack_is_in_a_wave_after_those_that_it_reads() -> None:
    before = {"audit": set[str](), "management": {"audit"}, "member": {"audit", "management"}}
    assert in_waves(before, MOST_JOBS) == [[["audit"]], [["management"]], [["member"]]]


@pytest.mark.parametrize("stacks", [1, 255, 256, 257, 511, 512, 1000])
def test_a_wave_has_no_more_jobs_than_github_takes_and_each_stack_once(stacks: int) -> None:
    before = {f"member-{number:04}": set[str]() for number in range(stacks)}
    (wave,) = in_waves(before, MOST_JOBS)
    assert len(wave) == min(stacks, MOST_JOBS)
    assert [stack for job in wave for stack in job] == sorted(before)
    sizes = {len(job) for job in wave}
    assert max(sizes) - min(sizes) <= 1


def test_the_jobs_are_one_line_of_json_for_whoever_names_them_to_another_command() -> None:
    answer = backup_org("matrix", "acme", "--jobs", "1", "--waves", "2")
    assert (answer.exit_code, len(answer.output.splitlines())) == (0, 1)
    first, second = json.loads(answer.output)
    assert first == [{"name": "acme-audit", "stacks": "acme-audit"}]
    (job,) = second
    assert job["name"] == "acme-management and 2 more"
    assert job["stacks"] == "acme-management acme-member-payments acme-member-web"


def test_more_waves_than_a_workflow_has_are_refused_with_the_cure() -> None:
    with pytest.raises(ToldError, match=r"2 waves, and the workflow has 1: .*--waves 2"):
        backup_org("matrix", "acme", "--waves", "1")


def test_what_needs_no_order_is_one_wave() -> None:
    (wave,) = json.loads(backup_org("matrix", "acme", "--at-once", "--waves", "1").output)
    assert len(wave) == 4
