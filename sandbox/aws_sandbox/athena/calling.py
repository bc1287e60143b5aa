"""Who runs a query, and the clients with that identity."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from botocore.config import Config

from aws_sandbox.boto import boto_session

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

_RETRIES = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
_KEPT = 32


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The credentials that a request carried: Athena reads tables and writes results with them."""

    account: str
    """12 digits."""
    region: str
    access_key_id: str
    session_token: str
    endpoint: str
    """Where the request came in, which is where S3 and Glue are."""


Sessions = Callable[[Caller], "Session"]


def as_caller(caller: Caller) -> "Session":
    """A session with the caller's own credentials; the sandbox checks no signatures."""
    return boto_session(
        caller.endpoint,
        caller.region,
        access_key_id=caller.access_key_id,
        secret_access_key="unused",  # noqa: S106
        session_token=caller.session_token or None,
    )


class Clients:
    """Clients with a caller's identity; making one takes longer than most queries."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = lru_cache(maxsize=_KEPT)(sessions)
        self.s3 = lru_cache(maxsize=_KEPT)(self._s3)
        self.glue = lru_cache(maxsize=_KEPT)(self._glue)

    def _s3(self, caller: Caller) -> "S3Client":
        return self._sessions(caller).client("s3", config=_RETRIES)

    def _glue(self, caller: Caller) -> "GlueClient":
        return self._sessions(caller).client("glue", config=_RETRIES)
