from typing import Any

import pytest

MEMBER, REGION = "333333333333", "eu-west-1"
SELECTION = {
    "Algorithm": "LATEST_WITHIN_WINDOW",
    "RecoveryPointTypes": ["SNAPSHOT"],
    "IncludeVaults": ["*"],
}


def plan(name: str, **changes: Any) -> Any:
    return {
        "RestoreTestingPlanName": name,
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "RecoveryPointSelection": SELECTION,
        **changes,
    }


@pytest.fixture
def testing_plan(aws: Any, backup: Any) -> str:
    name = aws.name("tests")
    backup.create_restore_testing_plan(RestoreTestingPlan=plan(name), Tags={"a": "b"})
    return name


def selection(role: str, **changes: Any) -> Any:
    return {
        "RestoreTestingSelectionName": "volumes",
        "ProtectedResourceType": "EBS",
        "ProtectedResourceArns": ["*"],
        "IamRoleArn": role,
        **changes,
    }


def test_a_restore_testing_plan_is_given_back_with_its_defaults(
    backup: Any, testing_plan: str
) -> None:
    listed = backup.list_restore_testing_plans()["RestoreTestingPlans"]
    assert testing_plan in {each["RestoreTestingPlanName"] for each in listed}
    found = backup.get_restore_testing_plan(RestoreTestingPlanName=testing_plan)
    found = found["RestoreTestingPlan"]
    assert found["RecoveryPointSelection"]["SelectionWindowDays"] == 30
    assert (found["StartWindowHours"], found["ScheduleExpressionTimezone"]) == (24, "Etc/UTC")
    backup.update_restore_testing_plan(
        RestoreTestingPlanName=testing_plan,
        RestoreTestingPlan={
            "StartWindowHours": 2,
            "RecoveryPointSelection": {"SelectionWindowDays": 7},
        },
    )
    found = backup.get_restore_testing_plan(RestoreTestingPlanName=testing_plan)
    found = found["RestoreTestingPlan"]
    assert found["StartWindowHours"] == 2
    assert found["RecoveryPointSelection"] == {
        **SELECTION,
        "SelectionWindowDays": 7,
        "ExcludeVaults": [],
    }
    assert backup.list_tags(ResourceArn=found["RestoreTestingPlanArn"])["Tags"] == {"a": "b"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"RestoreTestingPlanName": "with-hyphen"}, "RestoreTestingPlanName"),
        ({"StartWindowHours": 169}, "between 1 and 168"),
        (
            {"RecoveryPointSelection": {**SELECTION, "SelectionWindowDays": 366}},
            "between 1 and 365",
        ),
        ({"RecoveryPointSelection": {**SELECTION, "IncludeVaults": []}}, "needs IncludeVaults"),
        (
            {"RecoveryPointSelection": {**SELECTION, "IncludeVaults": ["*", "arn:x"]}},
            "either \\* or",
        ),
    ],
)
def test_a_restore_testing_plan_that_aws_refuses(
    aws: Any, backup: Any, refusal: Any, changes: Any, says: str
) -> None:
    code, message = refusal(
        lambda: backup.create_restore_testing_plan(
            RestoreTestingPlan={**plan(aws.name("tests")), **changes}
        )
    )
    assert code == "InvalidParameterValueException"
    assert says.replace("\\", "") in message


def test_selections_come_and_go_with_their_restore_testing_plan(
    backup: Any, testing_plan: str, role: str, refusal: Any
) -> None:
    name = {"RestoreTestingPlanName": testing_plan}
    both = {**name, "RestoreTestingSelectionName": "volumes"}
    backup.create_restore_testing_selection(**name, RestoreTestingSelection=selection(role))
    listed = backup.list_restore_testing_selections(RestoreTestingPlanName=testing_plan)
    names = [each["RestoreTestingSelectionName"] for each in listed["RestoreTestingSelections"]]
    assert names == ["volumes"]
    found = backup.get_restore_testing_selection(**both)["RestoreTestingSelection"]
    assert (found["ProtectedResourceArns"], found["ValidationWindowHours"]) == (["*"], 0)
    backup.update_restore_testing_selection(
        **both, RestoreTestingSelection={"ValidationWindowHours": 4}
    )
    found = backup.get_restore_testing_selection(**both)["RestoreTestingSelection"]
    assert found["ValidationWindowHours"] == 4
    twice = refusal(
        lambda: backup.create_restore_testing_selection(
            **name, RestoreTestingSelection=selection(role)
        )
    )
    assert twice[0] == "AlreadyExistsException"
    assert refusal(lambda: backup.delete_restore_testing_plan(**name))[0] == (
        "InvalidRequestException"
    )
    backup.delete_restore_testing_selection(**both)
    assert refusal(lambda: backup.get_restore_testing_selection(**both))[0] == (
        "ResourceNotFoundException"
    )
    backup.delete_restore_testing_plan(**name)
    assert refusal(lambda: backup.get_restore_testing_plan(**name))[0] == (
        "ResourceNotFoundException"
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ProtectedResourceArns": []}, "needs ProtectedResourceArns"),
        ({"ProtectedResourceArns": ["*", "arn:x"]}, "either * or ARNs"),
        ({"ValidationWindowHours": 169}, "between 0 and 168"),
        ({"RestoreTestingSelectionName": "a-b"}, "RestoreTestingSelectionName"),
        ({"IamRoleArn": f"arn:aws:iam::{MEMBER}:role/absent"}, "cannot be assumed"),
    ],
)
def test_a_restore_testing_selection_that_aws_refuses(
    aws: Any, testing_plan: str, refusal: Any, changes: Any, says: str
) -> None:
    content = selection(aws.backup_role, **changes)
    code, message = refusal(
        lambda: aws.client("backup").create_restore_testing_selection(
            RestoreTestingPlanName=testing_plan, RestoreTestingSelection=content
        )
    )
    assert code == "InvalidParameterValueException"
    assert says in message


