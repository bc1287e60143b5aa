"""Headers learnt into settings, and queries by name, before anything is asked of AWS."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.lake.query_library import Query, queries
from fleet.errors import ToldError
from fleet.lake.commands import list_queries
from fleet.lake.headers import HeadersRefused, with_headers
from fleet.lake.query import named_or_sql
from fleet.lake.reports_stack import NoReports, reports_settings
from fleet.lake.withheld_headers import Observed, observed
from fleet.project import PROJECT_VARIABLE
from fleet.replay.dead_letters import DeadLetter
from fleet.terminal import console
from stacks.load import CUSTOMERS, KEY
from stacks.report_columns import raw_columns
from stacks.report_settings import Reports
from tests.support.examples import example

SHARED = """\
customer: acme
region: eu-central-1
organization:
  management_account: "111111111111"
  audit_account: "222222222222"
"""
SETTINGS = """\
# Whose stack it is.
config:
  backup-org:settings:
    extends: acme  # what all of them share
    role: management
    reports:
      lake:
        # Learnt on a Monday.
        headers:
          copy_job: ["Old"]
"""


WHEN = datetime(2026, 11, 24, tzinfo=UTC)


def letter(key: str, header: list[str], reason: str = "column 1 should be 'a'") -> DeadLetter:
    attributes = {
        "Key": key,
        "Template": "backup_job",
        "Reason": reason,
        "Expected": json.dumps(["a"]),
        "Header": json.dumps(header),
    }
    return DeadLetter(body="", attributes=attributes, id="", receipt="", sent_at=WHEN)


def test_headers_are_observed_once_each_the_newest_report_last() -> None:
    found = observed(
        [
            letter("2026/11/22", ["New"]),
            letter("2026/11/20", ["Old"]),
            letter("2026/11/21", ["New"]),
            letter("2026/11/23", ["a"], reason="line 2: a line break within a field"),
            DeadLetter(body="a poison message", attributes={}, id="", receipt="", sent_at=WHEN),
        ]
    )
    assert found == [
        Observed(template="backup_job", header=["Old"], expected=["a"], keys=["2026/11/20"]),
        Observed(
            template="backup_job", header=["New"], expected=["a"], keys=["2026/11/21", "2026/11/22"]
        ),
    ]


def project(root: Path, settings: str) -> Path:
    """The settings file of acme's management account, in a project of its own."""
    (root / CUSTOMERS).mkdir(parents=True)
    (root / CUSTOMERS / "acme.yaml").write_text(SHARED)
    file = root / CUSTOMERS / "Pulumi.acme-management.yaml"
    file.write_text(settings)
    return file


def test_a_learnt_header_joins_the_settings_and_all_else_stays(tmp_path: Path) -> None:
    file = project(tmp_path, SETTINGS)
    path, text = with_headers(tmp_path, "acme-management", {"backup_job": ["Account Id", "Status"]})
    assert path == file
    lines = text.splitlines()
    assert [line for line in SETTINGS.splitlines() if line not in lines] == []
    assert [line.strip() for line in lines if line not in SETTINGS.splitlines()] == [
        "backup_job:",
        "- Account Id",
        "- Status",
    ]


def test_settings_that_say_nothing_of_a_lake_get_one(tmp_path: Path) -> None:
    project(
        tmp_path,
        "config:\n  backup-org:settings:\n    extends: acme\n    role: management\n    reports:\n",
    )
    _, text = with_headers(tmp_path, "acme-management", {"backup_job": ["x"]})
    assert "reports:\n      lake:\n        headers:\n          backup_job:" in text


def test_a_header_that_settings_refuse_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    file = project(tmp_path, SETTINGS)
    with pytest.raises(HeadersRefused, match="nothing is written") as refused:
        with_headers(tmp_path, "acme-management", {"backup_job": ["Region", "AWS Region"]})
    assert "Pulumi.acme-management.yaml: reports.lake.headers.backup_job[1]" in str(refused.value)
    assert file.read_text() == SETTINGS


COLUMNS = raw_columns(Reports())


