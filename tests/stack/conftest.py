"""What tests ask of a recorded stack with reports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from reports.plans import Plan, plans_of
from tests.support.recorder import Recorded, Recording

PLAN, TABLE = "aws:backup/reportPlan:ReportPlan", "aws:glue/catalogTable:CatalogTable"
NAMED_QUERY = "aws:athena/namedQuery:NamedQuery"
RULE = "aws:cloudwatch/eventRule:EventRule"
ON_A_BUCKET = (
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketNotification:BucketNotification",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "aws:s3/bucketLogging:BucketLogging",
)


def buckets(recording: Recording) -> list[str]:
    return sorted(b.inputs["bucket"] for b in recording.all("aws:s3/bucket:Bucket"))


def plans(recording: Recording) -> Mapping[str, Recorded]:
    return {plan.inputs["name"]: plan for plan in recording.all(PLAN)}


def scope(plan: Recorded) -> Mapping[str, Any]:
    setting = plan.inputs["reportSetting"]
    return {name: setting.get(name) for name in ("accounts", "organizationUnits", "regions")}


def functions(recording: Recording) -> Sequence[str]:
    found = recording.all("aws:lambda/function:Function")
    return sorted(function.inputs["name"] for function in found)


def handed_over(recording: Recording, function: str = "partitions") -> Mapping[str, Plan]:
    """The report plans as a function reads them."""
    (found,) = [
        f
        for f in recording.all("aws:lambda/function:Function")
        if f.inputs["name"] == f"acme-backup-reports-{function}"
    ]
    return plans_of(json.loads(found.inputs["environment"]["variables"]["REPORT_PLANS"]))


def table(recording: Recording, name: str) -> Mapping[str, Any]:
    (found,) = [t for t in recording.all(TABLE) if t.inputs["name"] == name]
    return found.inputs


def columns(recording: Recording, name: str) -> list[str]:
    return [c["name"] for c in table(recording, name)["storageDescriptor"]["columns"]]


def statements(recording: Recording, role: str) -> dict[str, Mapping[str, Any]]:
    """The statements of a role's own policy by their Sid."""
    (policy,) = [
        p for p in recording.all("aws:iam/rolePolicy:RolePolicy") if p.inputs["name"] == role
    ]
    return {s["Sid"]: s for s in json.loads(policy.inputs["policy"])["Statement"]}
