"""How many jobs and evaluations a day the lake has seen of each account: a table beside a stack's
settings, which `backup-org lake volume --write` makes, so that what plans hang on is reviewed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from stacks import names
from stacks.check import Problems
from stacks.report_settings import Reports
from stacks.settings import Settings
from stacks.settings_files import CUSTOMERS, SettingsError
from stacks.sharding import Load

_COLUMNS = ("account", "daily_volume")
_CURE = "write it anew with `backup-org lake volume --write`"


def volumes_file(stack: str) -> Path:
    """Below the folder that holds Pulumi.yaml."""
    return CUSTOMERS / f"{stack}.volumes.csv"


def volumes_of(stack: str, root: Path) -> Mapping[str, int]:
    """By account; empty where there is no table. Raises SettingsError."""
    found = dict[str, int]()
    problems = list(_read(root / volumes_file(stack), found))
    if problems:
        raise SettingsError(stack, [f"{volumes_file(stack)}: {text}" for text in problems])
    return found


def volumes_text(volumes: Mapping[str, int]) -> str:
    """The table, sorted by account."""
    lines = [_COLUMNS, *sorted(volumes.items())]
    return "".join(f"{account},{volume}\n" for account, volume in lines)


def load_of(reports: Reports, regions: int, seen: Mapping[str, int]) -> Load:
    """What is known, and assumed, of accounts in that many Regions."""
    return Load(
        regions=regions,
        account_daily_volume=reports.sharding.account_daily_volume,
        seen=seen,
        accounts_times_regions=reports.sharding.accounts_times_regions,
    )


def with_files(settings: Settings, root: Path) -> Problems:
    """What is wrong with the table, among all else that is wrong with a stack's settings."""
    if settings.reports is not None:
        stack = names.own_stack(settings)
        for text in _read(root / volumes_file(stack), {}):
            yield ("reports", "sharding"), f"{volumes_file(stack)}: {text}"


def _read(path: Path, into: dict[str, int]) -> Iterator[str]:
    """What is wrong; what is right is added to `into`."""
    if not path.is_file():
        return
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        yield f"{error}; {_CURE}"
        return
    if not rows or tuple(rows[0]) != _COLUMNS:
        yield f"its first line should be {','.join(_COLUMNS)}; {_CURE}"
        return
    for number, row in enumerate(rows[1:], start=2):
        match row:
            case [account, volume] if re.fullmatch(r"\d{12}", account) and volume.isdecimal():
                if account in into:
                    yield f"line {number}: {account} stands there twice; {_CURE}"
                into[account] = int(volume)
            case _:
                yield f"line {number}: {','.join(row)!r} is no account and its volume; {_CURE}"
