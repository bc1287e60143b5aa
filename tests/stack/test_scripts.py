"""What a member's stack makes of its scripts: documents, runbooks, schedules and roles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from tests.stack.conftest import statements
from tests.support.examples import Case, example, recordings
from tests.support.recorder import Recorded, Recording
from tests.support.script_variants import with_needs

DOCUMENT = "aws:ssm/document:Document"
SCHEDULE = "aws:scheduler/schedule:Schedule"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "crash_consistent": {},
    "skip": {"when_pre_fails": "skip", "retries": 2},
    "completed": {"document": "postgresql", "post_after": "completed"},
    "vss": {"document": None, "platform": "windows", "windows_vss": True},
}
"""What differs from the example's script."""


DAILY: Mapping[str, Any] = {
    "schedule": "cron(0 1 ? * * *)",
    "delete_after_days": 365,
    "move_to_cold_storage_after_days": 30,
    "copies": [
        {"region": "eu-west-1", "delete_after_days": 7},
        {"account": "222222222222", "vault": "central"},
    ],
    "recovery_point_tags": {"kept-for": "auditors"},
}


@cache
def recorded(variant: str, region_count: int = 1, *, copied: bool = False) -> Recording:
    """The member with one rule and one script."""
    like = example("acme-member-payments")
    script = {"plan": "standard", "rules": ["daily"], "document": "filesystem_freeze"}
    own = {
        **like.own,
        "regions": like.own["regions"][:region_count],
        "scripts": {"files": {**script, **VARIANTS[variant]}},
    }
    if copied:
        own["plans"] = {
            "standard": {
                "vault": "standard",
                "regions": ["eu-central-1"],
                "rules": {"daily": DAILY},
            }
        }
    exports = {name: r.exports for name, r in recordings().items()}
    return Case(stack=like.stack, own=own).run(exports)


def runbook(recording: Recording) -> Mapping[str, Any]:
    (found,) = [d for d in recording.all(DOCUMENT) if d.inputs["documentType"] == "Automation"]
    return json.loads(found.inputs["content"])


def steps(variant: str) -> Mapping[str, Mapping[str, Any]]:
    return {step["name"]: step for step in runbook(recorded(variant))["mainSteps"]}


