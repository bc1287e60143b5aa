"""Rules about selections."""

from __future__ import annotations

from typing import Any

from policies.resource_types import SELECTION
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import ACCOUNT, REGION, Case, resource

VOLUME = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-1"
VOLUMES = "arn:aws:ec2:*:*:volume/*"
TAG = {"type": "STRINGEQUALS", "key": "backup-plan", "value": "standard"}
CONDITION = {"stringEquals": [{"key": "aws:ResourceTag/backup", "value": "yes"}]}
ALL_BUT_ONE = {"resources": [VOLUMES], "notResources": [VOLUME]}


def selection(name: str = "one", /, **props: Any) -> Resource:
    return resource(SELECTION, name, **props)


def both(what: str, one: Any, other: Any, says: str | None = None) -> Case:
    return Case(
        rule="selection_is_not_doubled",
        what=what,
        resources=[selection("a", **one), selection("b", **other)],
        says=says,
        of="b" if says else None,
    )


CASES = [
    Case(
        rule="selection_selects_something",
        what="by ARN, by tag, by conditions",
        resources=[
            selection(resources=[VOLUME], notResources=[f"{VOLUME}2"]),
            selection(selectionTags=[TAG]),
            selection(resources=["*"], conditions=[CONDITION]),
        ],
    ),
    Case(
        rule="selection_selects_something",
        what="nothing",
        resources=[selection(resources=[], selectionTags=[], conditions=[{"stringEquals": []}])],
        says="the selection one selects nothing; name resources or tags",
    ),
    Case(
        rule="selection_selects_something",
        what="what it leaves out again",
        resources=[selection(resources=[VOLUME], notResources=[VOLUMES])],
        says="selects nothing",
    ),
    Case(
        rule="selection_selects_something",
        what="a tag, but of nothing",
        resources=[selection(selectionTags=[TAG], notResources=["*"])],
        says="selects nothing",
    ),
    Case(
        rule="selection_selects_something",
        what="not known yet",
        resources=[selection(resources=[UNKNOWN])],
    ),
    both("two tags", {"selectionTags": [TAG]}, {"selectionTags": [{**TAG, "value": "gold"}]}),
    both("two volumes", {"resources": [VOLUME]}, {"resources": [f"{VOLUME}2"]}),
    both("one that the other leaves out", ALL_BUT_ONE, {"resources": [VOLUME]}),
    both(
        "two Regions",
        {"selectionTags": [TAG]},
        {"selectionTags": [TAG], "region": "eu-west-1"},
    ),
    both(
        "the same volumes under other conditions",
        {"resources": ["*"], "conditions": [CONDITION]},
        {"resources": ["*"], "conditions": [{"stringNotEquals": CONDITION["stringEquals"]}]},
    ),
    both(
        "a tag, among others",
        {"selectionTags": [TAG]},
        {"selectionTags": [{**TAG, "key": "x"}, TAG]},
        says="the selection b takes the tag backup-plan=standard as the selection a does",
    ),
    both(
        "a volume by its ARN and by a pattern",
        {"resources": [VOLUME]},
        {"resources": [VOLUMES]},
        says=f"takes {VOLUME} as",
    ),
    both(
        "the same conditions",
        {"conditions": [CONDITION]},
        {"conditions": [CONDITION]},
        says="takes the same conditions",
    ),
    both(
        "a tag that is not known yet",
        {"selectionTags": [{**TAG, "value": UNKNOWN}]},
        {"selectionTags": [TAG]},
    ),
    both(
        "conditions that are not known yet",
        {"conditions": [{"stringEquals": [{"key": "aws:ResourceTag/x", "value": UNKNOWN}]}]},
        {"conditions": [CONDITION]},
    ),
]
