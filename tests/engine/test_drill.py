"""The drill on one account alone: whatever becomes of it, nothing stays behind, and its page says
what happened."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.drill.record import DrillRecord, loaded
from fleet.errors import ToldError
from fleet.evidence.archive import read
from fleet.evidence.making import make_archive, maker_for
from fleet.evidence.scope import scope_of
from fleet.evidence.verification import verified
from fleet.project import PROJECT_VARIABLE
from fleet.sandbox.stage import Stage
from tests.support.command import backup_org
from tests.support.denials import denied
from tests.support.waiting import until

ACCOUNT, REGION, STACK = "777777777777", "eu-west-1", "globex-management"
RUNBOOK = "globex-backup-drill"
_ENDED = ("Success", "Failed", "TimedOut", "Cancelled")
_LONGEST = 180
"""Seconds that a run may take to a step or to its end."""


@dataclass(frozen=True)
class Globex:
    """The account with its drill, deployed."""

    stage: Stage
    session: boto3.Session

    def client(self, service: str) -> Any:
        session: Any = self.session
        return session.client(service)

    def call(self, name: str, **given: Any) -> Any:
        return self.stage.sandbox.call(name, account=ACCOUNT, region=REGION, **given)

    def throttle(self, operation: str, times: int = 1) -> None:
        self.stage.sandbox.call("throttle", operation=operation, times=times)

    def start(self, runbook: str = RUNBOOK, **parameters: Sequence[str]) -> Run:
        answer = self.client("ssm").start_automation_execution(
            DocumentName=runbook, Parameters=parameters
        )
        return Run(self, answer["AutomationExecutionId"])

    @contextmanager
    def held(self) -> Generator[None]:
        """Jobs stay as they are meanwhile."""
        self.hold("RUNNING")
        try:
            yield
        finally:
            self.hold(None)

    def hold(self, state: str | None) -> None:
        """In which state jobs stay; None: they go on."""
        given: dict[str, Any] = {"held": False} if state is None else {"state": state}
        self.call("backup.hold", resource_arn="*", **given)

    def denied(self, action: str) -> AbstractContextManager[None]:
        """The drill's role may not do something meanwhile."""
        return denied(self.client("iam"), RUNBOOK, action)

    def left(self) -> Mapping[str, Sequence[str]]:
        """What lies in the account, by kind."""
        ec2, backup = self.client("ec2"), self.client("backup")
        instances = [
            instance
            for reservation in ec2.describe_instances()["Reservations"]
            for instance in reservation["Instances"]
        ]
        jobs = [
            *backup.list_backup_jobs()["BackupJobs"],
            *backup.list_restore_jobs()["RestoreJobs"],
        ]
        runs = ("CREATED", "PENDING", "RUNNING", "ABORTING")
        found = {
            "instances": [i["InstanceId"] for i in instances if i["State"]["Name"] != "terminated"],
            "volumes": [v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]],
            "images": [i["ImageId"] for i in _tagged(ec2.describe_images()["Images"])],
            "snapshots": [s["SnapshotId"] for s in _tagged(ec2.describe_snapshots()["Snapshots"])],
            "recovery points": [
                p["RecoveryPointArn"]
                for p in backup.list_recovery_points_by_backup_vault(BackupVaultName=RUNBOOK)[
                    "RecoveryPoints"
                ]
            ],
            "jobs": [j.get("State") or j["Status"] for j in jobs],
        }
        found["jobs"] = [state for state in found["jobs"] if state in runs]
        return {kind: names for kind, names in found.items() if names}

    def open_incidents(self) -> Sequence[str]:
        self.stage.sandbox.call("settle")
        incidents = self.stage.sandbox.call("servicenow")["incidents"]
        return [i["short_description"] for i in incidents if i["state"] == "1"]


