"""The workflows of examples/ci: what two linters say of them, and each of their commands, run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fleet.deploy import program
from fleet.deploy.deployment import Deployment
from fleet.engine import VERSION
from fleet.project import PROJECT
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS
from tests.support import github
from tests.support.pulumi_cli import served
from tests.support.shell import plain_shell
from tests.support.workflows import WORKFLOWS, Job, commands, path_with, workflow

ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
TOOLS = PROJECT / "tests" / "tools"
AUDIT, MEMBER = "acme-audit", "acme-member-web"
ACCOUNT, REGION = "444444444444", "eu-central-1"
RAN: set[tuple[str, str, str]] = set()


@pytest.mark.parametrize("workflows", [WORKFLOWS, PROJECT / ".github" / "workflows"])
def test_actionlint_finds_nothing(workflows: Path, tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("actionlint is made by Go, which is not here")
    made = subprocess.run(
        [go, "build", "-o", tmp_path / "actionlint", "github.com/rhysd/actionlint/cmd/actionlint"],
        cwd=TOOLS,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"actionlint cannot be made here: {made.stderr.strip()[-200:]}")
    # A repository of its own: workflows call each other from its root on.
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    shutil.copytree(workflows.parent, tmp_path / "repository" / ".github")
    shellcheck = Path(sys.executable).parent / "shellcheck"
    answer = subprocess.run(
        [tmp_path / "actionlint", "-no-color", f"-shellcheck={shellcheck}"],
        cwd=tmp_path / "repository",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.stdout, answer.returncode) == ("", 0)


@pytest.mark.parametrize("workflows", [WORKFLOWS, PROJECT / ".github" / "workflows"])
def test_zizmor_finds_nothing(workflows: Path) -> None:
    config = WORKFLOWS.parent / "zizmor.yml"
    answer = subprocess.run(
        ["zizmor", "--offline", "--quiet", "--no-progress", "--config", config, workflows.parent],
        env=plain_shell(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


def test_each_action_is_pinned_by_the_hash_of_the_version_beside_it() -> None:
    for file in WORKFLOWS.parent.rglob("*.yml"):
        for line in re.findall(r"uses: +(?!\./)(.*)", file.read_text(encoding="utf-8")):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)


def test_what_writes_to_github_runs_nothing_of_the_pull_request() -> None:
    for file in WORKFLOWS.glob("*.yml"):
        for job in workflow(file.name)["jobs"].values():
            used = [step.get("uses", "").split("@")[0] for step in job.get("steps", ())]
            if "actions/checkout" in used:
                assert (
                    job["permissions"].items() <= {"contents": "read", "id-token": "write"}.items()
                )


@pytest.fixture(scope="module")
def repository(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the customers of the sandbox, two stacks of which are deployed."""
    for stack in (AUDIT, MEMBER):
        Deployment(stage.engine, stack).up()
    root = tmp_path_factory.mktemp("runner") / "repository"
    left_out = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache")
    shutil.copytree(PROJECT, root, ignore=left_out)
    shutil.rmtree(root / CUSTOMERS)
    (root / CUSTOMERS).symlink_to(stage.workspace.project / CUSTOMERS)
    return root


@pytest.fixture(scope="module")
def preview(stage: Stage, repository: Path) -> Iterator[Job]:
    """Of one stack. Instead of the action that brings the official CLI there is the engine, told
    where its program is served: the one that is built here starts no Python itself."""
    bin_ = repository.parent / "bin"
    bin_.mkdir()
    engine = Path(stage.engine.command.command)
    with served(lambda: program.run(stage.engine.project)) as address:
        client = f"--client={address}"
        (bin_ / "pulumi").write_text(
            f'#!/bin/sh\n[ "$1" != preview ] || set -- "$@" {client}\nexec {engine} "$@"\n'
        )
        (bin_ / "pulumi").chmod(0o755)
        (bin_ / "python").symlink_to(Path(sys.executable).resolve())
        yield Job(
            workflow="preview.yml",
            name="preview",
            folder=repository,
            values={
                "matrix.stack": MEMBER,
                "inputs.backend": stage.engine.environment["PULUMI_BACKEND_URL"],
                "secrets.passphrase": stage.engine.environment["PULUMI_CONFIG_PASSPHRASE"],
                "strategy.job-total": "2",
            },
            environment={
                **plain_shell(),
                **stage.engine.environment,
                "PATH": path_with(bin_, engine.parent),
                "BACKUP_ORG_PYTHON": sys.executable,
                "PULUMI_SKIP_UPDATE_CHECK": "1",
            },
            ran=RAN,
        )


