"""The order of steps is that of AWS's own simulator of documents, recorded by `oracle/record.mjs`.

Whether the automation succeeds is not compared: the simulator does not know `isCritical`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aws_sandbox.systems_manager.actions import ActionError, Result
from sandbox.tests.systems_manager.conftest import Runbooks, mark

ORACLE = Path(__file__).parent / "oracle"
FLOWS = json.loads((ORACLE / "flows.json").read_text(encoding="utf-8"))
RECORDED = json.loads((ORACLE / "recorded.json").read_text(encoding="utf-8"))["flows"]


@pytest.mark.parametrize("flow", FLOWS, ids=[flow["title"] for flow in FLOWS])
def test_steps_are_called_as_awss_own_simulator_calls_them(
    runbooks: Runbooks, monkeypatch: pytest.MonkeyPatch, flow: Mapping[str, Any]
) -> None:
    calls: list[str] = []
    left = dict(flow.get("fails", {}))

    def act(step: Any, _inputs: object, _attempt: object) -> Result:
        calls.append(step.name)
        left[step.name] = left.get(step.name, 0) - 1
        if left[step.name] >= 0:
            raise ActionError("as asked for")
        return Result()

    monkeypatch.setattr("aws_sandbox.systems_manager.execution.act", act)
    runbooks.run(*(mark(**step) for step in flow["steps"]))
    assert calls == RECORDED[flow["title"]]["calls"]


def test_each_flow_is_recorded() -> None:
    assert {flow["title"] for flow in FLOWS} == {*RECORDED}