def test_a_query_is_known_by_its_name_and_asks_with_its_parameters() -> None:
    by_default = named_or_sql("longest_jobs", "eu-west-1", COLUMNS)
    # By the month and the day of either reading, and by the job's own date.
    assert by_default.count("INTERVAL '30' DAY") == 5
    assert by_default.replace("'30'", "'7'") == (
        named_or_sql("longest_jobs", "eu-west-1", COLUMNS, days="7")
    )
    assert named_or_sql("SELECT 1", "eu-west-1", COLUMNS) == "SELECT 1"


LACKING = [
    (
        {"plans": {"copy_job": None}},
        {"blog_6_failed_copy_jobs_in_a_region_corrected"},
        "it reads copy_job_report, and there is no report plan of that template",
    ),
    (
        {"scope": "account"},
        {"blog_2_noncompliant_controls_in_a_unit"},
        'it reads "pathtoroot", and control_compliance_report has no such column',
    ),
    (
        {"lake": {"headers": {"restore_job": ["Account Id", "Job Status"]}}},
        {"blog_5_failed_restore_jobs_in_a_region"},
        'it reads "aws region", and restore_job_report has no such column',
    ),
]


@pytest.mark.parametrize(("reports", "names", "reason"), LACKING)
def test_a_query_that_reads_what_a_lake_has_not_is_refused_with_the_reason(
    reports: dict[str, Any], names: set[str], reason: str
) -> None:
    there = raw_columns(Reports.model_validate(reports))
    known = queries("eu-west-1")
    assert {name for name, query in known.items() if query.lacks(there)} == names
    for name in names:
        with pytest.raises(ToldError, match=f"this lake cannot answer {name}: {reason}"):
            named_or_sql(name, "eu-west-1", there)


def test_every_query_can_be_asked_of_a_lake_by_the_defaults() -> None:
    assert {query.lacks(COLUMNS) for query in queries("eu-west-1").values()} == {None}


@pytest.mark.parametrize(("reports", "names", "reason"), LACKING)
def test_the_list_of_queries_says_which_a_lake_cannot_answer(
    reports: dict[str, Any],
    names: set[str],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = example("acme-management")
    settings = {**case.own, "reports": reports}
    shutil.copytree(CUSTOMERS, tmp_path / CUSTOMERS)
    (tmp_path / CUSTOMERS / "Pulumi.acme-management.yaml").write_text(
        yaml.safe_dump({"config": {KEY: settings}})
    )
    monkeypatch.setenv(PROJECT_VARIABLE, str(tmp_path))
    with console.capture() as printed:
        list_queries("acme-management")
    lines = printed.get().splitlines()
    refused = [lines[n - 2] for n, line in enumerate(lines) if reason in line]
    assert {line.split()[0] for line in refused} == names
    assert sum("cannot answer" in line for line in lines) == len(names)
    assert "region=eu-central-1" in printed.get()


def test_a_list_of_queries_is_of_a_stack_with_reports() -> None:
    with pytest.raises(NoReports, match="acme-audit has no reports"):
        reports_settings(Path(), "acme-audit")


@pytest.mark.parametrize(
    ("text", "values", "reason"),
    [
        ("longest_job", {}, "there is no query longest_job; there are: blog_1_"),
        ("longest_jobs", {"weeks": "2"}, "longest_jobs has no parameter weeks; it has: days"),
        ("SELECT 1", {"days": "2"}, "parameters are for the lake's own queries"),
    ],
)
def test_what_is_no_query_or_no_parameter_is_refused(
    text: str, values: dict[str, str], reason: str
) -> None:
    with pytest.raises(ToldError, match=reason):
        named_or_sql(text, "eu-west-1", COLUMNS, **values)


def test_a_quote_in_a_parameter_stays_in_its_string() -> None:
    query = Query(name="by_name", description="", parameters={"name": "x"}, text="name = '${name}'")
    assert query.sql(name="' OR '1' = '1") == "name = ''' OR ''1'' = ''1'"


def test_every_query_is_described_and_filled_in_by_its_own_defaults() -> None:
    for query in queries("eu-west-1").values():
        assert query.description.endswith(".")
        assert "${" not in query.sql()
