"""What is changed in moto as soon as there is an endpoint, and stays: no pump is needed for it."""

from functools import cache

from aws_sandbox.moto_changes import (
    backup,
    dynamodb,
    events,
    iam,
    kms,
    organizations,
    ram,
    s3,
    scheduler,
    sesv2,
    ssm,
    sts,
)
from aws_sandbox.moto_changes.replacements import Replacements


@cache
def install() -> None:
    """Changes moto, once in a process, before any of its services is first used."""
    replacements = Replacements()
    for service in (
        backup,
        dynamodb,
        events,
        iam,
        kms,
        organizations,
        ram,
        s3,
        scheduler,
        sesv2,
        ssm,
        sts,
    ):
        service.install_permanently(replacements)
