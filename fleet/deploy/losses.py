"""What a deletion would lose, and what AWS would refuse to delete: looked up before anything is.

A key loses nothing: what lies under it goes or stays with it, and for 30 days its deletion can be
cancelled. What leaves a stack and stays in AWS loses nothing either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from fleet import access
from fleet.deploy.changes import Change
from fleet.deploy.existing import AIR_GAPPED, LOCK, PLAN, VAULT
from fleet.errors import ToldError
from fleet.terminal import asides
from stacks.load import Settings

if TYPE_CHECKING:
    from mypy_boto3_backup import BackupClient
    from mypy_boto3_backup.type_defs import DescribeBackupVaultOutputTypeDef

_GOES = frozenset({"delete", "replace", "delete-replaced"})
_SELECTION = "aws:backup/selection:Selection"


@dataclass(frozen=True, kw_only=True)
class Held:
    """What lies in a resource that is to be deleted."""

    loses: str = ""
    """What goes with it, in words; empty: nothing."""
    blocked: str = ""
    """Why AWS would not delete it, with what to do; empty: it would."""


Lose = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="What may be lost with all that is in it: a resource's name, <stack>/<name>, or a "
        "pattern of these.",
    ),
]

Look = Callable[[boto3.Session, Change, Sequence[Change]], Held]
"""Of a change that deletes, given all that go with it."""


class DataAtStake(ToldError):
    """What would be lost, and nobody has said by name that it may be."""

    def __init__(self, lines: Sequence[str], names: Iterable[str]) -> None:
        options = " ".join(f"--lose {name}" for name in dict.fromkeys(names))
        super().__init__(
            "this would lose data:\n  " + "\n  ".join(lines) + f"\nif it may be lost: {options}"
        )


class DeletionRefused(ToldError):
    """What AWS would not delete; says why, and the cure."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("nothing was deleted, as this would be refused:\n  " + "\n  ".join(lines))


def with_losses(settings: Settings, changes: Iterable[Change]) -> tuple[Change, ...]:
    """The same changes; those that delete say what would be lost, or why AWS would refuse. AWS is
    asked only where something that can hold data goes."""
    found = tuple(changes)
    going = [change for change in found if _goes(change)]
    if not any(map(_is_looked_up, going)):
        return found
    try:
        session = access.session(settings)
    except access.NoSession as error:
        unseen = _unseen(error)
        return tuple(replace(c, loses=unseen) if _holds_data(c) else c for c in found)
    return tuple(_looked(session, settings, c, going) if _is_looked_up(c) else c for c in found)


def _goes(change: Change) -> bool:
    return change.op in _GOES and not change.retained


def _is_looked_up(change: Change) -> bool:
    return _goes(change) and change.type in _LOOKS


def _holds_data(change: Change) -> bool:
    return _is_looked_up(change) and change.type not in _WITHOUT_DATA


def _looked(
    session: boto3.Session, settings: Settings, change: Change, going: Sequence[Change]
) -> Change:
    placed = change if change.region else replace(change, region=settings.region)
    try:
        held = _LOOKS[change.type](session, placed, going)
    except (BotoCoreError, ClientError) as error:
        if _is_gone(error) or not _holds_data(change):
            return placed
        held = Held(loses=_unseen(error))
    return replace(placed, loses=held.loses, blocked=held.blocked or placed.blocked)


def _unseen(error: Exception) -> str:
    return f"what is in it, which cannot be looked up: {error}"


def _is_gone(error: Exception) -> bool:
    """Whether somebody has deleted it already. AWS Backup says AccessDenied of a vault that does
    not exist, too: then what is in it cannot be told."""
    if not isinstance(error, ClientError):
        return False
    code = error.response.get("Error", {}).get("Code", "")
    return code.endswith(("NotFound", "NotFoundException", "NonExistentQueue", "NoSuchBucket"))


