"""What AWS Backup tells of a customer's accounts, gathered on this machine for a report."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fleet import access
from fleet.access import NoSession
from reports.digest.activity import TABLES, UNSEEN, VAULTS, Row, write_csv
from reports.digest.collation import Patience, Place, collate, unseen_row, vault_rows
from reports.digest.definition import Definition
from reports.digest.figures import Figures
from reports.digest.lake import Lake
from reports.digest.making import Source, make
from reports.digest.measuring import Before
from reports.digest.runs import Run
from stacks import names
from stacks.load import Settings
from stacks.report_definitions import lake_account

_MEMORY_MB = 1024
_AT_ONCE = 16
_PATIENCE = Patience(lambda: float("inf"))
_RETRIES = Config(retries={"mode": "adaptive", "total_max_attempts": 8})
_REFUSALS = (BotoCoreError, ClientError)


@dataclass(frozen=True)
class Gathered:
    """Of one account and Region."""

    vaults: list[Row]
    unseen: list[Row]


def make_here(
    definition: Definition,
    run: Run,
    stacks: Mapping[str, Settings],
    target: Path,
    *,
    project: Path,
    now: datetime,
    tell: Callable[[str], None],
) -> Figures:
    """Makes a report of a customer's stacks, by name, on this machine, into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    by_account = {settings.account: settings for settings in stacks.values()}
    with TemporaryDirectory() as scratch:
        activity = Path(scratch) / "activity"
        gather(definition, run, by_account, activity, tell)
        lake = _lake(definition.customer, by_account, project)
        source = Source(activity=activity, before=Before(), lake=lake)
        return make(definition, run, source, target, now=now, memory_mb=_MEMORY_MB, stored=False)


def _lake(customer: str, stacks: Mapping[str, Settings], project: Path) -> Lake | None:
    at = lake_account(customer, project)
    if at is None:
        return None
    s3 = access.session(stacks[at.account]).client("s3")
    bucket = names.bucket(customer, "lake", at.account, at.region)
    return Lake(s3=s3, bucket=bucket, memory_mb=_MEMORY_MB)


def gather(
    definition: Definition,
    run: Run,
    stacks: Mapping[str, Settings],
    folder: Path,
    tell: Callable[[str], None],
) -> None:
    """Writes into a folder what the functions of scheduled reports would collate in the bucket;
    `stacks` are the settings by account."""
    (folder / "parts").mkdir(parents=True)

    def of_account(account: str) -> list[Gathered]:
        regions = definition.regions[account]
        try:
            session = access.session(stacks[account])
        except NoSession as error:
            rows = [unseen_row(Place(account=account, region=r), error) for r in regions]
            return [Gathered([], rows)]
        found = [
            _gather_place(session, Place(account=account, region=r), definition, run, folder)
            for r in regions
        ]
        tell(f"{definition.account_names.get(account, account)} in {', '.join(regions)}")
        return found

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        gathered = [one for many in pool.map(of_account, definition.regions) for one in many]
    with (folder / "vaults.csv").open("w", newline="", encoding="utf-8") as file:
        write_csv((row for one in gathered for row in one.vaults), VAULTS, file)
    with (folder / "unseen.csv").open("w", newline="", encoding="utf-8") as file:
        write_csv((row for one in gathered for row in one.unseen), UNSEEN, file)


def _gather_place(
    session: boto3.Session, place: Place, definition: Definition, run: Run, folder: Path
) -> Gathered:
    backup = session.client("backup", region_name=place.region, config=_RETRIES)
    tagging = session.client("resourcegroupstaggingapi", region_name=place.region, config=_RETRIES)
    vaults: list[Row] = []
    unseen: list[Row] = []
    try:
        vaults = list(vault_rows(backup, place, definition.vault_tag, _PATIENCE))
    except _REFUSALS as error:
        return Gathered([], [unseen_row(place, error)])
    tables = collate(
        backup,
        tagging,
        place,
        vaults=[str(row["vault_name"]) for row in vaults if row.get("tagged") is True],
        jobs=(run.since, run.period.end) if definition.source == "api" else None,
        patience=_PATIENCE,
    )
    for name, rows in tables.items():
        try:
            _write(folder / "parts" / place.account / place.region, name, rows)
        except _REFUSALS as error:
            unseen.append(unseen_row(place, error, f"{name}: "))
    return Gathered(vaults, unseen)


def _write(folder: Path, table: str, rows: Iterable[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / f"{table}.csv.gz", "wt", encoding="utf-8", newline="") as file:
        write_csv(rows, TABLES[table], file)
