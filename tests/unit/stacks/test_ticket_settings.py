"""What settings say of alerts and incidents: what does not fit is told with its cure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import load
from stacks.warnings import warnings_of
from tests.unit.stacks.conftest import problems

TICKETING: Mapping[str, Any] = {
    "url": "https://acme.service-now.com",
    "secret": "backup-org/servicenow",
}
AUDIT: Mapping[str, Any] = {"extends": "acme", "role": "audit"}
ONCE = {"starts": "2026-12-24T20:00:00+01:00", "ends": "2026-12-25T06:00:00+01:00"}
WEEKLY = {"weekdays": ["SAT"], "start": "22:00", "end": "04:00", "timezone": "Europe/Berlin"}


def told(root: Path, **change: Any) -> list[str]:
    """What is wrong, without the file's name."""
    found = problems("acme-audit", {**AUDIT, "ticketing": {**TICKETING, **change}}, root)
    return [line.partition("ticketing")[2] for line in found]


def quiet(**period: Any) -> dict[str, Any]:
    return {"quiet_periods": [{"reason": "patching", **period}]}


def test_changes_outside_deployment_are_warned_of_without_a_deploy_role(root: Path) -> None:
    own = {**AUDIT, "monitoring": {"changes": True}, "deploy_role": None}
    (found,) = warnings_of(load.parse("acme-audit", own, root))
    assert "monitoring.changes: tells of changes by others than the deploy role" in found
    assert found.endswith("set deploy_role")
    deployed = {**own, "deploy_role": "backup-org-deploy"}
    assert list(warnings_of(load.parse("acme-audit", deployed, root))) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fields": {"correlation_id": "x"}}, ".fields.correlation_id: is this system's own"),
        ({"fields": {"caller_id": "x"}}, ".fields.caller_id: is set by caller"),
        (
            {"texts": {"description": "{resourse}"}},
            ".texts.description: names {resourse}, which is no fact; there are customer,",
        ),
        ({"texts": {"description": "{account.__class__}"}}, "names {account.__class__}, which is"),
        ({"texts": {"work_notes": "{count!r}"}}, "names {count!r}, which is no fact"),
        ({"texts": {"close_notes": "{lasted"}}, ".texts.close_notes: has braces that do not match"),
        ({"configuration_item": {"by": "tag"}}, "looks for a tag where it is tag, and names none"),
        ({"configuration_item": {"tag": "ci"}}, "where it is tag, and is id; leave tag out"),
        ({"account_names": {"333333333333": " "}}, ".account_names.333333333333: is no name"),
        (quiet(), ".quiet_periods[0]: is either once, with starts and ends, or weekly"),
        (quiet(**ONCE, **WEEKLY), ".quiet_periods[0]: is either once"),
        (quiet(starts=ONCE["starts"]), ".quiet_periods[0]: is either once"),
        (quiet(start="22:00", end="04:00"), ".quiet_periods[0]: is either once"),
        (quiet(**ONCE | {"starts": "2026-12-24T20:00"}), ".quiet_periods[0].starts: has no zone"),
        (quiet(starts=ONCE["ends"], ends=ONCE["starts"]), ".quiet_periods[0].ends: is not after"),
        (quiet(**{**WEEKLY, "end": "22:00"}), ".quiet_periods[0].end: is when it starts"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_place(
    root: Path, change: Mapping[str, Any], says: str
) -> None:
    (found,) = told(root, **change)
    assert says in found


def test_what_fits_is_taken(root: Path) -> None:
    fits = {
        **TICKETING,
        "texts": {"short_description": "{customer} {{{what}}}: {resource_name}"},
        "configuration_item": {"by": "tag", "tag": "ci"},
        "quiet_periods": [{"reason": "a", **ONCE}, {"reason": "b", **WEEKLY}],
        "fields": {"u_service": "data protection", "contact_type": "monitoring"},
        "account_names": {"333333333333": "Payments (prod)"},
        "priorities": [{"kinds": ["backup"], "tiers": ["gold"], "urgency": "1", "impact": "1"}],
    }
    settings = load.parse("acme-audit", {**AUDIT, "ticketing": fits}, root)
    assert settings.ticketing is not None
