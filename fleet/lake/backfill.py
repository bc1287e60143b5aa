"""Partitions and curated files for reports that lie in the bucket already.

What is there is listed, what is missing is worked out, and only that is made, bit by bit: an
interrupted backfill goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from fleet.lake.backfill_todo import BackfillTarget, Place, Todo, todo
from fleet.lake.partition_batches import BackfillFailed, PartitionBatches, Standing, standing
from fleet.lake.withheld_headers import Withheld, put_letters
from reports.curated_tables import DELIVERIES
from reports.glue_partitions import Partitions
from reports.month_lists import MonthLists
from reports.object_events import CreatedObject, event_of
from reports.partitions import Obstacle, Partition, Report, first_obstacle, second_folder
from reports.raw_csv import RawCsv, scan

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_READERS = 16
_MESSAGES_A_CALL = 10
_CHUNK = 1 << 20

T = TypeVar("T")
Tell = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, kw_only=True)
class Clients:
    s3: S3Client
    glue: GlueClient
    sqs: SQSClient


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
    headers: int = 0
    """Unknown ones that rest in the dead-letter queue now, to be learnt."""


class Backfill:
    """Does what is missing, at the APIs' floor of calls, and tells how far it is."""

    def __init__(self, lake: BackfillTarget, clients: Clients, tell: Tell) -> None:
        self._lake = lake
        self._s3, self._glue, self._sqs = clients.s3, clients.glue, clients.sqs
        self._tell = tell
        self._partitions = Partitions(clients.glue, lake.database)

    def run(self, *, recheck: bool = False) -> Done:
        """`recheck`: partitions that are there are looked at again, as a new header demands:
        what fits gets the table's columns, what does not is withdrawn."""
        done = Done()
        objects = list(self._objects(done))  # first: what comes meanwhile is the functions'
        there = dict(self._standing(with_columns=recheck))
        missing = todo(
            objects,
            {place: found.location for place, found in there.items()},
            frozenset(MonthLists(s3=self._s3, bucket=self._lake.lake_bucket).objects(DELIVERIES)),
            self._lake,
            recheck=recheck,
        )
        done.reports = missing.reports
        self._curate(missing.curations, done)
        for partition, location in missing.elsewhere.items():
            done.withheld[partition.folder] = second_folder(partition, location)
        withheld = self._add_partitions(missing, there, done)
        self._put_letters(missing, there, withheld, done)
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

    def _standing(self, *, with_columns: bool) -> Iterator[tuple[Place, Standing]]:
        tables = {f"{plan.template}_report" for plan in self._lake.plans.values()}
        for table in sorted(tables) if self._lake.adds_partitions else ():
            for found in standing(
                self._glue, self._lake.database, table, with_columns=with_columns
            ):
                yield (table, found.values), found

    def _add_partitions(
        self, missing: Todo, there: Mapping[Place, Standing], done: Done
    ) -> Mapping[Partition, Obstacle]:
        """Some as soon as they are looked at, so that an interruption costs the reading of few.

        Gives what is withheld.
        """
        for template in set(missing.templates.values()):
            self._partitions.columns(template.table)  # once, before the readers ask for them
        batches = PartitionBatches(self._glue, self._lake.database, self._partitions.columns)

        withheld: dict[Partition, Obstacle] = {}

        def settle(partition: Partition, why: Obstacle | None) -> None:
            found = there.get((partition.table, partition.values))
            if why is not None:
                withheld[partition] = why
                done.withheld[partition.folder] = f"{why.created.key}: {why.reason}"
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
        return withheld

    def _has_columns(self, partition: Partition, there: Standing) -> bool:
        return list(there.columns) == list(self._partitions.columns(partition.table))

    def _obstacle(self, missing: Todo, partition: Partition) -> Obstacle | None:
        """Why the raw table cannot read a folder."""
        reports = missing.partitions[partition]
        strange = missing.strange.get(partition)
        return first_obstacle(
            Report(template=missing.templates[partition], partition=partition),
            self._partitions.columns(partition.table),
            reports if strange is None else [strange, *reports],
            self._read,
        )

    def _read(self, created: CreatedObject) -> RawCsv:
        body = self._s3.get_object(Bucket=created.bucket, Key=created.key)["Body"]
        return scan(body.iter_chunks(_CHUNK))

    def _put_letters(
        self,
        missing: Todo,
        there: Mapping[Place, Standing],
        withheld: Mapping[Partition, Obstacle],
        done: Done,
    ) -> None:
        """Of headers that no newer report contradicts: to learn an old one would lose the new."""
        if self._lake.dead_letters is None:
            return
        looked_at = {(partition.table, partition.values) for partition in missing.partitions}
        unread = {(partition.table, partition.values) for partition in withheld}
        newest: dict[str, tuple[str, ...]] = {}
        for table, (_, *day) in (looked_at | there.keys()) - unread:
            newest[table] = max(newest.get(table, ()), tuple(day))
        done.headers = put_letters(
            self._sqs,
            self._lake.dead_letters,
            [
                Withheld(event=_event(why.created), obstacle=why)
                for partition, why in withheld.items()
                if why.of_header and partition.values[1:] >= newest.get(partition.table, ())
            ],
        )

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
    return event_of(created, "backup-org.backfill")


def _is_through(look: Future[Obstacle | None]) -> bool:
    return not look.cancelled() and look.exception() is None


def _groups(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
