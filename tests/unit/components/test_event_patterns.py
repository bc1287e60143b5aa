"""Which sample events each rule's pattern matches, by moto's matcher of patterns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moto.events.models import EventPattern

from components.event_patterns import PATTERN_LIMIT, MonitoredEvents, event_patterns

SAMPLES = Path(__file__).parents[1] / "handlers" / "events"
ALWAYS = {
    "backup-failed",
    "backup-expired",
    "backup-aborted",
    "copy-failed",
    "copy-aborted",
    "restore-failed",
    "restore-aborted",
    "alarm-goes-off",
    "missing-reports",
    "runbook-failed",
    "ticket-test",
}
BY_DECISION: Mapping[str, set[str]] = {
    "resolve": {
        "backup-completed",
        "copy-completed",
        "restore-completed",
        "alarm-is-over",
        "runbook-succeeded",
    },
    "partial": {"backup-partial"},
    "restore_tests": {"restore-test-failed", "restore-test-verdict"},
    "malware": {"scan-threats-found", "scan-completed-with-issues", "scan-failed"},
    "changes": {"change-by-person", "change-by-user", "change-by-root"},
    "completed_with_issues": {"backup-completed"},
    "missing_reports": {"missing-reports"},
    "heartbeat": {"heartbeat", "daily-look"},
}
NEVER = {
    "backup-running",
    "scan-clean",
    "change-by-deploy-role",
    "change-by-own-role",
    "change-by-aws",
    "change-refused",
    "change-of-nothing",
    "alarm-of-others",
    "runbook-of-others",
}
OFF: dict[str, bool] = dict.fromkeys(BY_DECISION, False)
DEPLOYERS = [
    "arn:aws:iam::333333333333:role/OrganizationAccountAccessRole",
    "arn:aws:iam::333333333333:role/acme-backup-*",
    "arn:aws:iam::333333333333:role/aws-service-role/*",
]


def monitored(decisions: dict[str, bool], prefix: str = "acme-backup-") -> MonitoredEvents:
    return MonitoredEvents(
        **OFF | decisions,
        name_prefix=prefix,
        one_at_a_time=[f"{prefix}{name}" for name in ("report", "drill", "drill-clean-up")],
        missing_reports_alarm=f"{prefix}reports-watch-missing",
        deployers=DEPLOYERS,
    )


def samples() -> Mapping[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in SAMPLES.glob("*.json")}


def matched(events: MonitoredEvents) -> list[str]:
    """The names of samples, once for each pattern that matches."""
    patterns = [EventPattern.load(text) for text in event_patterns(events).values()]
    return sorted(
        name
        for name, sample in samples().items()
        for pattern in patterns
        if pattern.matches_event(sample)
    )


def test_every_sample_is_of_events_that_are_told_always_by_decision_or_never() -> None:
    assert samples().keys() == ALWAYS | NEVER | set[str]().union(*BY_DECISION.values())


@pytest.mark.parametrize("decision", BY_DECISION)
def test_a_decision_adds_its_events_and_no_others(decision: str) -> None:
    told = ALWAYS - ({"missing-reports"} if decision != "missing_reports" else set())
    assert matched(monitored({decision: True})) == sorted(told | BY_DECISION[decision])


def test_all_together_match_each_event_once() -> None:
    everything = monitored(dict.fromkeys(BY_DECISION, True))
    assert matched(everything) == sorted(samples().keys() - NEVER)


def test_the_central_rule_leaves_it_to_the_accounts_whose_changes_are_no_news() -> None:
    told = matched(replace(monitored({"changes": True}), deployers=()))
    assert {"change-by-deploy-role", "change-by-person", "change-by-user"} <= {*told}
    assert "change-refused" not in told


def test_no_pattern_is_longer_than_eventbridge_takes() -> None:
    longest = monitored(dict.fromkeys(BY_DECISION, True), f"COS-{'x' * 20}-backup-")
    roles = [f"arn:aws-us-gov:iam::333333333333:role/{'p' * 100}/{'r' * 64}"] * 3
    patterns = event_patterns(replace(longest, deployers=roles))
    assert {name: len(text) for name, text in patterns.items() if len(text) > PATTERN_LIMIT} == {}
