"""The processes of all functions: which is fit for an invocation, and when one is let go."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aws_sandbox.aws.access import Access, AccessDeniedError
from aws_sandbox.aws.sessions import Session
from aws_sandbox.functions.archives import Archives
from aws_sandbox.functions.definition import Definition
from aws_sandbox.functions.environment import Environment
from aws_sandbox.functions.errors import RoleError
from aws_sandbox.functions.interpreter import Interpreters

_IDLE_SECONDS = 300
_SESSION_SECONDS = 12 * 3600
_SESSION_MARGIN = timedelta(minutes=30)
"""More than an invocation can take: 15 minutes."""


class Pool:
    """One process a concurrent invocation, kept warm for the next one of the same definition."""

    def __init__(self, *, access: Access, cache: Path, endpoint: Callable[[], str]) -> None:
        self._access = access
        self._endpoint = endpoint
        self._archives = Archives(cache)
        self._interpreters = Interpreters(cache)
        self._lock = threading.Lock()
        self._idle: defaultdict[str, list[Environment]] = defaultdict(list)
        self._all: set[Environment] = set()
        self._stopped = False

    def take(self, definition: Definition) -> Environment:
        """The process used last of exactly this definition, or a new one.

        Raises NotRunnableError when this machine cannot run it, RoleError when its role is not
        Lambda's to assume.
        """
        fit, unfit = self._choose(definition)
        for environment in unfit:
            self.discard(environment)
        if fit is not None:
            return fit
        environment = Environment(
            definition,
            interpreter=self._interpreters.find(definition),
            archives=self._archives,
            session=self._session(definition),
            endpoint=self._endpoint(),
        )
        with self._lock:
            self._all.add(environment)
            stopped = self._stopped
        if stopped:
            self.discard(environment)
        return environment

    def give_back(self, environment: Environment) -> None:
        """After an invocation that left the process fit for another."""
        with self._lock:
            self._idle[environment.definition.arn].append(environment)

    def discard(self, environment: Environment) -> None:
        """Ends a process, unless that is done already."""
        with self._lock:
            there = environment in self._all
            self._all.discard(environment)
        if there:
            environment.stop()

    def stop(self) -> None:
        """Ends every process, also those at work, and any that would still be started."""
        with self._lock:
            self._stopped = True
            environments = list(self._all)
        for environment in environments:
            self.discard(environment)

    def _choose(self, definition: Definition) -> tuple[Environment | None, list[Environment]]:
        """The fit process used last, and all that nothing will use again."""
        fingerprint = definition.fingerprint
        unfit: list[Environment] = []
        with self._lock:
            for arn, idle in self._idle.items():
                for environment in list(idle):
                    outdated = (
                        arn == definition.arn and environment.definition.fingerprint != fingerprint
                    )
                    if outdated or _worn(environment):
                        idle.remove(environment)
                        unfit.append(environment)
            same = self._idle[definition.arn]
            return (same.pop() if same else None), unfit

    def _session(self, definition: Definition) -> Session:
        try:
            return self._access.assume_for_service(
                definition.role,
                "lambda.amazonaws.com",
                definition.name,
                duration_seconds=_SESSION_SECONDS,
            )
        except AccessDeniedError as error:
            raise RoleError(
                f"The role defined for the function {definition.arn} cannot be assumed by Lambda: "
                f"{error}"
            ) from error


def _worn(environment: Environment) -> bool:
    return (
        not environment.alive
        or time.monotonic() - environment.last_used > _IDLE_SECONDS
        or environment.session.expires - datetime.now(UTC) < _SESSION_MARGIN
    )
