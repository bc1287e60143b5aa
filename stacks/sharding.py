"""Which accounts each report plan covers, where an organization is too large for one.

AWS Backup's quotas, which nobody can raise, bound what one report plan covers: accounts × Regions ×
(daily jobs + evaluations), which for real numbers is the rows of all Regions, added up; and on the
older of two pages accounts × Regions too. https://docs.aws.amazon.com/aws-backup/latest/devguide/
aws-backup-limits.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

VOLUME_A_PLAN = 100_000
"""Jobs and evaluations a day, of all accounts and Regions together."""
FILLED_TO = 80_000
"""What a plan is given of that: the rest is for what comes until somebody looks again."""
TIGHT_FROM = 90_000
"""From where on somebody should."""


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
    """What accounts weigh in report plans, and how many of them one plan takes."""

    regions: int
    account_daily_volume: int
    """Jobs and evaluations a day, assumed of an account over all its Regions."""
    seen: Mapping[str, int] = field(default_factory=dict[str, int])
    """The same of accounts that the lake has seen any of, by account."""
    accounts_times_regions: int | None = None
    """What a plan takes of them; None: as many as there are."""

    def volume(self, accounts: Collection[str]) -> int:
        return sum(self.seen.get(account, self.account_daily_volume) for account in accounts)

    def fits(self, accounts: Collection[str], *, room: int = FILLED_TO) -> bool:
        """Whether one plan takes them, up to that volume."""
        return self.fits_regions(len(accounts)) and self.volume(accounts) <= room

    def fits_regions(self, accounts: int) -> bool:
        most = self.accounts_times_regions
        return most is None or accounts * self.regions <= most

    def arithmetic(self, accounts: Collection[str]) -> str:
        seen = sum(account in self.seen for account in accounts)
        others = len(accounts) - seen
        how = [f"{seen} as the lake has seen them"] if seen else []
        how += [f"{others} × {self.account_daily_volume} assumed"] if others else []
        text = (
            f"{len(accounts)} accounts ({', '.join(how)}) = {self.volume(accounts)} jobs and "
            f"evaluations a day (a report plan takes {VOLUME_A_PLAN})"
        )
        if self.accounts_times_regions is not None:
            text += f"; {self.arithmetic_of_regions(len(accounts))}"
        return text

    def arithmetic_of_regions(self, accounts: int) -> str:
        return (
            f"{accounts} accounts × {self.regions} Regions = {accounts * self.regions} "
            f"(a report plan takes {self.accounts_times_regions})"
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
    volume: int

    @property
    def order(self) -> tuple[bool, bool, int, int]:
        """What fills a plan alone goes first, as it needs an empty one. Units go before single
        accounts, which then fill what is left; the heavy before the light, but by powers of two, so
        that a day's difference changes nothing."""
        light = self.volume <= FILLED_TO
        return light, self.unit is None, -self.volume.bit_length(), _hash(self.id)


@dataclass
class _Filling:
    pieces: list[_Piece] = field(default_factory=list[_Piece])
    accounts: int = 0
    volume: int = 0

    def takes(self, piece: _Piece, load: Load) -> bool:
        return not self.pieces or (
            self.volume + piece.volume <= FILLED_TO
            and load.fits_regions(self.accounts + len(piece.accounts))
        )

    def take(self, piece: _Piece) -> None:
        self.pieces.append(piece)
        self.accounts += len(piece.accounts)
        self.volume += piece.volume


def shards(root: Unit, load: Load) -> Sequence[Shard]:
    """The shares that cover every account of the tree once.

    Stable: which shard a piece goes to hangs on the names of both alone, as far as there is room,
    so that an account that comes later moves few others, and a further shard takes only its share.
    An account that is more than a plan takes has one to itself. Raises TooLargeError where its
    Regions alone are too many.
    """
    everyone = sorted(set(root.all_accounts()))
    if everyone and not load.fits_regions(1):
        raise TooLargeError(
            f"one account is too much for a report plan: {load.arithmetic_of_regions(1)}"
        )
    pieces = sorted(_pieces(root, load), key=lambda piece: piece.order)
    count = -(-sum(min(piece.volume, FILLED_TO) for piece in pieces) // FILLED_TO)
    while True:
        fillings = _filled(pieces, count, load)
        if fillings is not None:
            return [_shard(filling) for filling in fillings if filling.pieces]
        count += 1


def _pieces(unit: Unit, load: Load) -> Iterator[_Piece]:
    accounts = tuple(sorted(set(unit.all_accounts())))
    if not accounts and not unit.units:
        return
    if load.fits(accounts) and not unit.id.startswith("r-"):
        yield _Piece(id=unit.id, unit=unit, accounts=accounts, volume=load.volume(accounts))
        return
    for account in sorted(unit.accounts):
        yield _Piece(id=account, unit=None, accounts=(account,), volume=load.volume([account]))
    for child in unit.units:
        yield from _pieces(child, load)


def _filled(pieces: Sequence[_Piece], count: int, load: Load) -> list[_Filling] | None:
    fillings = [_Filling() for _ in range(count)]
    for piece in pieces:
        fits = [n for n, filling in enumerate(fillings) if filling.takes(piece, load)]
        if not fits:
            return None
        fillings[max(fits, key=lambda n: _hash(f"{piece.id}/{n}"))].take(piece)
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
