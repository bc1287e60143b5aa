"""Run Command: scripts in a shell of this machine, on instances that are folders."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.tests.deployed_aws import allow
from sandbox.tests.systems_manager.conftest import Commands, Runbooks, shell, step, until


@pytest.fixture(scope="module")
def linux(commands: Commands) -> Mapping[str, Any]:
    return commands.launch(tags={"script": "freeze"})


def program(instance: Mapping[str, Any], name: str, text: str) -> None:
    path = instance["home"] / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_script_runs_with_its_parameters_and_the_instances_own_programs(
    commands: Commands, linux: Mapping[str, Any]
) -> None:
    program(linux, "fsfreeze", 'echo "frozen $1"')
    document = commands.create(
        shell("fsfreeze '{{ mount }}'", "echo {{ unknown }} $HOME"),
        parameters={"mount": {"type": "String", "default": "/data"}},
    )
    ended = commands.run(document, linux, Parameters={"mount": ["/srv"]})
    assert (ended["Status"], ended["ResponseCode"]) == ("Success", 0)
    assert ended["StandardOutputContent"] == f"frozen /srv\n{{{{ unknown }}}} {linux['folder']}\n"


def test_a_script_that_fails_fails_the_invocation_with_its_code(
    commands: Commands, linux: Mapping[str, Any]
) -> None:
    ended = commands.run(commands.create(shell("echo told >&2", "exit 3")), linux)
    assert (ended["Status"], ended["ResponseCode"]) == ("Failed", 3)
    assert ended["StandardErrorContent"] == "told\nfailed to run commands: exit status 3"


def test_the_first_line_says_what_reads_a_script(
    commands: Commands, linux: Mapping[str, Any]
) -> None:
    ended = commands.run(commands.create(shell("#!/bin/bash", "echo ${BASH_VERSION:+bash}")), linux)
    assert ended["StandardOutputContent"] == "bash\n"


def test_output_is_cut_at_its_limits(commands: Commands, linux: Mapping[str, Any]) -> None:
    document = commands.create(shell("head -c 30000 /dev/zero | tr '\\0' x"))
    command = commands.send(document, linux)
    commands.aws.settle()
    whole = commands.get(command, linux)["StandardOutputContent"]
    (listed,) = commands.ssm.list_command_invocations(CommandId=command, Details=True)[
        "CommandInvocations"
    ]
    (plugin,) = listed["CommandPlugins"]
    assert (len(whole), len(plugin["Output"])) == (24_000, 2_500)
    assert whole.endswith("---Output truncated---")


def test_an_execution_timeout_ends_the_script_and_what_it_started(
    commands: Commands, linux: Mapping[str, Any]
) -> None:
    document = commands.create(shell("sleep 60 & sleep 60", timeoutSeconds="1"))
    ended = commands.run(document, linux)
    assert (ended["Status"], ended["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut")
    assert ended["ResponseCode"] == 137


def test_a_step_for_another_platform_is_skipped(
    commands: Commands, linux: Mapping[str, Any]
) -> None:
    document = commands.create(
        shell("exit 1", name="Windows", platform="Windows"), shell("echo here", platform="Linux")
    )
    ended = commands.run(document, linux)
    assert ended["Status"] == "Success"
    assert "skipped due to unsatisfied preconditions" in ended["StandardOutputContent"]
    assert ended["StandardOutputContent"].endswith("here\n")


def test_powershell_runs_by_the_instances_own_program_alone(commands: Commands) -> None:
    windows = commands.launch(platform="Windows")
    step_ = {
        "name": "Run",
        "action": "aws:runPowerShellScript",
        "inputs": {"runCommand": ["Get-Date"]},
    }
    document = commands.create(step_)
    assert "neither pwsh nor powershell" in commands.run(document, windows)["StandardErrorContent"]
    program(windows, "pwsh", 'for file; do :; done; cat "$file"')
    assert commands.run(document, windows)["StandardOutputContent"] == "Get-Date\n"


def test_a_command_is_cancelled_with_the_script_that_runs(
    commands: Commands, linux: Mapping[str, Any]
) -> None:
    command = commands.send(commands.create(shell("touch started; sleep 60")), linux)
    until(lambda: commands.get(command, linux)["Status"] != "Pending")
    commands.ssm.cancel_command(CommandId=command)
    commands.aws.settle()
    assert commands.get(command, linux)["Status"] == "Cancelled"


def test_an_instance_that_is_not_managed_is_refused(commands: Commands) -> None:
    instance = commands.launch(managed=False)
    with pytest.raises(ClientError, match="InvalidInstanceId"):
        commands.send(commands.create(shell("true")), instance)


def test_a_command_that_no_agent_takes_up_is_not_delivered(commands: Commands) -> None:
    instance = commands.launch(online=False)
    ended = commands.run(commands.create(shell("true")), instance, TimeoutSeconds=30)
    assert (ended["Status"], ended["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")
    assert ended["ResponseCode"] == -1


def test_instances_are_told_of_with_their_platform_and_whether_they_answer(
    commands: Commands,
) -> None:
    instance = commands.launch(platform="Windows", online=False, volumes=3)
    asked = {"Key": "InstanceIds", "Values": [instance["instance_id"]]}
    (told,) = commands.ssm.describe_instance_information(Filters=[asked])["InstanceInformationList"]
    assert (told["PlatformType"], told["PingStatus"]) == ("Windows", "ConnectionLost")
    found = commands.aws.client("ec2").describe_instances(InstanceIds=[instance["instance_id"]])
    (shown,) = found["Reservations"][0]["Instances"]
    assert shown["Platform"] == "windows"
    assert len(shown["BlockDeviceMappings"]) == 3


def test_parameters_that_do_not_fit_are_refused(
    commands: Commands, linux: Mapping[str, Any]
) -> None:
    document = commands.create(
        shell("true"), parameters={"command": {"type": "String", "allowedValues": ["dry-run"]}}
    )
    for given in ({}, {"command": ["other"]}, {"command": ["dry-run"], "more": ["x"]}):
        with pytest.raises(ClientError, match="InvalidParameters"):
            commands.send(document, linux, Parameters=given)


def test_output_goes_to_s3_and_cloudwatch_as_the_instances_role_may(commands: Commands) -> None:
    bucket = commands.aws.name("outputs")
    commands.aws.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    role = commands.aws.role("ec2.amazonaws.com", allow("s3:PutObject", "logs:*", resource="*"))
    document = commands.create(shell("echo written"))
    kept = {
        "OutputS3BucketName": bucket,
        "OutputS3KeyPrefix": "scripts",
        "CloudWatchOutputConfig": {"CloudWatchOutputEnabled": True},
    }
    allowed, forbidden = commands.launch(role_arn=role), commands.launch()
    command = commands.send(document, allowed, **kept)
    commands.run(document, forbidden, **kept)
    key = f"scripts/{command}/{allowed['instance_id']}/awsrunShellScript/Run/stdout"
    found = commands.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert found == b"written\n"
    events = commands.aws.client("logs").get_log_events(
        logGroupName=f"/aws/ssm/{document}",
        logStreamName=f"{command}/{allowed['instance_id']}/aws-runShellScript/stdout",
    )["events"]
    assert [event["message"] for event in events] == ["written"]
    refused = commands.aws.entries(source=forbidden["instance_id"])
    assert {entry.outcome for entry in refused} == {"refused"}


def test_a_role_may_be_held_to_documents_and_instances_by_their_tags(
    commands: Commands, linux: Mapping[str, Any]
) -> None:
    other = commands.launch()
    document = commands.create(shell("true"))
    condition = {"StringEquals": {"ssm:resourceTag/script": "freeze"}}
    role = commands.aws.role(
        "ssm.amazonaws.com",
        allow("ssm:SendCommand", resource="arn:aws:ssm:*:*:document/*"),
        allow("ssm:SendCommand", resource="arn:aws:ec2:*:*:instance/*", condition=condition),
    )
    ssm: Any = commands.aws.server.role_session(role, "eu-central-1").client("ssm")
    ssm.send_command(DocumentName=document, InstanceIds=[linux["instance_id"]])
    with pytest.raises(ClientError, match=f"instance/{other['instance_id']}"):
        ssm.send_command(DocumentName=document, InstanceIds=[other["instance_id"]])


def test_a_runbook_runs_a_command_and_has_its_output(
    commands: Commands, runbooks: Runbooks, linux: Mapping[str, Any]
) -> None:
    inputs = {
        "DocumentName": "AWS-RunShellScript",
        "InstanceIds": ["{{ InstanceId }}"],
        "Parameters": {"commands": ["echo hello", "exit {{ Code }}"]},
    }
    name = runbooks.create(
        step("Run", "runCommand", inputs),
        role=runbooks.role("ssm:*"),
        parameters={"InstanceId": {"type": "String"}, "Code": {"type": "String"}},
        outputs=["Run.Output", "Run.Status"],
    )
    for code, status in (("0", "Success"), ("4", "Failed")):
        given = {"InstanceId": [linux["instance_id"]], "Code": [code]}
        execution = runbooks.start(name, Parameters=given)
        commands.aws.settle()
        ended = runbooks.get(execution)
        assert ended["AutomationExecutionStatus"] == status
        assert ended["Outputs"]["Run.Output"][0].startswith("hello\n")
        assert ended["Outputs"]["Run.Status"] == [status]


def test_no_program_of_an_instance_outlives_the_daemon(
    commands: Commands, linux: Mapping[str, Any]
) -> None:
    """Not even one in a session of its own."""
    pid = linux["home"] / "pid"
    line = f"setsid --fork sh -c 'echo $$ > {pid}; exec sleep 300' > /dev/null 2>&1"
    commands.run(commands.create(shell(line)), linux)
    until(lambda: pid.exists() and pid.read_text().strip())
    process = int(pid.read_text())
    assert _runs(process)
    commands.aws.systems_manager.shells.stop()
    until(lambda: not _runs(process))


def _runs(process: int) -> bool:
    """Whether it is there, and no zombie that nobody has buried yet."""
    try:
        os.kill(process, 0)
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
