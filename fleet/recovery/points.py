"""What lies in a central account's vaults of another account, and which of it is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table

from fleet.errors import ToldError
from fleet.recovery.sides import Sides
from stacks.recovery import giving_vaults

if TYPE_CHECKING:
    from mypy_boto3_backup.type_defs import RecoveryPointByBackupVaultTypeDef


class NoSuchPoint(ToldError):
    """No recovery point is the one that is meant; says what there is."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A recovery point in a central vault."""

    arn: str
    type: str
    """Of the resource: EBS, EC2, …"""
    resource: str
    """Its ARN."""
    made: datetime
    kept_until: datetime | None
    status: str
    """COMPLETED, or AVAILABLE where it is continuous: only these can be restored."""
    region: str
    vault: str
    source_vault: str
    """The vault's name that it was copied from."""

    @property
    def name(self) -> str:
        """By which people tell it: its ARN's end."""
        return self.arn.rpartition("/" if "/" in self.arn else ":")[2]

    @property
    def whole(self) -> bool:
        return self.status in ("COMPLETED", "AVAILABLE")


def points_of(sides: Sides) -> list[Point]:
    """Those that came from the account: by resource, the newest first. Raises ToldError."""
    found: list[Point] = []
    for region, vaults in giving_vaults(sides.gives.settings).items():
        with sides.gives.asked(region):
            pages = sides.gives.backup(region).get_paginator("list_recovery_points_by_backup_vault")
            for vault in vaults:
                for page in pages.paginate(BackupVaultName=vault):
                    found += _of_account(page["RecoveryPoints"], sides.lost.settings.account)
    return sorted(found, key=lambda point: (*_group(point), -point.made.timestamp()))


def _of_account(
    points: Sequence[RecoveryPointByBackupVaultTypeDef], account: str
) -> Iterator[Point]:
    """Whose a point is, its vault of origin says: a bucket's ARN names no account."""
    for point in points:
        origin, made = point.get("SourceBackupVaultArn", "").split(":"), point.get("CreationDate")
        if origin[4:5] != [account] or made is None:
            continue
        place = point.get("BackupVaultArn", "").split(":")
        yield Point(
            arn=point.get("RecoveryPointArn", ""),
            type=point.get("ResourceType", ""),
            resource=point.get("ResourceArn", ""),
            made=made,
            kept_until=point.get("CalculatedLifecycle", {}).get("DeleteAt"),
            status=point.get("Status", ""),
            region=place[3],
            vault=place[6],
            source_vault=origin[6],
        )


def _group(point: Point) -> tuple[str, str, str]:
    return point.resource, point.region, point.vault


def listed(points: Sequence[Point]) -> Iterator[str | Table]:
    """As people read them: for each resource a line, and a table that fits 80 columns."""
    for (resource, region, vault), group in groupby(points, key=_group):
        here = list(group)
        yield f"{here[0].type} {resource}\n  in {vault}, {region}"
        table = Table("  made (UTC)", "kept until", "recovery point", box=None, pad_edge=False)
        for point in here:
            kept = f"{point.kept_until:%Y-%m-%d}" if point.kept_until else "for good"
            name = point.name if point.whole else f"{point.name} {point.status}"
            table.add_row(f"  {point.made:%Y-%m-%d %H:%M}", kept, name)
        yield table


def named(points: Sequence[Point], name: str) -> Point:
    """By its ARN, or what the list shows of it. Raises NoSuchPoint."""
    found = [point for point in points if name in (point.arn, point.name)]
    if len(found) != 1:
        what = "several recovery points are" if found else "no recovery point is"
        raise NoSuchPoint(f"{what} called {name}; take an ARN of: {_known(points)}")
    return _restorable(found[0])


def newest(points: Sequence[Point], resource: str, before: datetime | None) -> Point:
    """Of a resource, by its ARN: the last that was made until then. Raises NoSuchPoint."""
    ours = [point for point in points if point.resource == resource]
    if not ours:
        there = ", ".join(sorted({point.resource for point in points})) or "none"
        raise NoSuchPoint(f"nothing of {resource} lies there; there are: {there}")
    until = [p for p in ours if p.whole and (before is None or p.made <= before)]
    if not until:
        first = min(point.made for point in ours)
        raise NoSuchPoint(
            f"of {resource} nothing whole is as old as that; the first is of "
            f"{first:%Y-%m-%d %H:%M} UTC"
        )
    return max(until, key=lambda point: point.made)


def _restorable(point: Point) -> Point:
    if not point.whole:
        raise NoSuchPoint(f"{point.arn} is {point.status}: take one that is COMPLETED")
    return point


def _known(points: Sequence[Point]) -> str:
    return ", ".join(point.arn for point in points) or "none, as nothing of the account lies there"
