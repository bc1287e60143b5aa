"""A member with scripts, deployed, and instances that are folders."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS, KEY
from tests.support.denials import denied
from tests.support.filesystems import Filesystems

MEMBER, REGION, STACK = "333333333333", "eu-central-1", "acme-member-payments"
ROLE = "acme-backup-scripts"
SCRIPTS: Mapping[str, Mapping[str, Any]] = {
    "files": {},
    "strict": {"when_pre_fails": "skip"},
    "whole": {"document": "whole.yaml", "post_after": "completed"},
}
"""What differs from a freeze that is as short as settings allow."""
_SHORT = {
    "plan": "standard",
    "rules": ["daily"],
    "document": "filesystem_freeze",
    "freeze_seconds": 20,
    "timeout_seconds": 10,
}
WHOLE = """\
schemaVersion: '2.2'
description: Notes what it is called with
parameters:
  command: {type: String, default: dry-run, allowedValues: [pre-script, post-script, dry-run]}
  executionId: {type: String, default: by-hand}
mainSteps:
  - name: Note
    action: aws:runShellScript
    inputs: {runCommand: ['echo "{{ command }}" >> "$HOME/noted"']}
"""


@dataclass(frozen=True)
class Flow:
    """The deployed member and its AWS."""

    stage: Stage
    session: boto3.Session

    def client(self, service: str) -> Any:
        session: Any = self.session
        return session.client(service)

    def call(self, name: str, **given: Any) -> Any:
        return self.stage.sandbox.call(name, account=MEMBER, region=REGION, **given)

    def launch(self, script: str, **given: Any) -> Instance:
        """An instance that carries a script's tag, with a filesystem to freeze; its backups run
        until they are told how they went."""
        launched = self.call(
            "instances.launch", tags={"backup-plan": f"standard-{script}"}, **given
        )
        disks = Filesystems(Path(launched["folder"]))
        disks.install()
        disks.mount("data", "259:2")
        instance = Instance(launched["instance_id"], disks)
        self.call("backup.hold", resource_arn=instance.arn, state="RUNNING")
        return instance

    def start(self, script: str, instance: Instance) -> Run:
        """By hand, as staff do in the console."""
        answer = self.client("ssm").start_automation_execution(
            DocumentName=f"acme-backup-{script}-daily", Parameters={"InstanceId": [instance.id]}
        )
        return Run(self, instance, answer["AutomationExecutionId"])

    def denied(self, action: str) -> AbstractContextManager[None]:
        """The runbooks' role may not do something."""
        return denied(self.client("iam"), ROLE, action)


@dataclass(frozen=True)
class Instance:
    id: str
    disks: Filesystems

    @property
    def arn(self) -> str:
        return f"arn:aws:ec2:{REGION}:{MEMBER}:instance/{self.id}"

    @property
    def data(self) -> str:
        """The mount point of its filesystem."""
        return str(self.disks.home / "data")

    @property
    def noted(self) -> Sequence[str]:
        """What the document whole.yaml was called with."""
        path = self.disks.home / "noted"
        return path.read_text().split() if path.exists() else []


@dataclass(frozen=True)
class Run:
    """One execution of a runbook."""

    flow: Flow
    instance: Instance
    id: str

    def execution(self) -> Mapping[str, Any]:
        ssm = self.flow.client("ssm")
        return ssm.get_automation_execution(AutomationExecutionId=self.id)["AutomationExecution"]

    def steps(self) -> Mapping[str, str]:
        """The status of each step by name."""
        return {s["StepName"]: s["StepStatus"] for s in self.execution()["StepExecutions"]}

    def step(self, name: str) -> Mapping[str, Any]:
        (found,) = [s for s in self.execution()["StepExecutions"] if s["StepName"] == name]
        return found

    def reaches(self, name: str) -> None:
        """Waits until a step is under way."""
        self._until(lambda: self.execution().get("CurrentStepName") == name, name)

    def job(self) -> Mapping[str, Any]:
        """The backup job that it started."""
        backup = self.flow.client("backup")
        (found,) = backup.list_backup_jobs(ByResourceArn=self.instance.arn)["BackupJobs"]
        return found

    def jobs(self) -> int:
        backup = self.flow.client("backup")
        return len(backup.list_backup_jobs(ByResourceArn=self.instance.arn)["BackupJobs"])

    def job_is(self, state: str, **given: str) -> None:
        self.flow.call("backup.finish", job_id=self.job()["BackupJobId"], state=state, **given)

    def backed_up(self, **given: str) -> Mapping[str, str]:
        """Lets the job complete; how the recovery point is tagged then."""
        self.reaches("WaitForBackup")
        self.job_is("COMPLETED", **given)
        assert self.ends() in ("Success", "Failed")
        return self.tags()

    def ends(self) -> str:
        """Its status at the end."""
        ended = ("Success", "Failed", "TimedOut", "Cancelled")
        self._until(lambda: self.execution()["AutomationExecutionStatus"] in ended, "the end")
        return self.execution()["AutomationExecutionStatus"]

    def tags(self) -> Mapping[str, str]:
        """Of the recovery point, those of the scripts."""
        image = self.job()["RecoveryPointArn"].rpartition("/")[2]
        (found,) = self.flow.client("ec2").describe_images(ImageIds=[image])["Images"]
        return {
            tag["Key"].removeprefix("backup-org:"): tag["Value"]
            for tag in found["Tags"]
            if tag["Key"].startswith("backup-org:")
        }

    def cancel(self) -> None:
        self.flow.client("ssm").stop_automation_execution(
            AutomationExecutionId=self.id, Type="Cancel"
        )

    def thawed(self) -> bool:
        """Whether the script after has run since the last freeze."""
        calls = self.instance.disks.calls()
        return bool(calls) and calls[-1].startswith("--unfreeze") and not self.instance.disks.frozen

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < deadline, f"{what} is not reached: {self.steps()}"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def flow(stage: Stage) -> Flow:
    project = stage.workspace.project
    path = project / CUSTOMERS / f"Pulumi.{STACK}.yaml"
    content = yaml.safe_load(path.read_text())
    own = content["config"][KEY]
    own["regions"] = [REGION]
    own["scripts"] = {name: {**_SHORT, **more} for name, more in SCRIPTS.items()}
    path.write_text(yaml.safe_dump(content))
    (project / CUSTOMERS / "acme" / "scripts").mkdir(parents=True, exist_ok=True)
    (project / CUSTOMERS / "acme" / "scripts" / "whole.yaml").write_text(WHOLE)
    wanted = [d for d in stage.deployments() if d.stack in ("acme-audit", STACK)]
    in_order(wanted, Deployment.up)
    return Flow(stage, stage.sandbox.session(MEMBER, REGION))
