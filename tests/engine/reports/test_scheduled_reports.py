"""Scheduled reports through what was really deployed: schedule → runbook → S3 → mail → link."""

from __future__ import annotations

import pytest

from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.sandbox.stage import Stage


@pytest.fixture(scope="module")
def outputs(stage: Stage) -> dict[str, object]:
    deployments = [d for d in stage.deployments() if d.stack == "acme-audit"]
    in_order(deployments, Deployment.up)
    return dict(deployments[0].outputs())


def test_the_stack_says_what_starts_a_report(outputs: dict[str, object]) -> None:
    assert outputs["report_runbook"] == "acme-backup-report"
    assert outputs["report_schedules"] == {
        cadence: f"acme-backup-report-{cadence}" for cadence in ("daily", "weekly", "monthly")
    }