def _vault(session: boto3.Session, change: Change, going: Sequence[Change]) -> Held:
    backup = session.client("backup", region_name=change.region)
    vault = backup.describe_backup_vault(BackupVaultName=change.id)
    count = vault["NumberOfRecoveryPoints"]
    if not count:
        return Held()
    last = _last_kept(backup, change.id)
    until = "without end" if last is None else f"until {last:%Y-%m-%d}"
    points = f"{_counted(count, 'recovery point')}, kept {until}"
    if since := _final_since(vault):
        return Held(
            blocked=f"{points}, under a compliance lock since {since}: nobody can delete them "
            "before; leave the vault: set leave_on_destroy: true on it, deploy that, and try again"
        )
    if not change.empties:
        return Held(
            blocked=f"{points}: to keep them, set leave_on_destroy: true on the vault, or "
            "force_destroy: true to lose them; deploy that, and try again"
        )
    if vault.get("Locked") and not any((c.type, c.id) == (LOCK, change.id) for c in going):
        return Held(
            blocked=f"{points}, under a lock that is not the stack's: take it off, and try again\n"
            "    aws backup delete-backup-vault-lock-configuration --backup-vault-name "
            f"{change.id} --region {change.region}"
        )
    return Held(loses=points)


def _final_since(vault: DescribeBackupVaultOutputTypeDef) -> str:
    """The day from which nobody can change or lift the vault's lock, if it has come; else empty."""
    if "LockDate" not in vault or vault["LockDate"] > datetime.now(UTC):
        return ""
    return f"{vault['LockDate']:%Y-%m-%d}"


def _lock(session: boto3.Session, change: Change, _: Sequence[Change]) -> Held:
    backup = session.client("backup", region_name=change.region)
    since = _final_since(backup.describe_backup_vault(BackupVaultName=change.id))
    if not since:
        return Held()
    return Held(
        blocked=f"is final since {since}: nobody can change it or take it off; write the lock in "
        "the settings as it was, and where the stack shall go without the vault, "
        "leave_on_destroy: true on that; deploy it, and try again"
    )


def _plan(session: boto3.Session, change: Change, going: Sequence[Change]) -> Held:
    """AWS Backup deletes no plan that has a selection, such as adoption leaves beside the stack's
    own."""
    backup = session.client("backup", region_name=change.region)
    ours = {other.id for other in going if other.type == _SELECTION}
    pages = backup.get_paginator("list_backup_selections").paginate(BackupPlanId=change.id)
    ids = [one.get("SelectionId", "") for page in pages for one in page["BackupSelectionsList"]]
    commands = [
        f"\n    aws backup delete-backup-selection --backup-plan-id {change.id} "
        f"--selection-id {id_} --region {change.region}"
        for id_ in ids
        if id_ not in ours
    ]
    if not commands:
        return Held()
    return Held(
        blocked=f"has {_counted(len(commands), 'selection')} that the stack did not make: delete "
        f"what is not needed, and try again{''.join(commands)}"
    )


def _counted(count: int, one: str) -> str:
    return f"1 {one}" if count == 1 else f"{count} {one}s"


def _air_gapped_vault(session: boto3.Session, change: Change, _: Sequence[Change]) -> Held:
    backup = session.client("backup", region_name=change.region)
    count = backup.describe_backup_vault(BackupVaultName=change.id)["NumberOfRecoveryPoints"]
    if not count:
        return Held()
    last = _last_kept(backup, change.id)
    until = "" if last is None else f" before {last:%Y-%m-%d}"
    return Held(
        blocked=f"{_counted(count, 'recovery point')} in an air-gapped vault: nobody can delete "
        f"it{until}; leave it: set leave_on_destroy: true on it, deploy that, and try again"
    )


def _last_kept(backup: BackupClient, vault: str) -> datetime | None:
    """When the last of its recovery points is deleted by its own retention; None: one never is."""
    last = datetime.min.replace(tzinfo=UTC)
    pages = backup.get_paginator("list_recovery_points_by_backup_vault")
    for page in pages.paginate(BackupVaultName=vault):
        for point in page["RecoveryPoints"]:
            until = point.get("CalculatedLifecycle", {}).get("DeleteAt")
            if until is None:
                return None
            last = max(last, until)
    return last


