"""Vaults and plans that settings name and that stand in the account already, with what is theirs.

What the engine would have to replace for them to be as the settings say is refused with the cure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

from fleet.errors import ToldError
from stacks import names
from stacks.load import Settings
from stacks.protection_settings import AirGappedVault, Lock, Vault

if TYPE_CHECKING:
    from mypy_boto3_backup import BackupClient

VAULT, PLAN = "aws:backup/vault:Vault", "aws:backup/plan:Plan"
AIR_GAPPED = "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault"
POLICY = "aws:backup/vaultPolicy:VaultPolicy"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
TOLD = "aws:backup/vaultNotifications:VaultNotifications"
_APART = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"


class CannotAdopt(ToldError):
    """Settings that differ from what stands, where the engine cannot make it so in place."""


@dataclass(frozen=True, kw_only=True)
class Existing:
    ids: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """What the engine imports each resource by, by its type and its name in the stack's state."""
    days_of_grace: dict[str, int] = field(default_factory=dict[str, int])
    """Of compliance locks, by their names in the state: AWS tells nobody what they were."""
    lines: list[str] = field(default_factory=list[str])
    """What is adopted, and what is left beside it, as people read it."""
    problems: list[str] = field(default_factory=list[str])

    def add(self, type_: str, name: str, id_: str, region: str) -> None:
        self.ids[type_, name] = f"{id_}@{region}"


def existing(
    settings: Settings, session: boto3.Session, known: Collection[tuple[str, str]]
) -> Existing:
    """What stands and is not `known`: in the stack's state, by type and name. Raises CannotAdopt
    with everything that stands in the way, and what boto3 raises."""
    found = Existing()
    for region in settings.protected_regions:
        backup = session.client("backup", region_name=region)
        standing = _vaults(backup)
        here = _Region(settings=settings, session=session, region=region, known=known, found=found)
        for name, vault in (settings.vaults | settings.retained_vaults).items():
            if (
                name in standing
                and here.lacks(VAULT, name)
                and region in settings.regions_of(vault)
            ):
                here.vault(backup, name, vault, standing[name])
        for name, apart in settings.air_gapped_vaults.items():
            there = name in standing and region in settings.regions_of(apart)
            if there and here.lacks(AIR_GAPPED, name):
                here.air_gapped(backup, name, apart, standing[name])
        here.plans(backup)
    if found.problems:
        raise CannotAdopt("\n".join(found.problems))
    return found


def _vaults(backup: BackupClient) -> Mapping[str, Mapping[str, Any]]:
    """By name, described."""
    pages = backup.get_paginator("list_backup_vaults").paginate()
    listed = [
        vault.get("BackupVaultName", "") for page in pages for vault in page["BackupVaultList"]
    ]
    return {name: backup.describe_backup_vault(BackupVaultName=name) for name in listed}


