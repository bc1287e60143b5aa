"""Partitions and curated files for reports that lie in the bucket already.

What is there is listed, what is missing is worked out, and only that is made, bit by bit: an
interrupted backfill goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from fleet.partition_batches import BackfillFailed, PartitionBatches, Standing, standing
from handlers.curate_reports.core import delivery_key
from handlers.curated_tables import DELIVERIES_FOLDER
from handlers.object_events import CreatedObject
from handlers.partition_reports.core import (
    Partition,
    folder_of,
    no_report,
    obstacle,
    report_of,
    second_folder,
)
from handlers.partition_reports.partitions import Partitions
from handlers.raw_csv import scan
from handlers.report_keys import parse
from handlers.report_plans import Plans
from handlers.report_templates import Template

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_READERS = 16
_MESSAGES_A_CALL = 10
_CHUNK = 1 << 20

T = TypeVar("T")
_Place = tuple[str, tuple[str, ...]]
"""A partition's table and values."""
Tell = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, kw_only=True)
class Lake:
    """A stack's reports and what is made of them."""

    reports_bucket: str
    lake_bucket: str
    database: str
    plans: Plans
    curation_queue: str
    """Its URL."""
    adds_partitions: bool
    """False: Athena computes them."""


@dataclass(frozen=True, kw_only=True)
class Clients:
    s3: S3Client
    glue: GlueClient
    sqs: SQSClient


@dataclass(frozen=True, kw_only=True)
class Todo:
    """What objects in the bucket need and do not have."""

    partitions: Mapping[Partition, Sequence[str]]
    """The keys of the reports in each partition's folder."""
    templates: Mapping[Partition, Template]
    strange: Mapping[Partition, str]
    """The key of an object in a partition's folder that is no CSV report."""
    elsewhere: Mapping[Partition, str]
    """Where the partition of the same plan and day is."""
    curations: Sequence[CreatedObject]


@dataclass
class Done:
    objects: int = 0
    reports: int = 0
    partitions: int = 0
    """Added; those that were there do not count."""
    updated: int = 0
    """Partitions that were there and got their table's columns."""
    withdrawn: int = 0
    """Partitions that were there, and that the raw table cannot read."""
    withheld: dict[str, str] = field(default_factory=dict[str, str])
    """By folder, why the raw table cannot read it."""
    curations: int = 0
    """Handed to the curation function, which works them off by and by."""


def todo(
    objects: Iterable[CreatedObject],
    there: Mapping[_Place, str],
    noted: frozenset[str],
    lake: Lake,
    *,
    recheck: bool = False,
) -> Todo:
    """Works out what is missing; `there` has the locations of partitions that stand, `noted` the
    keys that the curation function writes last.

    Of several folders of one plan and day that have no partition the first one listed gets it.
    """
    objects = list(objects)
    strange = _strange(objects, lake)
    places: dict[_Place, str] = dict(there)
    elsewhere: dict[Partition, str] = {}
    folders: dict[Partition, list[str]] = {}
    templates: dict[Partition, Template] = {}
    curations: list[CreatedObject] = []
    for created in objects:
        report = report_of(created.bucket, created.key, lake.plans)
        if report is None:
            continue
        partition = report.partition
        if lake.adds_partitions:
            place = (partition.table, partition.values)
            location = places.setdefault(place, partition.location)
            if not partition.lies_at(location):
                elsewhere[partition] = location
            elif recheck or partition in strange or place not in there:
                folders.setdefault(partition, []).append(created.key)
                templates[partition] = report.template
        if delivery_key(parse(created.key)) not in noted:
            curations.append(created)
    return Todo(
        partitions=folders,
        templates=templates,
        strange=strange,
        elsewhere=elsewhere,
        curations=curations,
    )


def _strange(objects: Iterable[CreatedObject], lake: Lake) -> dict[Partition, str]:
    found: dict[Partition, str] = {}
    for created in objects:
        folder = folder_of(created.bucket, created.key, lake.plans)
        is_report = report_of(created.bucket, created.key, lake.plans) is not None
        if folder is not None and created.size and not is_report:
            found.setdefault(folder.partition, created.key)
    return found


