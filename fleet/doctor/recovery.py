"""Whether restores of what plans back up are tested, and whether AWS Config records what frameworks
go by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from fleet.doctor.findings import Answer, Finding, looked_up, unanswered
from stacks.framework_controls import framework_regions
from stacks.load import Settings

RECORDED = (
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupSelection",
    "AWS::Backup::BackupVault",
    "AWS::Backup::RecoveryPoint",
    "AWS::Config::ResourceCompliance",
)
"""https://docs.aws.amazon.com/aws-backup/latest/devguide/turning-on-resource-tracking.html and, of
the last, AWS's samples of frameworks."""
_COST = (
    "each change of them is a configuration item, an estimated 0.003 USD (periodic recording: "
    "0.012; third parties' word of aws.amazon.com/config/pricing, June 2026), and each evaluation "
    "of a control costs as aws.amazon.com/backup/pricing says"
)


def restore_tests(settings: Settings, session: boto3.Session) -> Iterator[Finding]:
    """In each Region with plans: vaults that they fill, and no restore testing plan takes from.
    Where settings test no restores at all, that is told and needs no cure."""
    for region in settings.protected_regions:
        filled = {
            vault
            for name, plan in settings.plans.items()
            if region in settings.plan_regions(name)
            for vault in (settings.vault_of(name), plan.air_gapped_vault)
            if vault is not None
        }
        if not filled:
            continue
        about = f"restore tests in {region}"
        try:
            tested = _tested(session.client("backup", region_name=region))
        except (BotoCoreError, ClientError) as error:
            yield unanswered(about, error)
            continue
        arns = f"arn:{settings.partition}:backup:{region}:{settings.account}:backup-vault:"
        missing = sorted(v for v in filled if not {"*", f"{arns}{v}"} & tested)
        cure = f"have a restore testing plan take from {', '.join(missing)} (docs/restore-tests.md)"
        if not missing:
            yield Finding(about=about, found="of each vault that plans fill")
        elif settings.restore_testing:
            yield Finding(about=about, found=f"none of {', '.join(missing)}", cure=cure)
        else:
            yield Finding(about=about, found=f"none of {', '.join(missing)}", needs=[cure])


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


def configuration_recorders(settings: Settings, session: boto3.Session) -> Iterator[Finding]:
    """In each Region with a framework: without AWS Config its controls evaluate nothing."""
    regions = {r for name in settings.frameworks for r in framework_regions(settings, name)}
    for region in sorted(regions):
        config = session.client("config", region_name=region)
        yield looked_up(
            f"AWS Config in {region}, for frameworks",
            lambda config=config, region=region: _recorder(config, region, settings),
        )


def _recorder(config: Any, region: str, settings: Settings) -> Answer:
    recorders = config.describe_configuration_recorders()["ConfigurationRecorders"]
    own = f"arn:{settings.partition}:iam::{settings.account}:role/aws-service-role"
    if not recorders:
        recorder = {
            "name": "default",
            "roleARN": f"{own}/config.amazonaws.com/AWSServiceRoleForConfig",
        }
        return f"has no recorder; {_COST}", _put(region, recorder, _widened({}, [*RECORDED]))
    recorder = recorders[0]
    name, group = recorder["name"], recorder["recordingGroup"]
    missing = [kind for kind in RECORDED if not _records(group, kind)]
    if missing:
        kept = {key: recorder[key] for key in ("name", "roleARN")}
        cure = _put(region, kept, _widened(group, missing))
        return f"does not record {', '.join(missing)}; {_COST}", cure
    statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    if not any(status["name"] == name and status["recording"] for status in statuses):
        start = f"aws configservice start-configuration-recorder --region {region}"
        return f"the recorder is stopped; {_COST}", f"{start} --configuration-recorder-name {name}"
    return f"records what they go by; {_COST}", ""


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


def _put(region: str, recorder: Mapping[str, str], group: Mapping[str, Any]) -> str:
    """A new recorder needs a delivery channel too, and to be started: the page says how."""
    document = json.dumps({**recorder, "recordingGroup": group})
    return (
        f"aws configservice put-configuration-recorder --region {region} "
        f"--configuration-recorder '{document}' (docs/frameworks.md, AWS Config)"
    )
