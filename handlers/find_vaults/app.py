"""The first step of a scheduled report: what is to be looked at, and the start of it.

Runbook → this function → the run's objects in the digests bucket, and one message an account and
Region on the queue that handlers/collate_jobs works off.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from handlers import environment
from handlers.find_vaults.core import Looked, messages, nothing_seen, parts_of
from handlers.member_clients import MemberClients
from reports.digest import runs
from reports.digest.activity import UNSEEN, VAULTS, Row, Table, write_csv
from reports.digest.collation import Patience, Place, unseen_row, vault_rows
from reports.digest.definition import Cadence, Definition
from reports.digest.objects import DigestObjects
from reports.digest.runs import Run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, kw_only=True)
class Environment:
    digests_bucket: str
    reader_role: str
    """The name of the role that each account has for it."""
    queue_url: str
    """Of the queue that collation works off."""


logger = Logger(service="find_vaults")
metrics = Metrics(namespace="BackupOrg", service="find_vaults")

_AT_ONCE = 32
"""Accounts that are looked at together."""


class Finder:
    """Looks for vaults in every account and Region of a definition."""

    def __init__(
        self, settings: Environment, s3: S3Client, sqs: SQSClient, members: MemberClients
    ) -> None:
        self._bucket, self._queue = settings.digests_bucket, settings.queue_url
        self._s3, self._sqs, self._members = s3, sqs, members
        self._objects = DigestObjects(s3, settings.digests_bucket)

    def find(
        self,
        run_id: str,
        cadence: Cadence,
        now: datetime,
        patience: Patience,
        *,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """For the last period before `at`, which is when the schedule was due, or now."""
        definition = self._objects.definition(cadence)
        period = runs.period_of(cadence, definition.timezone, at or now)
        run = Run(
            run_id=run_id,
            cadence=cadence,
            timezone=definition.timezone,
            period=period,
            since=runs.jobs_since(definition, period, now),
        )
        looked = self._look(definition, patience)
        parts = parts_of(looked)
        if not parts:
            raise RuntimeError(nothing_seen(looked))
        vaults = [row for one in looked for row in one.vaults]
        self._write_csv(run.vaults_key, VAULTS, vaults)
        self._write_csv(run.unseen_key, UNSEEN, (r for one in looked for r in one.unseen))
        self._s3.put_object(Bucket=self._bucket, Key=run.key, Body=run.dumped().encode())
        self._s3.put_object(
            Bucket=self._bucket,
            Key=run.status_key,
            Body=json.dumps(parts).encode(),
            Metadata={"state": "running"},
        )
        tagged = sum(row.get("tagged") is True for row in vaults)
        metrics.add_metric(name="TaggedVaults", unit=MetricUnit.Count, value=tagged)
        return {
            "RunId": run_id,
            "Vaults": tagged,
            "Parts": len(parts),
            "StatusKey": run.status_key,
        }

    def start(self, run_id: str) -> dict[str, Any]:
        run = self._objects.run(run_id)
        parts: Sequence[tuple[str, str]] = json.loads(self._objects.read(run.status_key))
        for entries in messages(run_id, parts):
            failed = self._sqs.send_message_batch(QueueUrl=self._queue, Entries=entries).get(
                "Failed", []
            )
            if failed:
                raise RuntimeError(f"the queue did not take {len(failed)} messages: {failed[0]}")
        return {"Parts": len(parts)}

    def _look(self, definition: Definition, patience: Patience) -> Sequence[Looked]:
        def look(account: str) -> Looked:
            return self._look_at(account, definition, patience)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(look, sorted(definition.regions)))

    def _look_at(self, account: str, definition: Definition, patience: Patience) -> Looked:
        vaults: list[Row] = []
        unseen: list[Row] = []
        seen: list[str] = []
        for region in definition.regions[account]:
            place = Place(account=account, region=region)
            try:
                backup = self._members.backup(account, region)
                found = list(vault_rows(backup, place, definition.vault_tag, patience))
            except (BotoCoreError, ClientError) as error:
                logger.warning("not looked at", account=account, region=region, reason=str(error))
                metrics.add_metric(name="UnseenParts", unit=MetricUnit.Count, value=1)
                unseen.append(unseen_row(place, error))
            else:
                vaults += found
                seen.append(region)
        return Looked(account=account, regions=seen, vaults=vaults, unseen=unseen)

    def _write_csv(self, key: str, table: Table, rows: Iterable[Row]) -> None:
        text = io.StringIO()
        write_csv(rows, table, text)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=text.getvalue().encode())


@cache
def _finder() -> Finder:
    settings = environment.read(Environment, os.environ)
    session = boto3.Session()
    members = MemberClients(session, settings.reader_role)
    return Finder(settings, session.client("s3"), session.client("sqs"), members)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    match event["Step"]:
        case "find_vaults":
            patience = Patience(lambda: context.get_remaining_time_in_millis() / 1000)
            at = event.get("At", "now")
            return _finder().find(
                event["RunId"],
                event["Cadence"],
                datetime.now(UTC),
                patience,
                at=None if at == "now" else datetime.fromisoformat(at),
            )
        case "start_collation":
            return _finder().start(event["RunId"])
        case step:
            raise ValueError(f"no step {step!r}: there are find_vaults and start_collation")
