"""Clients of AWS's APIs in a customer's accounts, by the read role that each of these has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from botocore.config import Config

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_backup import BackupClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_s3 import S3Client

_SESSION = "backup-org-report"
_MARGIN = timedelta(minutes=16)
"""Longer than a function may run, so that credentials outlive the work they are taken for."""
_CLIENTS_KEPT = 64
"""One takes up to a megabyte, and an organization may have thousands of places."""
_PATIENT = Config(retries={"mode": "adaptive", "total_max_attempts": 8})


Service = Literal["backup", "resourcegroupstaggingapi", "s3"]


class _Keys(TypedDict):
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str


class MemberClients:
    """Assumes a role once an account, while its session lasts, and makes a client once for it; may
    be shared by threads."""

    def __init__(
        self,
        session: boto3.Session,
        role: str,
        *,
        session_name: str = _SESSION,
        config: Config = _PATIENT,
    ) -> None:
        self._session = session
        self._role = role
        self._session_name = session_name
        self._config = config
        self._sts = session.client("sts", config=config)
        self._partition = session.get_partition_for_region(self._sts.meta.region_name)
        self._known: dict[str, tuple[_Keys, datetime]] = {}
        """By account, with their end."""
        self._clients: dict[tuple[str, str, str], tuple[str, Any]] = {}
        """By service, account and Region, with the key that they sign with."""
        self._making = Lock()  # a boto3 session makes one client at a time

    def backup(self, account: str, region: str) -> BackupClient:
        return self._client("backup", account, region)

    def tagging(self, account: str, region: str) -> ResourceGroupsTaggingAPIClient:
        return self._client("resourcegroupstaggingapi", account, region)

    def s3(self, account: str) -> S3Client:
        return self._client("s3", account, self._sts.meta.region_name)

    def _client(self, service: Service, account: str, region: str) -> Any:
        keys = self._keys(account)
        with self._making:
            signed, client = self._clients.get((service, account, region), ("", None))
            if signed != keys["aws_access_key_id"]:
                client = self._session.client(
                    service, region_name=region, config=self._config, **keys
                )
                if len(self._clients) >= _CLIENTS_KEPT:
                    del self._clients[next(iter(self._clients))]
                self._clients[service, account, region] = keys["aws_access_key_id"], client
        return client

    def _keys(self, account: str) -> _Keys:
        keys, end = self._known.get(account, (None, datetime.now(UTC)))
        if keys is not None and end - datetime.now(UTC) > _MARGIN:
            return keys
        given = self._sts.assume_role(
            RoleArn=f"arn:{self._partition}:iam::{account}:role/{self._role}",
            RoleSessionName=self._session_name,
        )["Credentials"]
        keys = _Keys(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        self._known[account] = keys, given["Expiration"]
        return keys