def _tagged(things: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """EC2 has images and snapshots of others, too."""
    return [
        each
        for each in things
        if any(tag["Key"] == "backup-org:drill" for tag in each.get("Tags", ()))
    ]


@dataclass(frozen=True)
class Run:
    """One execution of a runbook."""

    globex: Globex
    id: str

    def execution(self) -> Mapping[str, Any]:
        answer = self.globex.client("ssm").get_automation_execution(AutomationExecutionId=self.id)
        return answer["AutomationExecution"]

    def status(self) -> str:
        return self.execution()["AutomationExecutionStatus"]

    def steps(self) -> Mapping[str, str]:
        """The status of each step by name."""
        return {s["StepName"]: s["StepStatus"] for s in self.execution()["StepExecutions"]}

    def step(self, name: str) -> Mapping[str, Any]:
        (found,) = [s for s in self.execution()["StepExecutions"] if s["StepName"] == name]
        return found

    def output(self, step: str, name: str) -> str:
        return self.step(step)["Outputs"][name][0]

    def reaches(self, name: str) -> None:
        """Waits until a step is under way."""

        def is_under_way() -> bool:
            execution = self.execution()
            status = execution["AutomationExecutionStatus"]
            assert status not in _ENDED, f"it is {status} without {name}"
            return execution.get("CurrentStepName") == name

        until(is_under_way, self.steps, within_seconds=_LONGEST)

    def goes_well_until(self, name: str) -> None:
        """Ends the jobs before a step, while jobs are held; and waits until that is under way."""
        self.reaches("WaitForBackup")
        if name == "WaitForBackup":
            return
        job = self.output("StartBackup", "BackupJobId")
        self.globex.call("backup.finish", job_id=job, state="COMPLETED")
        self.reaches("WaitForRestore")
        if name == "WaitForRestore":
            return
        self.globex.hold(None)
        until(
            lambda: self.steps()["WaitForRestore"] == "Success",
            self.steps,
            within_seconds=_LONGEST,
        )
        self.globex.hold("RUNNING")
        self.reaches(name)

    def open_incidents(self) -> Sequence[str]:
        """About its instance: that of the runbook itself the next good drill resolves."""
        made = self.step("CreateInstance").get("Outputs", {}).get("InstanceId", ())
        return [i for i in self.globex.open_incidents() if any(f"/{m} " in i for m in made)]

    def ends(self) -> str:
        """Its status at the end; what followed it has ended too."""
        status = self.comes_to_its_end()
        clean_up = self.step("StartCleanUp").get("Outputs", {}).get("ExecutionId")
        if clean_up:
            Run(self.globex, clean_up[0]).comes_to_its_end()
        return status

    def comes_to_its_end(self) -> str:
        until(lambda: self.status() in _ENDED, self.steps, within_seconds=_LONGEST)
        return self.status()

    def cancel(self) -> None:
        self.globex.client("ssm").stop_automation_execution(
            AutomationExecutionId=self.id, Type="Cancel"
        )


@pytest.fixture(scope="module")
def globex(stage_of: Callable[[str], Stage]) -> Globex:
    stage = stage_of("globex")
    in_order(stage.deployments(), Deployment.update)
    return Globex(stage, stage.sandbox.session(ACCOUNT, REGION))


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What auditors are given."""

    exit_code: int | str | None
    record: DrillRecord
    page: str
    printed: str


Keep = Callable[..., Kept]


@pytest.fixture
def keep(globex: Globex, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Runs the command, and reads what it stored."""
    monkeypatch.setenv(PROJECT_VARIABLE, str(globex.stage.workspace.project))
    sandbox = globex.stage.sandbox.environment(REGION, account=ACCOUNT)
    for name, value in {**sandbox, **globex.stage.engine.environment}.items():
        monkeypatch.setenv(name, value)

    def keep(*arguments: str) -> Kept:
        answer = backup_org("drill", STACK, *arguments)
        (place,) = re.findall(r"s3://(\S+)/index.html", answer.output)
        bucket, _, key = place.partition("/")
        s3 = globex.client("s3")
        texts = {
            name: s3.get_object(Bucket=bucket, Key=f"{key}/{name}")["Body"].read().decode()
            for name in ("drill.json", "index.html")
        }
        record = loaded(texts["drill.json"])
        assert record.key == key
        return Kept(
            exit_code=answer.exit_code,
            record=record,
            page=texts["index.html"],
            printed=answer.output,
        )

    return keep


def test_it_backs_up_restores_and_alerts_and_resolves_what_an_earlier_one_left_open(
    globex: Globex, keep: Keep
) -> None:
    globex.throttle("ssm:GetParameter", 3)
    assert globex.start().ends() == "Failed"
    (told,) = globex.open_incidents()
    assert "runbook failed: Automation runbook globex-backup-drill in eu-west-1" in told
    kept = keep()
    record = kept.record
    assert (kept.exit_code, record.outcome, record.left_behind) == (0, "PASSED", ())
    assert globex.left() == {}
    assert globex.open_incidents() == []
    reached = [step.name for step in record.steps if step.status != "Pending"]
    assert (reached[0], reached[-1]) == ("CheckAlone", "CheckNothingIsLeft")
    assert all(step.status == "Success" for step in record.steps if step.name in reached)
    incident = record.incident
    assert incident is not None
    assert incident.opened_at is not None
    assert incident.resolved_at is not None
    assert incident.opened_at < incident.resolved_at
    incidents = globex.stage.sandbox.call("servicenow")["incidents"]
    (found,) = [i for i in incidents if i["number"] == incident.number]
    assert found["correlation_id"] == incident.correlation_id
    assert found["sys_id"] == incident.sys_id
    for said in ("Passed", incident.number, "WaitForStatusChecks", "does not prove"):
        assert said in kept.page


def test_evidence_has_each_drill_of_the_period_with_its_outcome_and_page(
    globex: Globex, keep: Keep, tmp_path: Path
) -> None:
    globex.throttle("ssm:GetParameter", 3)
    run = globex.start()
    assert run.ends() == "Failed"
    kept = [keep("--from", run.id), keep()]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    scope = scope_of("globex", "daily", globex.stage.workspace.project, tomorrow)
    path = tmp_path / "evidence.zip"
    make_archive(scope, maker_for(scope, None, print), path)
    assert verified(path)
    places = [each.record.key for each in kept]
    names = [f"{place}/{name}" for place in places for name in ("drill.json", "index.html")]
    _, held = read(path, dict.fromkeys([*names, "index.html"], 1 << 20))
    front = held["index.html"].decode()
    for place, each, outcome in zip(places, kept, ("failed", "passed"), strict=True):
        assert loaded(held[f"{place}/drill.json"]) == each.record
        assert held[f"{place}/index.html"].decode() == each.page
        (row,) = [r for r in front.split("</tr>") if f'{place}/index.html">what' in r]
        assert f">{outcome}<" in row
        assert each.record.reason in row


REFUSED: Mapping[str, tuple[str, str, int]] = {
    "CheckAlone": ("CheckAlone", "ssm:DescribeAutomationExecutions", 5),
    "FindImage": ("CheckAlone", "ssm:GetParameter", 3),
    "CreateInstance": ("CheckAlone", "ec2:RunInstances", 3),
    "WaitUntilRunning": ("CheckAlone", "ec2:DescribeInstances", 1),
    "StartBackup": ("CheckAlone", "backup:StartBackupJob", 3),
    "WaitForBackup": ("CheckAlone", "backup:DescribeBackupJob", 1),
    "StartRestore": ("WaitForBackup", "backup:StartRestoreJob", 5),
    "WaitForRestore": ("WaitForBackup", "backup:DescribeRestoreJob", 1),
    "WaitForStatusChecks": ("WaitForBackup", "ec2:DescribeInstanceStatus", 1),
    "StartBackupToCancel": ("WaitForRestore", "backup:StartBackupJob", 3),
    "WaitUntilItRuns": ("WaitForRestore", "backup:DescribeBackupJob", 1),
    "CancelBackup": ("WaitForRestore", "backup:StopBackupJob", 3),
    "WaitUntilCancelled": ("WaitUntilCancelled", "backup:DescribeBackupJob", 1),
}
"""By the step that fails: during which one to begin, the call that is refused, and how often: a
script's client tries a call five times."""


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, marks=[] if step == "StartBackupToCancel" else pytest.mark.soak)
        for step in REFUSED
    ],
)
def test_where_a_call_is_refused_nothing_stays(step: str, globex: Globex, keep: Keep) -> None:
    before, operation, times = REFUSED[step]
    if before == "CheckAlone":
        globex.throttle(operation, times)
        run = globex.start()
    else:
        with globex.held():
            run = globex.start()
            run.goes_well_until(before)
            globex.throttle(operation, times)
    assert run.ends() == "Failed"
    tells_of(keep("--from", run.id), step, "Failed")
    assert globex.left() == {}
    assert run.open_incidents() == []


