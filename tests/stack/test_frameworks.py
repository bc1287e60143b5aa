"""Audit frameworks as AWS Backup gets them, and the reports that name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stacks.framework_settings import Controls
from tests.support.proof_variants import FRAMEWORKS, with_proof
from tests.support.report_variants import recorded

FRAMEWORK = "aws:backup/framework:Framework"


def controls(name: str) -> Mapping[str, Mapping[str, Any]]:
    (found,) = [f for f in with_proof().all(FRAMEWORK) if f.inputs["name"] == name]
    return {control["name"]: control for control in found.inputs["controls"]}


def parameters(control: Mapping[str, Any]) -> Mapping[str, str]:
    return {each["name"]: each["value"] for each in control.get("inputParameters", [])}


def test_a_framework_has_the_controls_that_are_written_with_their_parameters() -> None:
    made = controls("acme_all")
    assert made.keys() == {Controls.AWS_NAMES[name] for name in FRAMEWORKS["all"]["controls"]}
    assert made.keys() == {*Controls.AWS_NAMES.values()}
    found = {name: parameters(control) for name, control in made.items()}
    assert found["BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK"] == {
        "requiredFrequencyUnit": "hours",
        "requiredFrequencyValue": "12",
        "requiredRetentionDays": "30",
    }
    assert found["RESOURCES_IN_LOGICALLY_AIR_GAPPED_VAULT"] == {
        "recoveryPointAgeUnit": "days",
        "recoveryPointAgeValue": "14",
    }
    assert found["RESTORE_TIME_FOR_RESOURCES_MEET_TARGET"] == {"maxRestoreTime": "240"}
    assert found["BACKUP_RECOVERY_POINT_ENCRYPTED"] == {}


def test_a_control_looks_at_types_or_one_tag_or_one_resource() -> None:
    scopes = {name: control.get("scope") for name, control in controls("acme_all").items()}
    assert scopes["BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN"] == {
        "complianceResourceTypes": ["EBS", "EC2"]
    }
    assert scopes["BACKUP_RECOVERY_POINT_ENCRYPTED"] == {"tags": {"stage": "prod"}}
    assert scopes["BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED"] == {
        "complianceResourceTypes": ["AWS::Backup::BackupVault"],
        "complianceResourceIds": ["standard"],
    }
    assert scopes["BACKUP_LAST_RECOVERY_POINT_CREATED"] is None


def test_a_framework_without_controls_has_those_of_what_the_stack_has() -> None:
    assert controls("acme_derived").keys() == {
        "BACKUP_LAST_RECOVERY_POINT_CREATED",
        "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK",
        "BACKUP_RECOVERY_POINT_ENCRYPTED",
        "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
        "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK",
        "RESTORE_TIME_FOR_RESOURCES_MEET_TARGET",
    }
    restored = controls("acme_derived")["RESTORE_TIME_FOR_RESOURCES_MEET_TARGET"]
    assert restored["scope"] == {"complianceResourceTypes": ["DynamoDB", "EBS", "EC2"]}


def test_a_compliance_report_on_this_account_and_region_names_the_stacks_frameworks() -> None:
    made = recorded("own plans")
    (framework,) = made.all(FRAMEWORK)
    settings = {
        plan.inputs["name"]: plan.inputs["reportSetting"]
        for plan in made.all("aws:backup/reportPlan:ReportPlan")
    }
    own = settings.pop("own_controls")
    assert (own["frameworkArns"], own["numberOfFrameworks"]) == ([framework.state["arn"]], 1)
    assert not any("frameworkArns" in setting for setting in settings.values())
