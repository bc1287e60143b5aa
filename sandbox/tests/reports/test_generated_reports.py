import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from aws_sandbox.reports.files import (
    WINDOW,
    Awkward,
    Template,
    awkward,
    csv_files,
    fields,
    json_file,
    rows,
    words,
)
from aws_sandbox.reports.report_plans import example
from aws_sandbox.reports.rows import Profile, Row, Window

ORGANIZATION = example(6, ("eu-west-1", "us-east-1"))
PROFILE = Profile(seed=3, jobs_per_day=12)
JOB_IDS = {
    Template.BACKUP_JOB_REPORT: "backupJobId",
    Template.COPY_JOB_REPORT: "copyJobId",
    Template.RESTORE_JOB_REPORT: "restoreJobId",
}
STATES = {
    Template.BACKUP_JOB_REPORT: {
        "CREATED", "RUNNING", "COMPLETED", "FAILED", "EXPIRED", "ABORTED", "PARTIAL",
    },
    Template.COPY_JOB_REPORT: {"RUNNING", "COMPLETED", "FAILED"},
    Template.RESTORE_JOB_REPORT: {"RUNNING", "COMPLETED", "ABORTED", "FAILED"},
}  # fmt: skip


def week(template: Template) -> Sequence[Sequence[Row]]:
    return [
        list(rows(template, ORGANIZATION, PROFILE, Window(end=WINDOW.end + timedelta(days=day))))
        for day in range(7)
    ]


def header_field(header: str) -> str:
    """The documented name, in lower case, whose header this is."""
    return header.split(" [", maxsplit=1)[0].replace(" ", "").lower()