@pytest.fixture
def deploy(preview: Job, stage: Stage, tmp_path: Path) -> Callable[[str, str], Job]:
    """A job of the deployment: its program runs in its own process."""
    (tmp_path / "python").symlink_to(Path(sys.executable).resolve())
    engine = Path(stage.engine.command.command).parent

    def job(workflow: str, name: str) -> Job:
        path = path_with(tmp_path, engine)
        environment = {**preview.environment, "PATH": path}
        return replace(preview, workflow=workflow, name=name, environment=environment)

    return job


def report(job: Job) -> str:
    """What the job leaves for the comment."""
    done = job.run("Report")
    assert done.returncode == 0, done.stdout
    return (job.folder / f"{MEMBER}.md").read_text(encoding="utf-8")


def test_a_job_installs_what_it_needs_and_the_engine_that_fits(preview: Job) -> None:
    installing = replace(preview, workflow="backup-org", name="runs")
    done = installing.run("Install backup-org")
    assert done.returncode == 0, done.stdout
    assert installing.outputs == {"pulumi": str(VERSION)}
    installed = subprocess.run(
        [preview.folder / ".venv" / "bin" / "backup-org", "--help"],
        capture_output=True,
        check=False,
    )
    assert installed.returncode == 0


def test_a_preview_tells_what_would_change_and_no_secret(
    preview: Job, change_settings: ChangeSettings
) -> None:
    done = preview.run("Preview")
    assert done.returncode == 0, done.stdout
    assert "unchanged" in report(preview)

    def longer(values: dict[str, Any]) -> None:
        values["plans"]["standard"]["rules"]["daily"]["delete_after_days"] = 21

    change_settings(MEMBER, longer)
    done = preview.run("Preview")
    assert done.returncode == 0, done.stdout
    told = report(preview)
    assert told.startswith(f"### {MEMBER}\n")
    assert re.search(r"deleteAfter\s*: 14 => 21", told)
    assert preview.values["secrets.passphrase"] not in told
    assert told in (preview.folder / "summary").read_text(encoding="utf-8")


def test_what_a_policy_refuses_fails_the_job_and_stands_in_its_report(
    preview: Job, change_settings: ChangeSettings
) -> None:
    def with_key_of_aws(values: dict[str, Any]) -> None:
        values["vaults"]["standard"]["key"] = "aws_managed"

    change_settings(MEMBER, with_key_of_aws)
    done = preview.run("Preview")
    assert done.returncode != 0
    assert "vault_has_its_own_key" in report(preview)


def test_drift_fails_its_job_and_a_preview_of_the_same_does_not(
    stage: Stage, preview: Job, deploy: Callable[[str, str], Job]
) -> None:
    matrix = deploy("drift.yml", "matrix")
    done = matrix.run("Matrix", **{"inputs.select": f"{MEMBER} {AUDIT}"})
    assert done.returncode == 0, done.stdout
    (wave,) = json.loads(matrix.outputs["waves"])
    assert [one["stacks"] for one in wave] == [AUDIT, MEMBER]
    job, asked = deploy("drift.yml", "drift"), {"matrix.job.stacks": MEMBER}
    done = job.run("Drift", **asked)
    assert done.returncode == 0, done.stdout
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    backup.delete_backup_vault_access_policy(BackupVaultName="standard")
    assert preview.run("Preview").returncode == 0
    done = job.run("Drift", **asked)
    assert done.returncode == 2
    done = job.run("Report", **asked, **{"matrix.job.name": MEMBER, "strategy.job-index": "0"})
    assert done.returncode == 0, done.stdout
    assert "vaultPolicy" in (job.folder / "report-0.md").read_text(encoding="utf-8")
    Deployment(stage.engine, MEMBER).up(refreshed=True)


def test_what_policies_say_of_deployed_stacks_is_for_code_scanning(
    deploy: Callable[[str, str], Job], change_settings: ChangeSettings
) -> None:
    def with_locks_demanded(values: dict[str, Any]) -> None:
        values["policy"] = {"rules": {rule: {"level": "mandatory"}}}

    rule = "vault_is_locked"
    job, asked = deploy("drift.yml", "drift"), {"matrix.job.stacks": f"{AUDIT} {MEMBER}"}
    done = job.run("Policies", **asked)
    assert done.returncode == 0, done.stdout
    change_settings(MEMBER, with_locks_demanded)
    done = job.run("Policies", **asked)
    assert done.returncode != 0
    assert rule in (job.folder / "report.txt").read_text(encoding="utf-8")
    (run,) = json.loads((job.folder / "policies.sarif").read_text(encoding="utf-8"))["runs"]
    assert rule in {result["ruleId"] for result in run["results"]}