class Backfill:
    """Does what is missing, at the APIs' floor of calls, and tells how far it is."""

    def __init__(self, lake: Lake, clients: Clients, tell: Tell) -> None:
        self._lake = lake
        self._s3, self._glue, self._sqs = clients.s3, clients.glue, clients.sqs
        self._tell = tell
        self._partitions = Partitions(clients.glue, lake.database)

    def run(self, *, recheck: bool = False) -> Done:
        """`recheck`: partitions that are there are looked at again, as a new header demands:
        what fits gets the table's columns, what does not is withdrawn."""
        done = Done()
        objects = list(self._objects(done))
        there = dict(self._standing(with_columns=recheck))
        missing = todo(
            objects,
            {place: found.location for place, found in there.items()},
            frozenset(self._keys(self._lake.lake_bucket, DELIVERIES_FOLDER)),
            self._lake,
            recheck=recheck,
        )
        done.reports = sum(
            report_of(o.bucket, o.key, self._lake.plans) is not None for o in objects
        )
        self._curate(missing.curations, done)
        for partition, location in missing.elsewhere.items():
            done.withheld[partition.folder] = second_folder(partition, location)
        self._add_partitions(missing, there, done)
        return done

    def _objects(self, done: Done) -> Iterator[CreatedObject]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._lake.reports_bucket)
        for page in pages:
            for found in page.get("Contents", []):
                done.objects += 1
                yield CreatedObject(
                    bucket=self._lake.reports_bucket,
                    key=found.get("Key", ""),
                    size=found.get("Size", 0),
                )
            self._tell("objects listed", done.objects, 0)

    def _keys(self, bucket: str, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            yield from (found.get("Key", "") for found in page.get("Contents", []))

    def _standing(self, *, with_columns: bool) -> Iterator[tuple[_Place, Standing]]:
        tables = {f"{plan.template}_report" for plan in self._lake.plans.values()}
        for table in sorted(tables) if self._lake.adds_partitions else ():
            for found in standing(
                self._glue, self._lake.database, table, with_columns=with_columns
            ):
                yield (table, found.values), found

    def _add_partitions(self, missing: Todo, there: Mapping[_Place, Standing], done: Done) -> None:
        """Some as soon as they are looked at, so that an interruption costs the reading of few."""
        for template in set(missing.templates.values()):
            self._partitions.columns(template.table)  # once, before the readers ask for them
        batches = PartitionBatches(self._glue, self._lake.database, self._partitions.columns)

        def settle(partition: Partition, reason: str | None) -> None:
            found = there.get((partition.table, partition.values))
            if reason is not None:
                done.withheld[partition.folder] = reason
                if found is not None and partition.lies_at(found.location):
                    self._partitions.withhold(partition)
                    done.withdrawn += 1
            elif found is None:
                batches.create(partition)
            elif partition.lies_at(found.location) and not self._has_columns(partition, found):
                batches.update(partition)
            done.partitions, done.updated = batches.created, batches.updated

        with ThreadPoolExecutor(_READERS) as pool:
            looks = {pool.submit(self._obstacle, missing, p): p for p in missing.partitions}
            try:
                for number, look in enumerate(as_completed(looks), start=1):
                    settle(looks.pop(look), look.result())
                    self._tell("folders looked at", number, len(missing.partitions))
                    self._tell("partitions added", done.partitions, 0)
            finally:
                pool.shutdown(cancel_futures=True)
                for look, partition in looks.items():  # those that were being looked at
                    if _is_through(look):
                        settle(partition, look.result())
                batches.flush()
                done.partitions, done.updated = batches.created, batches.updated

    def _has_columns(self, partition: Partition, there: Standing) -> bool:
        return list(there.columns) == list(self._partitions.columns(partition.table))

    def _obstacle(self, missing: Todo, partition: Partition) -> str | None:
        """Why the raw table cannot read a folder, by the first of its reports that it cannot."""
        if partition in missing.strange:
            return no_report(missing.strange[partition])
        columns = self._partitions.columns(partition.table)
        for key in missing.partitions[partition]:
            body = self._s3.get_object(Bucket=partition.bucket, Key=key)["Body"]
            found = scan(body.iter_chunks(_CHUNK))
            reason = obstacle(missing.templates[partition], columns, found)
            if reason is not None:
                return f"{key}: {reason}"
        return None

    def _curate(self, curations: Sequence[CreatedObject], done: Done) -> None:
        for some in _groups(curations, _MESSAGES_A_CALL):
            answer = self._sqs.send_message_batch(
                QueueUrl=self._lake.curation_queue,
                Entries=[
                    {"Id": str(number), "MessageBody": _event(created)}
                    for number, created in enumerate(some)
                ],
            )
            if answer.get("Failed"):
                raise BackfillFailed(f"the curation queue refused: {answer['Failed']}")
            done.curations += len(some)
            self._tell("reports handed to curation", done.curations, len(curations))


def _event(created: CreatedObject) -> str:
    """What S3 would have said of the object."""
    return json.dumps(
        {
            "source": "backup-org.backfill",
            "detail-type": "Object Created",
            "detail": {
                "bucket": {"name": created.bucket},
                "object": {"key": created.key, "size": created.size},
            },
        }
    )


def _is_through(look: Future[str | None]) -> bool:
    return not look.cancelled() and look.exception() is None


def _groups(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
