"""Wrong settings, each refused once: where it stands, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.stacks.conftest import MEMBER, problems

TOPIC = "arn:aws:sns:eu-central-1:333333333333:pager"
KEY = "arn:aws:kms:eu-central-1:333333333333:key/a"
LOCK = "vaults.standard.lock"
VAULT = "vaults.standard"
GAP = "air_gapped_vaults.isolated"
RULE = "plans.gold.rules.daily"
SELECTION = "plans.gold.selection"
WINDOW = "maintenance_window"


def at(path: str, value: object) -> dict[str, Any]:
    """An object that holds a value at a path."""
    first, _, rest = path.partition(".")
    return {first: at(rest, value) if rest else value}


def within(path: str, **changed: object) -> dict[str, Any]:
    """A whole object of its kind at a path, but for what is changed."""
    whole: Mapping[str, Mapping[str, Any]] = {
        GAP: {"max_retention_days": 90},
        RULE: {"schedule": "cron(0 5 ? * * *)", "delete_after_days": 35},
        WINDOW: {"start": "22:00", "end": "06:00", "expected_backup_minutes": 60},
        f"{VAULT}.notifications": {
            "events": ["COPY_JOB_FAILED"],
            "topics": {"eu-central-1": TOPIC},
        },
    }
    return at(path, {**whole.get(path, {}), **changed})


CASES = [
    # vaults
    (at(VAULT, None), VAULT, "should be an object with key"),
    (at("vaults", ["standard"]), "vaults", "an object of names and values; found a list of 1"),
    (at("vaults.s", {}), "vaults.s", "2 to 50 letters"),
    (within(VAULT, kye="x"), f"{VAULT}.kye", "did you mean key?"),
    (within(VAULT, key="mine"), f"{VAULT}.key", "write customer_managed or aws_managed"),
    (within(VAULT, key={}), f"{VAULT}.key", "should hold 1 at least"),
    (within(VAULT, key={"eu-central-1": "a"}), f"{VAULT}.key.eu-central-1", "no alias"),
    (within(VAULT, key={"eu-central-9": KEY}), f"{VAULT}.key.eu-central-9", "is no Region"),
    (within(VAULT, regions=[]), f"{VAULT}.regions", "should hold 1 at least"),
    (within(VAULT, regions="eu-west-1"), f"{VAULT}.regions", "should be a list, such as [a, b]"),
    (within(VAULT, regions=["eu-west-1"]), f"{VAULT}.regions[0]", "none of the stack's Regions"),
    (within(VAULT, deny_deletion=None), f"{VAULT}.deny_deletion", "true or false"),
    (within(VAULT, break_glass_roles="x"), f"{VAULT}.break_glass_roles", "should be a list"),
    (within(VAULT, copies_from="all"), f"{VAULT}.copies_from", "write organization"),
    (at("retained_vaults.standard", {}), "retained_vaults.standard", "leave it in one place"),
    # locks
    (within(LOCK), f"{LOCK}.mode", "is required"),
    (within(LOCK, mode="strict"), f"{LOCK}.mode", "write governance or compliance"),
    (
        within(LOCK, mode="governance", min_retention_days=0),
        f"{LOCK}.min_retention_days",
        "should be 1 or more",
    ),
    (
        within(LOCK, mode="governance", max_retention_days="7"),
        f"{LOCK}.max_retention_days",
        "without quotes",
    ),
    (
        within(LOCK, mode="compliance", changeable_for_days=2, final="standard"),
        f"{LOCK}.changeable_for_days",
        "should be 3 or more",
    ),
    (
        within(LOCK, mode="compliance", changeable_for_days=3, final="gold"),
        f"{LOCK}.final",
        "must be standard",
    ),
    (
        within(LOCK, mode="compliance", final="standard"),
        f"{LOCK}.changeable_for_days",
        "3 or more",
    ),
    (within(LOCK, mode="governance", final="standard"), f"{LOCK}.final", "mode: compliance"),
    (
        within(LOCK, mode="governance", min_retention_days=9, max_retention_days=8),
        f"{LOCK}.min_retention_days",
        "more than max_retention_days, 8",
    ),
    # notifications
    (
        within(f"{VAULT}.notifications", events=[]),
        f"{VAULT}.notifications.events",
        "should hold 1 at least",
    ),
    (
        within(f"{VAULT}.notifications", events=["FAILED"]),
        f"{VAULT}.notifications.events[0]",
        "COPY_JOB_FAILED",
    ),
    (
        within(f"{VAULT}.notifications", topics={"eu-central-1": "pager"}),
        f"{VAULT}.notifications.topics.eu-central-1",
        "arn:aws:sns:<region>",
    ),
    # air-gapped vaults
    (at(GAP, {}), f"{GAP}.max_retention_days", "is required"),
    (within(GAP, min_retention_days=6), f"{GAP}.min_retention_days", "should be 7 or more"),
    (within(GAP, min_retention_days=91), f"{GAP}.min_retention_days", "more than"),
    (within(GAP, share_with=["all"]), f"{GAP}.share_with[0]", "12 digits in quotes, or the ARN"),
    (within(GAP, share_with="all"), f"{GAP}.share_with", "should be a list"),
    (within(GAP, key_arns={"eu-central-1": "a"}), f"{GAP}.key_arns.eu-central-1", "no alias"),
    (within(GAP, lock={}), f"{GAP}.lock", "is unknown; there are: regions"),
    (within(GAP, regions=["eu-west-1"]), f"{GAP}.regions[0]", "none of the stack's Regions"),
    # plans and selections
    (at("plans.gold", None), "plans.gold", "should be an object with vault"),
    (at("plans.a b", {}), "plans.a b", "1 to 50 letters"),
    (at("plans.gold.vault", "silver"), "plans.gold.vault", "the stack's vaults: standard"),
    (at("plans.gold.tier", "tin"), "plans.gold.tier", "standard, bronze, silver, gold"),
    (at("plans.gold.rules", {}), "plans.gold.rules", "should hold 1 at least"),
    (at("plans.gold.rules", ["daily"]), "plans.gold.rules", "object of names and values"),
    (at("plans.gold.windows_vss", 7), "plans.gold.windows_vss", "true or false"),
    (
        at("plans.gold.malware_scan.resource_types", ["RDS"]),
        "plans.gold.malware_scan.resource_types[0]",
        "write EBS, EC2 or S3",
    ),
    (at(SELECTION, "gold"), SELECTION, "should be an object with tag"),
    (at(f"{SELECTION}.tag", "aws:x"), f"{SELECTION}.tag", "AWS keeps for itself"),
    (at(f"{SELECTION}.arns", ["i-1"]), f"{SELECTION}.arns[0]", "arn:aws:<service>"),
    (
        at(f"{SELECTION}.conditions.equals", ["a"]),
        f"{SELECTION}.conditions.equals",
        "object of names and values",
    ),
    # rules
    (at(RULE, {"delete_after_days": 35}), f"{RULE}.schedule", "is required"),
    (within(RULE, schedule="rate(1 day)"), f"{RULE}.schedule", "write six fields"),
    (within(RULE, schedule="cron(0/15 * ? * * *)"), f"{RULE}.schedule", "less than 60"),
    (within(RULE, timezone="CET+1"), f"{RULE}.timezone", "such as Europe/Berlin"),
    (within(RULE, start_window_minutes=30), f"{RULE}.start_window_minutes", "60 or more"),
    (within(RULE, delete_after_days=None), f"{RULE}.delete_after_days", "a whole number"),
    (within(RULE, delete_after_days=40_000), f"{RULE}.delete_after_days", "36500 or less"),
    (
        within(RULE, move_to_cold_storage_after_days=10),
        f"{RULE}.delete_after_days",
        "100 or more",
    ),
    (within(RULE, scan="deep"), f"{RULE}.scan", "write full or incremental"),
    (within(RULE, copies={"region": "eu-west-1"}), f"{RULE}.copies", "should be a list"),
    (within(RULE, copies=[{"account": "333"}]), f"{RULE}.copies[0].account", "write central, or"),
    (within(RULE, copies=[{"region": "eu-wst-1"}]), f"{RULE}.copies[0].region", "eu-west-1"),
    (within(RULE, copies=[{"vault": "x"}]), f"{RULE}.copies[0].vault", "2 to 50 letters"),
    (
        within(RULE, copies=[{"region": f"eu-west-{n}"} for n in (1, 2, 3)] * 2),
        f"{RULE}.copies",
        "should hold 5 at most",
    ),
    (
        within(RULE, recovery_point_tags={"aws:a": "b"}),
        f"{RULE}.recovery_point_tags.aws:a",
        "AWS keeps for itself",
    ),
    # maintenance windows and tiers
    (within(WINDOW, start="10pm"), f"{WINDOW}.start", 'written "22:30"'),
    (within(WINDOW, end=600), f"{WINDOW}.end", "is a number to YAML: put it in quotes"),
    (within(WINDOW, expected_backup_minutes=0), f"{WINDOW}.expected_backup_minutes", "1 or more"),
    (at(WINDOW, "night"), WINDOW, "should be an object with start"),
    (at("tiers.gold", {}), "tiers.gold.rules", "is required"),
    (at("tiers.gold.rules", {}), "tiers.gold.rules", "should hold 1 at least"),
    # the stack
    (at("central_vaults_in", "member"), "central_vaults_in", "write management or audit"),
    (at("opt_ins", ["EC2"]), "opt_ins", "object of names and values"),
    (at("iam.role_path", "x"), "iam.role_path", "begins and ends with a slash"),
    (at("account", None), "account", "null does not fit; an account id is 12 digits"),
    (at("regions", None), "regions", "should be a list, such as [a, b]; found null"),
    (at("regions", ["eu-central-1", "us-gov-west-1"]), "regions[1]", "partition aws-us-gov"),
    (
        at("alarm_topics", [TOPIC.replace("arn:aws", "arn:aws-cn")]),
        "alarm_topics[0]",
        "partition aws-cn",
    ),
    (at("tags.cost", None), "tags.cost", "null does not fit; a tag's value"),
]


@pytest.mark.parametrize(("change", "path", "cure"), CASES)
def test_a_wrong_setting_is_refused_with_its_place_and_the_cure(
    change: Mapping[str, Any], path: str, cure: str, root: Path
) -> None:
    own_file = "stacks/customers/Pulumi.acme-member-web.yaml"
    found = problems("acme-member-web", {**MEMBER, **change}, root)
    assert any(line.startswith(f"{own_file}: {path}: ") and cure in line for line in found), found
    for line in found:
        assert not re.search(r"function-|literal\[|\{'|None|Traceback|pydantic", line), line


def test_there_are_sixty_of_them_and_no_two_are_one() -> None:
    assert len({f"{change} {path}" for change, path, _ in CASES}) == len(CASES) >= 60


def test_wrong_settings_of_every_kind_are_told_all_at_once(root: Path) -> None:
    wrong = {
        **MEMBER,
        "regions": ["eu-central-1", "us-gov-west-1"],
        **within(VAULT, key="mine", lock={"mode": "strict"}),
        **within(GAP, share_with=["all"]),
        "plans": {"gold": {"vault": 5, "tier": "tin"}},
        **within(WINDOW, start="10pm"),
    }
    found = problems("acme-member-web", wrong, root)
    paths = {line.split(": ")[1] for line in found}
    assert paths >= {
        "regions[1]",
        f"{VAULT}.key",
        f"{LOCK}.mode",
        f"{GAP}.share_with[0]",
        "plans.gold.vault",
        f"{WINDOW}.start",
    }
