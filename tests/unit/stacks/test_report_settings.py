"""Settings of reports: what AWS would refuse, and what would mix up, is refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import load
from stacks.load import SettingsError

ACME: Mapping[str, Any] = {
    "customer": "acme",
    "organization": {"management_account": "111111111111", "audit_account": "222222222222"},
    "region": "eu-central-1",
}
OWN: Mapping[str, Any] = {"template": "backup_job", "name": "mine", "prefix": "mine"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / load.CUSTOMERS
    folder.mkdir(parents=True)
    (folder / "acme.yaml").write_text(json.dumps(ACME))
    return tmp_path


def said(reports: Mapping[str, Any], root: Path, **more: Any) -> list[str]:
    """Path and message of each problem, without the file."""
    values = {"extends": "acme", "role": "management", "reports": reports, **more}
    stack = f"acme-{values['role']}" + (f"-{values['name']}" if "name" in values else "")
    try:
        load.parse(stack, values, root)
    except SettingsError as error:
        return [problem.split(": ", 1)[1] for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "reports",
    [
        {},
        {"scope": "account", "regions": ["eu-central-1", "eu-west-1"]},
        {"scope": {"organizational_units": ["ou-exam-12345678"], "accounts": ["333333333333"]}},
        {"plans": {"backup_job": {"name": "b", "prefix": "jobs/daily", "tags": {"a": "b"}}}},
        {"plans": {"restore_job": None}},
        {"plans": {"backup_job": {"name": "theirs", "existing": True}}},
        {"own_plans": [{**OWN, "formats": ["CSV", "JSON"]}]},
        {"own_plans": [{**OWN, "regions": ["*"]}]},
        {"plans": {"backup_job": {"name": "a" * 256, "existing": True}}},
        {"plans": {"backup_job": {"name": "a" * 253}}},
        {"plans": {"backup_job": {"name": "a" * 256}}, "scope": "account"},
        {"own_plans": [{**OWN, "name": "acme_copy_job_report_2"}], "scope": "account"},
        {"own_plans": [{**OWN, "name": "acme_copy_job_report_old"}, {**OWN, "name": "mine_2"}]},
        {"bucket": {"name": "theirs.of-2024.x1", "existing": True}},
        {"bucket": {"name": "theirs", "existing": True}},
        {"bucket": {"name": "theirs", "existing": True, "account": "222222222222"}},
        {"bucket": {"copy_to_audit": True, "encryption": "s3_managed"}},
        {"lake": {"headers": {"backup_job": ["Account Id", "Job Status"]}}},
    ],
)
def test_what_aws_takes_is_taken(reports: Mapping[str, Any], root: Path) -> None:
    assert said(reports, root) == []


@pytest.mark.parametrize(
    ("reports", "path", "reason"),
    [
        ({"plans": {"scan_job": {}}}, "reports.plans.scan_job", "pulumi-aws 7.51 lists only"),
        ({"plans": {"scans": {}}}, "reports.plans.scans", "there are: backup_job, "),
        ({"plans": {"backup_job": {"name": "my-plan"}}}, "backup_job.name", "no hyphen"),
        ({"plans": {"backup_job": {"name": "1plan"}}}, "backup_job.name", "starts with a letter"),
        ({"plans": {"backup_job": {"prefix": "/jobs"}}}, "backup_job.prefix", "no slash at"),
        ({"plans": {"backup_job": {"prefix": "a/Backup"}}}, "backup_job.prefix", "called Backup"),
        ({"plans": {"backup_job": {"existing": True}}}, "backup_job.name", "is required"),
        ({"plans": {"copy_job": {"formats": ["JSON"]}}}, "copy_job.formats", "the lake reads CSV"),
        (
            {"plans": {"control_compliance": {"framework_arns": []}}},
            "reports.plans.control_compliance.framework_arns",
            "AWS refuses frameworks where a plan covers several accounts",
        ),
        ({"plans": {"copy_job": {"regions": []}}}, "copy_job.regions", "write reports.regions"),
        (
            {"plans": {"backup_job": {"name": "same"}, "copy_job": {"name": "same"}}},
            "copy_job.name",
            "same is the name of reports.plans.backup_job.name too",
        ),
        ({"scope": {"organizational_units": ["r-exam"]}}, "scope", "write scope: organization"),
        ({"scope": {}}, "reports.scope", "names neither"),
        ({"scope": "all"}, "reports.scope", "write organization or account; found 'all'"),
        ({"scope": {"units": []}}, "reports.scope.units", "did you mean accounts?"),
        ({"scope": ["account"]}, "reports.scope", "object with organizational_units, accounts; f"),
        ({"scope": {"accounts": ["1"]}}, "reports.scope.accounts[0]", "is 12 digits in quotes"),
        ({"regions": ["eu-west"]}, "reports.regions[0]", "like eu-central-1 (AWS"),
        ({"regions": ["eu-west"]}, "reports.regions[0]", 'or "*" for all'),
        (
            {"scope": {"accounts": ["333333333333", "444444444444", "333333333333"]}},
            "reports.scope.accounts[2]",
            "333333333333 is named twice",
        ),
        (
            {"scope": {"organizational_units": ["ou-exam-12345678", "ou-exam-12345678"]}},
            "reports.scope.organizational_units[1]",
            "ou-exam-12345678 is named twice",
        ),
        (
            {"own_plans": [{**OWN, "name": "acme_copy_job_report_2"}]},
            "reports.own_plans[0].name",
            "is what a shard of reports.plans.copy_job.name may be called",
        ),
        (
            {"plans": {"backup_job": {"name": "jobs"}, "copy_job": {"name": "jobs_1"}}},
            "reports.plans.copy_job.name",
            "is what a shard of reports.plans.backup_job.name may be called",
        ),
        (
            {"plans": {"backup_job": {"name": "a" * 254}}},
            "reports.plans.backup_job.name",
            "a shard's number takes 3 more: 253 at most",
        ),
        ({"own_plans": [{**OWN, "template": ["x"]}]}, "own_plans[0].template", "no report templ"),
        (
            {"plans": {"backup_job": {"tags": {"aws:x": "y"}}}},
            "reports.plans.backup_job.tags.aws:x",
            "AWS keeps for itself",
        ),
        *(
            ({"bucket": {"name": name}}, "reports.bucket.name", "a bucket's name has")
            for name in (
                "a..b",
                "192.168.1.1",
                "ab",
                "a" * 64,
                "Reports",
                "xn--reports",
                "amzn-s3-demo-reports",
                "reports--x-s3",
                "reports-",
            )
        ),
        ({"regions": ["*", "eu-west-1"]}, "reports.regions", "beside others"),
        ({"regions": ["eu-west-1", "eu-west-1"]}, "reports.regions", "twice"),
        (
            {"own_plans": [{**OWN, "formats": ["JSON"], "regions": ["*"]}]},
            "own_plans[0].formats",
            "the stack's own Region only",
        ),
        (
            {
                "own_plans": [
                    {
                        **OWN,
                        "framework_arns": [
                            "arn:aws:backup:eu-central-1:111111111111:framework:base"
                        ],
                    }
                ]
            },
            "own_plans[0].framework_arns",
            "compliance only",
        ),
        (
            {
                "own_plans": [
                    {
                        **OWN,
                        "template": "control_compliance",
                        "regions": ["*"],
                        "framework_arns": [
                            "arn:aws:backup:eu-central-1:111111111111:framework:base"
                        ],
                    }
                ]
            },
            "own_plans[0].framework_arns",
            "refused by AWS for several Regions",
        ),
        (
            {"own_plans": [OWN], "plans": {"backup_job": {"prefix": "mine"}}},
            "own_plans[0].prefix",
            "one of the lake's plans too",
        ),
        (
            {"own_plans": [OWN, {**OWN, "name": "other", "formats": ["JSON"]}]},
            "own_plans[1].prefix",
            "in other formats",
        ),
        (
            {"own_plans": [{"template": "backup_job", "name": "x"}]},
            "own_plans[0].prefix",
            "required",
        ),
        ({"bucket": {"existing": True}}, "reports.bucket.name", "is required"),
        ({"bucket": {"account": "222222222222", "name": "x-y"}}, "bucket.existing", "must be true"),
        (
            {"bucket": {"existing": True, "name": "theirs", "force_destroy": True}},
            "reports.bucket.force_destroy",
            "nothing of it is touched",
        ),
        (
            {"bucket": {"existing": True, "name": "theirs", "expire_after_days": 900}},
            "reports.bucket.expire_after_days",
            "of the lake over it, set reports.lake.expire_after_days",
        ),
        (
            {"bucket": {"existing": True, "name": "theirs", "copy_to_audit": True}},
            "reports.bucket.copy_to_audit",
            "would replace the replication",
        ),
        (
            {"bucket": {"expire_after_days": 30, "transition_to_infrequent_access_after_days": 60}},
            "reports.bucket.expire_after_days",
            "no later than the move",
        ),
        (
            {"bucket": {"transition_to_infrequent_access_after_days": 7}},
            "reports.bucket.transition_to_infrequent_access_after_days",
            "30",
        ),
        ({"lake": {"database": "acme-reports"}}, "reports.lake.database", "a hyphen breaks"),
        (
            {"lake": {"headers": {"backup_job": ["Job Id", "job_id [x]"]}}},
            "reports.lake.headers.backup_job[1]",
            "is column 'job_id' of the raw table, as 'Job Id' is",
        ),
        (
            {"lake": {"headers": {"backup_job": ["Region", "Account Id", "AWS Region"]}}},
            "reports.lake.headers.backup_job[2]",
            "is column 'aws region' of the raw table, as 'Region' is; where the reports have it",
        ),
        (
            {"lake": {"headers": {"copy_job": ["Year", "Job Status"]}}},
            "reports.lake.headers.copy_job[0]",
            "is column 'year' of the raw table, as the partition key is",
        ),
        (
            {"lake": {"headers": {"copy_job": ["Job Status", "Report Plan"]}}},
            "reports.lake.headers.copy_job[1]",
            "is column 'report_plan' of the raw table",
        ),
        (
            {"lake": {"headers": {"copy_job": ["Job Status", "[#]"]}}},
            "reports.lake.headers.copy_job[1]",
            "has no letter or digit",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_with_the_reason(
    reports: Mapping[str, Any], path: str, reason: str, root: Path
) -> None:
    problems = said(reports, root)
    assert any(path in problem and reason in problem for problem in problems), problems


@pytest.mark.parametrize("scope", ["all", 3, ["account"], {"units": []}, {"accounts": ["1"]}])
def test_a_mistake_in_the_scope_is_told_once(scope: object, root: Path) -> None:
    (problem,) = said({"scope": scope}, root)
    assert problem.startswith("reports.scope")


def test_a_member_reports_on_itself_alone(root: Path) -> None:
    member: dict[str, Any] = {
        "role": "member",
        "name": "web",
        "account": "333333333333",
        "regions": ["eu-central-1"],
        "vaults": {"standard": {}},
    }
    assert said({"scope": "account"}, root, **member) == []
    (problem,) = said({}, root, **member)
    assert problem.startswith("reports.scope: must be account: only the management account")


def test_stacks_that_would_wait_for_each_other_are_refused(root: Path) -> None:
    copied = {"bucket": {"copy_to_audit": True}}
    assert said(copied, root, alerts_in="audit") == []
    assert said({}, root, alerts_in="management") == []
    (problem,) = said(copied, root, alerts_in="management")
    assert problem.startswith("alerts_in: is management")
    assert problem.endswith("reports.bucket.copy_to_audit needs alerts_in: audit")
