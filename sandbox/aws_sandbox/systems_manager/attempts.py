"""One attempt at a step: its clients in the role, its waits, and how it is given up."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, Protocol

from botocore.config import Config
from botocore.exceptions import UnknownServiceError

from aws_sandbox.aws.access import AccessDeniedError
from aws_sandbox.aws.principals import Session
from aws_sandbox.boto import boto_session
from aws_sandbox.systems_manager.actions import ActionError, Result
from aws_sandbox.systems_manager.records import Environment
from aws_sandbox.systems_manager.runbooks import Step
from aws_sandbox.systems_manager.scripts import run_script

POLL_SECONDS = 5.0
"""How long Automation waits before it looks again, in AWS's time (undocumented)."""
_SHORTEST_POLL = 0.05
_SCRIPT_MARGIN_SECONDS = 5.0
"""A script is ended by its step's limit, and by this if that should fail."""
_SESSION_MARGIN = timedelta(minutes=5)

log = logging.getLogger(__name__)

Act = Callable[[Step, Mapping[str, Any], "RunningAttempt"], Result]


def execution_arn(account: str, region: str, execution_id: str) -> str:
    """What a role's trust knows an automation by."""
    return f"arn:aws:ssm:{region}:{account}:automation-execution/{execution_id}"


class OverError(Exception):
    """The attempt that goes on here is over: its time was up, or the automation was cancelled."""


class Attempted(Protocol):
    """The automation whose step it is."""

    @property
    def id(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def role_arn(self) -> str: ...
    def wait_until(self, over: Callable[[], bool], seconds: float) -> bool: ...
    def still(self, moment: int | None) -> None: ...
    def notify(self) -> None: ...


class RunningAttempt:
    """One attempt at a step, in a thread of its own, which can be left alone when it is over."""

    def __init__(self, execution: Attempted, environment: Environment, ends: float) -> None:
        self.ends = ends
        self.over = threading.Event()
        self._execution = execution
        self._environment = environment
        self._clients: dict[str, Any] = {}
        self._session: Session | None = None
        self._moment = 0

    def start(self, step: Step, inputs: Mapping[str, Any], act: Act) -> "Future[Result]":
        outcome: Future[Result] = Future()

        def run() -> None:
            try:
                outcome.set_result(act(step, inputs, self))
            except Exception as error:
                log.debug("%s", step.name, exc_info=error)
                outcome.set_exception(error)
            for client in self._clients.values():
                client.close()
            self._execution.notify()

        threading.Thread(target=run, name=f"step-{step.name}", daemon=True).start()
        return outcome

    def client(self, service: str, **config: Any) -> Any:
        self._go_on()
        if self._session is None or self._expires(self._session):
            self._session = self._assume()
            for client in self._clients.values():
                client.close()
            self._clients.clear()
        if service not in self._clients:
            self._clients[service] = self._new_client(self._session, service, config)
        return self._clients[service]

    def looks(self) -> None:
        self._go_on()
        self._moment = self._environment.work.moment

    def looks_again(self, *, unchanged: bool) -> None:
        self._go_on()
        self._execution.still(self._moment if unchanged else None)
        self.waits(max(POLL_SECONDS, _SHORTEST_POLL * self._environment.work.time_scale))

    def waits(self, seconds: float) -> None:
        if self._execution.wait_until(
            self.over.is_set, seconds / self._environment.work.time_scale
        ):
            raise OverError

    def run_script(self, inputs: Mapping[str, Any]) -> Any:
        session, region = self._assume(), self._execution.region
        return run_script(
            inputs,
            shells=self._environment.shells,
            variables={
                "AWS_ACCESS_KEY_ID": session.access_key_id,
                "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
                "AWS_SESSION_TOKEN": session.session_token,
                "AWS_REGION": region,
                "AWS_DEFAULT_REGION": region,
                "AWS_ENDPOINT_URL": self._environment.endpoint(),
            },
            limit_seconds=max(0.0, self.ends - time.monotonic()) + _SCRIPT_MARGIN_SECONDS,
            cancelled=self.over,
        )

    def _go_on(self) -> None:
        if self.over.is_set():
            raise OverError

    def _expires(self, session: Session) -> bool:
        return session.expires - self._environment.services.clock() < _SESSION_MARGIN

    def _assume(self) -> Session:
        execution = self._execution
        try:
            return self._environment.services.access.assume_for_service(
                execution.role_arn,
                "ssm.amazonaws.com",
                f"Automation-{execution.id}",
                source_arn=execution_arn(execution.account, execution.region, execution.id),
            )
        except AccessDeniedError as error:
            raise ActionError(
                f"The defined assume role is unable to be assumed: {error}"
            ) from error

    def _new_client(self, session: Session, service: str, config: Mapping[str, Any]) -> Any:
        made: Any = boto_session(
            self._environment.endpoint(),
            self._execution.region,
            access_key_id=session.access_key_id,
            secret_access_key=session.secret_access_key,
            session_token=session.session_token,
        )
        try:
            return made.client(service, config=Config(retries={"total_max_attempts": 1}, **config))
        except UnknownServiceError as error:
            raise ActionError(str(error), "Verification") from error
