"""A report from AWS Backup's list calls and one from delivered reports, of the same jobs: for one
period both say the same."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from handlers.curate_reports import app as curating
from handlers.make_report import app as making
from reports.digest.runs import Run, jobs_since, period_of
from reports.plans import ORGANIZATION, Plan, described
from reports.templates import TEMPLATES
from tests.support import figures as examples
from tests.support.aws_in_process import Aws, aws
from tests.support.backup_api import BackupAtHand, Members
from tests.unit.handlers.test_scheduled_reports import ACCOUNT, OTHER, REGION, Functions, vault

__all__ = ["aws"]

NOW = datetime(2026, 4, 6, 7, tzinfo=UTC)
"""The week before has a day of 23 hours in Berlin."""
LAST_REPORT = NOW.replace(hour=0)
WEEKLY = dataclasses.replace(
    examples.definition(1, "weekly", "api"),
    regions={ACCOUNT: (REGION,), OTHER: (REGION,)},
    timezone="Europe/Berlin",
)
PLANS = {name: Plan(template=name, account=ORGANIZATION) for name in TEMPLATES}
RULES = ("cron(0 5 ? * * *)", "cron(0 0/6 ? * * *)", "cron(0 2 ? * SUN *)")
MESSAGES = ("Access denied to arn:aws:kms:eu-central-1:111111111111:key/1", "No space, 3 tried", "")
TESTING_PLAN = f"arn:aws:backup:{REGION}:{ACCOUNT}:restore-testing-plan:weekly"


@dataclass(frozen=True, kw_only=True)
class Job:
    """As both sources are told of it."""

    kind: str
    number: int
    account: str
    resource: int
    state: str
    message: str
    created: datetime
    completed: datetime
    child: bool

    @property
    def arn(self) -> str:
        return f"arn:aws:ec2:{REGION}:{self.account}:volume/vol-{self.resource}"

    @property
    def vault(self) -> str:
        name = "untagged" if self.resource % 5 == 0 else "central"
        return vault(name, self.account)["BackupVaultArn"]

    @property
    def rule(self) -> str:
        return RULES[self.resource % len(RULES)]

    def item(self) -> Mapping[str, Any]:
        """In the answer of a list call."""
        source = {"ResourceArn": self.arn, "BackupVaultArn": self.vault}
        common = {
            "AccountId": self.account,
            f"{self.kind.capitalize()}JobId": f"{self.kind}-{self.number}",
            "CreationDate": self.created,
            "State": self.state,
            "ResourceType": "EBS",
            "BackupSizeInBytes": self.number,
            **({"StatusMessage": self.message} if self.message else {}),
            **({"CompletionDate": self.completed} if self.state != "RUNNING" else {}),
            **({"ParentJobId": "parent"} if self.child else {}),
        }
        by = {"BackupRuleCron": self.rule, "BackupRuleTimezone": "Europe/Berlin"}
        point = f"{self.arn}/point"
        match self.kind:
            case "backup":
                name = f"volume {self.resource}"
                return {**common, **source, "CreatedBy": by, "ResourceName": name}
            case "copy":
                return {
                    **common,
                    "ResourceArn": self.arn,
                    "SourceBackupVaultArn": self.vault,
                    "DestinationBackupVaultArn": vault("copies", OTHER)["BackupVaultArn"],
                    "SourceRecoveryPointArn": point,
                    "CreatedBy": by,
                }
            case _:
                return {
                    **common,
                    "Status": self.state,
                    "SourceResourceArn": self.arn,
                    "BackupVaultArn": self.vault,
                    "RecoveryPointArn": point,
                    "CreatedBy": {"RestoreTestingPlanArn": TESTING_PLAN},
                    "ValidationStatus": "SUCCESSFUL",
                }

    def row(self, state: str) -> Mapping[str, str]:
        """Of a delivered report, which has other names for some things."""
        ended = state != "RUNNING"
        return {
            "account_id": self.account,
            "region": REGION,
            f"{self.kind}_job_id": f"{self.kind}-{self.number}",
            "job_status": state,
            "status_message": self.message if ended else "",
            "resource_type": "EBS",
            "resource_arn": self.arn,
            "source_resource_arn": self.arn,
            "resource_name": f"volume {self.resource}" if self.kind != "copy" else "",
            "backup_vault_arn": self.vault,
            "source_backup_vault_arn": self.vault,
            "destination_backup_vault_arn": vault("copies", OTHER)["BackupVaultArn"],
            "recovery_point_arn": f"{self.arn}/point",
            "source_recovery_point_arn": f"{self.arn}/point",
            "backup_rule_schedule": self.rule,
            "backup_rule_timezone": "Europe/Berlin",
            "creation_date": f"{self.created:%Y-%m-%dT%H:%M:%SZ}",
            "completion_date": f"{self.completed:%Y-%m-%dT%H:%M:%SZ}" if ended else "",
            "backup_size_in_bytes": str(self.number),
            "parent_job_id": "parent" if self.child else "",
            "restore_testing_plan_arn": TESTING_PLAN,
            "validation_status": "SUCCESSFUL",
        }


def history(seed: int, run: Run) -> Sequence[Job]:
    """Jobs from before what is looked at until the period's end, a few of which still run."""
    chance = random.Random(seed)  # noqa: S311
    span = (run.period.end - run.since) // timedelta(seconds=1)
    made: list[Job] = []
    for number in range(300):
        created = run.since + timedelta(seconds=chance.randrange(-86_400, span))
        completed = created + timedelta(seconds=chance.randrange(60, 40_000))
        state = chance.choice(["COMPLETED"] * 4 + ["FAILED", "EXPIRED", "RUNNING", "ODD"])
        made.append(
            Job(
                kind=chance.choice(["backup", "backup", "copy", "restore"]),
                number=number,
                account=chance.choice([ACCOUNT, OTHER]),
                resource=chance.randrange(12),
                state=state if completed < LAST_REPORT else "RUNNING",
                message="",
                created=created,
                completed=completed,
                child=chance.random() < 0.1,
            )
        )
    return [
        dataclasses.replace(job, message=chance.choice(MESSAGES))
        if job.state not in ("RUNNING", "ODD") and chance.random() < 0.5 and job.kind != "restore"
        else job
        for job in made
    ]


