from typing import Any

import pytest

ENCRYPTED = {"ControlName": "BACKUP_RECOVERY_POINT_ENCRYPTED"}


def test_a_framework_lives_from_create_to_delete(aws: Any, backup: Any, refusal: Any) -> None:
    name = aws.name("framework")
    created = backup.create_framework(
        FrameworkName=name, FrameworkControls=[ENCRYPTED], FrameworkTags={"a": "b"}
    )
    listed = backup.list_frameworks()["Frameworks"]
    assert name in {framework["FrameworkName"] for framework in listed}
    found = backup.describe_framework(FrameworkName=name)
    assert (found["DeploymentStatus"], found["FrameworkControls"]) == ("COMPLETED", [ENCRYPTED])
    retention = {
        "ControlName": "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
        "ControlInputParameters": [
            {"ParameterName": "requiredRetentionDays", "ParameterValue": "35"}
        ],
    }
    backup.update_framework(FrameworkName=name, FrameworkControls=[ENCRYPTED, retention])
    changed = backup.describe_framework(FrameworkName=name)["FrameworkControls"]
    assert changed == [ENCRYPTED, retention]
    assert backup.list_tags(ResourceArn=created["FrameworkArn"])["Tags"] == {"a": "b"}
    twice = refusal(
        lambda: backup.create_framework(FrameworkName=name, FrameworkControls=[ENCRYPTED])
    )
    assert twice[0] == "AlreadyExistsException"
    backup.delete_framework(FrameworkName=name)
    assert refusal(lambda: backup.describe_framework(FrameworkName=name))[0] == (
        "ResourceNotFoundException"
    )


@pytest.mark.parametrize(
    ("controls", "says"),
    [
        ([], "at least one control"),
        ([{"ControlName": "LockVault"}], "no control LockVault"),
        (
            [{**ENCRYPTED, "ControlInputParameters": [{"ParameterName": "days"}]}],
            "no parameter days",
        ),
        ([{**ENCRYPTED, "ControlScope": {"Tags": {"a": "1", "b": "2"}}}], "one tag"),
        (
            [
                {
                    "ControlName": "BACKUP_LAST_RECOVERY_POINT_CREATED",
                    "ControlInputParameters": [
                        {"ParameterName": "recoveryPointAgeUnit", "ParameterValue": "weeks"}
                    ],
                }
            ],
            "hours, days",
        ),
    ],
)
def test_a_framework_that_aws_refuses(
    aws: Any, backup: Any, refusal: Any, controls: Any, says: str
) -> None:
    code, message = refusal(
        lambda: backup.create_framework(FrameworkName=aws.name(), FrameworkControls=controls)
    )
    assert code == "InvalidParameterValueException"
    assert says in message
