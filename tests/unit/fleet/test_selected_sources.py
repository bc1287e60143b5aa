"""Which resources the doctor takes to be selected by a plan: those that AWS Backup selects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fleet.doctor.protection import Source, is_selected
from stacks import load
from stacks.plans import backup_selection
from tests.support.examples import ROOT, example

STACK = "acme-member-web"
NAMED = "arn:aws:ec2:eu-central-1:444444444444:volume/vol-named"
OTHER = "arn:aws:ec2:eu-central-1:444444444444:volume/vol-other"
CLUSTER = "arn:aws:rds:eu-central-1:444444444444:cluster:one"


def volume(arn: str, **tags: str) -> Source:
    return Source(arn=arn, kind="EBS", key="", tags=tags)


def selected(source: Source, selection: Mapping[str, Any], **opt_ins: bool) -> bool:
    plans = {"gold": {"selection": selection}}
    own: dict[str, Any] = {
        **example(STACK).own,
        "vaults": {"standard": {}},
        "plans": plans,
        "scripts": {},
    }
    settings = load.parse(STACK, own, ROOT)
    return is_selected(source, backup_selection(settings, "gold"), opt_ins)


def test_an_arn_or_the_tag_is_enough() -> None:
    either = {"arns": [NAMED]}
    assert selected(volume(NAMED), either)
    assert selected(volume(OTHER, **{"backup-plan": "gold"}), either)
    assert not selected(volume(OTHER), either)


def test_types_and_the_tag_are_asked_for_together() -> None:
    both = {"resource_types": ["EBS"]}
    assert selected(volume(NAMED, **{"backup-plan": "gold"}), both)
    assert not selected(volume(NAMED), both)


@pytest.mark.parametrize(
    ("conditions", "taken"),
    [
        ({"equals": {"stage": "prod"}}, True),
        ({"equals": {"stage": "test"}}, False),
        ({"not_equals": {"stage": "prod"}}, False),
        ({"like": {"stage": "p*"}}, True),
        ({"like": {"team": "*"}}, False),
        ({"not_like": {"stage": "pr*"}}, False),
    ],
)
def test_all_conditions_must_hold(conditions: Mapping[str, Any], taken: bool) -> None:
    source = volume(NAMED, stage="prod")
    assert selected(source, {"arns": [NAMED], "conditions": conditions}) == taken


def test_what_is_excluded_is_not_selected() -> None:
    assert not selected(volume(NAMED), {"arns": [NAMED], "exclude_arns": [NAMED]})


def test_a_type_that_is_off_is_selected_where_it_is_named_and_no_other_shares_its_arns() -> None:
    tagged = volume(NAMED, **{"backup-plan": "gold"})
    assert not selected(tagged, {}, EBS=False)
    assert selected(tagged, {"resource_types": ["EBS"]}, EBS=False)
    cluster = Source(arn=CLUSTER, kind="DocumentDB", key="", tags={"backup-plan": "gold"})
    assert selected(cluster, {"resource_types": ["Aurora"]})
    assert not selected(cluster, {"resource_types": ["Aurora"]}, DocumentDB=False)