def tells_of(kept: Kept, step: str, status: str) -> None:
    """The record and the page say which step failed, and why."""
    assert (kept.exit_code, kept.record.outcome) == (1, "FAILED")
    assert kept.record.reason.startswith(f"{step} is {status}")
    assert kept.record.reason in kept.printed
    assert f"{step} is {status}" in kept.page


def test_a_backup_that_fails_is_made_good_and_nothing_stays(globex: Globex, keep: Keep) -> None:
    with globex.held():
        run = globex.start()
        run.reaches("WaitForBackup")
        job = run.output("StartBackup", "BackupJobId")
        globex.call("backup.finish", job_id=job, state="FAILED", message="no <room> & time")
        run.reaches("BackUpOnceMore")
    assert run.ends() == "Failed"
    kept = keep("--from", run.id)
    tells_of(kept, "CheckBackup", "Failed")
    assert "the backup job is FAILED, not COMPLETED: no &lt;room&gt; &amp; time" in kept.page
    assert globex.left() == {}
    assert run.open_incidents() == []
    incidents = globex.stage.sandbox.call("servicenow")["incidents"]
    (resolved,) = [i for i in incidents if "no <room> & time" in i["description"]]
    assert resolved["state"] == "6"


@pytest.mark.soak
def test_a_restore_that_fails_leaves_its_own_incident_and_nothing_else(
    globex: Globex, keep: Keep
) -> None:
    with globex.held():
        run = globex.start()
        run.goes_well_until("WaitForRestore")
        job = run.output("StartRestore", "RestoreJobId")
        globex.call("backup.finish", job_id=job, state="FAILED", message="for a test")
    assert run.ends() == "Failed"
    tells_of(keep("--from", run.id), "CheckRestore", "Failed")
    assert globex.left() == {}
    (restore,) = run.open_incidents()
    assert "restore failed" in restore


