"""Clients of AWS's APIs in a customer's accounts, by the read role that each of these has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, TypedDict

from botocore.config import Config

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_backup import BackupClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_s3 import S3Client

_SESSION = "backup-org-report"
_MARGIN = timedelta(minutes=16)
"""Longer than a function may run, so that credentials outlive the work they are taken for."""
_PATIENT = Config(retries={"mode": "adaptive", "total_max_attempts": 8})


class _Keys(TypedDict):
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str


class MemberClients:
    """Assumes a role once an account, while its session lasts; may be shared by threads."""

    def __init__(self, session: boto3.Session, role: str) -> None:
        self._session = session
        self._role = role
        self._sts = session.client("sts", config=_PATIENT)
        self._partition = session.get_partition_for_region(self._sts.meta.region_name)
        self._known: dict[str, tuple[_Keys, datetime]] = {}
        """By account, with their end."""
        self._making = Lock()  # a boto3 session makes one client at a time

    def backup(self, account: str, region: str) -> BackupClient:
        keys = self._keys(account)
        with self._making:
            return self._session.client("backup", region_name=region, config=_PATIENT, **keys)

    def tagging(self, account: str, region: str) -> ResourceGroupsTaggingAPIClient:
        keys = self._keys(account)
        with self._making:
            return self._session.client(
                "resourcegroupstaggingapi", region_name=region, config=_PATIENT, **keys
            )

    def s3(self, account: str) -> S3Client:
        keys = self._keys(account)
        with self._making:
            return self._session.client("s3", config=_PATIENT, **keys)

    def _keys(self, account: str) -> _Keys:
        keys, end = self._known.get(account, (None, datetime.now(UTC)))
        if keys is not None and end - datetime.now(UTC) > _MARGIN:
            return keys
        given = self._sts.assume_role(
            RoleArn=f"arn:{self._partition}:iam::{account}:role/{self._role}",
            RoleSessionName=_SESSION,
        )["Credentials"]
        keys = _Keys(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        self._known[account] = keys, given["Expiration"]
        return keys
