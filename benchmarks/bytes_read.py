"""Bytes that Athena reads for each of the AWS blog's six questions, curated against raw.

Asked is what people ask, the view of the newest rows, and the curated table below it.

The sandbox's Athena accounts as DataScannedInBytes: of CSV whole objects, of Parquet footers and
the column chunks of row groups that may match. Reports are the generator's; partitions and Parquet
are made by the deployed handlers' own code.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
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
from benchmarks.measure import Measure
from benchmarks.reports_at_hand import PLANS
from components.lake.curated_report_tables import (
    INPUT_FORMAT,
    OUTPUT_FORMAT,
    SERDE,
    newest_view,
)
from components.lake.query_library import queries
from handlers.curate_reports.app import Curator
from handlers.curate_reports.app import Environment as CuratorEnvironment
from handlers.partition_reports.app import Delivery, Environment
from reports.curated_tables import PARTITION_KEY, curated_table
from reports.glue_partitions import Partitions
from reports.keys import ReportKey
from reports.plans import described
from reports.raw_tables import PARTITION_KEYS, TABLE_PARAMETERS, storage_descriptor
from reports.templates import TEMPLATES, Template

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_ACCOUNT, _REGION, _BUCKET, _DATABASE = "111111111111", "eu-west-1", "lake", "lake"
_GOAL = 0.05  # a twentieth

_CONTROLS = "account_id, framework_name, control_name, num_resources_non_compliant"
_JOBS = "account_id, resource_type, resource_name, status_message, creation_date"
_NON_COMPLIANT = f"control_compliance_status = 'NON_COMPLIANT' AND region = '{_REGION}'"
_UNIT = "o-exampleorg1/r-exam/ou-exam-00000002"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One of the blog's, and the same over a curated table."""

    raw: str
    """A query of the library."""
    chosen: str
    """The columns that answer it; the blog asks for all."""
    curated: str
    """From which rows of which curated table."""
    parameters: Mapping[str, str]


