"""What a request carries through moto to the sandbox's own responses."""

import random
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.core.responses import BaseResponse

from aws_sandbox.aws.access import Access
from aws_sandbox.aws.clock import Ageing, Clock
from aws_sandbox.aws.principals import Caller, Sessions
from aws_sandbox.aws.throttling import Throttling
from aws_sandbox.journal import Journal

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Emit = Callable[[str, str, Mapping[str, Any]], None]
"""Puts an AWS service's own event on the default bus of (account, Region): `source`,
`detail-type`, `detail`, `resources` and `time`."""

StartReport = Callable[[str, str, str], None]
"""Told of a report job that StartReportJob has made: account, Region, id."""

_KEY = "sandbox.context"


class Ids:
    """Random UUIDs; the same ones again for the same seed."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - ids, no secrets
        self._lock = threading.Lock()

    def uuid(self) -> str:
        with self._lock:
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the sandbox's parts share, injected once."""

    access: Access
    sessions: Sessions
    journal: Journal
    emit: Emit
    start_report: StartReport
    clock: Clock
    ageing: Ageing
    ids: Ids
    throttling: Throttling = field(default_factory=Throttling)


@dataclass(frozen=True, kw_only=True)
class RequestContext:
    """One request's caller, with the services that answer it."""

    caller: Caller
    services: Services

    def attach(self, environ: "WSGIEnvironment") -> None:
        environ[_KEY] = self

    @staticmethod
    def of(response: BaseResponse) -> "RequestContext":
        """The context of the request that one of moto's response objects is answering."""
        return response.normalized_request.environ[_KEY]
