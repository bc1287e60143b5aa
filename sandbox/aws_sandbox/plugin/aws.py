"""The AWS that the plugin speaks to, never off this machine, and the provider's configuration.

What is not supported of a configuration is refused, never ignored.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
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

from aws_sandbox.plugin.schema import LOADER
from aws_sandbox.plugin.values import UNKNOWN, Problem, Properties, Props, children

LOCAL_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
ABSENT: Final = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist|^404$|^InvalidDocument$")
"""How AWS's services spell, in an error's code, that a thing is not there."""
ABSENT_FROM_ATHENA: Final = re.compile(r"not found|Does Not Exist")
"""How Athena says it, in the message of an error of no kind."""
CONFIG: Final = Config(
    max_pool_connections=32, retries={"total_max_attempts": 2, "mode": "standard"}
)
"""As many connections as the plugin has threads."""


class CallError(Exception):
    """AWS refused a call; the text names the operation, the error's code and its message."""


class AbsentError(CallError):
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
        """The operation's answer; AbsentError or CallError if AWS refuses."""
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
    """Turns botocore's errors into CallError or AbsentError."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        code, message = details.get("Code", "Unknown"), details.get("Message", "")
        told = code == "InvalidRequestException" and ABSENT_FROM_ATHENA.search(message)
        refusal = AbsentError if told or ABSENT.search(code) else CallError
        raise refusal(f"{operation}: {code}: {message}") from error
    except BotoCoreError as error:
        raise CallError(f"{operation}: {error}") from error


SENT_BY_SDK: Final = frozenset(
    {"skipCredentialsValidation", "skipRegionValidation", "skipMetadataApiCheck"}
)
"""The SDK sends them always; they concern how the official plugin finds credentials."""
ENGINE: Final = frozenset({"version", "pluginDownloadURL", "__internal"})
KNOWN: Final = SENT_BY_SDK | ENGINE | {"region", "assumeRoles", "allowedAccountIds", "defaultTags"}
ASSUME_ROLE: Final = frozenset({"roleArn", "sessionName", "externalId", "duration"})
DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A configured provider: whom it acts as, and what it adds to resources."""

    aws: Aws
    default_tags: Mapping[str, str]
    secret_tags: bool
    """Whether the default tags are a secret."""

    @property
    def region(self) -> str:
        """The Region of resources that name none."""
        return self.aws.region


def parsed(inputs: Props) -> Props:
    """The configuration with the JSON text, in which the SDK sends all but strings, read."""
    return {key: _parsed(value) for key, value in inputs.items() if key in KNOWN - ENGINE}


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        return json.loads(value)
    return value


def configuration_problems(inputs: Props) -> Iterator[Problem]:
    """Properties that the stand-in does not have, and those that could not work."""
    for name in sorted(inputs.keys() - KNOWN):
        yield Problem(
            path=(name,),
            reason=f"the sandbox's stand-in does not support the provider's {name!r}; it takes "
            f"{', '.join(sorted(KNOWN - SENT_BY_SDK - ENGINE))}",
        )
    config = parsed(inputs)
    for index, role in children(config.get("assumeRoles")):
        yield from _role_problems(("assumeRoles", index), role)
    for index, account in children(config.get("allowedAccountIds")):
        if account is not UNKNOWN and not re.fullmatch(r"\d{12}", str(account)):
            yield Problem(
                path=("allowedAccountIds", index), reason=f"{account!r} is no 12-digit account id"
            )
    for name, _ in children(config.get("defaultTags")):
        if name != "tags":
            yield Problem(
                path=("defaultTags", name), reason="default tags are set as `tags` within"
            )


def _role_problems(path: tuple[str | int, ...], role: Any) -> Iterator[Problem]:
    for name, _ in children(role):
        if "_" in str(name):
            yield Problem(
                path=(*path, name),
                reason=f"{name!r} came untranslated: the SDK sends a plain dict as it is. "
                "Use aws.ProviderAssumeRoleArgs(role_arn=…)",
            )
        elif name not in ASSUME_ROLE:
            reason = (
                f"the sandbox's stand-in takes {', '.join(sorted(ASSUME_ROLE))} of an assumed role"
            )
            yield Problem(path=(*path, name), reason=reason)
    values = dict(children(role))
    if "roleArn" not in values and "role_arn" not in values:
        yield Problem(path=(*path, "roleArn"), reason="an assumed role needs its ARN")
    duration = values.get("duration")
    if duration is not None and duration is not UNKNOWN and _seconds(str(duration)) is None:
        yield Problem(
            path=(*path, "duration"),
            reason=f"{duration!r} is no duration of 15m to 12h, like '1h' or '90m'",
        )


def _seconds(duration: str) -> int | None:
    """A duration as Go writes it, in seconds; None unless it is AssumeRole's 900 to 43,200."""
    match = DURATION.fullmatch(duration)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    return total if 900 <= total <= 43_200 else None


def configured(properties: Properties) -> Provider:
    """The provider for a known configuration; ValueError with the cure if it cannot act."""
    config = parsed(properties.values)
    region = (
        config.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    )
    if not region:
        raise ValueError("missing Region configuration: set the provider's region, or AWS_REGION")
    aws = Aws(
        endpoint=local_endpoint(os.environ), region=str(region), credentials=_found_credentials()
    )
    for role in cast("Sequence[Props]", config.get("assumeRoles", [])):
        aws = _assumed(aws, role)
    allowed = config.get("allowedAccountIds")
    if allowed and aws.identity["Account"] not in allowed:
        raise ValueError(f"AWS account ID not allowed: {aws.identity['Account']}")
    return Provider(
        aws=aws,
        default_tags=config.get("defaultTags", {}).get("tags", {}),
        secret_tags=any(path[0] == "defaultTags" for path in properties.secrets),
    )


def _found_credentials() -> Credentials:
    """The credentials that any AWS SDK would find in the environment or the shared files."""
    found = botocore.session.Session().get_credentials()
    if found is None:
        raise ValueError(
            "no valid credential sources found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    keys = found.get_frozen_credentials()
    return Credentials(
        access_key=keys.access_key or "", secret_key=keys.secret_key or "", token=keys.token
    )


def _assumed(aws: Aws, role: Props) -> Aws:
    parameters: Props = {
        "RoleArn": role["roleArn"],
        "RoleSessionName": role.get("sessionName", "pulumi"),
        "DurationSeconds": _seconds(role.get("duration", "1h")),
    }
    if external := role.get("externalId"):
        parameters["ExternalId"] = external
    try:
        return aws.assuming(**parameters)
    except CallError as error:
        raise ValueError(f"cannot assume IAM Role {role['roleArn']}: {error}") from error
