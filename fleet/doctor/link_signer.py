"""The key with which a user signs links to reports: whether there is one, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3

from fleet.doctor.findings import Answer, Finding, looked_up, secret
from stacks import names
from stacks.settings import CentralSettings

_OLD = timedelta(days=90)
_ROTATE = "rotate it: see docs/scheduled-reports.md, The link"


def link_signer(settings: CentralSettings, session: boto3.Session) -> Iterator[Finding]:
    if settings.reports_mail is None or settings.reports_mail.link.secret is None:
        return
    user = names.link_role(settings)
    example = '{"access_key_id": "…", "secret_access_key": "…"}'
    yield secret(settings.reports_mail.link.secret, session, example)
    yield looked_up(f"the key of {user}", lambda: _key(user, session, datetime.now(UTC)))


def _key(user: str, session: boto3.Session, now: datetime) -> Answer:
    """The oldest that is active: a second one is there while they are rotated."""
    iam = session.client("iam")
    try:
        keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    except iam.exceptions.NoSuchEntityException:
        return "there is no such user yet", "deploy the stack, then make its key"
    ages = [
        now - key["CreateDate"]
        for key in keys
        if key.get("Status") == "Active" and "CreateDate" in key
    ]
    if not ages:
        return "has none", f"aws iam create-access-key --user-name {user}"
    days = max(ages).days
    return f"is {days} days old", _ROTATE if max(ages) > _OLD else ""
