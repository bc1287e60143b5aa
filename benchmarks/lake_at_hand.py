"""A lake in the sandbox: reports curated and compacted by the functions' own code, and asked."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from aws_sandbox.aws.organization import Account, Organization
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.moto_changes.athena import install
from aws_sandbox.moto_changes.replacements import Replacements
from aws_sandbox.reports.files import Template as Generated
from aws_sandbox.reports.files import csv_files, fields, rows
from aws_sandbox.reports.report_plans import example
from aws_sandbox.reports.rows import Profile, Window
from benchmarks.reports_at_hand import PLANS
from components.lake.curated_report_tables import (
    INPUT_FORMAT,
    OUTPUT_FORMAT,
    SERDE,
    newest_view,
    plans_view,
)
from components.lake.glue_views import GlueView
from handlers.compact_reports.app import Compactor
from handlers.curate_reports.app import Curator
from handlers.curate_reports.app import Environment as CuratorEnvironment
from handlers.monthly_files import MonthlyFiles
from reports.curated_tables import PARTITION_KEY, TABLES, CuratedTable
from reports.keys import ReportKey
from reports.month_lists import MonthLists
from reports.object_events import CreatedObject, event_of
from reports.plans import described
from reports.templates import TEMPLATES

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

REGION = "eu-west-1"
_ACCOUNT = "111111111111"
_MEMORY_MB = 512


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What reports are about."""

    accounts: int
    jobs_per_day: int
    """Of an account and Region, of which there are three."""


class LakeAtHand:
    """Curated tables and views over a bucket; no raw ones, of which Athena reads all."""

    def __init__(self, server: AwsServer, name: str) -> None:
        self._name = name
        """Of the bucket and of the database."""
        session = server.session(_ACCOUNT, REGION)
        self._s3, self._glue = session.client("s3"), session.client("glue")
        self._athena = session.client("athena")
        self._s3.create_bucket(
            Bucket=self._name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self._glue.create_database(DatabaseInput={"Name": self._name})
        for table in TABLES:
            self._table(table)
        views = [newest_view(template, self._name) for template in TEMPLATES.values()]
        deployed = {name: plan.template for name, plan in PLANS.items()}
        for view in (*views, plans_view(deployed, self._name)):
            self._view(view)
        self.raw_bytes = Counter[str]()
        """Of the reports that were delivered, by template: what Athena reads of a raw table."""

    def deliver(self, reported: Reported, day: datetime) -> None:
        """A day's reports."""
        settings = CuratorEnvironment(
            report_plans=json.dumps(described(PLANS)),
            lake_bucket=self._name,
            duckdb_memory_mb=str(_MEMORY_MB),
            dead_letters_url="",
        )
        curator = Curator(settings, self._s3, cast("SQSClient", None))  # nothing is parked
        organization = example(reported.accounts)
        profile = Profile(jobs_per_day=reported.jobs_per_day)
        for name, plan in PLANS.items():
            generated = Generated(TEMPLATES[plan.template].api_name)
            content = rows(generated, organization, profile, Window(end=day))
            for part, file in enumerate(csv_files(content, fields(generated))):
                key = ReportKey(
                    account="crossaccount",
                    region="crossregion",
                    date=day.date(),
                    plan=name,
                    file=f"{part}.csv",
                ).key
                self.raw_bytes[plan.template] += len(file)
                self._s3.put_object(Bucket=self._name, Key=key, Body=file)
                curator.take_in(_message(self._name, key, len(file)))
                self._s3.delete_object(Bucket=self._name, Key=key)  # all are in this process

    def compact(self) -> None:
        Compactor(
            lake=MonthlyFiles(s3=self._s3, bucket=self._name, memory_mb=_MEMORY_MB),
            expire_after_days=None,
            has_time=lambda: True,
        ).run(datetime.now(UTC))

    def most_files(self) -> int:
        """Of a month and table, beside its list."""
        lists = MonthLists(s3=self._s3, bucket=self._name)
        return max(
            len(lists.read(table, month).files) for table in TABLES for month in lists.months(table)
        )

    def ask(self, sql: str) -> tuple[int, int]:
        """How many rows a query finds, and how many bytes it reads."""
        started = self._athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self._name},
            ResultConfiguration={"OutputLocation": f"s3://{self._name}/results/"},
        )["QueryExecutionId"]
        while True:
            query = self._athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            state = query.get("Status", {})
            if state.get("State") not in {"QUEUED", "RUNNING"}:
                break
            time.sleep(0.05)
        assert state.get("State") == "SUCCEEDED", (state, sql)
        pages = self._athena.get_paginator("get_query_results").paginate(QueryExecutionId=started)
        found = sum(len(page["ResultSet"].get("Rows", [])) for page in pages) - 1
        return found, query.get("Statistics", {}).get("DataScannedInBytes", 0)

    def _table(self, table: CuratedTable) -> None:
        location = f"s3://{self._name}/{table.location}"
        self._create(
            table.name,
            "EXTERNAL_TABLE",
            {
                "projection.enabled": "true",
                f"projection.{PARTITION_KEY}.type": "date",
                f"projection.{PARTITION_KEY}.format": "yyyy-MM",
                f"projection.{PARTITION_KEY}.range": "2025-11,2026-11",
                "storage.location.template": f"{location}{PARTITION_KEY}=${{{PARTITION_KEY}}}/",
            },
            {
                "Location": location,
                "InputFormat": INPUT_FORMAT,
                "OutputFormat": OUTPUT_FORMAT,
                "SerdeInfo": {"SerializationLibrary": SERDE},
            },
            table.columns,
            PartitionKeys=[{"Name": PARTITION_KEY, "Type": "string"}],
        )

    def _view(self, view: GlueView) -> None:
        self._create(
            view.name,
            "VIRTUAL_VIEW",
            {"presto_view": "true"},
            {"SerdeInfo": {"Name": "-", "SerializationLibrary": "-"}},
            view.columns,
            Owner=_ACCOUNT,
            ViewOriginalText=view.definition(_ACCOUNT),
        )

    def _create(
        self,
        name: str,
        kind: str,
        parameters: Mapping[str, str],
        storage: Mapping[str, Any],
        columns: Mapping[str, str],
        **more: Any,
    ) -> None:
        described = [{"Name": column, "Type": type_} for column, type_ in columns.items()]
        self._glue.create_table(
            DatabaseName=self._name,
            TableInput=cast(
                "Any",
                {
                    "Name": name,
                    "TableType": kind,
                    "Parameters": parameters,
                    "StorageDescriptor": {**storage, "Columns": described},
                    **more,
                },
            ),
        )


@contextmanager
def lake_at_hand(name: str) -> Generator[LakeAtHand]:
    """One of its own: what the sandbox's AWS holds stays in the process."""
    server = AwsServer(Organization(accounts=(Account(id=_ACCOUNT, name="management"),)))
    server.start()
    replacements = Replacements()
    try:
        with TemporaryDirectory() as cache:
            service = install(replacements, Path(cache))
            try:
                yield LakeAtHand(server, name)
            finally:
                service.stop()
    finally:
        replacements.undo()
        server.stop()


def _message(bucket: str, key: str, size: int) -> str:
    return event_of(CreatedObject(bucket=bucket, key=key, size=size), "benchmark")
