"""Which accounts each report plan covers, where an organization is too large for one.

AWS Backup's quotas, which nobody can raise, bound what one report plan covers: accounts × Regions,
and accounts × Regions × (daily jobs + evaluations). https://docs.aws.amazon.com/aws-backup/latest/
devguide/aws-backup-limits.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

PAIRS_A_PLAN = 300
"""accounts × Regions"""
VOLUME_A_PLAN = 100_000
"""accounts × Regions × (daily jobs + evaluations)"""


class TooLargeError(ValueError):
    """A scope that fits no number of report plans; says the arithmetic."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """An organizational unit, or the root, with what stands right below it."""

    id: str
    accounts: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ()

    def all_accounts(self) -> Iterator[str]:
        yield from self.accounts
        for unit in self.units:
            yield from unit.all_accounts()

    def all_units(self) -> Iterator[str]:
        yield self.id
        for unit in self.units:
            yield from unit.all_units()


@dataclass(frozen=True, kw_only=True)
class Load:
    """What each account weighs in a report plan."""

    regions: int
    daily_volume: int
    """Jobs and evaluations a day, in one account and Region."""

    @property
    def accounts_a_plan(self) -> int:
        return min(
            PAIRS_A_PLAN // self.regions, VOLUME_A_PLAN // (self.regions * self.daily_volume)
        )

    def arithmetic(self, accounts: int) -> str:
        pairs = accounts * self.regions
        return (
            f"{accounts} accounts × {self.regions} Regions = {pairs} (a report plan takes "
            f"{PAIRS_A_PLAN}), × {self.daily_volume} jobs and evaluations a day = "
            f"{pairs * self.daily_volume} (a report plan takes {VOLUME_A_PLAN})"
        )


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One report plan's share: whole organizational units with all below them, and accounts."""

    organizational_units: tuple[str, ...] = ()
    """Each unit and all that are below it, so that it does not matter whether AWS descends."""
    accounts: tuple[str, ...] = ()
    """Accounts that come one by one, because their unit is too large for one shard."""
    covers: tuple[str, ...] = ()
    """All accounts that this comes to today."""


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """What goes to one shard whole."""

    id: str
    unit: Unit | None
    accounts: tuple[str, ...]


@dataclass
class _Filling:
    pieces: list[_Piece] = field(default_factory=list[_Piece])
    size: int = 0


def shards(root: Unit, load: Load) -> Sequence[Shard]:
    """The shares that cover every account of the tree once.

    Stable: which shard a piece goes to hangs on the names of both alone, as far as there is room,
    so that an account that comes later moves few others, and a further shard takes only its share.
    Raises TooLargeError where a single account is more than a plan takes.
    """
    total = len(set(root.all_accounts()))
    room = load.accounts_a_plan
    if room == 0:
        raise TooLargeError(f"one account is too much for a report plan: {load.arithmetic(1)}")
    # Units first: single accounts then fill what is left, and no unit has to be split for them.
    pieces = sorted(_pieces(root, room), key=lambda piece: (piece.unit is None, _hash(piece.id)))
    count = -(-total // room)
    while True:
        fillings = _filled(pieces, count, room)
        if fillings is not None:
            return [_shard(filling) for filling in fillings]
        count += 1


def _pieces(unit: Unit, room: int) -> Iterator[_Piece]:
    accounts = tuple(sorted(set(unit.all_accounts())))
    if not accounts and not unit.units:
        return
    if len(accounts) <= room and not unit.id.startswith("r-"):
        yield _Piece(id=unit.id, unit=unit, accounts=accounts)
        return
    for account in sorted(unit.accounts):
        yield _Piece(id=account, unit=None, accounts=(account,))
    for child in unit.units:
        yield from _pieces(child, room)


def _filled(pieces: Sequence[_Piece], count: int, room: int) -> list[_Filling] | None:
    fillings = [_Filling() for _ in range(count)]
    for piece in pieces:
        size = len(piece.accounts)
        fits = [n for n, filling in enumerate(fillings) if filling.size + size <= room]
        if not fits:
            return None
        chosen = fillings[max(fits, key=lambda n: _hash(f"{piece.id}/{n}"))]
        chosen.pieces.append(piece)
        chosen.size += size
    return fillings


def _shard(filling: _Filling) -> Shard:
    units = [piece.unit for piece in filling.pieces if piece.unit is not None]
    return Shard(
        organizational_units=tuple(sorted({id_ for unit in units for id_ in unit.all_units()})),
        accounts=tuple(sorted(p.id for p in filling.pieces if p.unit is None)),
        covers=tuple(sorted(a for piece in filling.pieces for a in piece.accounts)),
    )


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
