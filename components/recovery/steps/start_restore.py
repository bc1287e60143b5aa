"""Starts the restore of a recovery point: with what this knows of its source and can be taken over,
what a restore of its type is always told, and laid over both what the operator gives."""

from collections.abc import Mapping
from typing import Any

import boto3


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Raises RuntimeError where the operator must give more."""
    backup: Any = boto3.client("backup")
    place = {name: events[name] for name in ("BackupVaultName", "RecoveryPointArn")}
    kind: str = backup.describe_recovery_point(**place)["ResourceType"]
    metadata = _metadata(kind, backup.get_recovery_point_restore_metadata(**place), events)
    job = backup.start_restore_job(
        RecoveryPointArn=events["RecoveryPointArn"],
        ResourceType=kind,
        Metadata=metadata,
        IamRoleArn=events["IamRoleArn"],
        IdempotencyToken=events["ExecutionId"],
        CopySourceTagsToRestoredResource=events["Restores"].get(kind, {}).get("Tags", False),
    )
    return {"RestoreJobId": job["RestoreJobId"]}


def _metadata(kind: str, point: Mapping[str, Any], events: Mapping[str, Any]) -> dict[str, str]:
    """By key; of keys that differ in case alone the last one counts."""
    given: Mapping[str, str] = events["Metadata"]
    known = events["Restores"].get(kind)
    if known is None:
        if not given:
            raise RuntimeError(
                f"what a restore of {kind} needs is not known here: give all of it as Metadata. "
                f"The recovery point tells of its source: {point['RestoreMetadata']}"
            )
        return dict(given)
    keeps = {key.lower() for key in known["Keeps"]}
    kept = {
        key: value
        for key, value in point["RestoreMetadata"].items()
        if key.lower() in keeps and value not in ("", "null")
    }
    sets = {
        key: value.replace("{execution}", events["ExecutionId"])
        for key, value in known["Sets"].items()
    }
    found: dict[str, tuple[str, str]] = {}
    for part in (kept, sets, given):
        found |= {key.lower(): (key, value) for key, value in part.items()}
    missing = [key for key in known["Needs"] if key.lower() not in found]
    if missing:
        raise RuntimeError(f"a restore of {kind} needs {', '.join(missing)}: give it as Metadata")
    return dict(found.values())