def test_a_restore_test_is_validated_once(
    aws: Any, backup: Any, vault: str, testing_plan: str, refusal: Any
) -> None:
    resource = f"arn:aws:ec2:{REGION}:{MEMBER}:volume/{aws.name('vol')}"
    job = {"account": MEMBER, "region": REGION, "state": "COMPLETED", "resource_arn": resource}
    aws.call("backup.job", kind="backup", vault=vault, **job)
    untested = aws.call("backup.job", kind="restore", **job)["RestoreJobId"]
    tested = aws.call("backup.job", kind="restore", restore_testing_plan=testing_plan, **job)
    job_id, plan_arn = tested["RestoreJobId"], tested["CreatedBy"]["RestoreTestingPlanArn"]
    verdict = {"ValidationStatus": "SUCCESSFUL", "ValidationStatusMessage": "mounted"}
    backup.put_restore_validation_result(RestoreJobId=job_id, **verdict)
    found = backup.describe_restore_job(RestoreJobId=job_id)
    assert (found["ValidationStatus"], found["ValidationStatusMessage"]) == tuple(verdict.values())
    for bad in (job_id, untested):
        code, _ = refusal(
            lambda job_id=bad: backup.put_restore_validation_result(RestoreJobId=job_id, **verdict)
        )
        assert code == "InvalidRequestException"
    listed = backup.list_restore_jobs(ByRestoreTestingPlanArn=plan_arn)["RestoreJobs"]
    assert [entry["RestoreJobId"] for entry in listed] == [job_id]
    detail = aws.details("Restore Job State Change", restoreJobId=job_id, status="COMPLETED")[0]
    assert detail["restoreTestingPlanArn"] == plan_arn


def test_a_testing_plan_restores_one_eligible_point_of_each_resource_that_it_selects(
    aws: Any, backup: Any, vault: str, role: str
) -> None:
    team, volume = aws.name("team"), f"arn:aws:ec2:{REGION}:{MEMBER}:volume"
    first, second, untagged = [f"{volume}/{aws.name('vol')}" for _ in range(3)]
    points: dict[str, list[str]] = {}
    for resource in (first, second, untagged, first):
        job_id = backup.start_backup_job(
            BackupVaultName=vault,
            ResourceArn=resource,
            IamRoleArn=role,
            RecoveryPointTags={"team": team} if resource != untagged else {},
        )["BackupJobId"]
        place = {"account": MEMBER, "region": REGION}
        job = aws.call("backup.finish", **place, job_id=job_id, state="COMPLETED")
        points.setdefault(resource, []).append(job["RecoveryPointArn"])
    name, tagged = aws.name("tests"), {"Key": "aws:ResourceTag/team", "Value": team}
    arn = backup.describe_backup_vault(BackupVaultName=vault)["BackupVaultArn"]
    chosen = {**SELECTION, "IncludeVaults": [arn]}
    backup.create_restore_testing_plan(RestoreTestingPlan=plan(name, RecoveryPointSelection=chosen))
    content = selection(role, ProtectedResourceConditions={"StringEquals": [tagged]})
    content.pop("ProtectedResourceArns")
    backup.create_restore_testing_selection(
        RestoreTestingPlanName=name, RestoreTestingSelection=content
    )

    place = {"account": MEMBER, "region": REGION}
    begun = aws.call("backup.run_restore_testing_plan", **place, plan=name)["restore_jobs"]
    assert {job["RecoveryPointArn"] for job in begun} == {points[first][1], points[second][0]}
    assert {job["Status"] for job in begun} == {"CREATED"}
    made = f"{volume}/vol-restored"
    job_id = begun[0]["RestoreJobId"]
    aws.call("backup.finish", **place, job_id=job_id, state="COMPLETED", created_resource_arn=made)
    ended = backup.describe_restore_job(RestoreJobId=job_id)
    assert (ended["Status"], ended["CreatedResourceArn"]) == ("COMPLETED", made)

    missed = aws.call("backup.run_restore_testing_plan", **place, plan=name, missed=True)
    for job in missed["restore_jobs"]:
        found = backup.describe_restore_job(RestoreJobId=job["RestoreJobId"])
        assert found["Status"] == "FAILED"
        assert found["StatusMessage"].startswith("Restore job was unable to start within")
    other = {**SELECTION, "ExcludeVaults": [arn]}
    backup.update_restore_testing_plan(
        RestoreTestingPlanName=name, RestoreTestingPlan={"RecoveryPointSelection": other}
    )
    none = aws.call("backup.run_restore_testing_plan", **place, plan=name)["restore_jobs"]
    assert not {job["RecoveryPointArn"] for job in none} & {p for of in points.values() for p in of}
    assert "does not exist" in aws.refused("backup.run_restore_testing_plan", **place, plan="none")
