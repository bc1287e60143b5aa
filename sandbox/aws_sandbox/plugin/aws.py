"""The AWS that the plugin speaks to, as one identity, and never off this machine."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

import botocore.session
from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from aws_sandbox.plugin.constraints import LOADER

LOCAL_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
ABSENT: Final = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist|^404$")
"""How AWS's services spell, in an error's code, that a thing is not there."""
ABSENT_FROM_ATHENA: Final = re.compile(r"not found|Does Not Exist")
"""How Athena says it, in the message of an error of no kind."""
CONFIG: Final = Config(
    max_pool_connections=32, retries={"total_max_attempts": 2, "mode": "standard"}
)
"""As many connections as the plugin has threads."""


class AwsError(Exception):
    """AWS refused a call; the text names the operation, the error's code and its message."""


class AbsentError(AwsError):
    """What a call is about does not exist."""


class PageSource(Protocol):
    """An operation that answers page by page."""

    def paginate(self, **parameters: Any) -> Iterator[dict[str, Any]]: ...


def local_endpoint(environment: Mapping[str, str]) -> str:
    """The endpoint in the environment; ValueError if there is none or it is not on this machine."""
    endpoint = environment.get("AWS_ENDPOINT_URL", "")
    if urlsplit(endpoint).hostname not in LOCAL_HOSTS:
        found = f"it is {endpoint!r}" if endpoint else "it is not set"
        raise ValueError(
            "the sandbox's stand-in for the aws plugin speaks only to an AWS on this machine: "
            f"AWS_ENDPOINT_URL must name 127.0.0.1 or localhost, and {found}. Start the sandbox "
            "and use its endpoint, or install the official plugin to deploy to AWS"
        )
    return endpoint


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """An access key and, for an assumed role, its session's token."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Aws:
    """One identity at one endpoint; threads share its clients, made when first needed."""

    endpoint: str
    region: str
    credentials: Credentials
    _clients: dict[tuple[str, str], BaseClient] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def api(self, service: str, region: str | None = None) -> Api:
        """The API of a service, in the provider's Region if no other is given."""
        return Api(aws=self, service=service, region=region or self.region)

    def client(self, service: str, region: str) -> BaseClient:
        """The service's client in a Region."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._session.create_client(
                    service, region_name=region, endpoint_url=self.endpoint, config=CONFIG
                )
            return self._clients[key]

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Who calls, as GetCallerIdentity answers: Account, Arn, UserId."""
        return self.api("sts")("GetCallerIdentity")

    def assuming(self, **parameters: Any) -> Aws:
        """The AWS seen in an assumed role; the parameters are those of AssumeRole."""
        session = self.api("sts")("AssumeRole", **parameters)["Credentials"]
        credentials = Credentials(
            access_key=session["AccessKeyId"],
            secret_key=session["SecretAccessKey"],
            token=session["SessionToken"],
        )
        return Aws(endpoint=self.endpoint, region=self.region, credentials=credentials)

    @cached_property
    def _session(self) -> botocore.session.Session:
        session = botocore.session.Session()
        session.register_component("data_loader", LOADER)
        keys = self.credentials
        session.set_credentials(keys.access_key, keys.secret_key, keys.token)
        return session


@dataclass(frozen=True, kw_only=True)
class Api:
    """One service in one Region: `api("CreateBackupVault", …)` calls an operation."""

    aws: Aws
    service: str
    region: str

    def __call__(self, operation: str, **parameters: Any) -> Any:
        """The operation's answer; AbsentError or AwsError if AWS refuses."""
        with _translated(operation):
            return getattr(self._client, xform_name(operation))(**parameters)

    def pages(self, operation: str, items: str, **parameters: Any) -> Iterator[Any]:
        """The items of all pages of an operation's answer."""
        with _translated(operation):
            source = cast("PageSource", self._client.get_paginator(xform_name(operation)))
            for page in source.paginate(**parameters):
                yield from page.get(items, [])

    @property
    def account(self) -> str:
        """The account that the credentials belong to, 12 digits."""
        return self.aws.identity["Account"]

    def arn(self, resource: str) -> str:
        """The ARN of a resource of the service in this account and Region."""
        return f"arn:aws:{self.service}:{self.region}:{self.account}:{resource}"

    @property
    def _client(self) -> BaseClient:
        return self.aws.client(self.service, self.region)


@contextmanager
def _translated(operation: str) -> Generator[None]:
    """Turns botocore's errors into AwsError or AbsentError."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        code, message = details.get("Code", "Unknown"), details.get("Message", "")
        told = code == "InvalidRequestException" and ABSENT_FROM_ATHENA.search(message)
        refusal = AbsentError if told or ABSENT.search(code) else AwsError
        raise refusal(f"{operation}: {code}: {message}") from error
    except BotoCoreError as error:
        raise AwsError(f"{operation}: {error}") from error
