"""`backup-org recover`: what an account lost comes back from the central vault, and is restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from components.recovery.restore_metadata import RESTORES, missing
from fleet.errors import ToldError
from fleet.project import current_project
from fleet.recovery.coming_back import Recovery, copied, restored, vault_for
from fleet.recovery.points import Point, listed, named, newest, points_of
from fleet.recovery.sides import Sides, sides
from fleet.terminal import console, tell


def recover(
    *,
    customer: Annotated[str, typer.Option(help="Whose account lost its data.")],
    account: Annotated[str, typer.Option(help="Its name among the customer's stacks, or its id.")],
    recovery_point: Annotated[
        str | None, typer.Option(help="By its ARN, or as the list shows it.")
    ] = None,
    resource: Annotated[
        str | None, typer.Option(help="Instead, an ARN of what was lost: its newest point.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="With --resource: the newest until then, such as 2026-06-01T12:00, UTC."),
    ] = None,
    vault: Annotated[
        str | None, typer.Option(help="Of that account; by default the one that it came from.")
    ] = None,
    metadata: Annotated[
        list[str] | None, typer.Option(help="key=value of the restore; see docs/recover.md.")
    ] = None,
    copy_only: Annotated[
        bool, typer.Option("--copy-only", help="Copy it back, and restore nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Bring back what an account lost from the central vault, and restore it as a new resource
    there; with no recovery point named, list which there are."""
    both, given = sides(customer, account, current_project()), _metadata(metadata or [])
    points = points_of(both)
    if recovery_point is None and resource is None:
        _list(both, points)
        return
    point = _chosen(points, recovery_point, resource, at)
    recovery = Recovery(sides=both, point=point, vault=vault_for(both, point, vault))
    if not copy_only:
        _check_metadata(point, given)
    if not yes:
        typer.confirm(_question(recovery, copy_only=copy_only), abort=True)
    arn = copied(recovery)
    if copy_only:
        console.print(f"lies in {recovery.vault}: {arn}")
        return
    created = restored(recovery, arn, given)
    console.print(f"restored: {created}")
    for line in _still_to_be_done(point):
        console.print(f"- {line}")


def _list(both: Sides, points: Sequence[Point]) -> None:
    if not points:
        tell(f"nothing of {both.lost.stack} lies in the vaults of {both.gives.stack}")
    for part in listed(points):
        console.print(part, highlight=False)


def _chosen(
    points: Sequence[Point], recovery_point: str | None, resource: str | None, at: str | None
) -> Point:
    if recovery_point is None:
        assert resource is not None
        return newest(points, resource, _time(at) if at else None)
    if resource is not None or at is not None:
        raise ToldError("a recovery point is one alone: leave --resource and --at out")
    return named(points, recovery_point)


def _time(text: str) -> datetime:
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise ToldError(f"--at {text} is no time; write it as 2026-06-01T12:00") from error
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _metadata(pairs: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ToldError(f"--metadata {pair} is not key=value, such as SubnetId=subnet-0123abcd")
        found[key] = value
    return found


def _check_metadata(point: Point, given: Mapping[str, str]) -> None:
    lacking = missing(point.type, given)
    if lacking:
        raise ToldError(
            f"a restore of {point.type} needs {', '.join(lacking)}, which nothing here can tell: "
            "give it by --metadata key=value (docs/recover.md)"
        )


def _question(recovery: Recovery, *, copy_only: bool) -> str:
    point, lost = recovery.point, recovery.sides.lost
    do = "Copy" if copy_only else "Copy and restore"
    return (
        f"{do} {point.type} {point.resource} as of {point.made:%Y-%m-%d %H:%M} UTC\n"
        f"to {recovery.vault} of {lost.stack} ({lost.settings.account}), "
        f"{point.region}?"
    )


def _still_to_be_done(point: Point) -> list[str]:
    known = RESTORES.get(point.type)
    tagged = known is not None and known.tags
    return [
        f"it is a new resource: point to it what used {point.resource}",
        *([known.afterwards] if known else []),
        "look whether it has the tag by which its plan takes it"
        if tagged
        else "give it its tags, such as its plan's: without that it is not backed up",
    ]
