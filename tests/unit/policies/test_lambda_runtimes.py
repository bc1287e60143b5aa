"""The table of Lambda's runtimes, beside the one that cfn-lint keeps."""

from __future__ import annotations

import json
from importlib import resources

from policies.lambda_runtimes import SUPPORTED_UNTIL


def test_runtimes_are_supported_for_as_long_as_cfn_lint_says() -> None:
    told = resources.files("cfnlint") / "data/AdditionalSpecs/LmbdRuntimeLifecycle.json"
    theirs = json.loads(told.read_text(encoding="utf-8"))
    ours = {runtime: day.isoformat() for runtime, day in SUPPORTED_UNTIL.items()}
    assert ours == {runtime: dates["deprecated"] for runtime, dates in theirs.items()}
