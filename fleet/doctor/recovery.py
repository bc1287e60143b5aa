"""Whether restores of what plans back up are tested, and whether AWS Config records what frameworks
go by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fleet.doctor.findings import Answer, Finding, by_hand, ill, looked_up
from fleet.doctor.stack_account import StackAccount
from stacks.framework_controls import framework_regions

_AT_ONCE = "AWS::Config::ResourceCompliance"
"""It cannot be recorded daily:
https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingMode.html"""
RECORDED = (
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupSelection",
    "AWS::Backup::BackupVault",
    "AWS::Backup::RecoveryPoint",
    _AT_ONCE,
)
"""https://docs.aws.amazon.com/aws-backup/latest/devguide/turning-on-resource-tracking.html and, of
the last, AWS's samples of frameworks."""
_COST = (
    "each change of them is a configuration item, an estimated 0.003 USD (periodic recording: "
    "0.012; third parties' word of aws.amazon.com/config/pricing, June 2026), and each evaluation "
    "of a control costs as aws.amazon.com/backup/pricing says"
)

_HOW = "a new recorder needs a delivery channel too, and to be started: docs/frameworks.md"


def restore_tests(here: StackAccount) -> Iterator[Finding]:
    """In each Region with plans: vaults that they fill, and no restore testing plan takes from.
    Where settings test no restores at all, that is told and needs no cure."""
    settings = here.settings
    for region in settings.protected_regions:
        filled = {
            vault
            for name, plan in settings.plans.items()
            if region in settings.plan_regions(name)
            for vault in (settings.vault_of(name), plan.air_gapped_vault)
            if vault is not None
        }
        if filled:
            yield looked_up(
                f"restore tests in {region}",
                lambda region=region, filled=filled: _untested(here, region, filled),
            )


def _untested(here: StackAccount, region: str, filled: set[str]) -> Answer | str:
    settings = here.settings
    tested = _tested(here.session.client("backup", region_name=region))
    arns = f"arn:{settings.partition}:backup:{region}:{settings.account}:backup-vault:"
    missing = sorted(v for v in filled if not {"*", f"{arns}{v}"} & tested)
    if not missing:
        return "of each vault that plans fill"
    found = f"none of {', '.join(missing)}"
    if settings.restore_testing and not here.is_deployed:
        return here.not_there(found)
    cure = f"have a restore testing plan take from {', '.join(missing)} (docs/restore-tests.md)"
    return (ill if settings.restore_testing else by_hand)(found, cure)


def _tested(backup: Any) -> set[str]:
    """ARNs of the vaults that restore testing plans take from; `*` stands for all."""
    found: set[str] = set()
    for page in backup.get_paginator("list_restore_testing_plans").paginate():
        for listed in page["RestoreTestingPlans"]:
            name = listed["RestoreTestingPlanName"]
            plan = backup.get_restore_testing_plan(RestoreTestingPlanName=name)
            chosen = plan["RestoreTestingPlan"]["RecoveryPointSelection"]
            found |= {*chosen["IncludeVaults"]} - {*chosen.get("ExcludeVaults", [])}
    return found


def configuration_recorders(here: StackAccount) -> Iterator[Finding]:
    """In each Region with a framework: without AWS Config its controls evaluate nothing."""
    settings = here.settings
    regions = {r for name in settings.frameworks for r in framework_regions(settings, name)}
    for region in sorted(regions):
        yield looked_up(
            f"AWS Config in {region}, for frameworks",
            lambda region=region: _recorder(here, region),
        )


def _recorder(here: StackAccount, region: str) -> Answer | str:
    config: Any = here.session.client("config", region_name=region)
    recorders = config.describe_configuration_recorders()["ConfigurationRecorders"]
    own = f"arn:{here.settings.partition}:iam::{here.settings.account}:role/aws-service-role"
    if not recorders:
        recorder = {
            "name": "default",
            "roleARN": f"{own}/config.amazonaws.com/AWSServiceRoleForConfig",
        }
        put = _put(here, region, recorder, _widened({}, [*RECORDED]))
        return ill(f"has no recorder; {_COST}", _HOW, put)
    recorder = recorders[0]
    name, group = recorder["name"], recorder["recordingGroup"]
    missing = [kind for kind in RECORDED if not _records(group, kind)]
    if missing:
        kept = {key: recorder[key] for key in ("name", "roleARN")} | _mode(recorder, missing)
        put = _put(here, region, kept, _widened(group, missing))
        return ill(f"does not record {', '.join(missing)}; {_COST}", _HOW, put)
    statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    if not any(status["name"] == name and status["recording"] for status in statuses):
        start = ("start-configuration-recorder", "--configuration-recorder-name", name)
        return ill(
            f"the recorder is stopped; {_COST}",
            "",
            here.aws("configservice", *start, region=region),
        )
    return f"records what they go by; {_COST}"


def _records(group: Mapping[str, Any], kind: str) -> bool:
    if _excludes(group):
        return kind not in group["exclusionByResourceTypes"]["resourceTypes"]
    return bool(group.get("allSupported")) or kind in group.get("resourceTypes", [])


def _excludes(group: Mapping[str, Any]) -> bool:
    """Whether it records all but the types that it names."""
    return group.get("recordingStrategy", {}).get("useOnly") == "EXCLUSION_BY_RESOURCE_TYPES"


def _widened(group: Mapping[str, Any], missing: list[str]) -> dict[str, Any]:
    """What it records already, and these types."""
    if not _excludes(group):
        return {"allSupported": False, "resourceTypes": [*group.get("resourceTypes", []), *missing]}
    excluded = group["exclusionByResourceTypes"]["resourceTypes"]
    return {
        "exclusionByResourceTypes": {"resourceTypes": sorted({*excluded} - {*missing})},
        "recordingStrategy": group["recordingStrategy"],
    }


def _mode(recorder: Mapping[str, Any], missing: list[str]) -> dict[str, Any]:
    """How often it records: as it does already, and what AWS Config takes no day for at once."""
    mode = recorder.get("recordingMode")
    if not mode:
        return {}
    if mode["recordingFrequency"] == "DAILY" and _AT_ONCE in missing:
        overrides = mode.get("recordingModeOverrides", [])
        kinds = [*(kind for each in overrides for kind in each["resourceTypes"]), _AT_ONCE]
        override = {"resourceTypes": kinds, "recordingFrequency": "CONTINUOUS"}
        mode = {**mode, "recordingModeOverrides": [override]}
    return {"recordingMode": mode}


def _put(
    here: StackAccount, region: str, recorder: Mapping[str, Any], group: Mapping[str, Any]
) -> str:
    document = json.dumps({**recorder, "recordingGroup": group})
    put = ("put-configuration-recorder", "--configuration-recorder", document)
    return here.aws("configservice", *put, region=region)
