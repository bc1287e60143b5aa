"""What is changed in moto as soon as there is an endpoint, and stays: no pump is needed for it."""

from collections.abc import Callable
from functools import cache, wraps
from threading import RLock
from typing import Any

from moto.core.model import ServiceModel

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
    service_quotas,
    sesv2,
    ssm,
    sts,
)
from aws_sandbox.moto_changes.replacements import Replacements


@cache
def install() -> None:
    """Changes moto, once in a process, before any of its services is first used."""
    replacements = Replacements()
    replacements.wrap(ServiceModel, "operation_model", one_at_a_time)
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
        service_quotas,
        sesv2,
        ssm,
        sts,
    ):
        service.install_permanently(replacements)


def one_at_a_time(operation_model: Callable[..., Any]) -> Callable[..., Any]:
    """While moto makes the model of an operation, botocore's own stands in the cache that both
    share: another thread took that one, which cannot be routed."""
    lock = RLock()

    @wraps(operation_model)
    def locked(service: ServiceModel, operation_name: str) -> Any:
        with lock:
            return operation_model(service, operation_name)

    return locked