@pytest.mark.soak
def test_a_backup_that_ends_well_before_it_is_cancelled_is_told_and_nothing_stays(
    globex: Globex, keep: Keep
) -> None:
    with globex.held():
        run = globex.start()
        run.goes_well_until("WaitUntilCancelled")
        job = run.output("StartBackupToCancel", "BackupJobId")
        globex.call("backup.finish", job_id=job, state="COMPLETED")
    assert run.ends() == "Failed"
    kept = keep("--from", run.id)
    tells_of(kept, "CheckCancelled", "Failed")
    assert "the backup job is COMPLETED, not ABORTED" in kept.page
    assert globex.left() == {}
    assert run.open_incidents() == []


@pytest.mark.soak
def test_a_last_backup_that_cannot_be_made_leaves_an_incident_and_nothing_else(
    globex: Globex, keep: Keep
) -> None:
    with globex.held():
        run = globex.start()
        run.goes_well_until("WaitUntilCancelled")
        with globex.denied("backup:StartBackupJob"):
            globex.hold(None)
            assert run.ends() == "Failed"
    kept = keep("--from", run.id)
    tells_of(kept, "BackUpOnceMore", "Failed")
    assert globex.left() == {}
    (cancelled,) = run.open_incidents()
    assert "backup" in cancelled
    incident = kept.record.incident
    assert incident is not None
    assert incident.opened_at is not None
    assert incident.resolved_at is None
    assert incident.number in kept.page