@dataclass(frozen=True, kw_only=True)
class _Region:
    settings: Settings
    session: boto3.Session
    region: str
    known: Collection[tuple[str, str]]
    found: Existing

    def lacks(self, type_: str, name: str) -> bool:
        """Whether the stack does not have it yet."""
        return (type_, self._name(name)) not in self.known

    def vault(
        self, backup: BackupClient, name: str, wanted: Vault, stands: Mapping[str, Any]
    ) -> None:
        place = f"vault {name} in {self.region}"
        if stands.get("VaultType") == _APART:
            self.found.problems.append(
                f"{place}: is logically air-gapped; write it under air_gapped_vaults"
            )
            return
        self.found.problems.extend(self._of_key(place, wanted, stands))
        self.found.problems.extend(_of_lock(place, wanted.lock, stands))
        self._adopt(VAULT, name, name, f"{place}: {stands['NumberOfRecoveryPoints']} points")
        self._policy(backup, name)
        if stands.get("Locked"):
            self.found.add(LOCK, self._name(name), name, self.region)
            if wanted.lock is not None and wanted.lock.changeable_for_days is not None:
                self.found.days_of_grace[self._name(name)] = wanted.lock.changeable_for_days
        self._told(backup, name, wanted)

    def air_gapped(
        self, backup: BackupClient, name: str, wanted: AirGappedVault, stands: Mapping[str, Any]
    ) -> None:
        place = f"air-gapped vault {name} in {self.region}"
        if stands.get("VaultType") != _APART:
            self.found.problems.append(f"{place}: is a vault like others; write it under vaults")
            return
        bounds = stands["MinRetentionDays"], stands["MaxRetentionDays"]
        if bounds != (wanted.min_retention_days, wanted.max_retention_days):
            self.found.problems.append(
                f"{place}: its bounds are fixed; write min_retention_days: {bounds[0]} and "
                f"max_retention_days: {bounds[1]}"
            )
        key = stands.get("EncryptionKeyArn") if _has_own_key(stands) else None
        if key != wanted.key_arns.get(self.region):
            cure = (
                f"write key_arns: {{{self.region}: {key}}}" if key else "write no key_arns for it"
            )
            self.found.problems.append(f"{place}: its key is fixed; {cure}")
        self._adopt(AIR_GAPPED, name, name, f"{place}: {stands['NumberOfRecoveryPoints']} points")
        self._policy(backup, name)

    def plans(self, backup: BackupClient) -> None:
        """Their selections stay beside the stack's own, which work in another role."""
        pages = backup.get_paginator("list_backup_plans").paginate()
        listed = [plan for page in pages for plan in page["BackupPlansList"]]
        for name in self.settings.plans:
            place = f"plan {name} in {self.region}"
            ids = [p.get("BackupPlanId", "") for p in listed if p.get("BackupPlanName") == name]
            here = self.region in self.settings.plan_regions(name)
            if not ids or not here or not self.lacks(PLAN, name):
                continue
            if len(ids) > 1:
                self.found.problems.append(
                    f"{place}: there are {len(ids)} of this name, {', '.join(ids)}; delete all but "
                    "one, or call the one in the settings otherwise"
                )
            self._adopt(PLAN, name, ids[0], f"{place}: {ids[0]}")
            selections = backup.list_backup_selections(BackupPlanId=ids[0])
            for selection in selections["BackupSelectionsList"]:
                self.found.lines.append(
                    f"  keeps its selection {selection.get('SelectionName')} beside the stack's "
                    "own; once that selects the same, delete it:\n    aws backup "
                    f"delete-backup-selection --region {self.region} --backup-plan-id {ids[0]} "
                    f"--selection-id {selection.get('SelectionId')}"
                )

    def _of_key(self, place: str, wanted: Vault, stands: Mapping[str, Any]) -> Iterator[str]:
        arn = stands["EncryptionKeyArn"]
        kms = self.session.client("kms", region_name=self.region)
        by_aws = kms.describe_key(KeyId=arn)["KeyMetadata"].get("KeyManager") == "AWS"
        given = wanted.key if isinstance(wanted.key, str) else wanted.key.get(self.region)
        if given != ("aws_managed" if by_aws else arn):
            cure = "aws_managed" if by_aws else f"{{{self.region}: {arn}}}"
            yield f"{place}: its key is fixed, and not as set; write key: {cure}"

    def _policy(self, backup: BackupClient, name: str) -> None:
        if _there(lambda: backup.get_backup_vault_access_policy(BackupVaultName=name), backup):
            self.found.add(POLICY, self._name(name), name, self.region)

    def _told(self, backup: BackupClient, name: str, wanted: Vault) -> None:
        """Notifications that differ are put anew, which takes the place of the old ones."""
        told = _there(lambda: backup.get_backup_vault_notifications(BackupVaultName=name), backup)
        if told is None or wanted.notifications is None:
            return
        topic = wanted.notifications.topics.get(self.region)
        events = set(wanted.notifications.events)
        if (topic, events) == (told.get("SNSTopicArn"), {*told.get("BackupVaultEvents", [])}):
            self.found.add(TOLD, self._name(name), name, self.region)

    def _adopt(self, type_: str, name: str, id_: str, line: str) -> None:
        self.found.add(type_, self._name(name), id_, self.region)
        self.found.lines.append(line)

    def _name(self, name: str) -> str:
        return names.regional(self.settings, name, self.region)


def _there(look: Callable[[], Mapping[str, Any]], backup: BackupClient) -> Mapping[str, Any] | None:
    try:
        return look()
    except backup.exceptions.ResourceNotFoundException:
        return None


def _has_own_key(stands: Mapping[str, Any]) -> bool:
    return stands.get("EncryptionKeyType") == "CUSTOMER_MANAGED_KMS_KEY"


def _of_lock(place: str, wanted: Lock | None, stands: Mapping[str, Any]) -> Iterator[str]:
    """A lock that differs would be taken off first, and a final one cannot be."""
    if not stands.get("Locked"):
        return
    mode = "compliance" if stands.get("LockDate") else "governance"
    bounds = stands.get("MinRetentionDays"), stands.get("MaxRetentionDays")
    given = wanted and (wanted.mode, wanted.min_retention_days, wanted.max_retention_days)
    if given != (mode, *bounds):
        said = "".join(
            f", {field}: {days}"
            for field, days in zip(
                ("min_retention_days", "max_retention_days"), bounds, strict=True
            )
            if days is not None
        )
        yield (
            f"{place}: is locked otherwise than set; write lock: {{mode: {mode}{said}}}, adopt it, "
            "and change afterwards what can be changed"
        )