def test_a_deployment_goes_wave_by_wave(stage: Stage, deploy: Callable[[str, str], Job]) -> None:
    planning = deploy("deploy.yml", "matrix")
    done = planning.run("Matrix", **{"inputs.select": "acme --exclude acme-management"})
    assert done.returncode == 0, done.stdout
    waves = json.loads(planning.outputs["waves"])
    assert [[job["name"] for job in wave] for wave in waves] == [
        [AUDIT],
        ["acme-member-payments", MEMBER],
    ]
    for number, wave in enumerate(waves, 1):
        assert f"wave-{number}" in workflow("deploy.yml")["jobs"]
        for job in wave:
            done = deploy("wave.yml", "deploy").run(
                "Deploy", **{"matrix.job.stacks": job["stacks"]}
            )
            assert done.returncode == 0, done.stdout
    for stack in (AUDIT, MEMBER, "acme-member-payments"):
        assert not Deployment(stage.engine, stack).preview().changed


def test_more_waves_than_the_workflow_has_fail_before_anything_is_deployed(
    deploy: Callable[[str, str], Job],
) -> None:
    planning = deploy("deploy.yml", "matrix")
    asked = {"inputs.select": "acme --waves 1"}
    done = planning.run("Matrix", **asked)
    assert done.returncode == 1
    assert "2 waves, and the workflow has 1" in done.stdout


def test_a_long_preview_is_cut_where_its_part_of_the_comment_ends(preview: Job) -> None:
    (preview.folder / "preview.txt").write_text("ü" * 100_000, encoding="utf-8")
    told = report(preview)
    assert told.count("ü") == 30_000
    assert "cut: the job's log has all of it" in told


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """Where GitHub's comments and issues are kept."""
    (tmp_path / "gh").write_text(f'#!/bin/sh\nexec {sys.executable} {github.__file__} "$@"\n')
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / "things.json").write_text("[]")
    return tmp_path / "things.json"


def at_github(file: str, job: str, step: str, stand_in: Path, **values: str) -> list[Any]:
    """What GitHub has once a step has run."""
    folder = stand_in.parent
    shell = {**plain_shell(), "PATH": path_with(folder), "GITHUB_STAND_IN": str(stand_in)}
    given = {
        "github.token": "of-the-run",
        "github.repository": "hooli/backups",
        "github.event.pull_request.number": "7",
        "github.server_url": "https://github.com",
        "github.run_id": "42",
        **values,
    }
    running = Job(workflow=file, name=job, folder=folder, values=given, environment=shell, ran=RAN)
    done = running.run(step)
    assert done.returncode == 0, done.stdout
    return json.loads(stand_in.read_text())


def test_a_look_for_drift_takes_the_place_of_no_deployment_that_waits() -> None:
    """Both are of `main`, and of a group's waiting runs GitHub keeps the newest."""
    assert "${{ github.event_name }}" in workflow("backups.yml")["concurrency"]["group"]


def test_jobs_that_leave_no_report_are_told_of(stand_in: Path) -> None:
    (comment,) = at_github("pull-request.yml", "comment", "Comment", stand_in)
    assert comment["body"].startswith("<!-- backup-org preview -->")
    result = {"needs.drift.result": "failure"}
    _, issue = at_github("drift.yml", "issue", "Issue", stand_in, **result)
    assert "could not be looked at" in issue["body"]


def test_a_pull_request_has_one_comment_which_is_written_anew(stand_in: Path) -> None:
    others = {"id": 1, "user": {"type": "User"}, "body": "<!-- backup-org preview --> mine"}
    stand_in.write_text(json.dumps([others]))
    previews = stand_in.parent / "previews"
    previews.mkdir()
    for number, text in enumerate(("first", "second")):
        for stack in range(2):
            (previews / f"acme-{stack}.md").write_text(f"{text} {'x' * 30_000 * number}\n")
        after = at_github("pull-request.yml", "comment", "Comment", stand_in)
        assert [thing["id"] for thing in after] == [1, 2]
        assert after[0] == others
        assert after[1]["body"].startswith("<!-- backup-org preview -->\n" + text)


def test_drift_is_one_issue_which_is_closed_when_nothing_differs(stand_in: Path) -> None:
    previews = stand_in.parent / "reports"
    previews.mkdir()

    def issue(result: str) -> list[Any]:
        return at_github("drift.yml", "issue", "Issue", stand_in, **{"needs.drift.result": result})

    assert issue("success") == []
    (previews / "acme-audit.md").write_text("a vault's policy is gone")
    (opened,) = issue("failure")
    assert "a vault's policy is gone" in opened["body"]
    assert "/hooli/backups/actions/runs/42" in opened["body"]
    (previews / "acme-audit.md").write_text("a plan is gone, too")
    (again,) = issue("failure")
    assert "a plan is gone, too" in again["body"]
    (closed,) = issue("success")
    assert (closed["number"], closed["state"]) == (opened["number"], "closed")
    (previews / "acme-audit.md").unlink()
    assert len(issue("cancelled")) == 2


def test_no_command_was_left_out() -> None:
    assert commands() == RAN
