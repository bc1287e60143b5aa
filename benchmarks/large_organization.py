"""A day of a thousand accounts in seventeen Regions, through partition and curation, one by one.

The functions' own code in this process, by what settings' defaults make of report plans; S3, Glue
and SQS are moto's, so that no network counts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import duckdb
from moto import mock_aws

from aws_sandbox.reports.files import Template, csv_files, fields, rows
from aws_sandbox.reports.report_plans import Layout, ReportedOrganization, example, folder
from aws_sandbox.reports.rows import Profile, Window
from benchmarks.measure import Measure
from benchmarks.reports_at_hand import make_raw_tables
from handlers.curate_reports.app import Curator
from handlers.curate_reports.app import Environment as CuratorEnvironment
from handlers.partition_reports.app import Delivery, Environment
from reports.curated_tables import DELIVERIES, FILES
from reports.glue_partitions import Partitions
from reports.object_events import CreatedObject, event_of
from reports.plans import ORGANIZATION, Plan, described, part_name
from reports.templates import TEMPLATES
from stacks.report_settings import Sharding
from stacks.sharding import Load, Unit, shards

_REGION, _DATABASE, _REPORTS, _LAKE = "eu-west-1", "reports", "reports", "lake"
_END = datetime(2026, 11, 21, 2, tzinfo=UTC)
_CURATION_TIMEOUT_SECONDS, _PARTITIONS_TIMEOUT_SECONDS = 300, 60
_AT_MOST = 0.1
"""Of a function's timeout, as Lambda's processors are slower and its network counts."""


@dataclass(frozen=True, kw_only=True)
class Size:
    accounts: int
    regions: int
    jobs_per_day: int
    """Of an account and Region."""


FULL = Size(accounts=1_000, regions=17, jobs_per_day=4)
TINY = Size(accounts=2, regions=2, jobs_per_day=1)


def run(size: Size) -> Sequence[Measure]:
    regions = [f"region-{number}" for number in range(size.regions)]
    whole = example(size.accounts, regions)
    plans = {
        f"acme_{name}_report": Plan(template=name, account=ORGANIZATION, numbered=True)
        for name in TEMPLATES
    }
    with mock_aws():
        partition, curate = _functions(plans)
        s3: Any = boto3.client("s3", region_name=_REGION)
        objects, megabytes, generated = 0, 0.0, 0
        partitioned, curated = list[float](), list[float]()
        for name, organization in _parts(plans, whole):
            template = Template(TEMPLATES[plans[name[0]].template].api_name)
            for key, content, count in _files(template, part_name(*name), organization, size):
                s3.put_object(Bucket=_REPORTS, Key=key, Body=content)
                message = _message(key, len(content))
                partitioned.append(_seconds(partition, message))
                curated.append(_seconds(curate, message))
                objects, megabytes = objects + 1, megabytes + len(content) / 1e6
                generated += count
        taken = _rows_of_deliveries(s3)
    assert taken == generated, (taken, generated)
    what = (
        f"a day of {size.accounts:,} accounts × {size.regions} Regions, {objects} reports of "
        f"{megabytes:.0f} MB, {taken:,} rows"
    )
    return [
        Measure(
            what=f"{what}: curation, {megabytes / sum(curated):.1f} MB/s; the longest report",
            value=max(curated),
            unit="s",
            baseline="the function's timeout",
            base=_CURATION_TIMEOUT_SECONDS,
            at_most=_AT_MOST,
        ),
        Measure(
            what="its partitions; the longest",
            value=max(partitioned),
            unit="s",
            baseline="the function's timeout",
            base=_PARTITIONS_TIMEOUT_SECONDS,
            at_most=_AT_MOST,
        ),
    ]


def _parts(
    plans: Mapping[str, Plan], whole: ReportedOrganization
) -> Iterator[tuple[tuple[str, int], ReportedOrganization]]:
    """Each report plan's share, by its template's first name and its number."""
    load = Load(regions=len(whole.regions), account_daily_volume=Sharding().account_daily_volume)
    root = Unit(id="r-exam", accounts=tuple(account.id for account in whole.accounts))
    for number, shard in enumerate(shards(root, load), start=1):
        accounts = [account for account in whole.accounts if account.id in shard.covers]
        share = ReportedOrganization(accounts=accounts, regions=whole.regions)
        yield from (((name, number), share) for name in plans)


def _files(
    template: Template, plan: str, organization: ReportedOrganization, size: Size
) -> Iterator[tuple[str, bytes, int]]:
    """The key, the content and the rows of each part of a report."""
    counted = [0]

    def counting() -> Iterator[Any]:
        profile = Profile(jobs_per_day=size.jobs_per_day)
        for row in rows(template, organization, profile, Window(end=_END)):
            counted[0] += 1
            yield row

    place = folder(prefix="", layout=Layout(account=None, region=None), at=_END, plan=plan)
    before = 0
    for number, content in enumerate(csv_files(counting(), fields(template)), start=1):
        start = _END - timedelta(days=1)
        name = f"{template.lower()}_{plan}_{start:%Y-%m-%dt%H:%M:%Sz}_{_END:%Y-%m-%dt%H:%M:%Sz}"
        yield f"{place}{name}_{number}.csv", content, counted[0] - before
        before = counted[0]


def _functions(plans: Mapping[str, Plan]) -> tuple[Callable[[str], None], Callable[[str], None]]:
    s3 = boto3.client("s3", region_name=_REGION)
    glue = boto3.client("glue", region_name=_REGION)
    sqs = boto3.client("sqs", region_name=_REGION)
    for bucket in (_REPORTS, _LAKE):
        where: Any = {"LocationConstraint": _REGION}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    make_raw_tables(glue, _DATABASE, _REPORTS)
    told, nowhere = json.dumps(described(plans)), "nothing rests"
    partition = Delivery(
        Environment(
            database=_DATABASE, report_plans=told, dead_letters_url=nowhere, table_headers=""
        ),
        s3,
        sqs,
        Partitions(glue, _DATABASE),
    )
    curator = Curator(
        CuratorEnvironment(
            report_plans=told, lake_bucket=_LAKE, dead_letters_url=nowhere, duckdb_memory_mb="512"
        ),
        s3,
        sqs,
    )
    return partition.take_in, curator.take_in


def _message(key: str, size: int) -> str:
    return event_of(CreatedObject(bucket=_REPORTS, key=key, size=size), "benchmark")


def _seconds(function: Callable[[str], None], message: str) -> float:
    began = time.perf_counter()
    function(message)
    return time.perf_counter() - began


def _rows_of_deliveries(s3: Any) -> int:
    """What the table of deliveries says was taken in."""
    listed = s3.list_objects_v2(Bucket=_LAKE, Prefix=f"{FILES}{DELIVERIES.folder}/")["Contents"]
    with TemporaryDirectory() as place:
        for number, item in enumerate(listed):
            content = s3.get_object(Bucket=_LAKE, Key=item["Key"])["Body"].read()
            (Path(place) / f"{number}.parquet").write_bytes(content)
        found = duckdb.sql(f"SELECT sum(rows) FROM read_parquet('{place}/*.parquet')").fetchone()
    return int(found[0]) if found else 0
