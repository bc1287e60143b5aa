"""A recovery point's way back: copied to the account that lost its data, once, and restored there.

The jobs are those of the two deployed runbooks, which a person can start in the console as well.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from fleet.errors import ToldError
from fleet.recovery.points import Point
from fleet.recovery.sides import NoRecovery, Side, Sides
from fleet.runbooks.following import succeeded
from fleet.terminal import console
from stacks import names
from stacks.recovery import taking_vaults

_POLL_SECONDS = 5.0
_OVER = ("COMPLETED", "FAILED", "PARTIAL", "ABORTED")


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What comes back, and where to."""

    sides: Sides
    point: Point
    vault: str
    """Of the account that lost its data, in the point's Region."""

    @property
    def vault_arn(self) -> str:
        settings = self.sides.lost.settings
        return names.vault_arn(settings, settings.account, self.point.region, self.vault)


def vault_for(sides: Sides, point: Point, wanted: str | None) -> str:
    """The vault to come back into: the one that is named, else the one that it came from, else the
    only one. Raises NoRecovery."""
    there = taking_vaults(sides.lost.settings).get(point.region, ())
    vault = wanted or (point.source_vault if point.source_vault in there else None)
    if vault is None and len(there) == 1:
        vault = there[0]
    if vault is not None and vault in there:
        return vault
    known = ", ".join(there) or "none; add the Region to one of its vaults, and deploy it"
    what = f"no vault {vault}" if vault else f"no vault {point.source_vault}, where it came from"
    raise NoRecovery(
        f"{sides.lost.stack} has {what}, in {point.region}; name one by --vault: {known}"
    )


def copied(recovery: Recovery) -> str:
    """The recovery point's ARN in the account that lost its data: of a copy that is there, of one
    that is under way, or of a new one. Raises ToldError."""
    arn = _copy_there(recovery)
    if arn is not None:
        console.print(f"is in {recovery.vault} already, and not copied again: {arn}")
        return arn
    point, gives = recovery.point, recovery.sides.gives
    console.print(f"copies it from {point.vault} of {gives.stack} to {recovery.vault}")
    ended = _run(
        gives,
        names.copy_back_runbook(gives.settings),
        point.region,
        {
            "RecoveryPointArn": point.arn,
            "VaultName": point.vault,
            "DestinationVaultArn": recovery.vault_arn,
            "DeleteAfterDays": str(recovery.sides.lost.recovery.delete_after_days),
        },
    )
    return ended["ReadCopy.RecoveryPointArn"]


def restored(recovery: Recovery, arn: str, metadata: Mapping[str, str]) -> str:
    """The ARN of what a recovery point was restored as. Raises ToldError."""
    lost = recovery.sides.lost
    console.print(f"restores it in {lost.stack}")
    ended = _run(
        lost,
        names.restore_runbook(lost.settings),
        recovery.point.region,
        {
            "RecoveryPointArn": arn,
            "VaultName": recovery.vault,
            "Metadata": json.dumps(metadata),
        },
    )
    return ended["ReadRestore.CreatedResourceArn"]


def _copy_there(recovery: Recovery) -> str | None:
    """Of the copy jobs of this recovery point into this vault, what the last one left there."""
    point, gives, lost = recovery.point, recovery.sides.gives, recovery.sides.lost
    with gives.asked(point.region):
        backup = gives.backup(point.region)
        jobs = [
            job
            for page in backup.get_paginator("list_copy_jobs").paginate(
                BySourceRecoveryPointArn=point.arn, ByDestinationVaultArn=recovery.vault_arn
            )
            for job in page["CopyJobs"]
        ]
        made = [_ended(gives, point.region, job.get("CopyJobId", "")) for job in jobs]
    with lost.asked(point.region):
        pages = lost.backup(point.region).get_paginator("list_recovery_points_by_backup_vault")
        there = {
            each.get("RecoveryPointArn")
            for page in pages.paginate(BackupVaultName=recovery.vault, ByResourceArn=point.resource)
            for each in page["RecoveryPoints"]
        }
    return next((arn for arn in made if arn in there), None)


def _ended(gives: Side, region: str, job_id: str) -> str:
    """What a copy job made once it has ended; "" where it made nothing."""
    told = False
    while True:
        job = gives.backup(region).describe_copy_job(CopyJobId=job_id)["CopyJob"]
        if job.get("State") in _OVER:
            return job.get("DestinationRecoveryPointArn", "")
        if not told:
            console.print(f"waits for the copy job {job_id}, which is {job.get('State')}")
            told = True
        time.sleep(_POLL_SECONDS)


def _run(side: Side, runbook: str, region: str, parameters: Mapping[str, str]) -> Mapping[str, str]:
    """The outputs of a runbook, once it has come through."""
    with side.asked(region):
        ssm = side.systems_manager(region)
        execution = ssm.start_automation_execution(
            DocumentName=runbook, Parameters={name: [value] for name, value in parameters.items()}
        )["AutomationExecutionId"]
        console.print(f"started {execution} of {runbook}")
        ended = succeeded(ssm, execution)
    outputs: Mapping[str, list[str]] = ended.get("Outputs", {})
    missing = [name for name, values in outputs.items() if not values]
    if missing:
        raise ToldError(f"{execution} of {runbook} gave no {', '.join(missing)}; see its steps")
    return {name: values[0] for name, values in outputs.items()}
