"""The two runbooks of a recovery: one copies a recovery point out of a vault to another account,
one restores a recovery point of its own account. Neither acts in the other's account."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi

from components.recovery.restore_metadata import RESTORES
from components.script_step import script_inputs

_STEPS = Path(__file__).parent / "steps"
_JOB_SECONDS = 7 * 24 * 3600
"""How long a copy or a restore may take."""
_CALL_SECONDS = 60
_EXECUTION = "{{automation:EXECUTION_ID}}"
_ARN = "^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]+:[0-9]*:.+$"

COPY_BACK_OUTPUTS = ("ReadCopy.RecoveryPointArn",)
RESTORE_OUTPUTS = ("ReadRestore.CreatedResourceArn",)


def copy_back_parameters(
    vaults: Sequence[str], delete_after_days: int
) -> Mapping[str, Mapping[str, Any]]:
    return {
        "RecoveryPointArn": _recovery_point_parameter(),
        "VaultName": _vault_parameter(vaults),
        "DestinationVaultArn": {
            "type": "String",
            "description": "The vault in the account that lost its data",
            "allowedPattern": "^arn:aws[a-z-]*:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:.+$",
        },
        "DeleteAfterDays": {
            "type": "Integer",
            "description": "How long the copy is kept there; a lock of that vault has bounds",
            "default": delete_after_days,
        },
    }


def copy_back_steps(role_arn: pulumi.Input[str]) -> list[Mapping[str, Any]]:
    """`role_arn`: the role in which AWS Backup copies."""
    return [
        {
            "name": "StartCopy",
            "action": "aws:executeAwsApi",
            "maxAttempts": 3,  # the token keeps it one job
            "timeoutSeconds": _CALL_SECONDS,
            "inputs": {
                "Service": "backup",
                "Api": "StartCopyJob",
                "RecoveryPointArn": "{{RecoveryPointArn}}",
                "SourceBackupVaultName": "{{VaultName}}",
                "DestinationBackupVaultArn": "{{DestinationVaultArn}}",
                "IamRoleArn": role_arn,
                "IdempotencyToken": _EXECUTION,
                "Lifecycle": {"DeleteAfterDays": "{{DeleteAfterDays}}"},
            },
            "outputs": [{"Name": "CopyJobId", "Selector": "$.CopyJobId", "Type": "String"}],
        },
        _waits(
            "WaitForCopy",
            {
                "Api": "DescribeCopyJob",
                "CopyJobId": "{{StartCopy.CopyJobId}}",
                "PropertySelector": "$.CopyJob.State",
                "DesiredValues": ["COMPLETED", "FAILED", "PARTIAL", "ABORTED"],
            },
        ),
        _reads("read_copy", {"CopyJobId": "{{StartCopy.CopyJobId}}"}, "RecoveryPointArn"),
    ]


def restore_parameters(vaults: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    return {
        "RecoveryPointArn": _recovery_point_parameter(),
        "VaultName": _vault_parameter(vaults),
        "Metadata": {
            "type": "StringMap",
            "description": "What the restore is told beside what the recovery point knows",
            "default": {},
        },
    }


def restore_steps(role_arn: pulumi.Input[str]) -> list[Mapping[str, Any]]:
    """`role_arn`: the role in which AWS Backup restores."""
    return [
        {
            "name": "StartRestore",
            "action": "aws:executeScript",
            "timeoutSeconds": _CALL_SECONDS,
            "inputs": script_inputs(
                _STEPS / "start_restore.py",
                {
                    "RecoveryPointArn": "{{RecoveryPointArn}}",
                    "BackupVaultName": "{{VaultName}}",
                    "Metadata": "{{Metadata}}",
                    "IamRoleArn": role_arn,
                    "ExecutionId": _EXECUTION,
                    "Restores": {
                        kind: {
                            "Keeps": one.keeps,
                            "Sets": one.sets,
                            "Needs": one.needs,
                            "Tags": one.tags,
                        }
                        for kind, one in RESTORES.items()
                    },
                },
            ),
            "outputs": [_payload("RestoreJobId")],
        },
        _waits(
            "WaitForRestore",
            {
                "Api": "DescribeRestoreJob",
                "RestoreJobId": "{{StartRestore.RestoreJobId}}",
                "PropertySelector": "$.Status",
                "DesiredValues": ["COMPLETED", "FAILED", "ABORTED"],
            },
        ),
        _reads(
            "read_restore", {"RestoreJobId": "{{StartRestore.RestoreJobId}}"}, "CreatedResourceArn"
        ),
    ]


def _recovery_point_parameter() -> Mapping[str, Any]:
    return {
        "type": "String",
        "description": "Its ARN; of a volume it ends in :snapshot/snap-0123456789abcdef0",
        "allowedPattern": _ARN,
    }


def _vault_parameter(vaults: Sequence[str]) -> Mapping[str, Any]:
    only = {"default": vaults[0]} if len(vaults) == 1 else {}
    return {
        "type": "String",
        "description": "The vault of this account in which the recovery point lies",
        "allowedValues": list(vaults),
        **only,
    }


def _waits(name: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "name": name,
        "action": "aws:waitForAwsResourceProperty",
        "timeoutSeconds": _JOB_SECONDS,
        "inputs": {"Service": "backup", **inputs},
    }


def _reads(script: str, payload: Mapping[str, Any], output: str) -> Mapping[str, Any]:
    return {
        "name": script.title().replace("_", ""),
        "action": "aws:executeScript",
        "timeoutSeconds": _CALL_SECONDS,
        "isEnd": True,
        "inputs": script_inputs(_STEPS / f"{script}.py", payload),
        "outputs": [_payload(output)],
    }


def _payload(name: str) -> Mapping[str, str]:
    return {"Name": name, "Selector": f"$.Payload.{name}", "Type": "String"}
