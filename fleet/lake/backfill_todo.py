"""What reports in the bucket need and do not have, worked out from listings alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from reports.curated_tables import object_name
from reports.keys import parse
from reports.object_events import CreatedObject
from reports.partitions import Partition, Report, folder_of, is_marker, is_report
from reports.plans import Plans
from reports.templates import Template

Place = tuple[str, tuple[str, ...]]
"""A partition's table and values."""


@dataclass(frozen=True, kw_only=True)
class BackfillTarget:
    """A stack's reports and what is made of them."""

    reports_bucket: str
    lake_bucket: str
    database: str
    plans: Plans
    curation_queue: str
    """Its URL."""
    dead_letters: str | None
    """The URL of the queue for what raw tables cannot read; None: Athena computes partitions."""

    @property
    def adds_partitions(self) -> bool:
        return self.dead_letters is not None


@dataclass(frozen=True, kw_only=True)
class Todo:
    """What objects in the bucket need and do not have."""

    partitions: Mapping[Partition, Sequence[CreatedObject]]
    """The reports in each partition's folder."""
    templates: Mapping[Partition, Template]
    strange: Mapping[Partition, CreatedObject]
    """An object in a partition's folder that is no CSV report."""
    elsewhere: Mapping[Partition, str]
    """Where the partition of the same plan and day is."""
    curations: Sequence[CreatedObject]
    reports: int
    """How many there are, whatever they need."""


def todo(
    objects: Iterable[CreatedObject],
    there: Mapping[Place, str],
    noted: frozenset[str],
    lake: BackfillTarget,
    *,
    recheck: bool = False,
) -> Todo:
    """Works out what is missing; `there` has the locations of partitions that stand, `noted` the
    names of the objects that the curation function has done with.

    Of several folders of one plan and day that have no partition the first one listed gets it.
    """
    reports, strange = _told_apart(objects, lake)
    places: dict[Place, str] = dict(there)
    elsewhere: dict[Partition, str] = {}
    folders: dict[Partition, list[CreatedObject]] = {}
    templates: dict[Partition, Template] = {}
    curations: list[tuple[int, CreatedObject]] = []
    for created, report in reports:
        partition = report.partition
        if lake.adds_partitions:
            place = (partition.table, partition.values)
            location = places.setdefault(place, partition.location)
            if not partition.lies_at(location):
                elsewhere[partition] = location
            elif recheck or partition in strange or place not in there:
                folders.setdefault(partition, []).append(created)
                templates[partition] = report.template
        found = parse(created.key)
        if object_name(found) not in noted:
            curations.append((found.date.day, created))
    return Todo(
        partitions=folders,
        templates=templates,
        strange=strange,
        elsewhere=elsewhere,
        # Of different months in turn: functions wait for each other where they change one's list.
        curations=[created for _, created in sorted(curations, key=itemgetter(0))],
        reports=len(reports),
    )


def _told_apart(
    objects: Iterable[CreatedObject], lake: BackfillTarget
) -> tuple[Sequence[tuple[CreatedObject, Report]], Mapping[Partition, CreatedObject]]:
    """Reports, and by folder what lies among them and is none."""
    folders: dict[Partition, Report] = {}  # one for the thousands of objects that may lie in each
    reports: list[tuple[CreatedObject, Report]] = []
    strange: dict[Partition, CreatedObject] = {}
    for created in objects:
        found = folder_of(created.bucket, created.key, lake.plans)
        if found is None:
            continue
        if is_report(created.key, found):
            reports.append((created, folders.setdefault(found.partition, found)))
        elif not is_marker(created, found):
            strange.setdefault(found.partition, created)
    return reports, strange
