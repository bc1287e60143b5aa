"""Pre-signed links to reports, whose promised end is true.

A link lives until its own time is over or the credentials that signed it end, whichever is first:
so they are taken for it, and what is promised is no longer than they last.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.config import Config

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

_LONGEST_SESSION = 3600
"""Seconds. A function that assumes a role chains roles, whose sessions STS ends after an hour: it
refuses to make a longer one."""
_SHORTEST_SESSION = 900
_MARGIN = timedelta(minutes=1)
"""Between a link's promised end and that of its session, for clocks that differ."""


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Credentials that sign links."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    ends_at: datetime | None
    """None: a user's key, which lasts until it is rotated."""


@dataclass(frozen=True, kw_only=True)
class Link:
    url: str
    expires_at: datetime


class NoSigner(Exception):
    """The secret does not hold a key; says what it should hold."""


def session_signer(sts: STSClient, role_arn: str, wanted_seconds: int) -> Signer:
    """A session as short as the link allows."""
    seconds = wanted_seconds + int(_MARGIN.total_seconds())
    given = sts.assume_role(
        RoleArn=role_arn,
        RoleSessionName="backup-report-link",
        DurationSeconds=min(_LONGEST_SESSION, max(_SHORTEST_SESSION, seconds)),
    )["Credentials"]
    return Signer(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
        ends_at=given["Expiration"],
    )


def user_signer(secrets: SecretsManagerClient, secret: str) -> Signer:
    """Of the key that a secret holds. Raises NoSigner, without saying what it holds instead."""
    text = secrets.get_secret_value(SecretId=secret).get("SecretString", "")
    try:
        key = json.loads(text)
        return Signer(
            access_key_id=str(key["access_key_id"]),
            secret_access_key=str(key["secret_access_key"]),
            session_token=None,
            ends_at=None,
        )
    except (ValueError, TypeError, KeyError):
        raise NoSigner(
            f"the secret {secret} is no JSON object of access_key_id and secret_access_key; see "
            "docs/scheduled-reports.md"
        ) from None


def signed(
    session: boto3.Session,
    signer: Signer,
    *,
    bucket: str,
    key: str,
    wanted_seconds: int,
    now: datetime,
) -> Link:
    """A link that shows the page in a browser; `session` says of which Region the bucket is."""
    seconds = wanted_seconds
    if signer.ends_at is not None:
        left = signer.ends_at - _MARGIN - now
        seconds = min(seconds, int(left.total_seconds()))
    s3 = session.client(
        "s3",
        aws_access_key_id=signer.access_key_id,
        aws_secret_access_key=signer.secret_access_key,
        aws_session_token=signer.session_token,
        # The Region's own endpoint: a redirect from the global one would break the signature.
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    url = s3.generate_presigned_url(
        "get_object",
        Params={
            "Bucket": bucket,
            "Key": key,
            "ResponseContentDisposition": "inline",
            "ResponseContentType": "text/html; charset=utf-8",
        },
        ExpiresIn=seconds,
    )
    expires_at = now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    return Link(url=url, expires_at=expires_at)
