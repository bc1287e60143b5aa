"""What the doctor found: one thing looked at, or that could not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError, ClientError

AwsError = BotoCoreError | ClientError
Answer = tuple[str, str]
"""What was found, and the cure; no cure where all is well."""

_REFUSED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at; `cure` is empty where all is well."""

    about: str
    found: str
    cure: str = ""
    needs: Sequence[str] = ()
    """What another account must see to, where this one can't look."""


def looked_up(about: str, look: Callable[[], Answer]) -> Finding:
    """What a look finds; that AWS gives no answer is a finding too."""
    try:
        found, cure = look()
    except (BotoCoreError, ClientError) as error:
        return unanswered(about, error)
    return Finding(about=about, found=found, cure=cure)


def secret(name: str, session: boto3.Session, example: str) -> Finding:
    """Whether a secret exists, in this account and Region; `example` is what it might hold."""

    def look() -> Answer:
        secrets = session.client("secretsmanager")
        try:
            secrets.describe_secret(SecretId=name)
        except secrets.exceptions.ResourceNotFoundException:
            cure = f"aws secretsmanager create-secret --name {name} --secret-string '{example}'"
            return "does not exist", cure
        return "exists", ""

    return looked_up(f"the secret {name}", look)


def unanswered(about: str, error: AwsError) -> Finding:
    if isinstance(error, ClientError) and code(error) in _REFUSED:
        cure = f"let the role that deploys here call {error.operation_name}"
    else:
        cure = "see to what AWS says, and ask again"
    return Finding(about=about, found=f"cannot be looked up: {error}", cure=cure)


def code(error: ClientError) -> str:
    """AWS's own, such as AccessDenied; of a HEAD it is HTTP's."""
    return error.response.get("Error", {}).get("Code", "")