_HERE = {"region": _REGION}
QUESTIONS = (
    Question(
        raw="blog_1_noncompliant_controls_in_a_region",
        chosen=_CONTROLS,
        curated=f"control_compliance_curated WHERE {_NON_COMPLIANT}",
        parameters=_HERE,
    ),
    Question(
        raw="blog_2_noncompliant_controls_in_a_unit",
        chosen=_CONTROLS,
        curated=f"control_compliance_curated WHERE {_NON_COMPLIANT} AND path_to_root = '{_UNIT}'",
        parameters={**_HERE, "path_to_root": _UNIT},
    ),
    Question(
        raw="blog_3_resources_without_vault_lock_corrected",
        chosen="account_id, region, resource_type, resource_id",
        curated="resource_compliance_curated WHERE resource_compliance_status = 'NON_COMPLIANT' "
        "AND control_name = 'BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK'",
        parameters={},
    ),
    Question(
        raw="blog_4_failed_backup_jobs_in_a_region",
        chosen=_JOBS,
        curated=f"backup_jobs_curated WHERE job_status = 'FAILED' AND region = '{_REGION}'",
        parameters=_HERE,
    ),
    Question(
        raw="blog_5_failed_restore_jobs_in_a_region",
        chosen=_JOBS,
        curated=f"restore_jobs_curated WHERE job_status = 'FAILED' AND region = '{_REGION}'",
        parameters=_HERE,
    ),
    Question(
        raw="blog_6_aborted_jobs_in_a_region",
        chosen=_JOBS,
        curated=f"backup_jobs_curated WHERE job_status = 'ABORTED' AND region = '{_REGION}'",
        parameters=_HERE,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Size:
    accounts: int
    jobs_per_day: int
    """Of an account and Region, of which there are three."""
    days: int


FULL = Size(accounts=100, jobs_per_day=30, days=3)
TINY = Size(accounts=2, jobs_per_day=3, days=1)


def run(size: Size) -> Sequence[Measure]:
    server = AwsServer(Organization(accounts=(Account(id=_ACCOUNT, name="management"),)))
    server.start()
    replacements = Replacements()
    try:
        with TemporaryDirectory() as cache:
            service = install(replacements, Path(cache))
            try:
                lake = _Lake(server)
                lake.fill(size)
                return [line for question in QUESTIONS for line in _asked(lake, question)]
            finally:
                service.stop()
    finally:
        replacements.undo()
        server.stop()


def _asked(lake: _Lake, question: Question) -> Sequence[Measure]:
    sql = queries(_REGION)[question.raw].sql(**question.parameters)
    raw_rows, raw = lake.ask(sql)
    table, view = question.curated, question.curated.replace("_curated", "", 1)
    lines: list[Measure] = []
    for what, asked in (
        ("view, all columns", f"SELECT * FROM {view}"),
        ("view, the columns that answer it", f"SELECT {question.chosen} FROM {view}"),
        ("table, all columns", f"SELECT * FROM {table}"),
    ):
        found, read = lake.ask(asked)
        # A view has each job and control once, a table once for each day that reports it.
        fits = found == raw_rows if asked.endswith(table) else bool(raw_rows) <= found <= raw_rows
        assert fits, (asked, found, raw_rows)
        lines.append(
            Measure(
                what=f"{question.raw}, {what}, {found} rows",
                value=read,
                unit="bytes",
                baseline="raw",
                base=raw,
                at_most=_GOAL,
            )
        )
    return lines


class _Lake:
    """Raw and curated tables in the sandbox."""

    def __init__(self, server: AwsServer) -> None:
        session = server.session(_ACCOUNT, _REGION)
        self._s3, self._glue = session.client("s3"), session.client("glue")
        self._athena = session.client("athena")
        self._s3.create_bucket(
            Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": _REGION}
        )
        self._glue.create_database(DatabaseInput={"Name": _DATABASE})
        for template in TEMPLATES.values():
            self._raw_table(template)
            self._curated_table(template)
            self._view(template)

    def fill(self, size: Size) -> None:
        plans = json.dumps(described(PLANS))
        delivery = Delivery(
            Environment(
                database=_DATABASE, report_plans=plans, dead_letters_url="", table_headers=""
            ),
            self._s3,
            cast("SQSClient", None),  # nothing is withheld
            Partitions(self._glue, _DATABASE),
        )
        curator = Curator(
            CuratorEnvironment(
                report_plans=plans,
                lake_bucket=_BUCKET,
                dead_letters_url="",
                duckdb_memory_mb="512",
            ),
            self._s3,
            cast("SQSClient", None),  # nothing is parked
        )
        organization = example(size.accounts)
        profile = Profile(jobs_per_day=size.jobs_per_day)
        for day in range(1, size.days + 1):
            end = datetime(2026, 11, day, 2, tzinfo=UTC)
            for name, plan in PLANS.items():
                generated = Generated(TEMPLATES[plan.template].api_name)
                content = rows(generated, organization, profile, Window(end=end))
                for part, file in enumerate(csv_files(content, fields(generated))):
                    key = ReportKey(
                        account="crossaccount",
                        region="crossregion",
                        date=end.date(),
                        plan=name,
                        file=f"{part}.csv",
                    ).key
                    self._s3.put_object(Bucket=_BUCKET, Key=key, Body=file)
                    message = _message(key, len(file))
                    delivery.take_in(message)
                    curator.take_in(message)

    def ask(self, sql: str) -> tuple[int, int]:
        """How many rows a query finds, and how many bytes it reads."""
        started = self._athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": _DATABASE},
            ResultConfiguration={"OutputLocation": f"s3://{_BUCKET}/results/"},
        )["QueryExecutionId"]
        while True:
            query = self._athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            state = query.get("Status", {})
            if state.get("State") not in {"QUEUED", "RUNNING"}:
                break
            time.sleep(0.05)
        assert state.get("State") == "SUCCEEDED", state
        pages = self._athena.get_paginator("get_query_results").paginate(QueryExecutionId=started)
        found = sum(len(page["ResultSet"].get("Rows", [])) for page in pages) - 1
        return found, query.get("Statistics", {}).get("DataScannedInBytes", 0)

    def _raw_table(self, template: Template) -> None:
        names = [column.raw for column in template.columns]
        self._table(template.table, PARTITION_KEYS, storage_descriptor(names, f"s3://{_BUCKET}/"))

    def _curated_table(self, template: Template) -> None:
        table = curated_table(template)
        location = f"s3://{_BUCKET}/{table.location}"
        storage = {
            "Columns": [{"Name": name, "Type": type_} for name, type_ in table.columns.items()],
            "Location": location,
            "InputFormat": INPUT_FORMAT,
            "OutputFormat": OUTPUT_FORMAT,
            "SerdeInfo": {"SerializationLibrary": SERDE},
        }
        projection = {
            "projection.enabled": "true",
            f"projection.{PARTITION_KEY}.type": "date",
            f"projection.{PARTITION_KEY}.format": "yyyy-MM",
            f"projection.{PARTITION_KEY}.range": "2026-11,2026-11",
            "storage.location.template": f"{location}{PARTITION_KEY}=${{{PARTITION_KEY}}}/",
        }
        self._table(table.name, (PARTITION_KEY,), storage, projection)

    def _view(self, template: Template) -> None:
        view = newest_view(template, _DATABASE)
        self._glue.create_table(
            DatabaseName=_DATABASE,
            TableInput={
                "Name": view.name,
                "Owner": _ACCOUNT,
                "TableType": "VIRTUAL_VIEW",
                "Parameters": {"presto_view": "true"},
                "ViewOriginalText": view.definition(_ACCOUNT),
                "StorageDescriptor": {
                    "Columns": [{"Name": n, "Type": t} for n, t in view.columns.items()],
                    "SerdeInfo": {"Name": "-", "SerializationLibrary": "-"},
                },
            },
        )

    def _table(
        self,
        name: str,
        keys: Sequence[str],
        storage: Any,
        parameters: Mapping[str, str] = TABLE_PARAMETERS,
    ) -> None:
        self._glue.create_table(
            DatabaseName=_DATABASE,
            TableInput={
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": dict(parameters),
                "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
                "StorageDescriptor": storage,
            },
        )


def _message(key: str, size: int) -> str:
    detail = {"bucket": {"name": _BUCKET}, "object": {"key": key, "size": size}}
    return json.dumps({"detail-type": "Object Created", "detail": detail})
