"""What is compacted, what is over, and what is deleted."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from handlers.compact_reports.app import Compactor
from handlers.compact_reports.core import (
    MOST_BYTES,
    MOST_FILES,
    Version,
    is_over,
    to_compact,
    unnamed,
)
from reports.curated_tables import FILES
from tests.unit.handlers.test_monthly_files import (
    NOW,
    TABLE,
    Bucket,
    compactor,
    lake,
    publish,
    report,
    visible,
)

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


def test_a_month_of_one_file_is_left_alone_and_of_two_becomes_one() -> None:
    assert to_compact({"a": 1}) == ()
    assert to_compact({"b": 1, "a": 2}) == ["b", "a"]


def test_files_become_one_until_that_is_large_or_of_very_many() -> None:
    half = MOST_BYTES // 2
    assert to_compact({"a": half + 1, "b": half + 1}) == ()
    assert to_compact({"a": half, "b": half, "c": 1}) == ["c", "a"]
    assert len(to_compact({f"{n:05}": 1 for n in range(MOST_FILES + 5)})) == MOST_FILES


@pytest.mark.parametrize(
    ("month", "today", "over"),
    [
        ("2026-10", "2026-11-30", False),
        ("2026-10", "2026-12-01", True),
        ("2025-12", "2026-01-30", False),
        ("2025-12", "2026-01-31", True),
    ],
)
def test_a_month_is_over_once_its_last_day_is(month: str, today: str, *, over: bool) -> None:
    assert is_over(month, 30, datetime.date.fromisoformat(today)) == over


def test_what_no_list_names_is_deleted_a_day_after_it_was_seen_and_no_version_put_since() -> None:
    old, named, new = Version("old", "1"), Version("named", "1"), Version("old", "2")
    deleted, since = unnamed([old, named], {"named"}, {}, NOW)
    assert (list(deleted), since) == ([], {old: NOW})
    deleted, since = unnamed([old, named, new], {"named"}, since, NOW + DAY - 2 * HOUR)
    assert list(deleted) == []
    deleted, since = unnamed([old, named, new], {"named"}, since, NOW + DAY)
    assert list(deleted) == [old]
    assert since.keys() == {new}


def test_a_month_that_is_over_is_gone_for_queries_at_once_and_its_files_a_day_later(
    tmp_path: Path,
) -> None:
    bucket = Bucket()
    for number in range(3):
        publish(lake(bucket), number, 2, tmp_path)
    assert len(visible(bucket)) == 3
    keeps = Compactor(lake=lake(bucket), expire_after_days=7, has_time=lambda: True)
    assert keeps.run(NOW)["ExpiredMonths"] == 0
    over = NOW + 8 * DAY
    assert keeps.run(over)["ExpiredMonths"] == 1
    assert visible(bucket) == {}
    assert keeps.run(over + DAY)["DeletedFiles"] > 0
    left = [key for key in bucket.versions if key.startswith(FILES) and bucket.newest(key)]
    assert left == [f"{FILES}unnamed.json"]


def test_without_time_nothing_is_begun_and_what_is_left_is_told(tmp_path: Path) -> None:
    bucket = Bucket()
    for number in range(3):
        publish(lake(bucket), number, 1, tmp_path)
    hurried = Compactor(lake=lake(bucket), expire_after_days=None, has_time=lambda: False)
    assert hurried.run(NOW) == {
        "CompactedMonths": 0,
        "ExpiredMonths": 0,
        "MonthsLeft": 1,
        "DeletedFiles": 0,
    }


def test_a_redelivered_object_costs_no_write_once_its_month_is_compacted(tmp_path: Path) -> None:
    bucket = Bucket()
    for number in range(3):
        publish(lake(bucket), number, 1, tmp_path)
    compactor(bucket).run(NOW)
    (name,) = lake(bucket).lists.read(TABLE, "2026-11").files
    written = bucket.number
    publish(lake(bucket), 1, 1, tmp_path)
    assert bucket.number == written
    publish(lake(bucket), 1, 2, tmp_path)
    assert visible(bucket)[report(1).key] == 2
    assert name not in lake(bucket).lists.read(TABLE, "2026-11").files
