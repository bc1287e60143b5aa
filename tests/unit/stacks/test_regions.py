"""Regions that an account must enable first are told, those that it always has are not."""

from __future__ import annotations

from pathlib import Path

from stacks import load
from stacks.warnings import warnings_of
from tests.unit.stacks.conftest import MEMBER


def told(root: Path, *regions: str) -> list[str]:
    own = {**MEMBER, "region": regions[0], "regions": list(regions)}
    return list(warnings_of(load.parse("acme-member-web", own, root)))


def test_an_opt_in_region_is_told_once_with_its_place(root: Path) -> None:
    (found,) = [line for line in told(root, "eu-central-1", "eu-south-1") if "opt-in" in line]
    assert found.startswith("regions[1]: eu-south-1 is an opt-in Region: each account")
    assert len([x for x in told(root, "me-south-1", "af-south-1") if "opt-in" in x]) == 2


def test_other_partitions_have_no_opt_in_regions(root: Path) -> None:
    assert not any("opt-in" in line for line in told(root, "cn-north-1", "cn-northwest-1"))
    assert not any("opt-in" in line for line in told(root, "us-gov-west-1"))
