"""Backups with a script before and after, as deployed: whatever fails, the script after runs."""

from __future__ import annotations

import pytest

from tests.engine.scripts.conftest import Flow

APPLICATION = {"pre-script": "SUCCESS", "post-script": "SUCCESS", "consistency": "application"}


def test_a_backup_between_its_scripts_is_recorded_as_application_consistent(flow: Flow) -> None:
    run = flow.start("files", flow.launch("files"))
    assert run.backed_up() == {"script": "files", **APPLICATION}
    assert run.ends() == "Success"
    data = run.instance.data
    assert run.instance.disks.calls() == [f"--freeze {data}", f"--unfreeze {data}"]
    assert run.job()["RecoveryPointLifecycle"]["DeleteAfterDays"] == 35


def test_the_script_after_runs_while_the_snapshots_are_pending(flow: Flow) -> None:
    run = flow.start("files", flow.launch("files"))
    run.reaches("WaitForBackup")
    assert run.job()["State"] == "RUNNING"
    assert run.thawed()
    run.job_is("COMPLETED")
    assert run.ends() == "Success"


def test_snapshots_that_come_after_the_freeze_are_recorded_as_crash_consistent(flow: Flow) -> None:
    instance = flow.launch("files")
    flow.call("backup.hold", resource_arn=instance.arn)
    run = flow.start("files", instance)
    run.reaches("WaitForBackup")
    assert run.steps()["WaitForSnapshots"] == "Failed"
    assert run.thawed()
    run.job_is("RUNNING")
    assert run.backed_up() == {"script": "files", **APPLICATION, "consistency": "crash"}
    assert run.ends() == "Success"


@pytest.mark.parametrize("script", ["files", "strict"])
def test_where_the_script_before_fails_the_setting_says_what_becomes_of_the_backup(
    script: str, flow: Flow
) -> None:
    instance = flow.launch(script)
    instance.disks.order("freeze", instance.data)
    run = flow.start(script, instance)
    if script == "files":
        assert run.backed_up() == {
            "script": "files",
            "pre-script": "FAILED",
            "post-script": "SUCCESS",
            "consistency": "crash",
        }
    assert run.ends() == "Failed"
    steps = run.steps()
    assert steps["RunPreScript"] == "Failed"
    if script == "strict":
        assert (steps["StartBackup"], run.jobs()) == ("Pending", 0)
        assert steps["RunPostScriptAfterFailure"] == "Success"


@pytest.mark.soak
@pytest.mark.parametrize("script", ["files", "strict"])
def test_a_script_before_that_hangs_is_ended_and_what_it_froze_thaws(
    script: str, flow: Flow
) -> None:
    instance = flow.launch(script)
    slow = instance.disks.mount("slow", "259:3")  # is frozen before what hangs
    instance.disks.order("freeze", instance.data, takes_seconds=60)
    run = flow.start(script, instance)
    run.reaches("RunPreScript")
    if script == "files":
        assert run.backed_up()["consistency"] == "crash"
    assert run.ends() == "Failed"
    assert f"--unfreeze {slow}" in instance.disks.calls()
    assert instance.disks.frozen == []


@pytest.mark.soak
def test_an_instance_that_systems_manager_does_not_reach_is_backed_up_without_scripts(
    flow: Flow,
) -> None:
    run = flow.start("files", flow.launch("files", managed=False))
    assert run.backed_up()["consistency"] == "crash"
    assert run.ends() == "Failed"
    assert "is not managed by Systems Manager" in run.step("CheckInstance")["FailureMessage"]


@pytest.mark.soak
def test_where_a_backup_without_scripts_is_not_wanted_there_is_none(flow: Flow) -> None:
    run = flow.start("strict", flow.launch("strict", managed=False))
    assert run.ends() == "Failed"
    assert run.jobs() == 0


def test_a_backup_that_does_not_start_leaves_nothing_frozen(flow: Flow) -> None:
    instance = flow.launch("files")
    with flow.denied("backup:StartBackupJob"):
        run = flow.start("files", instance)
        assert run.ends() == "Failed"
    assert run.steps()["RunPostScriptAfterFailure"] == "Success"
    assert run.thawed()


@pytest.mark.soak
@pytest.mark.parametrize("state", ["FAILED", "ABORTED", "EXPIRED"])
def test_a_backup_that_comes_to_nothing_leaves_nothing_frozen(state: str, flow: Flow) -> None:
    instance = flow.launch("files")
    flow.call("backup.hold", resource_arn=instance.arn)
    run = flow.start("files", instance)
    run.reaches("WaitForSnapshots")
    run.job_is(state, message="for a test")
    assert run.ends() == "Failed"
    assert run.steps()["RunPostScript"] == "Success"
    assert run.thawed()
    assert f"the backup job is {state}" in run.step("RecordResult")["FailureMessage"]


@pytest.mark.soak
def test_a_look_at_snapshots_that_fails_does_not_keep_the_script_after_from_running(
    flow: Flow,
) -> None:
    with flow.denied("ec2:DescribeSnapshots"):
        run = flow.start("files", flow.launch("files"))
        run.reaches("WaitForBackup")
    assert run.steps()["WaitForSnapshots"] == "Failed"
    assert run.thawed()
    assert run.backed_up()["post-script"] == "SUCCESS"