@pytest.mark.soak
def test_a_wait_that_takes_too_long_ends_the_drill_and_nothing_stays(
    globex: Globex, keep: Keep
) -> None:
    with globex.held():
        run = globex.start()
        run.reaches("EndJobs")
    assert run.ends() == "TimedOut"
    tells_of(keep("--from", run.id), "WaitForBackup", "TimedOut")
    assert globex.left() == {}
    assert run.open_incidents() == []


@pytest.mark.parametrize(
    "step",
    [
        "WaitForRestore",
        pytest.param("WaitForBackup", marks=pytest.mark.soak),
        pytest.param("StartRestore", marks=pytest.mark.soak),
        pytest.param("WaitUntilCancelled", marks=pytest.mark.soak),
        pytest.param("WaitForTheIncident", marks=pytest.mark.soak),
        pytest.param("EndJobs", marks=pytest.mark.soak),
        pytest.param("TerminateInstances", marks=pytest.mark.soak),
    ],
)
def test_a_drill_that_is_cancelled_is_cleaned_up_after(
    step: str, globex: Globex, keep: Keep
) -> None:
    waits_for_a_job = step in ("WaitForBackup", "WaitForRestore", "WaitUntilCancelled")
    with globex.held():
        run = globex.start()
        if waits_for_a_job:
            run.goes_well_until(step)
            run.cancel()
    if not waits_for_a_job:
        run.reaches(step)
        run.cancel()
    assert run.ends() == "Cancelled"
    kept = keep("--from", run.id)
    assert kept.record.outcome == "FAILED"
    assert "Cancelled" in kept.page
    assert kept.record.left_behind == ()
    assert globex.left() == {}
    assert run.open_incidents() == []


@pytest.mark.parametrize(
    ("action", "step"),
    [
        ("ec2:TerminateInstances", "TerminateInstances"),
        pytest.param("backup:DeleteRecoveryPoint", "RemoveRecoveryPoints", marks=pytest.mark.soak),
        pytest.param("ec2:DescribeSnapshots", "ListLeftBehind", marks=pytest.mark.soak),
        pytest.param("backup:ListBackupJobs", "EndJobs", marks=pytest.mark.soak),
    ],
)
def test_what_cannot_be_removed_is_told_and_can_be_once_it_is_allowed(
    action: str, step: str, globex: Globex, keep: Keep
) -> None:
    with globex.denied(action):
        run = globex.start()
        assert run.ends() == "Failed"
        kept = keep("--from", run.id)
    tells_of(kept, step, "Failed")
    assert kept.record.left_behind != ()
    for arn in kept.record.left_behind:
        assert arn in kept.page
    assert globex.start(f"{RUNBOOK}-clean-up", DrillId=[run.id]).comes_to_its_end() == "Success"
    assert globex.left() == {}


def test_there_is_one_drill_at_a_time(globex: Globex, keep: Keep) -> None:
    with globex.held():
        first = globex.start()
        first.reaches("WaitForBackup")
        second = globex.start()
        assert second.comes_to_its_end() == "Failed"
        assert first.id in second.step("CheckAlone")["FailureMessage"]
        assert second.step("EndJobs")["StepStatus"] == "Pending"
        first.cancel()
    first.ends()
    assert keep("--from", second.id).record.left_behind == ()
    assert globex.left() == {}


@pytest.mark.usefixtures("keep")
def test_what_is_no_drill_is_said_to_be_none() -> None:
    with pytest.raises(ToldError, match="acme has no drill"):
        backup_org("drill", "acme")