def tell(job: Job, day: datetime) -> str | None:
    """What the report of the 24 hours until `day` says of a job's state; None: nothing."""
    if job.created >= day or job.completed < day - timedelta(days=1):
        return None
    return "RUNNING" if job.completed >= day else job.state


def deliver(aws: Aws, name: str, day: datetime, rows: Sequence[Mapping[str, str]]) -> None:
    """Rows as a delivered report, curated by the function."""
    settings = curating.Environment(
        report_plans=json.dumps(described(PLANS)),
        lake_bucket="lake",
        dead_letters_url=aws.dead_letters,
        duckdb_memory_mb="256",
    )
    template, text = TEMPLATES[name], io.StringIO()
    names = [column.name for column in (*template.columns, *template.optional)]
    writer = csv.DictWriter(text, names, extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    key = f"Backup/crossaccount/crossregion/{day:%Y/%m/%d}/{name}/a.csv"
    curating.Curator(settings, aws.s3, aws.sqs).take_in(aws.deliver(key, text.getvalue()))
    curating.metrics.clear_metrics()


def deliver_all(aws: Aws, jobs: Sequence[Job], run: Run) -> None:
    """A report of each kind a day until now, each job in some of them."""
    first = run.since.replace(hour=0, minute=0, second=0)
    for day in (first + timedelta(days=n) for n in range((NOW - first).days + 1)):
        for kind in ("backup", "copy", "restore"):
            told = [(job, tell(job, day)) for job in jobs if job.kind == kind]
            rows = [job.row(state) for job, state in told if state is not None]
            deliver(aws, f"{kind}_job", day, rows)


def system(aws: Aws, jobs: Sequence[Job], source: Any) -> Functions:
    def place(account: str) -> BackupAtHand:
        vaults = [vault("central", account), vault("copies", account), vault("untagged", account)]
        tags = [dict([WEEKLY.vault_tag]), dict([WEEKLY.vault_tag]), {}]
        items = {
            kind: [job.item() for job in jobs if (job.kind, job.account) == (kind, account)]
            for kind in ("backup", "copy", "restore")
        }
        return BackupAtHand(
            vaults={v["BackupVaultArn"]: (v, t) for v, t in zip(vaults, tags, strict=True)},
            backup_jobs=items["backup"],
            copy_jobs=items["copy"],
            restore_jobs=items["restore"],
            page_size=7,
        )

    members = Members({(ACCOUNT, REGION): place(ACCOUNT), (OTHER, REGION): place(OTHER)}, aws.s3)
    made = Functions(aws, members, dataclasses.replace(WEEKLY, source=source))
    made.maker = making.Maker(
        making.Environment(
            digests_bucket="reports",
            reader_role="reader",
            duckdb_memory_mb="256",
            lake_account=OTHER if source == "lake" else "",
            lake_bucket="lake" if source == "lake" else "",
        ),
        aws.s3,
        cast(Any, None),
        members.clients,
    )
    return made


def weekly_run() -> Run:
    period = period_of("weekly", WEEKLY.timezone, NOW)
    return Run(
        run_id="run",
        cadence="weekly",
        timezone=WEEKLY.timezone,
        period=period,
        since=jobs_since(WEEKLY, period, NOW),
    )


@pytest.mark.parametrize("seed", range(2))
def test_for_one_period_both_sources_give_the_same_figures(seed: int, aws: Aws) -> None:
    run = weekly_run()
    jobs = history(seed, run)
    deliver_all(aws, jobs, run)
    told: dict[str, dict[str, Any]] = {}
    for source in ("api", "lake"):
        functions = system(aws, jobs, source)
        folder = functions.report(source, "weekly", NOW)
        told[source] = json.loads(functions.read(f"{folder}figures.json"))
    assert told["api"]["headline"]["unprotected"] == 0
    assert told["lake"]["headline"]["unprotected"] is None
    assert told["api"]["headline"]["failures"] > 10
    assert told["api"]["causes"]
    assert told["api"]["newly_failing"]
    assert told["api"]["without_recent_backup"]
    assert told["api"]["restore_tests"]
    for figures in told.values():
        for name in ("source", "limits", "made_at", "changes"):
            del figures[name]
        del figures["headline"]["unprotected"]
    assert told["api"] == told["lake"]


def compliance(control: str, account: str, resource: str, status: str) -> Mapping[str, str]:
    return {
        "account_id": account,
        "region": REGION,
        "framework_name": "standard",
        "control_name": control,
        "resource_id": f"AWS::EC2::Volume/{resource}",
        "resource_type": "AWS::EC2::Volume",
        "resource_compliance_status": status,
        "control_compliance_status": status,
        "num_resources_compliant": "8",
        "num_resources_non_compliant": "2",
    }


def test_a_report_from_the_lake_tells_compliance_and_is_compared_with_the_jobs_before(
    aws: Aws,
) -> None:
    run = weekly_run()
    week = timedelta(days=7)
    jobs = [
        Job(
            kind="backup",
            number=number,
            account=ACCOUNT,
            resource=1,
            state=state,
            message="",
            created=created,
            completed=created + timedelta(hours=1),
            child=False,
        )
        for number, (state, created) in enumerate(
            [
                ("FAILED", run.period.start - timedelta(days=2)),
                ("COMPLETED", run.period.start - timedelta(days=1)),
                ("COMPLETED", run.period.end - timedelta(days=2)),
            ]
        )
    ]
    earlier = dataclasses.replace(run, since=run.since - week)
    deliver_all(aws, jobs, earlier)
    plan = "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN"
    rows = [
        compliance(plan, ACCOUNT, "vol-1", "NON_COMPLIANT"),
        compliance(plan, ACCOUNT, "vol-2", "COMPLIANT"),
        compliance(plan, "333333333333", "vol-3", "NON_COMPLIANT"),
        compliance("BACKUP_RECOVERY_POINT_ENCRYPTED", ACCOUNT, "vol-4", "NON_COMPLIANT"),
    ]
    for name in ("resource_compliance", "control_compliance"):
        deliver(aws, name, LAST_REPORT - timedelta(days=1), rows)
    functions = system(aws, [], "lake")
    folder = functions.report("run", "weekly", NOW)
    told = json.loads(functions.read(f"{folder}figures.json"))
    assert [one["resource_arn"] for one in told["unprotected"]] == ["AWS::EC2::Volume/vol-1"]
    assert {(one["control_name"], one["non_compliant"]) for one in told["controls"]} == {
        (plan, 2),
        ("BACKUP_RECOVERY_POINT_ENCRYPTED", 2),
    }
    changes = {change["name"]: (change["before"], change["now"]) for change in told["changes"]}
    assert changes["failures"] == (1, 0)
    assert changes["success_rate"] == (50, 100)
    assert changes["unprotected"] == (None, 1)
    assert changes["three_two_one"][0] is None
