"""All that the sandbox adds to moto, put in its place."""

from functools import cache

from aws_sandbox.aws.backup import responses as backup
from aws_sandbox.aws.extensions import events, iam, kms, organizations, s3, sts


@cache
def install() -> None:
    """Extends moto, once in a process, before any of its services is first used."""
    for extension in (iam, sts, organizations, events, kms, s3, backup):
        extension.install()
