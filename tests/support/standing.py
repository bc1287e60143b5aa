"""What stands in an account of a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from fleet.sandbox.stage import Stage

_KEPT = {
    "AWSServiceRoleForBackup",
    "AWSServiceRoleForBackupReports",
    "OrganizationAccountAccessRole",
}


def resources_in(stage: Stage, account: str) -> dict[str, list[str]]:
    """What an account has, by kind and Region, without what AWS itself puts there.

    A deleted key is pending for 30 days, and AWSServiceRoleForBackupReports is kept on purpose.
    """
    found: dict[str, list[str]] = {}
    for region in ("eu-central-1", "eu-west-1"):
        session = stage.sandbox.session(account, region)
        for kind, names in _everything(session).items():
            if names:
                found[f"{region} {kind}"] = sorted(names)
    return found


def _everything(session: boto3.Session) -> Mapping[str, list[Any]]:
    backup, glue, kms = session.client("backup"), session.client("glue"), session.client("kms")
    keys = [
        kms.describe_key(KeyId=key.get("KeyId", ""))["KeyMetadata"]
        for key in kms.list_keys()["Keys"]
    ]
    buses = session.client("events").list_event_buses()["EventBuses"]
    return {
        "vaults": [
            v.get("BackupVaultName") for v in backup.list_backup_vaults()["BackupVaultList"]
        ],
        "plans": [p.get("BackupPlanName") for p in backup.list_backup_plans()["BackupPlansList"]],
        "restore testing plans": [
            p.get("RestoreTestingPlanName")
            for p in backup.list_restore_testing_plans()["RestoreTestingPlans"]
        ],
        "report plans": [
            p.get("ReportPlanName") for p in backup.list_report_plans()["ReportPlans"]
        ],
        "buckets": [b.get("Name") for b in session.client("s3").list_buckets()["Buckets"]],
        "keys": [
            k["KeyId"]
            for k in keys
            if k.get("KeyManager") == "CUSTOMER" and k.get("KeyState") == "Enabled"
        ],
        "databases": [d["Name"] for d in glue.get_databases()["DatabaseList"]],
        "functions": [
            f.get("FunctionName") for f in session.client("lambda").list_functions()["Functions"]
        ],
        "layers": [
            layer.get("LayerName") for layer in session.client("lambda").list_layers()["Layers"]
        ],
        "mappings": [
            m.get("UUID")
            for m in session.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        ],
        "queues": session.client("sqs").list_queues().get("QueueUrls", []),
        "topics": [t.get("TopicArn") for t in session.client("sns").list_topics()["Topics"]],
        "buses": [bus.get("Name") for bus in buses if bus.get("Name") != "default"],
        "rules": [
            rule.get("Name")
            for bus in buses
            for rule in session.client("events").list_rules(EventBusName=bus.get("Name", ""))[
                "Rules"
            ]
        ],
        "alarms": [
            a.get("AlarmName")
            for a in session.client("cloudwatch").describe_alarms()["MetricAlarms"]
        ],
        "log groups": [
            g.get("logGroupName") for g in session.client("logs").describe_log_groups()["logGroups"]
        ],
        "tables": session.client("dynamodb").list_tables()["TableNames"],
        "roles": [
            r["RoleName"]
            for r in session.client("iam").list_roles()["Roles"]
            if r["RoleName"] not in _KEPT
        ],
        "workgroups": [
            w.get("Name")
            for w in session.client("athena").list_work_groups()["WorkGroups"]
            if w.get("Name") != "primary"
        ],
    }
