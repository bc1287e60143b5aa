"""Asks AWS of what was restored, by its type, and the customer's own checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from botocore.config import Config
from botocore.exceptions import ClientError

from handlers.check_restore import core, judging
from handlers.check_restore.core import Finding, RestoreJob, Unjudgeable

if TYPE_CHECKING:
    import boto3

T = TypeVar("T")

OWN_CHECK_SECONDS = 240
"""How long a customer's own check may take; less than this function may run."""
_PAGES = 5
"""Of a table, 1 MB each, that are counted."""
_OBJECTS = 5
"""Of a bucket that are read."""
_SNAPSHOT = ":snapshot"


class Looker:
    """In the account and Region of its session."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self._types: Mapping[str, Callable[[RestoreJob], Finding]] = {
            "Aurora": self._database,
            "DocumentDB": self._database,
            "DynamoDB": self._table,
            "EBS": self._volume,
            "EC2": self._instance,
            "EFS": self._elastic_file_system,
            "FSx": self._fsx,
            "Neptune": self._database,
            "RDS": self._database,
            "S3": self._bucket,
        }

    def look(self, job: RestoreJob, check: str = "") -> Finding:
        """What a check of the customer's own, or else of the type's, finds; raises AWS's error
        where another try may end otherwise."""
        if not job.created_resource_arn:
            return Unjudgeable("AWS Backup does not tell what it restored")
        try:
            if check:
                return self._own(check, job)
            if look := self._types.get(job.resource_type):
                return look(job)
        except ClientError as error:
            if finding := core.unjudgeable_error(_code(error), str(error)):
                return finding
            raise
        return Unjudgeable(f"nothing here checks what is restored of {job.resource_type}")

    def _own(self, check: str, job: RestoreJob) -> Finding:
        client = self._session.client(
            "lambda",
            config=Config(read_timeout=OWN_CHECK_SECONDS, retries={"total_max_attempts": 1}),
        )
        answer = client.invoke(FunctionName=check, Payload=json.dumps(job.request()))
        payload = answer["Payload"].read().decode(errors="replace")
        return core.own_finding(check, payload, answer.get("FunctionError", ""))

    def _instance(self, job: RestoreJob) -> Finding:
        ec2, ids = self._session.client("ec2"), [job.created_id]
        reservations = ec2.describe_instances(InstanceIds=ids)["Reservations"]
        found = [one for each in reservations for one in each.get("Instances", ())]
        statuses = ec2.describe_instance_status(InstanceIds=ids)["InstanceStatuses"]
        return judging.instance(found[0], statuses[0] if statuses else {})

    def _volume(self, job: RestoreJob) -> Finding:
        ec2 = self._session.client("ec2")
        found = ec2.describe_volumes(VolumeIds=[job.created_id])["Volumes"][0]
        _, snapshot, name = job.recovery_point_arn.partition(f"{_SNAPSHOT}/")
        snapshots = (
            _seen(lambda: ec2.describe_snapshots(SnapshotIds=[name])["Snapshots"])
            if snapshot
            else []
        )
        return judging.volume(found, snapshots[0] if snapshots else None)

    def _database(self, job: RestoreJob) -> Finding:
        """RDS's API tells of Aurora's, DocumentDB's and Neptune's clusters too, and AWS Backup
        calls a Multi-AZ cluster RDS."""
        rds, name = self._session.client("rds"), job.created_id
        if ":cluster:" in job.created_resource_arn:
            return judging.cluster(
                rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
            )
        found = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        _, snapshot, point = job.recovery_point_arn.partition(f"{_SNAPSHOT}:")
        snapshots = (
            _seen(lambda: rds.describe_db_snapshots(DBSnapshotIdentifier=point)["DBSnapshots"])
            if snapshot
            else []
        )
        return judging.database(found, snapshots[0] if snapshots else None)

    def _table(self, job: RestoreJob) -> Finding:
        found = self._session.client("dynamodb").describe_table(TableName=job.created_id)["Table"]
        return judging.table(found, lambda: self._count(job.created_id), job)

    def _count(self, table: str) -> tuple[int, bool]:
        """DescribeTable's own count is some six hours old, so items are counted: the first
        ones, as reading all of a table costs what reading it costs."""
        paginator = self._session.client("dynamodb").get_paginator("scan")
        pages = [*islice(paginator.paginate(TableName=table, Select="COUNT"), _PAGES)]
        return sum(page["Count"] for page in pages), "LastEvaluatedKey" not in pages[-1]

    def _bucket(self, job: RestoreJob) -> Finding:
        s3, bucket = self._session.client("s3"), job.created_id
        found = s3.list_objects_v2(Bucket=bucket, MaxKeys=_OBJECTS).get("Contents", [])
        keys = [entry["Key"] for entry in found if "Key" in entry]
        for key in keys:
            s3.head_object(Bucket=bucket, Key=key)
        return judging.bucket(keys, job)

    def _elastic_file_system(self, job: RestoreJob) -> Finding:
        efs = self._session.client("efs")
        found = efs.describe_file_systems(FileSystemId=job.created_id)["FileSystems"][0]
        return judging.elastic_file_system(found, job)

    def _fsx(self, job: RestoreJob) -> Finding:
        """Of ONTAP and OpenZFS a volume may be what is restored."""
        fsx, name = self._session.client("fsx"), job.created_id
        if name.startswith("fsvol-"):
            return judging.fsx(fsx.describe_volumes(VolumeIds=[name])["Volumes"][0])
        return judging.fsx(fsx.describe_file_systems(FileSystemIds=[name])["FileSystems"][0])


def _seen(describe: Callable[[], list[T]]) -> list[T]:
    """Snapshots: nothing where they are gone, or another account's."""
    try:
        return describe()
    except ClientError as error:
        if core.unjudgeable_error(_code(error), ""):
            return []
        raise


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
