"""What becomes of a delivered object: nothing, its folder's partition, or a message that rests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Protocol
from urllib.parse import unquote_plus

from handlers.delivered_objects import Delivered
from reports.object_events import CreatedObject
from reports.partitions import (
    Obstacle,
    Partition,
    Report,
    first_obstacle,
    folder_of,
    is_marker,
    is_report,
    obstacle_of,
    second_folder,
)
from reports.plans import Plans
from reports.raw_csv import RawCsv, scan


class Bucket(Protocol):
    """What is asked of the reports bucket."""

    def open(self, created: CreatedObject) -> Delivered | None:
        """The object, whatever way the event spelt its key; None: it is not there any more."""
        ...

    def folder(self, partition: Partition) -> Iterable[CreatedObject]:
        """All that lies in a partition's folder, however deep."""
        ...


class Catalog(Protocol):
    """What is asked of the raw tables, as reports.glue_partitions.Partitions answers it."""

    def columns(self, table: str) -> Sequence[str]: ...

    def location(self, partition: Partition) -> str | None: ...

    def add(self, partition: Partition) -> bool: ...

    def withhold(self, partition: Partition) -> None: ...


class Became(StrEnum):
    """What has become of an object and its folder."""

    IGNORED = "no report of these plans"
    STANDS = "the partition stands"
    ADDED = "the partition was added"
    HINDERED = "something else keeps the folder from being a partition"
    WITHHELD = "this object keeps the folder from being a partition"
    GONE = "the object is gone, and nothing that can be read is left of its folder"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    became: Became
    key: str
    """The object's."""
    report: Report | None = None
    """None: ignored."""
    obstacle: Obstacle | None = None
    """What keeps the folder from being a partition."""

    @property
    def rests(self) -> Obstacle | None:
        """Why the object's message rests; None: it is done with."""
        return self.obstacle if self.became is Became.WITHHELD else None


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Takes objects in. A report comes in parts, and one that cannot be read withholds the folder
    that they share."""

    plans: Plans
    bucket: Bucket
    catalog: Catalog

    def take_in(self, told: CreatedObject) -> Outcome:
        if self._folder(told.bucket, told.key) is None:
            return Outcome(became=Became.IGNORED, key=told.key)
        delivered = self.bucket.open(told)
        if delivered is None:
            return self._gone(told)
        # Where its key was URL-encoded, its folder's was.
        created = replace(told, key=delivered.key)
        report = self._folder(created.bucket, created.key)
        if report is None or is_marker(created, report):
            return Outcome(became=Became.IGNORED, key=created.key)
        found = obstacle_of(
            report, self._columns(report), created, lambda _: scan(delivered.chunks())
        )
        if found is None:
            return self._settled(report, created, fit={created.key})
        self.catalog.withhold(report.partition)
        return Outcome(became=Became.WITHHELD, key=created.key, report=report, obstacle=found)

    def _settled(self, report: Report, created: CreatedObject, fit: set[str]) -> Outcome:
        """Sees to it that a folder is a partition if it can be; `fit` are the keys of those of its
        reports that were read and can be, the object's among them."""
        partition = report.partition
        outcome = partial(Outcome, key=created.key, report=report)
        location = self.catalog.location(partition)
        if location is None:
            if found := self._in_the_way(report, fit):
                return outcome(became=Became.HINDERED, obstacle=found)
            if self.catalog.add(partition):
                # Another process that took in a bad part meanwhile found nothing to take out.
                if found := self._in_the_way(report, fit):
                    self.catalog.withhold(partition)
                    return outcome(became=Became.HINDERED, obstacle=found)
                return outcome(became=Became.ADDED)
            location = self.catalog.location(partition)
        if location is None or partition.lies_at(location):
            return outcome(became=Became.STANDS)
        elsewhere = Obstacle(
            created=created,
            template=report.template,
            reason=second_folder(partition, location),
            expected=self._columns(report),
        )
        return outcome(became=Became.WITHHELD, obstacle=elsewhere)

    def _gone(self, told: CreatedObject) -> Outcome:
        """The message of an object that was removed is done with. Its folder is looked at anew: it
        may have been in the way of the others there, or have been all that there was."""
        outcome = Outcome(became=Became.IGNORED, key=told.key)
        for key in dict.fromkeys((told.key, unquote_plus(told.key))):
            if (report := self._folder(told.bucket, key)) is not None:
                outcome = self._without(report, replace(told, key=key))
        return outcome

    def _without(self, report: Report, gone: CreatedObject) -> Outcome:
        fit = set[str]()
        found = self._in_the_way(report, fit)
        if found is not None or not fit:
            self.catalog.withhold(report.partition)
            # What was delivered meanwhile has seen the partition stand.
            found = self._in_the_way(report, fit)
        if found is None and fit:
            outcome = self._settled(report, gone, fit)
            rests = outcome.became is Became.WITHHELD
            return replace(outcome, became=Became.HINDERED) if rests else outcome
        became = Became.GONE if found is None else Became.HINDERED
        return Outcome(became=became, key=gone.key, report=report, obstacle=found)

    def _in_the_way(self, report: Report, fit: set[str]) -> Obstacle | None:
        """What else lies in the folder and cannot be read; where nothing does, `fit` has the keys
        of all its reports."""
        others = [one for one in self.bucket.folder(report.partition) if one.key not in fit]
        found = first_obstacle(report, self._columns(report), others, self._read)
        if found is None:
            fit |= {one.key for one in others if is_report(one.key, report)}
        return found

    def _read(self, created: CreatedObject) -> RawCsv:
        delivered = self.bucket.open(created)
        return scan(delivered.chunks() if delivered else ())

    def _folder(self, bucket: str, key: str) -> Report | None:
        return folder_of(bucket, key, self.plans)

    def _columns(self, report: Report) -> Sequence[str]:
        return self.catalog.columns(report.partition.table)
