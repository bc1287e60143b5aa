"""What `backup-org sandbox up` ends with, at the widths that terminals and logs have."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from components.lake.query_library import queries
from fleet.lake.query import Answer
from fleet.sandbox.summary import Files, show, written_out

INCIDENT = {
    "number": "INC0010001",
    "short_description": "acme payments: backup failed: EBS vol-0a1b2c3d in eu-central-1",
    "url": f"http://127.0.0.1:44093/incident.do?sys_id={'0' * 32}",
}
REPORT = {
    "subject": "Acme backups, 1-31 October 2026: 97.4 % succeeded, 1,204 failures, 3 unprotected",
    "mails": "http://127.0.0.1:44093/_sandbox/mails.page",
}
TOLD: Mapping[str, Any] = {"servicenow": {"incident": INCIDENT}, "report": REPORT}
BUILD = Path.cwd() / "build"
FILES = Files(
    summary=BUILD / "sandbox.json",
    answers=BUILD / "sandbox-answers-acme.txt",
    report=BUILD / "sandbox-report-acme.html",
)
LINES_BEFORE = 21
"""What a first log says until then: what is installed and made, four stacks twice, six steps."""
MESSAGE = "Windows VSS Backup attempt failed because either Instance or SSM Agent has invalid state"
VALUES = {
    "account_id": "900000000003",
    "region": "ap-southeast-2",
    "day": "2026-11-21",
    "jobs": 3,
    "completed": 1,
    "percent": 33.3,
    "resource_type": "Aurora",
    "last_status": "COMPLETED",
    "status_message": f"{MESSAGE},\nor insufficient privileges",
    "last_completed": None,
}
ANSWER = Answer(
    columns=list(VALUES),
    rows=[list(VALUES.values())] * 840,
    scanned_bytes=19_180_000,
    seconds=12.3,
)
ANSWERS = dict.fromkeys(queries("eu-central-1"), ANSWER)


def shown(
    width: int,
    answers: Mapping[str, Answer] = ANSWERS,
    lacks: Mapping[str, str] | None = None,
    told: Mapping[str, Any] = TOLD,
) -> list[str]:
    screen = io.StringIO()
    console = Console(file=screen, width=width, soft_wrap=True, markup=False)
    show(told, answers, lacks or {}, FILES, console)
    return screen.getvalue().splitlines()


def test_the_whole_of_it_is_at_most_60_lines_of_80_columns() -> None:
    lines = shown(80)
    assert len(lines) + LINES_BEFORE <= 60
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_is_cut_however_narrow_the_terminal(width: int) -> None:
    lines = shown(width)
    assert "…" not in "".join(lines)
    assert {"Stop:                   make down", INCIDENT["url"]} <= set(lines)
    tables = lines[: lines.index(INCIDENT["short_description"])]
    titles = [line for line in tables if line.endswith((".txt", " rows"))]
    assert len(titles) == 2
    assert {line for line in tables if len(line) > width} <= set(titles)


def test_it_ends_with_what_to_do_next() -> None:
    assert shown(80)[-11:] == [
        "Look at INC0010001, opened, noted and resolved:",
        INCIDENT["url"],
        "Read the report:        build/sandbox-report-acme.html",
        "And its mail:",
        REPORT["mails"],
        'A shell in it:          eval "$(.venv/bin/backup-org sandbox env)"',
        "In there, ask the lake: .venv/bin/backup-org query success_rate_by_account",
        "In there, list tickets: .venv/bin/backup-org tickets list --all",
        "What stands where:      build/sandbox.json",
        "Your own customer:      docs/add-a-customer.md",
        "Stop:                   make down",
    ]


def test_a_query_that_was_not_asked_is_listed_with_the_reason() -> None:
    why = "it reads copy_job_report, and there is no report plan of that template"
    text = " ".join(" ".join(shown(80, {"longest_jobs": ANSWER}, {"blog_6": why})).split())
    assert f"blog_6: not asked: {why}" in text


def test_of_a_customer_without_reports_and_ticketing_it_says_where_to_go_on() -> None:
    lines = shown(80, {}, {}, {"servicenow": {"incident": None}, "report": None})
    assert lines[1].startswith("A shell in it:")
    assert len(lines) == 6


def test_the_file_has_every_row_and_column_and_each_row_is_a_line() -> None:
    why = "it reads copy_job_report, and there is no report plan of that template"
    asked = {"longest_jobs": ANSWER}
    lines = written_out(asked, {"restore_results": why}, "eu-central-1").splitlines()
    assert lines[0] == "longest_jobs: 840 rows"
    assert lines[3].split() == list(VALUES)
    assert [f"{MESSAGE}, or insufficient privileges" in line for line in lines[4:844]] == [
        True
    ] * 840
    assert lines[-1] == f"This lake cannot answer it: {why}."