def parsed(file: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"))))


@pytest.mark.parametrize("template", Template)
def test_a_report_has_exactly_its_documented_columns_filled_from_every_row(
    template: Template,
) -> None:
    content = list(rows(template, ORGANIZATION, PROFILE, WINDOW))
    columns = fields(template)
    table = parsed(next(csv_files(content, columns)))
    assert [header_field(header) for header in table[0]] == [name.lower() for name in columns]
    assert table[1:] == [[row[name] for name in columns] for row in content]
    assert len(content) > 20


@pytest.mark.parametrize("template", Template)
def test_the_same_seed_gives_the_same_report_and_another_seed_another(template: Template) -> None:
    def made(seed: int) -> list[Row]:
        profile = Profile(seed=seed, jobs_per_day=9)
        return list(rows(template, example(2, ("eu-west-1",)), profile, WINDOW))

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_the_first_columns_of_the_organization_backup_report_are_those_seen_in_the_wild() -> None:
    assert " ".join(fields(Template.BACKUP_JOB_REPORT)[:21]) == (
        "reportTimePeriodStart reportTimePeriodEnd pathToRoot accountId region backupJobId "
        "jobStatus statusMessage resourceType resourceArn backupPlanArn backupRuleId "
        "creationDate completionDate expectedCompletionDate recoveryPointArn jobRunTime "
        "backupSizeInBytes backupVaultName backupVaultArn iamRoleArn"
    )


def test_only_reports_over_several_accounts_have_the_path_to_root() -> None:
    for template in Template:
        columns = list(fields(template))
        assert columns[columns.index("pathToRoot") + 1] == "accountId"
        assert "pathToRoot" not in fields(template, across_accounts=False)


@pytest.mark.parametrize("template", JOB_IDS)
def test_jobs_have_only_documented_states_and_one_end(template: Template) -> None:
    ends: dict[str, set[str]] = {}
    for day in week(template):
        assert {row["jobStatus"] for row in day} <= STATES[template]
        for row in day:
            if row["completionDate"]:
                ends.setdefault(row[JOB_IDS[template]], set()).add(row["jobStatus"])
    assert all(len(states) == 1 for states in ends.values())


def test_a_job_that_is_active_in_one_report_is_in_the_next_and_finished_in_the_end() -> None:
    days = [{row["backupJobId"]: row for row in day} for day in week(Template.BACKUP_JOB_REPORT)]
    active = {job for job, row in days[2].items() if row["jobStatus"] in {"RUNNING", "CREATED"}}
    assert active
    assert active <= set(days[3])
    assert all(days[4].get(job, days[3][job])["completionDate"] for job in active)
    finished_once = Counter(
        job for day in days for job, row in day.items() if row["completionDate"]
    )
    assert set(finished_once.values()) == {1}


def test_every_job_that_ended_ended_within_its_reports_period() -> None:
    for row in rows(Template.BACKUP_JOB_REPORT, ORGANIZATION, PROFILE, WINDOW):
        if row["completionDate"]:
            completed = datetime.fromisoformat(row["completionDate"])
            assert WINDOW.start < completed <= WINDOW.end
        assert row["reportTimePeriodEnd"] == "2026-11-22T02:17:33Z"


def test_resources_keep_their_arn_from_day_to_day_and_sizes_pass_four_gib() -> None:
    days = week(Template.BACKUP_JOB_REPORT)
    first, last = ({row["resourceArn"] for row in day} for day in (days[0], days[-1]))
    assert first == last
    sizes = {int(row["backupSizeInBytes"]) for row in days[0]}
    assert max(sizes) > 2**32
    assert {
        row["backupSizeInBytes"] for row in days[0] if row["resourceType"] in {"RDS", "Aurora"}
    } == {"0"}


def test_messages_have_commas_and_quotes_and_line_breaks_only_when_asked() -> None:
    def messages(*, line_breaks: bool) -> str:
        profile = Profile(seed=5, jobs_per_day=60, line_breaks=line_breaks)
        content = rows(Template.BACKUP_JOB_REPORT, ORGANIZATION, profile, WINDOW)
        return "|".join(row["statusMessage"] for row in content)

    assert {",", '"'} < set(messages(line_breaks=False))
    assert "\n" not in messages(line_breaks=False)
    assert "\n" in messages(line_breaks=True)


def test_a_backup_with_issues_is_completed_with_a_message() -> None:
    days = week(Template.BACKUP_JOB_REPORT)
    ended = [row for day in days for row in day if row["jobStatus"] == "COMPLETED"]
    assert 0 < sum(bool(row["statusMessage"]) for row in ended) < len(ended) / 10


def test_copies_and_restores_name_recovery_points_that_a_backup_made() -> None:
    points = {
        row["recoveryPointArn"] for day in week(Template.BACKUP_JOB_REPORT) for row in day
    } - {""}
    for template, name in (
        (Template.COPY_JOB_REPORT, "sourceRecoveryPointArn"),
        (Template.RESTORE_JOB_REPORT, "recoveryPointArn"),
    ):
        named = {row[name] for day in week(template)[2:6] for row in day}
        assert named
        assert len(named - points) <= len(named) / 10  # of backups still running a week ago


def test_children_of_a_composite_backup_name_their_parents_job() -> None:
    content = list(rows(Template.BACKUP_JOB_REPORT, ORGANIZATION, PROFILE, WINDOW))
    parents = {row["backupJobId"] for row in content if row["isParentJob"] == "true"}
    named = {row["parentJobId"] for row in content} - {""}
    assert named & parents


def test_compliance_is_counted_from_the_resources() -> None:
    resources = list(rows(Template.RESOURCE_COMPLIANCE_REPORT, ORGANIZATION, PROFILE, WINDOW))
    assert {row["resourceComplianceStatus"] for row in resources} == {"COMPLIANT", "NON_COMPLIANT"}
    failing = Counter(
        (row["accountId"], row["region"], row["controlName"])
        for row in resources
        if row["resourceComplianceStatus"] == "NON_COMPLIANT"
    )
    for row in rows(Template.CONTROL_COMPLIANCE_REPORT, ORGANIZATION, PROFILE, WINDOW):
        count = failing[row["accountId"], row["region"], row["controlName"]]
        assert row["numResourcesNonCompliant"] == str(count)
        assert row["controlComplianceStatus"] == ("NON_COMPLIANT" if count else "COMPLIANT")
        assert not row["controlParameters"] or json.loads(row["controlParameters"])


def test_a_large_report_is_split_into_files_with_a_header_each() -> None:
    columns = fields(Template.BACKUP_JOB_REPORT)
    content = list(rows(Template.BACKUP_JOB_REPORT, ORGANIZATION, PROFILE, WINDOW))
    whole = parsed(next(csv_files(content, columns)))
    files = list(csv_files(content, columns, split_bytes=30_000))
    assert len(files) > 3
    assert all(len(file) <= 30_000 for file in files)
    assert all(parsed(file)[0] == whole[0] for file in files)
    assert [row for file in files for row in parsed(file)[1:]] == whole[1:]


def test_a_json_report_has_typed_items_without_what_is_unknown() -> None:
    columns = fields(Template.BACKUP_JOB_REPORT, across_accounts=False)
    content = list(rows(Template.BACKUP_JOB_REPORT, ORGANIZATION, PROFILE, WINDOW))
    items = json.loads(json_file(content, columns))["reportItems"]
    assert len(items) == len(content)
    assert isinstance(items[0]["backupSizeInBytes"], int)
    assert isinstance(items[0]["isEncrypted"], bool)
    assert all("pathToRoot" not in item for item in items)


@pytest.mark.parametrize("template", Template)
def test_each_awkward_report_is_awkward_in_its_own_way(template: Template) -> None:
    made = {kind: list(awkward(template, kind, split_bytes=100_000)) for kind in Awkward}
    header = [words(name) for name in fields(template)]
    assert made[Awkward.EMPTY] == [b""]
    assert [parsed(file) for file in made[Awkward.HEADER_ONLY]] == [[header]]
    assert made[Awkward.BYTE_ORDER_MARK][0].startswith(b"\xef\xbb\xbf")
    assert all("[" in name for name in parsed(made[Awkward.BRACKETED_HEADERS][0])[0])
    assert parsed(made[Awkward.COLUMN_APPENDED][0])[0][:-1] == header
    assert len(parsed(made[Awkward.COLUMN_INSERTED][0])[0]) == len(header) + 1
    assert sorted(parsed(made[Awkward.COLUMNS_MOVED][0])[0]) == sorted(header)
    assert parsed(made[Awkward.COLUMNS_MOVED][0])[0] != header
    missing = set(header) - set(parsed(made[Awkward.COLUMN_MISSING][0])[0])
    assert len(missing) == 1
    parts = made[Awkward.IN_PARTS]
    assert len(parts) == 2
    assert all(len(part) <= 100_000 for part in parts)
    assert sum(map(len, parts)) > 110_000


@pytest.mark.parametrize("template", Template)
def test_a_report_with_line_breaks_has_more_lines_than_rows(template: Template) -> None:
    (file,) = awkward(template, Awkward.LINE_BREAKS)
    assert len(file.splitlines()) > len(parsed(file))


def test_a_window_ends_at_the_delivery_and_lasts_a_day() -> None:
    window = Window(end=datetime(2026, 3, 1, 4, tzinfo=UTC))
    assert window.start == datetime(2026, 2, 28, 4, tzinfo=UTC)


def test_headers_are_spelt_as_they_were_seen() -> None:
    header = [words(name) for name in fields(Template.BACKUP_JOB_REPORT)]
    assert {
        "Report Time Period Start",
        "Report Time Period End",
        "Job Status",
        "Resource Type",
        "Resource ARN",
        "Recovery Point ARN",
        "Backup Size in Bytes",
    } <= set(header)
