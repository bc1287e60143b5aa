"""The provider's own configuration: what is not supported is refused, never ignored."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import botocore.session

from aws_sandbox.plugin.aws import Aws, AwsError, Credentials, local_endpoint
from aws_sandbox.plugin.codec import Properties
from aws_sandbox.plugin.values import UNKNOWN, Problem, Props, children

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


def problems(inputs: Props) -> Iterator[Problem]:
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
    except AwsError as error:
        raise ValueError(f"cannot assume IAM Role {role['roleArn']}: {error}") from error
