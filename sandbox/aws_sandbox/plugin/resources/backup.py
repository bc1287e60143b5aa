"""AWS Backup's vaults, what is set on them, and an account's settings."""

from __future__ import annotations

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, Setting, register
from aws_sandbox.plugin.tagging import Tagging

TAGGING = Tagging(listing="ListTags", removed="TagKeyList", pair=None)


@register("aws:backup/vault:Vault")
class Vault(Resource):
    """A backup vault; its id is its name."""

    service, operation = "backup", "CreateBackupVault"
    properties = members(
        name=Field("BackupVaultName", replaces=True, autoname=Autoname()),
        kmsKeyArn=Field("EncryptionKeyArn", replaces=True, computed=True),
        forceDestroy=Field(default=False),
    )
    outputs = outputs(arn="BackupVaultArn", recoveryPoints="NumberOfRecoveryPoints")
    tagging, tags_member = TAGGING, "BackupVaultTags"

    def create(self, call: Call) -> str:
        return call("CreateBackupVault", **call.request())["BackupVaultName"]

    def read(self, call: Call) -> Document:
        return call("DescribeBackupVault", BackupVaultName=call.rid)

    def delete(self, call: Call) -> None:
        vault = {"BackupVaultName": call.rid}
        if call.state.get("forceDestroy"):
            for point in call.pages("ListRecoveryPointsByBackupVault", "RecoveryPoints", **vault):
                arn = point["RecoveryPointArn"]
                call("DeleteRecoveryPoint", RecoveryPointArn=arn, **vault)
        call("DeleteBackupVault", **vault)


@register("aws:backup/vaultPolicy:VaultPolicy")
class VaultPolicy(Setting):
    """A vault's access policy; its id is the vault's name."""

    service, operation, key = "backup", "PutBackupVaultAccessPolicy", "backupVaultName"
    properties = members(
        backupVaultName=Field("BackupVaultName", replaces=True),
        policy=Field("Policy", json=True),
    )
    outputs = outputs(backupVaultArn="BackupVaultArn")

    def put(self, call: Call) -> None:
        call("PutBackupVaultAccessPolicy", **call.request())

    def read(self, call: Call) -> Document:
        return call("GetBackupVaultAccessPolicy", BackupVaultName=call.rid)

    def delete(self, call: Call) -> None:
        call("DeleteBackupVaultAccessPolicy", BackupVaultName=call.rid)


@register("aws:backup/vaultLockConfiguration:VaultLockConfiguration")
class VaultLockConfiguration(Setting):
    """A vault's lock; its id is the vault's name. AWS tells no more of the days to change it."""

    service, operation, key = "backup", "PutBackupVaultLockConfiguration", "backupVaultName"
    properties = members(
        backupVaultName=Field("BackupVaultName", replaces=True),
        changeableForDays=Field("ChangeableForDays", replaces=True, unread=True),
        maxRetentionDays=Field("MaxRetentionDays", replaces=True),
        minRetentionDays=Field("MinRetentionDays", replaces=True),
    )
    outputs = outputs(backupVaultArn="BackupVaultArn")

    def put(self, call: Call) -> None:
        call("PutBackupVaultLockConfiguration", **call.request())

    def read(self, call: Call) -> Document | None:
        vault = call("DescribeBackupVault", BackupVaultName=call.rid)
        return vault if vault.get("Locked") else None

    def delete(self, call: Call) -> None:
        call("DeleteBackupVaultLockConfiguration", BackupVaultName=call.rid)


@register("aws:backup/globalSettings:GlobalSettings")
class GlobalSettings(Resource):
    """An organization's settings, those that are set here; the id is the account's."""

    service, operation = "backup", "UpdateGlobalSettings"
    properties = members("globalSettings")

    def create(self, call: Call) -> str:
        self.update(call)
        return call.api.account

    def update(self, call: Call) -> None:
        call("UpdateGlobalSettings", **call.request())

    def read(self, call: Call) -> Document:
        live = call("DescribeGlobalSettings")["GlobalSettings"]
        asked = call.state.get("globalSettings", live)
        return {"GlobalSettings": {name: live[name] for name in live if name in asked}}

    def delete(self, call: Call) -> None:
        """Settings cannot be unset: they stay as they are, as with the official plugin."""


@register("aws:backup/regionSettings:RegionSettings")
class RegionSettings(Resource):
    """The resource types that an account protects in a Region; the id is the Region's name."""

    service, operation = "backup", "UpdateRegionSettings"
    properties = members(
        "resourceTypeOptInPreference",
        resourceTypeManagementPreference=Field("ResourceTypeManagementPreference", computed=True),
    )

    def create(self, call: Call) -> str:
        self.update(call)
        return call.api.region

    def update(self, call: Call) -> None:
        call("UpdateRegionSettings", **call.request())

    def read(self, call: Call) -> Document:
        document: Document = {}
        live = call("DescribeRegionSettings")
        for name, field in self.properties.items():
            found = live.get(field.api, {})
            asked = call.state.get(name, found)
            document[field.api] = {kind: on for kind, on in found.items() if kind in asked}
        return document

    def delete(self, call: Call) -> None:
        """Settings cannot be unset: they stay as they are, as with the official plugin."""
