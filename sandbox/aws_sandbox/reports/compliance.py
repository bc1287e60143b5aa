"""Rows of the two compliance reports: each control of a framework over the same resources."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from aws_sandbox.reports.draws import Draws
from aws_sandbox.reports.inventory import Resource, resources
from aws_sandbox.reports.jobs import Profile, Row, Window
from aws_sandbox.reports.organization import Account, Organization


@dataclass(frozen=True, kw_only=True)
class Control:
    """A control of Backup Audit Manager, by the name that CreateFramework takes."""

    name: str
    daily: bool
    """Evaluated every 24 hours; else when a configuration changes."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    failing: float
    """The share of resources that do not comply."""


_CONTROLS: Sequence[Control] = (
    Control(name="BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN", daily=True, failing=0.02),
    Control(
        name="BACKUP_LAST_RECOVERY_POINT_CREATED",
        daily=True,
        parameters={"recoveryPointAgeUnit": "days", "recoveryPointAgeValue": "1"},
        failing=0.06,
    ),
    Control(
        name="BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION",
        daily=True,
        parameters={"crossRegionList": "eu-north-1,eu-west-1"},
        failing=0.1,
    ),
    Control(
        name="BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK",
        daily=True,
        parameters={"minRetentionDays": "7", "maxRetentionDays": "365"},
        failing=0.08,
    ),
    Control(
        name="BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
        daily=False,
        parameters={"requiredRetentionDays": "35"},
        failing=0.04,
    ),
    Control(name="BACKUP_RECOVERY_POINT_ENCRYPTED", daily=False, failing=0.0),
)


def control_rows(organization: Organization, profile: Profile, window: Window) -> Iterator[Row]:
    for account in organization.accounts:
        for region in organization.regions:
            for control in _CONTROLS:
                verdicts = [
                    _complies(control, resource, window.end.date())
                    for resource in resources(profile.seed, account, region, profile.jobs_per_day)
                ]
                yield {
                    **_framework(account, region, control),
                    "controlComplianceStatus": _status(complies=all(verdicts)),
                    "lastEvaluationTime": _evaluated(profile, account, region, control, window.end),
                    "numResourcesCompliant": str(sum(verdicts)),
                    "numResourcesNonCompliant": str(len(verdicts) - sum(verdicts)),
                    "controlFrequency": "TwentyFour_Hours" if control.daily else "",
                    "controlScope": "EBS, EC2, RDS, Aurora, DynamoDB, EFS, S3, CloudFormation",
                    "controlParameters": (
                        json.dumps(dict(control.parameters)) if control.parameters else ""
                    ),
                }


def resource_rows(organization: Organization, profile: Profile, window: Window) -> Iterator[Row]:
    for account in organization.accounts:
        for region in organization.regions:
            for control in _CONTROLS:
                evaluated = _evaluated(profile, account, region, control, window.end)
                framework = _framework(account, region, control)
                for resource in resources(profile.seed, account, region, profile.jobs_per_day):
                    complies = _complies(control, resource, window.end.date())
                    kind = resource.kind.config_type
                    yield {
                        **framework,
                        "resourceId": f"{kind}/{resource.arn.rsplit(':', 1)[1].split('/')[-1]}",
                        "resourceType": kind,
                        "resourceComplianceStatus": _status(complies=complies),
                        "lastEvaluationTime": evaluated,
                    }


def _framework(account: Account, region: str, control: Control) -> Row:
    return {
        "pathToRoot": account.path_to_root,
        "accountId": account.id,
        "region": region,
        "frameworkName": "organization_standard",
        "frameworkDescription": 'What "protected" means here: plan, lock, copy, retention',
        "controlName": control.name,
    }


def _complies(control: Control, resource: Resource, day: date) -> bool:
    """A weak resource breaks a control for stretches of ten days, and complies between them."""
    weak = Draws(f"{resource.key}/{control.name}").share(0) < control.failing
    return not (weak and Draws(f"{resource.key}/{day.toordinal() // 10}").share(0) < 0.7)


def _status(*, complies: bool) -> str:
    return "COMPLIANT" if complies else "NON_COMPLIANT"


def _evaluated(
    profile: Profile, account: Account, region: str, control: Control, end: datetime
) -> str:
    key = f"{profile.seed}/{account.id}/{region}/{control.name}/{end.date()}"
    seconds = Draws(key).share(0) * 86400
    return f"{end - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
