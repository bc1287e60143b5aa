"""Reports curated in a folder, and what the golden ones mean."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from handlers.curate_reports.core import MissingColumns
from handlers.curate_reports.duck import Curated, Source, curate
from handlers.curate_reports.lines import header_of
from reports.curated_tables import PROVENANCE
from reports.keys import parse
from reports.templates import TEMPLATES, Template

_GOLDEN = Path(__file__).parents[1] / "unit" / "handlers" / "golden"
CASES = sorted(_GOLDEN.glob("*/*.csv"))
REPORT = parse("Backup/crossaccount/crossregion/2026/11/21/jobs/a.csv")


def curated(template: Template, source: Path) -> tuple[Curated, Path]:
    made = curate(template, Source(file=source, report=REPORT), memory_mb=512)
    assert made.report is not None
    return made, made.report


def rejects_of(made: Curated) -> list[dict[str, Any]]:
    """Without where they come from."""
    rows = rows_of(made.rejects) if made.rejects else []
    for row in rows:
        found = [row.pop(name) for name in ("report_plan", "report_object", "report_date")]
        assert found == ["jobs", REPORT.key, "2026-11-21"]
    return rows


def rows_of(parquet: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as duck:
        found = duck.execute("SELECT * FROM read_parquet($file)", {"file": str(parquet)})
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """As the golden files write it: what is NULL left out, times as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime.datetime) else value
        for name, value in row.items()
        if value is not None and name not in PROVENANCE
    }


def in_order(row: Mapping[str, Any]) -> str:
    """Rows are sorted for Athena, which is no part of what they mean."""
    return json.dumps(row, sort_keys=True)


def assert_meaning(case: Path, folder: Path) -> None:
    """A golden report means what is written beside it."""
    template = TEMPLATES[case.parent.name]
    expected = json.loads(case.with_suffix(".json").read_text(encoding="utf-8"))
    source = folder / case.name
    source.write_bytes(case.read_bytes())
    if "missing" in expected:
        with pytest.raises(MissingColumns) as caught:
            curated(template, source)
        assert str(caught.value).endswith(f"without {', '.join(expected['missing'])}")
        header = header_of(source)
        assert header is not None
        assert header.titles == caught.value.header
        return
    made, target = curated(template, source)
    rows = rows_of(target)
    assert sorted(map(plain, rows), key=in_order) == sorted(expected["rows"], key=in_order)
    assert (made.rows, made.unreadable) == (len(rows), expected["unreadable"])
    assert rejects_of(made) == expected.get("rejects", [])
    assert made.lines_rejected == sum(reject["lines"] for reject in expected.get("rejects", []))
    assert all((row["report_plan"], row["report_object"]) == ("jobs", REPORT.key) for row in rows)
