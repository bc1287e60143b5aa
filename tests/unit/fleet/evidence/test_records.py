"""What an archive tells of drills and restore tests: those of the period, and what is not known."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fleet.drill.record import DrillRecord
from fleet.errors import ToldError
from fleet.evidence import records
from fleet.evidence.facts import facts
from fleet.evidence.manifest import Key
from fleet.evidence.page import page
from fleet.evidence.records import RESTORE_TESTS, Drills, write_drills, write_report
from fleet.evidence.scope import scope_of
from reports.digest.figures import Figures
from reports.digest.runs import period_of
from tests.support import figures as sample
from tests.support.examples import ROOT
from tests.unit.fleet.evidence.conftest import NOW
from tests.unit.fleet.evidence.test_controls import NOTHING

_SCOPE = scope_of("globex", "monthly", ROOT, NOW)
_OCTOBER = period_of("monthly", "Europe/Berlin", NOW)
SCOPE = replace(_SCOPE, run=replace(_SCOPE.run, timezone="Europe/Berlin", period=_OCTOBER))
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectsV2")


class Bucket:
    """As much of a client of S3 as reads a bucket; `denied` are keys and prefixes."""

    def __init__(self, objects: Mapping[str, bytes], *denied: str) -> None:
        self._objects, self._denied = objects, denied

    def get_paginator(self, operation: str) -> Bucket:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[Mapping[str, Any]]:  # noqa: N803
        assert Bucket == SCOPE.bucket
        self._allow(Prefix)
        yield {}  # as of a prefix with nothing
        yield {"Contents": [{"Key": key} for key in self._objects if key.startswith(Prefix)]}

    def get_object(self, *, Bucket: str, Key: str) -> Mapping[str, Any]:  # noqa: N803
        assert Bucket == SCOPE.bucket
        self._allow(Key)
        return {"Body": io.BytesIO(self._objects[Key])}

    def _allow(self, asked: str) -> None:
        if asked in self._denied:
            raise DENIED


def drill(started_at: datetime, **said: Any) -> DrillRecord:
    record = DrillRecord(
        customer="globex",
        account="777777777777",
        region="eu-west-1",
        execution_id=f"{started_at:%d%H%M%S%f}",
        started_at=started_at,
        ended_at=started_at + timedelta(hours=1),
        outcome="PASSED",
        steps=(),
        facts={},
        incident=None,
    )
    return replace(record, **said)


def stored(*drills: DrillRecord) -> dict[str, bytes]:
    return {
        f"{each.key}/{name}": content
        for each in drills
        for name, content in {"drill.json": each.dumped(), "index.html": b"<p>what</p>"}.items()
    }


def written(folder: Path, objects: Mapping[str, bytes], *denied: str) -> tuple[Drills, set[str]]:
    """What was read, and the names of what lies in the archive now, each as in the bucket."""
    client: Any = Bucket(objects, *denied)
    found = write_drills(SCOPE, client, folder)
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert {name: path.read_bytes() for name, path in files.items()} == {
        name: objects[name] for name in files
    }
    return found, {*files}


WELL = drill(datetime(2026, 10, 12, 9, tzinfo=UTC))


def test_drills_are_those_that_began_from_the_periods_first_moment_to_before_its_end(
    tmp_path: Path,
) -> None:
    """October in Berlin begins on 30 September, 22:00, and ends on 31 October, 23:00 in UTC."""
    start, end, moment = _OCTOBER.start, _OCTOBER.end, timedelta(microseconds=1)
    assert (start.day, end.day) == (30, 31)
    within = [drill(start), WELL, drill(end - moment)]
    outside = [drill(start - moment), drill(end), drill(end + timedelta(days=3))]
    found, files = written(tmp_path, stored(*within, *outside))
    assert list(found.records) == within
    assert files == stored(*within).keys()
    assert found.not_read == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "drill.json: it: Invalid JSON"),
        (b'{"customer": "globex"}', "drill.json: account: Field required; region: Field required"),
        (
            WELL.dumped().replace(b"PASSED", b"WELL"),
            "drill.json: outcome: Input should be 'PASSED'",
        ),
        (
            drill(WELL.started_at, account="888888888888").dumped(),
            "drill.json tells of drills/2026",
        ),
        (None, "it has no drill.json"),
    ],
)
def test_a_record_that_cannot_be_read_is_in_the_archive_and_told_and_hides_no_other(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    other = drill(WELL.started_at + timedelta(minutes=5))
    objects = {**stored(WELL, other), f"{WELL.key}/drill.json": content or b""}
    if content is None:
        del objects[f"{WELL.key}/drill.json"]
    found, files = written(tmp_path, objects)
    assert list(found.records) == [other]
    assert files == objects.keys()
    (told,) = found.not_read
    assert told.startswith(f"What lies in {WELL.key}/ is no record of a drill that can be read")
    assert why in told
    assert "\n" not in told


def test_what_may_not_be_read_or_has_no_name_for_an_archive_is_told_by_its_place(
    tmp_path: Path,
) -> None:
    place = "drills/2026/10/13"
    objects = {**stored(WELL), f"{place}/../x": b"", f"{place}/.hidden/drill.json": b""}
    found, files = written(tmp_path, objects, f"{WELL.key}/index.html")
    assert (list(found.records), files) == ([], set[str]())
    assert [told.partition(" could not be read: ")[0] for told in found.not_read] == [
        f"What lies in {WELL.key}/",
        f"What lies in {place}/../",
        f"What lies in {place}/.hidden/",
    ]


def test_a_bucket_that_may_not_be_listed_is_told_once_and_not_taken_for_empty(
    tmp_path: Path,
) -> None:
    found, _ = written(tmp_path, stored(WELL), "drills/2026/10/01/")
    assert list(found.records) == []
    assert found.not_read == [f"Records of drills could not be read: {DENIED}"]
    said = facts(replace(NOTHING, drills=found))["drills"]
    assert said == "No drill is known in the period. Not all that is recorded could be read."


def test_a_drill_that_failed_is_shown_as_failed_with_its_reason(tmp_path: Path) -> None:
    failed = drill(
        WELL.started_at + timedelta(days=1), outcome="FAILED", reason="CreateInstance is Failed"
    )
    drills, _ = written(tmp_path, stored(WELL, failed))
    found = replace(NOTHING, drills=drills)
    assert facts(found)["drills"] == "2 drills in the period: 1 FAILED, 1 PASSED."
    html = page(
        SCOPE,
        found,
        facts=facts(found),
        controls=(),
        deviations=(),
        missing=(),
        names=(),
        key=Key(arn="arn", algorithm="", fingerprint=""),
        made_by="",
    )
    row = next(row for row in html.split("</tr>") if f"{failed.key}/index.html" in row)
    assert re.search(r'class="bad-text">failed<', row)
    assert failed.reason in row


def restore_tests(
    folder: Path, monkeypatch: pytest.MonkeyPatch, figures: Figures
) -> tuple[Mapping[str, Any], Sequence[str]]:
    def made(*_: Any, **__: Any) -> Figures:
        return figures

    monkeypatch.setattr(records, "make_here", made)
    _, missing = write_report(SCOPE, folder, print)
    return json.loads((folder / RESTORE_TESTS).read_text()), missing


def test_restore_tests_are_counted_by_verdict_and_one_without_is_said_to_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = sample.figures(sample.definition())
    one = figures.restore_tests[0]
    tests = tuple(
        replace(one, state=state, validation_status=verdict)
        for state, verdict in [
            ("COMPLETED", "SUCCESSFUL"),
            ("COMPLETED", "FAILED"),
            ("COMPLETED", ""),
            ("FAILED", ""),
        ]
    )
    found, missing = restore_tests(tmp_path, monkeypatch, replace(figures, restore_tests=tests))
    assert found["verdicts"] == {"SUCCESSFUL": 1, "FAILED": 1, "not judged": 2}
    assert found["restores"] == {"COMPLETED": 3, "FAILED": 1}
    assert [test["resource_arn"] for test in found["tests"]] == [one.resource_arn] * 4
    assert set(figures.limits) <= set(missing)


def test_where_no_report_could_be_made_restore_tests_are_not_known_and_not_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> Figures:
        raise ToldError("the lake is shut")

    monkeypatch.setattr(records, "make_here", refused)
    figures, missing = write_report(SCOPE, tmp_path, print)
    assert missing == ["The period's report could not be made: the lake is shut"]
    assert not (tmp_path / RESTORE_TESTS).exists()
    assert facts(replace(NOTHING, figures=figures))["restore_tests"].startswith("Not known")
