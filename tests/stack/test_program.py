"""How the services of pulumi_aws are loaded where several stacks' programs run in one process."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import ModuleType

import pulumi_aws as aws

from benchmarks.measure import in_own_process
from fleet.deploy import program

_THREADS = 4


def used_at_once() -> tuple[bool, list[str]]:
    """Whether the largest was loaded beforehand, and what each thread got of it."""
    program.load()
    before = type(sys.modules["pulumi_aws.ec2"]) is ModuleType
    together = Barrier(_THREADS)

    def use(_: int) -> str:
        together.wait()
        return aws.ec2.VpcEndpoint.__name__

    with ThreadPoolExecutor(_THREADS) as pool:
        return before, list(pool.map(use, range(_THREADS)))


def test_a_service_is_loaded_at_its_first_use_by_one_thread_while_others_wait() -> None:
    before, got = in_own_process(used_at_once).result
    assert not before
    assert got == ["VpcEndpoint"] * _THREADS