def _bucket(session: boto3.Session, change: Change, _: Sequence[Change]) -> Held:
    s3 = session.client("s3", region_name=change.region)
    page = s3.list_object_versions(Bucket=change.id, MaxKeys=1000)
    count = len(page.get("Versions", [])) + len(page.get("DeleteMarkers", []))
    if not count:
        return Held()
    objects = _counted(count, "object version")
    if page.get("IsTruncated"):
        objects = f"more than {objects}"
    if change.empties:
        return Held(loses=objects)
    return Held(
        blocked=f"{objects}, and S3 deletes no bucket that has any: set force_destroy: true where "
        "the settings have the bucket and deploy that, or empty it; and try again"
    )


def _table(session: boto3.Session, change: Change, _: Sequence[Change]) -> Held:
    dynamodb = session.client("dynamodb", region_name=change.region)
    page = dynamodb.scan(TableName=change.id, Select="COUNT", Limit=1000)
    count = page["Count"]
    more = "more than " if "LastEvaluatedKey" in page else ""
    return Held(loses=f"{more}{_counted(count, 'item')}" if count else "")


def _log_group(session: boto3.Session, change: Change, _: Sequence[Change]) -> Held:
    logs = session.client("logs", region_name=change.region)
    page = logs.describe_log_streams(logGroupName=change.id, limit=1)
    return Held(loses="its log events" if page["logStreams"] else "")


def _queue(session: boto3.Session, change: Change, _: Sequence[Change]) -> Held:
    sqs = session.client("sqs", region_name=change.region)
    counts = sqs.get_queue_attributes(
        QueueUrl=change.id,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )["Attributes"]
    count = sum(int(value) for value in counts.values())
    return Held(loses=_counted(count, "message") if count else "")


_LOOKS: Mapping[str, Look] = {
    VAULT: _vault,
    AIR_GAPPED: _air_gapped_vault,
    LOCK: _lock,
    PLAN: _plan,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:dynamodb/table:Table": _table,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:sqs/queue:Queue": _queue,
}
_WITHOUT_DATA = frozenset({LOCK, PLAN})
"""That AWS may refuse to delete, and that hold nothing to lose."""


def may_be_lost(stack: str, change: Change, granted: Sequence[str]) -> bool:
    """Whether somebody has named it: by its name or id, the stack before it or not, or a pattern of
    these such as `acme-member-web/*`."""
    names = (change.name, change.id, f"{stack}/{change.name}")
    return any(fnmatchcase(name, pattern) for pattern in granted for name in names)


def at_stake(
    changes: Mapping[str, Iterable[Change]], granted: Sequence[str]
) -> list[tuple[str, Change]]:
    """What would be lost and nobody has named, of each stack, with the stack."""
    return [
        (stack, change)
        for stack, found in changes.items()
        for change in found
        if change.loses and not may_be_lost(stack, change, granted)
    ]


def line_of(stack: str, change: Change) -> str:
    """`acme-member-web/standard: 12 recovery points, kept until …`, for people."""
    return f"{stack}/{change.name} ({change.type}): {change.blocked or change.loses}"


def granted_losses(
    changes: Mapping[str, Sequence[Change]], lose: Sequence[str], *, ask: bool
) -> list[str]:
    """The names of what may be lost: those that are given, and where there is somebody to ask those
    that are typed. Raises DeletionRefused, and DataAtStake where something is not named."""
    granted = [*lose]
    _refuse_blocked(changes)
    while ask and (missing := at_stake(changes, granted)):
        for stack, change in missing:
            asides.print(f"loses {line_of(stack, change)}", style="red", highlight=False)
        typed = typer.prompt(
            "Type the name of what may be lost, or a pattern for several; nothing to stop",
            default="",
            show_default=False,
            err=True,
        )
        if not typed.strip():
            break
        granted += typed.split()
    refuse_losses(changes, granted)
    return granted


def refuse_losses(changes: Mapping[str, Sequence[Change]], granted: Sequence[str]) -> None:
    """Raises DeletionRefused for what AWS would not delete, and DataAtStake for what would be lost
    that nobody has named."""
    _refuse_blocked(changes)
    found = at_stake(changes, granted)
    if found:
        raise DataAtStake(
            [line_of(stack, change) for stack, change in found],
            [f"{stack}/{change.name}" for stack, change in found],
        )


def _refuse_blocked(changes: Mapping[str, Iterable[Change]]) -> None:
    lines = [line_of(s, change) for s, of in changes.items() for change in of if change.blocked]
    if lines:
        raise DeletionRefused(lines)
