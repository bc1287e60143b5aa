"""The benchmarks, imported only in the process that runs them."""

import importlib
import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from benchmarks.measure import Measure

NAMES = (
    "commands",
    "deployments",
    "fleet",
    "policy_pack",
    "cold_starts",
    "glue_calls",
    "backfill",
    "bytes_read",
    "curation",
    "large_organization",
    "report_figures",
    "tickets",
)


def run_full(name: str) -> Sequence[Measure]:
    return _run(name, "FULL")


def run_tiny(name: str) -> Sequence[Measure]:
    return _run(name, "TINY")


def _run(name: str, size: str) -> Sequence[Measure]:
    """Powertools prints every hundredth metric, whatever its settings: not between the lines."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        module = importlib.import_module(f"benchmarks.{name}")
        return module.run(getattr(module, size))
