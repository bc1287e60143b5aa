"""What the report model knows of AWS's own headers."""

from __future__ import annotations

import pytest

from reports.templates import TEMPLATES

SEEN = {
    "Report Time Period Start": "report_time_period_start",
    "Report Time Period End": "report_time_period_end",
    "Job Status": "job_status",
    "Resource Type": "resource_type",
    "Resource ARN": "resource_arn",
    "Recovery Point ARN": "recovery_point_arn",
    "Backup Size in Bytes": "backup_size_in_bytes",
}
"""Of delivered backup job reports, as programs read them that others published."""


@pytest.mark.parametrize(("header", "name"), SEEN.items())
def test_a_header_that_was_seen_is_its_columns_letter_for_letter(header: str, name: str) -> None:
    template = TEMPLATES["backup_job"]
    assert [column.name for column in template.columns if column.seen == header] == [name]
    assert [column.name for column in template.columns if column.matches(header)] == [name]


def test_all_other_headers_are_learnt() -> None:
    seen = {c.seen for t in TEMPLATES.values() for c in (*t.columns, *t.optional)}
    assert seen == {"", *SEEN}
