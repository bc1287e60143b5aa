"""What fleet loads before several stacks' programs run in one process."""

from __future__ import annotations

import sys
from types import ModuleType

from benchmarks.measure import in_own_process
from fleet.deploy import program
from tests.support.examples import recordings


def services() -> set[str]:
    """Those of pulumi_aws that are loaded, and not only to be loaded at their first use."""
    return {
        name
        for name, module in sys.modules.items()
        if name.startswith("pulumi_aws.") and name.count(".") == 1 and type(module) is ModuleType
    }


def loaded_and_used() -> tuple[set[str], set[str]]:
    program.load()
    loaded = services()
    recordings()
    return loaded, services()


def test_nothing_is_left_to_be_loaded_at_its_first_use_in_a_thread() -> None:
    loaded, used = in_own_process(loaded_and_used).result
    assert "pulumi_aws.iam" in loaded
    assert loaded == used
