"""What protects an account's data as it stands in AWS: read by API, in each account and Region."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fleet import access
from fleet.access import NoSession
from fleet.evidence.json_text import json_text
from reports.digest.collation import Patience
from stacks.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_backup import BackupClient

_AT_ONCE = 16
_RETRIES = Config(retries={"mode": "adaptive", "total_max_attempts": 8})
_PATIENCE = Patience(lambda: float("inf"))
_ABSENT = "ResourceNotFoundException"


@dataclass(frozen=True, kw_only=True)
class DeployedPlace:
    """One account and Region, as it was read."""

    stack: str
    account: str
    region: str
    read_at: datetime
    found: Mapping[str, Any]
    """By part (vaults, plans, …), then by name: what AWS answers of each."""
    not_read: Mapping[str, str]
    """By part, why AWS did not say."""

    @property
    def name(self) -> str:
        """Of its file in the archive."""
        return f"deployed/{self.account}/{self.region}.json"

    def dumped(self) -> str:
        about = {
            "stack": self.stack,
            "account": self.account,
            "region": self.region,
            "read_at": self.read_at,
            **self.found,
            "not_read": self.not_read,
        }
        return json_text(about, sort_keys=True)


def read_deployed(stacks: Mapping[str, Settings]) -> Sequence[DeployedPlace]:
    """Every Region of each stack; what could not be read is told there."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [place for many in pool.map(_of_stack, stacks.items()) for place in many]


def regions_of(settings: Settings) -> Sequence[str]:
    return tuple(dict.fromkeys((*settings.protected_regions, settings.region)))


def _of_stack(named: tuple[str, Settings]) -> Sequence[DeployedPlace]:
    stack, settings = named
    try:
        session = access.session(settings)
    except NoSession as error:
        reasons = dict.fromkeys(_PARTS, str(error))
        return [_place(stack, settings, region, {}, reasons) for region in regions_of(settings)]
    places: list[DeployedPlace] = []
    for region in regions_of(settings):
        backup = session.client("backup", region_name=region, config=_RETRIES)
        found: dict[str, Any] = {}
        not_read: dict[str, str] = {}
        for part, read in _PARTS.items():
            try:
                found[part] = dict(read(backup))
            except (BotoCoreError, ClientError) as error:
                not_read[part] = str(error)
        places.append(_place(stack, settings, region, found, not_read))
    return places


def _place(
    stack: str,
    settings: Settings,
    region: str,
    found: Mapping[str, Any],
    not_read: Mapping[str, str],
) -> DeployedPlace:
    return DeployedPlace(
        stack=stack,
        account=settings.account,
        region=region,
        read_at=datetime.now(UTC),
        found=found,
        not_read=not_read,
    )


def _vaults(backup: BackupClient) -> Iterator[tuple[str, Any]]:
    """Each with its lock and its access policy, null where it has none."""
    for vault in _PATIENCE.pages(backup.list_backup_vaults, "BackupVaultList"):
        name: str = vault["BackupVaultName"]
        told = _answer(backup.describe_backup_vault, BackupVaultName=name)
        yield name, told | {"AccessPolicy": _access_policy(backup, name)}


def _access_policy(backup: BackupClient, vault: str) -> Any:
    try:
        text = _answer(backup.get_backup_vault_access_policy, BackupVaultName=vault)["Policy"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != _ABSENT:
            raise
        return None
    return json.loads(text)


def _plans(backup: BackupClient) -> Iterator[tuple[str, Any]]:
    """By name and id: a name may be there twice."""
    for each in _PATIENCE.pages(backup.list_backup_plans, "BackupPlansList"):
        plan_id: str = each["BackupPlanId"]
        selections = _PATIENCE.pages(
            backup.list_backup_selections,
            "BackupSelectionsList",
            request={"BackupPlanId": plan_id},
        )
        told = _answer(backup.get_backup_plan, BackupPlanId=plan_id) | {
            "Selections": [
                _answer(
                    backup.get_backup_selection,
                    BackupPlanId=plan_id,
                    SelectionId=selection["SelectionId"],
                )
                for selection in selections
            ]
        }
        yield f"{each['BackupPlanName']} {plan_id}", told


def _restore_testing_plans(backup: BackupClient) -> Iterator[tuple[str, Any]]:
    for each in _PATIENCE.pages(backup.list_restore_testing_plans, "RestoreTestingPlans"):
        name: str = each["RestoreTestingPlanName"]
        selections = _PATIENCE.pages(
            backup.list_restore_testing_selections,
            "RestoreTestingSelections",
            request={"RestoreTestingPlanName": name},
        )
        plan = _answer(backup.get_restore_testing_plan, RestoreTestingPlanName=name)
        yield (
            name,
            plan["RestoreTestingPlan"]
            | {
                "Selections": [
                    _answer(
                        backup.get_restore_testing_selection,
                        RestoreTestingPlanName=name,
                        RestoreTestingSelectionName=selection["RestoreTestingSelectionName"],
                    )["RestoreTestingSelection"]
                    for selection in selections
                ]
            },
        )


def _frameworks(backup: BackupClient) -> Iterator[tuple[str, Any]]:
    for each in _PATIENCE.pages(backup.list_frameworks, "Frameworks"):
        name: str = each["FrameworkName"]
        yield name, _answer(backup.describe_framework, FrameworkName=name)


def _opt_ins(backup: BackupClient) -> Iterator[tuple[str, Any]]:
    """By resource type: whether AWS Backup backs it up here, and whether it manages it whole."""
    told = _answer(backup.describe_region_settings)
    managed = told.get("ResourceTypeManagementPreference", {})
    for name, opted_in in sorted(told.get("ResourceTypeOptInPreference", {}).items()):
        yield name, {"OptedIn": opted_in, "ManagedByAwsBackup": managed.get(name)}


_PARTS: Mapping[str, Callable[[BackupClient], Iterator[tuple[str, Any]]]] = {
    "vaults": _vaults,
    "plans": _plans,
    "restore_testing_plans": _restore_testing_plans,
    "frameworks": _frameworks,
    "opt_ins": _opt_ins,
}


def _answer(call: Callable[..., Any], **request: Any) -> dict[str, Any]:
    answer = _PATIENCE.call(call, **request)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
