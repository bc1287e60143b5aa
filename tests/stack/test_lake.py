"""The lake over the reports: tables, partitions, views, queries, and how long it keeps."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from components.lake.query_library import queries
from reports.templates import TEMPLATES
from tests.stack.conftest import NAMED_QUERY, ON_A_BUCKET, TABLE, functions, table
from tests.support.examples import recordings
from tests.support.report_variants import (
    THEIRS,
    management,
    recorded,
    recorded_as,
)


class TestDestroy:
    @pytest.mark.parametrize(
        ("reports", "may"),
        [
            ({"bucket": {"force_destroy": True}}, True),
            ({"bucket": {"force_destroy": True}, "lake": {"force_destroy": False}}, False),
            ({"bucket": THEIRS}, False),
            ({"bucket": THEIRS, "lake": {"force_destroy": True}}, True),
        ],
    )
    def test_may_take_the_lake_as_is_set(self, reports: Mapping[str, Any], *, may: bool) -> None:
        recording = recorded_as(management(**reports))
        workgroup = recording.one("aws:athena/workgroup:Workgroup")
        lake = recording.one("aws:s3/bucket:Bucket", "acme-backup-reports-lake")
        assert {r.inputs.get("forceDestroy", False) for r in (workgroup, lake)} == {may}


class TestCuratedReports:
    @pytest.mark.parametrize(
        ("reports", "days"),
        [
            ({}, 400),
            ({"bucket": {"expire_after_days": 30}}, 30),
            ({"bucket": {"expire_after_days": None}}, None),
            ({"bucket": {"expire_after_days": 30}, "lake": {"expire_after_days": 900}}, 900),
            ({"lake": {"expire_after_days": None}}, None),
            ({"bucket": THEIRS}, None),
            ({"bucket": THEIRS, "lake": {"expire_after_days": 2555}}, 2555),
        ],
    )
    def test_are_kept_and_seen_as_long_as_is_set(
        self, reports: Mapping[str, Any], days: int | None
    ) -> None:
        recording = recorded_as(management(**reports))
        (lifecycle,) = [
            r
            for r in recording.all(ON_A_BUCKET[2])
            if r.inputs["bucket"] == "acme-backup-lake-111111111111-eu-central-1"
        ]
        kept = {
            rule["filter"]["prefix"]: rule["expiration"]["days"]
            for rule in lifecycle.inputs["rules"]
            if "expiration" in rule and rule.get("filter", {}).get("prefix")
        }
        assert kept == {"results/": 30}
        for name in ("backup_jobs_curated", "report_deliveries", "report_rejects"):
            seen = table(recording, name)["parameters"]["projection.report_month.range"]
            assert seen == f"NOW-{(days or 3650) // 28 + 1}MONTHS,NOW+1MONTHS"


class TestNamedQueries:
    @pytest.mark.parametrize(
        ("name", "absent"),
        [
            ("existing bucket", set[str]()),
            ("templates off", {"copy_job_report", "resource_compliance_report"}),
            ("projection of one account", {"pathtoroot"}),
            ("a member's own", {"pathtoroot"}),
        ],
    )
    def test_are_those_whose_tables_and_columns_are_there(
        self, name: str, absent: set[str]
    ) -> None:
        recording = recorded(name)
        made = {q.inputs["name"]: q.inputs["query"] for q in recording.all(NAMED_QUERY)}
        known = queries("eu-central-1")
        assert made == {
            query.name: query.sql()
            for query in known.values()
            if not any(word in query.text for word in absent)
        }
        assert (made.keys() < known.keys()) == bool(absent)


class TestViews:
    def test_are_kept_as_athena_keeps_those_that_it_makes(self) -> None:
        recording = recorded("own plans")
        found = table(recording, "report_plans")
        text = found["viewOriginalText"]
        assert {key: value for key, value in found.items() if key != "viewOriginalText"} == {
            "name": "report_plans",
            "databaseName": "acme_backup_reports",
            "owner": "111111111111",
            "tableType": "VIRTUAL_VIEW",
            "parameters": {"presto_view": "true", "comment": "Presto View"},
            "viewExpandedText": "/* Presto View */",
            "storageDescriptor": {
                "columns": [
                    {"name": "report_plan", "type": "string"},
                    {"name": "template", "type": "string"},
                ],
                "serDeInfo": {"name": "-", "serializationLibrary": "-"},
            },
        }
        assert text.startswith("/* Presto View: ")
        definition = json.loads(base64.b64decode(text.split()[3]))
        assert definition.pop("originalSql").startswith("SELECT CAST(report_plan AS varchar)")
        assert definition == {
            "catalog": "awsdatacatalog",
            "schema": "acme_backup_reports",
            "columns": [
                {"name": "report_plan", "type": "varchar"},
                {"name": "template", "type": "varchar"},
            ],
            "owner": "111111111111",
            "runAsInvoker": False,
        }

    def test_have_an_owner_and_no_description_so_that_trino_finds_them(self) -> None:
        views = [
            found.inputs
            for recording in recordings().values()
            for found in recording.all(TABLE)
            if found.inputs["tableType"] == "VIRTUAL_VIEW"
        ]
        assert {view["name"] for view in views} >= {"backup_jobs", "report_plans"}
        assert [view["name"] for view in views if "description" in view or not view["owner"]] == []


class TestTheViewOfPlans:
    @pytest.mark.parametrize("name", ["existing plans", "sharded", "templates off", "own plans"])
    def test_has_those_that_deliver_to_the_lake(self, name: str) -> None:
        recording = recorded(name)
        text = table(recording, "report_plans")["viewOriginalText"].split()[3]
        sql = json.loads(base64.b64decode(text))["originalSql"]
        rows = re.findall(r"\('(\w+)', '(\w+)'\)", sql)
        published = recording.exports["report_plans"]
        assert dict(rows) == {plan: told["template"] for plan, told in published.items()}
        assert len(rows) == len(published)


class TestARunningFunction:
    def test_starts_anew_only_once_the_tables_have_the_columns_that_it_keeps(self) -> None:
        recording = recordings()["acme-management"]
        tables = {t.urn for t in recording.all(TABLE) if t.inputs["name"] == "backup_job_report"}
        (intake,) = [r for r in recording.resources if r.type.endswith(":ReportIntake")]
        assert len(tables) == 1
        assert tables <= intake.after


class TestProjection:
    def test_needs_no_function_for_partitions(self) -> None:
        recording = recorded("projection")
        assert "acme-backup-reports-partitions" not in functions(recording)
        assert functions(recording) == [
            name
            for name in functions(recordings()["acme-management"])
            if name != "acme-backup-reports-partitions"
        ]
        assert recording.exports["report_queues"].keys() == {"curation"}

    @pytest.mark.parametrize("template", TEMPLATES)
    def test_computes_the_partitions_of_every_table(self, template: str) -> None:
        parameters = table(recorded("projection"), f"{template}_report")["parameters"]
        assert parameters["projection.enabled"] == "true"
        assert parameters["projection.report_plan.values"] == f"acme_{template}_report"
        assert parameters["storage.location.template"] == (
            "s3://acme-backup-reports-111111111111-eu-central-1/Backup/crossaccount/crossregion/"
            "${year}/${month}/${day}/${report_plan}/"
        )

    @pytest.mark.parametrize(
        ("name", "template", "where"),
        [
            (
                "projection of one Region with a prefix",
                "backup_job",
                "jobs/nightly/Backup/crossaccount/eu-west-1/",
            ),
            (
                "projection of one Region with a prefix",
                "copy_job",
                "Backup/crossaccount/eu-west-1/",
            ),
            ("projection of one account", "copy_job", "Backup/111111111111/crossregion/"),
        ],
    )
    def test_looks_where_aws_delivers(self, name: str, template: str, where: str) -> None:
        parameters = table(recorded(name), f"{template}_report")["parameters"]
        located = parameters["storage.location.template"]
        assert located.partition("-eu-central-1/")[2] == (
            where + "${year}/${month}/${day}/${report_plan}/"
        )

    def test_is_not_what_stands_by_default(self) -> None:
        parameters = table(recordings()["acme-management"], "backup_job_report")["parameters"]
        assert not [name for name in parameters if name.startswith("projection.")]