def following(step: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    """The steps that may come after one, "" being the end."""
    position = names.index(step["name"]) + 1
    after = "" if step.get("isEnd") or position == len(names) else names[position]
    yield step.get("nextStep", after)
    failure = step.get("onFailure", "Abort")
    yield failure.removeprefix("step:") if failure.startswith("step:") else ""


def schedule_of(variant: str) -> Mapping[str, Any]:
    """The one schedule that starts a runbook there."""
    started = [s for s in recorded(variant).all(SCHEDULE) if "RunbookSchedules" in s.parent]
    assert len(started) == 1
    return started[0].inputs


def test_a_script_document_is_made_once_and_then_left_to_staff() -> None:
    document = script_document(recorded("crash_consistent"))
    assert document.inputs["name"] == "acme-backup-script-files"
    assert re.fullmatch(r"sha256-[0-9a-f]{32}", document.inputs["versionName"])
    assert document.inputs["documentFormat"] == "YAML"
    assert document.inputs["tags"] == {"backup-org:script": "true"}
    assert set(document.ignore_changes) == {"content", "versionName"}


def script_document(recording: Recording) -> Recorded:
    (found,) = [d for d in recording.all(DOCUMENT) if d.inputs["documentType"] == "Command"]
    return found


@pytest.mark.parametrize("variant", ["crash_consistent", "skip", "completed"])
def test_once_the_script_before_has_begun_every_way_passes_the_one_after(variant: str) -> None:
    """Followed by every edge that a success or a failure takes."""
    known = steps(variant)
    names = list(known)
    ways = [["RunPreScript"]]
    ended: list[list[str]] = []
    while ways:
        way = ways.pop()
        for name in following(known[way[-1]], names):
            assert name not in way, f"{way} comes back to {name}"
            (ways if name else ended).append([*way, name])
    after = {"RunPostScript", "RunPostScriptAfterFailure"}
    assert [way for way in ended if not after & set(way)] == []
    assert len(ended) > 3


@pytest.mark.parametrize("variant", ["crash_consistent", "skip", "completed"])
def test_until_the_script_after_has_run_a_cancellation_sends_it(variant: str) -> None:
    known = steps(variant)
    names = list(known)
    guarded = names[names.index("RunPreScript") : names.index("RunPostScript") + 1]
    for name in [*guarded, "RunPostScriptAfterFailure"]:
        assert known[name]["onCancel"] == "step:SendPostScript"
    sent = known["SendPostScript"]["inputs"]
    assert (sent["Service"], sent["Api"]) == ("ssm", "SendCommand")
    assert sent["Parameters"]["command"] == ["post-script"]


def test_the_script_after_waits_for_snapshots_alone_or_by_setting_for_the_whole_backup() -> None:
    at_once, later = list(steps("crash_consistent")), list(steps("completed"))
    assert at_once.index("RunPostScript") == at_once.index("WaitForSnapshots") + 1
    assert at_once.index("RunPostScript") < at_once.index("WaitForBackup")
    assert "WaitForSnapshots" not in later
    assert later.index("RunPostScript") == later.index("WaitForBackup") + 1


def test_where_the_script_before_fails_the_setting_says_what_becomes_of_the_backup() -> None:
    goes_on, ends = steps("crash_consistent"), steps("skip")
    assert goes_on["RunPreScript"]["onFailure"] == "step:StartBackup"
    assert goes_on["CheckInstance"]["onFailure"] == "step:StartBackup"
    assert ends["RunPreScript"]["onFailure"] == "step:RunPostScriptAfterFailure"
    assert "onFailure" not in ends["CheckInstance"]
    assert goes_on["RunPreScript"]["isCritical"]


def test_a_script_has_its_time_its_tries_and_a_place_for_its_output() -> None:
    before = steps("skip")["RunPreScript"]
    assert (before["timeoutSeconds"], before["maxAttempts"]) == (30 + 30 + 60, 3)
    assert before["inputs"]["CloudWatchOutputConfig"] == {
        "CloudWatchLogGroupName": "acme-backup-scripts",
        "CloudWatchOutputEnabled": True,
    }
    assert before["inputs"]["Parameters"] == {
        "command": ["pre-script"],
        "executionId": ["{{automation:EXECUTION_ID}}"],
        "freezeSeconds": ["60"],
        "executionTimeout": ["30"],
    }


def test_the_backup_is_what_the_plans_rule_says() -> None:
    inputs = steps("crash_consistent")["StartBackup"]["inputs"]
    plan = recorded("crash_consistent").one("aws:backup/plan:Plan")
    (rule,) = [rule for rule in plan.inputs["rules"] if rule["ruleName"] == "daily"]
    assert inputs["BackupVaultName"] == rule["targetVaultName"]
    assert inputs["Lifecycle"] == {"DeleteAfterDays": rule["lifecycle"]["deleteAfter"]}
    assert inputs["StartWindowMinutes"] == rule["startWindow"]
    assert inputs["CompleteWindowMinutes"] == rule["completionWindow"]
    assert inputs["IdempotencyToken"] == "{{automation:EXECUTION_ID}}"
    assert inputs["ResourceArn"].endswith(":instance/{{InstanceId}}")
    schedule = schedule_of("crash_consistent")
    assert schedule["scheduleExpression"] == rule["schedule"]
    assert schedule["scheduleExpressionTimezone"] == rule["scheduleExpressionTimezone"]


@pytest.mark.parametrize("variant", ["crash_consistent", "vss"])
def test_what_a_script_backs_up_is_copied_as_its_rule_says(variant: str) -> None:
    recording = recorded(variant, 2, copied=True)
    known = {step["name"]: step for step in runbook(recording)["mainSteps"]}
    (rule,) = recording.one("aws:backup/plan:Plan").inputs["rules"]
    copies = [known[name]["inputs"] for name in ("CopyRecoveryPoint1", "CopyRecoveryPoint2")]
    assert [copy["DestinationBackupVaultArn"] for copy in copies] == [
        action["destinationVaultArn"] for action in rule["copyActions"]
    ]
    assert [copy["Lifecycle"] for copy in copies] == [
        {"DeleteAfterDays": 7},
        {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365},
    ]
    assert known["CopyRecoveryPoint2"]["isEnd"]
    assert not known["RecordResult"].get("isEnd")
    assert known["StartBackup"]["inputs"]["RecoveryPointTags"] == {
        "kept-for": "auditors",
        "backup-org:script": "files",
    }


def test_runbooks_may_copy_images_alone_and_where_a_rule_copies() -> None:
    found = statements(recorded("crash_consistent", 2, copied=True), "acme-backup-scripts")
    assert found["StartCopies"]["Resource"] == ["arn:aws:ec2:eu-central-1::image/*"]
    assert "StartCopies" not in statements(recorded("crash_consistent"), "acme-backup-scripts")


def test_windows_is_backed_up_with_volume_shadow_copy_and_no_script() -> None:
    known = steps("vss")
    assert list(known) == ["CheckInstance", "StartBackup", "WaitForBackup", "RecordResult"]
    assert known["StartBackup"]["inputs"]["BackupOptions"] == {"WindowsVSS": "enabled"}


def test_a_schedule_starts_the_runbook_for_each_instance_with_the_scripts_tag() -> None:
    schedule = schedule_of("crash_consistent")
    assert schedule["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:ssm:startAutomationExecution"
    assert json.loads(schedule["target"]["input"]) == {
        "DocumentName": "acme-backup-files-daily",
        "TargetParameterName": "InstanceId",
        "Targets": [{"Key": "tag:backup-plan", "Values": ["standard-files"]}],
        "MaxConcurrency": "10",
        "MaxErrors": "100%",
    }


def test_no_selection_has_a_scripts_instances() -> None:
    selection = recorded("crash_consistent").one("aws:backup/selection:Selection").inputs
    assert [tag["value"] for tag in selection["selectionTags"]] == ["standard"]


def test_runbooks_run_documents_with_the_agreed_tag_on_the_scripts_instances_alone() -> None:
    found = statements(recorded("crash_consistent"), "acme-backup-scripts")
    script = script_document(recorded("crash_consistent"))
    scripts = found["RunTheScriptsWithTheAgreedTag"]
    assert scripts["Resource"] == [script.state["arn"]]
    assert scripts["Condition"] == {"StringEquals": {"aws:ResourceTag/backup-org:script": "true"}}
    assert found["RunOnInstances1"]["Condition"] == {
        "StringEquals": {"ssm:resourceTag/backup-plan": "standard-files"}
    }
    may_run = [s for s in found.values() if "ssm:SendCommand" in s["Action"]]
    assert len(may_run) == 2


def test_schedules_may_start_their_runbooks_and_hand_over_their_role_alone() -> None:
    found = statements(recorded("crash_consistent"), "acme-backup-scripts-schedules")
    assert {action for s in found.values() for action in s["Action"]} == {
        "iam:PassRole",
        "sqs:SendMessage",  # to its own dead letters
        "ssm:StartAutomationExecution",
    }
    started = found["StartTheRunbooks"]["Resource"]
    assert all(
        "acme-backup-files-daily" in arn or ":automation-execution/" in arn for arn in started
    )


def test_scripts_stand_in_each_region_of_the_member() -> None:
    both = recorded("crash_consistent", 2)
    for type_ in (DOCUMENT, SCHEDULE):
        regions = {resource.inputs["region"] for resource in both.all(type_)}
        assert regions == {"eu-central-1", "eu-west-1"}


@pytest.mark.parametrize("profile", [True, False])
def test_what_instances_need_is_made_by_setting(profile: bool) -> None:
    found = with_needs(instance_profile=profile)
    services = {e.inputs["serviceName"]: e.inputs["vpcEndpointType"] for e in found.all(ENDPOINT)}
    interfaces = ("ssm", "ssmmessages", "ec2messages", "kms", "logs")
    assert services == {
        **{f"com.amazonaws.eu-west-1.{name}": "Interface" for name in interfaces},
        "com.amazonaws.eu-west-1.s3": "Gateway",
    }
    profiles = found.all("aws:iam/instanceProfile:InstanceProfile")
    assert [p.inputs["name"] for p in profiles] == ["acme-backup-instances"] * profile
    if profile:
        output = statements(found, "acme-backup-instances")["WriteOutputToTheBucket"]
        assert output["Resource"] == ["arn:aws:s3:::acme-output/scripts/*"]