def test_a_script_after_that_fails_is_recorded_and_the_freeze_ends_by_itself(flow: Flow) -> None:
    instance = flow.launch("files")
    instance.disks.order("unfreeze", instance.data)
    run = flow.start("files", instance)
    run.reaches("WaitForBackup")
    assert instance.disks.frozen == [instance.data]
    instance.disks.obey("unfreeze")
    assert run.backed_up() == {
        "script": "files",
        "pre-script": "SUCCESS",
        "post-script": "FAILED",
        "consistency": "crash",
    }
    assert run.ends() == "Failed"
    instance.disks.thaws()


@pytest.mark.soak
def test_a_result_that_cannot_be_recorded_fails_the_runbook_and_not_the_backup(flow: Flow) -> None:
    with flow.denied("ec2:CreateTags"):
        run = flow.start("files", flow.launch("files"))
        run.reaches("WaitForBackup")
        run.job_is("COMPLETED")
        assert run.ends() == "Failed"
    assert run.thawed()
    assert run.job()["State"] == "COMPLETED"


@pytest.mark.parametrize(
    "step",
    [
        "WaitForSnapshots",
        pytest.param("RunPreScript", marks=pytest.mark.soak),
        pytest.param("RunPostScript", marks=pytest.mark.soak),
    ],
)
def test_a_runbook_that_is_cancelled_sends_the_script_after(step: str, flow: Flow) -> None:
    instance = flow.launch("files")
    flow.call("backup.hold", resource_arn=instance.arn)
    slow = instance.disks.mount("slow", "259:3")
    if step == "RunPreScript":
        instance.disks.order("freeze", instance.data, takes_seconds=60)
    if step == "RunPostScript":
        instance.disks.order("unfreeze", slow, takes_seconds=3)
    run = flow.start("files", instance)
    run.reaches(step)
    instance.disks.calls_include(f"--freeze {slow}")
    run.cancel()
    assert run.ends() == "Cancelled"
    assert run.steps()["SendPostScript"] == "Success"
    instance.disks.thaws()


def test_by_setting_the_script_after_waits_for_the_whole_backup(flow: Flow) -> None:
    run = flow.start("whole", flow.launch("whole"))
    run.reaches("WaitForBackup")
    assert run.instance.noted == ["pre-script"]
    run.job_is("COMPLETED")
    assert run.ends() == "Success"
    assert run.instance.noted == ["pre-script", "post-script"]


@pytest.mark.soak
@pytest.mark.parametrize("state", ["FAILED", "ABORTED"])
def test_then_it_runs_too_where_the_backup_comes_to_nothing(state: str, flow: Flow) -> None:
    run = flow.start("whole", flow.launch("whole"))
    run.reaches("WaitForBackup")
    run.job_is(state, message="for a test")
    assert run.ends() == "Failed"
    assert run.instance.noted == ["pre-script", "post-script"]


@pytest.mark.soak
def test_then_a_cancellation_sends_it_too(flow: Flow) -> None:
    run = flow.start("whole", flow.launch("whole"))
    run.reaches("WaitForBackup")
    run.cancel()
    assert run.ends() == "Cancelled"
    flow.stage.sandbox.call("settle")
    assert run.instance.noted == ["pre-script", "post-script"]


def test_no_document_without_the_agreed_tag_is_run(flow: Flow) -> None:
    ssm = flow.client("ssm")
    place = {"ResourceType": "Document", "ResourceId": "acme-backup-script-files"}
    instance = flow.launch("files")
    ssm.remove_tags_from_resource(**place, TagKeys=["backup-org:script"])
    try:
        run = flow.start("files", instance)
        run.reaches("WaitForBackup")
        steps = run.steps()
    finally:
        ssm.add_tags_to_resource(**place, Tags=[{"Key": "backup-org:script", "Value": "true"}])
    assert instance.disks.calls() == []
    assert (steps["CheckInstance"], steps["RunPreScript"]) == ("Failed", "Pending")
    refused = run.step("RunPostScript")["FailureMessage"]
    assert "AccessDenied" in refused
    run.job_is("COMPLETED")
    assert run.ends() == "Failed"


def test_no_script_is_run_on_an_instance_without_its_tag(flow: Flow) -> None:
    instance = flow.launch("nobody")
    run = flow.start("strict", instance)
    assert run.ends() == "Failed"
    assert "AccessDenied" in run.step("RunPreScript")["FailureMessage"]
    assert instance.disks.calls() == []


def test_the_output_of_scripts_is_in_the_log_group(flow: Flow) -> None:
    role = f"arn:aws:iam::{333333333333}:role/acme-backup-instances"
    run = flow.start("files", flow.launch("files", role_arn=role))
    run.backed_up()
    events = flow.client("logs").filter_log_events(logGroupName="acme-backup-scripts")["events"]
    said = "\n".join(event["message"] for event in events)
    assert f"frozen {run.instance.data}" in said
    assert f"thawed {run.instance.data}" in said
