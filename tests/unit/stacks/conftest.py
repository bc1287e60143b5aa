"""Settings of a customer and of one member of it, and organizations of any size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import load
from stacks.load import SettingsError
from stacks.sharding import Load, Unit

ACME: Mapping[str, Any] = {
    "customer": "acme",
    "organization": {"management_account": "111111111111", "audit_account": "222222222222"},
    "region": "eu-central-1",
}
MEMBER: Mapping[str, Any] = {
    "extends": "acme",
    "role": "member",
    "name": "web",
    "account": "333333333333",
    "regions": ["eu-central-1"],
    "vaults": {"standard": {}},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / load.CUSTOMERS
    folder.mkdir(parents=True)
    (folder / "acme.yaml").write_text(json.dumps(ACME))
    return tmp_path


def problems(stack: str, values: Mapping[str, Any], root: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load.parse(stack, values, root)
    return caught.value.problems


def problem(change: Mapping[str, Any], root: Path) -> str:
    found = problems("acme-member-web", {**MEMBER, **change}, root)
    assert len(found) == 1, found
    return found[0]


ROOM_FOR_TEN = Load(regions=30, account_daily_volume=8_000)


def accounts(start: int, count: int) -> tuple[str, ...]:
    return tuple(f"{n:012}" for n in range(start, start + count))


def root_unit(*sizes: int, own: int = 0) -> Unit:
    """A root with accounts of its own, and units of these sizes."""
    units = tuple(
        Unit(id=f"ou-exam-{n:08}", accounts=accounts(1_000 * n, size))
        for n, size in enumerate(sizes, start=1)
    )
    return Unit(id="r-exam", accounts=accounts(0, own), units=units)
