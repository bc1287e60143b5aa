"""Turns AWS Backup's job events into ServiceNow incidents, one for each resource in trouble.

alert bus → SNS → SQS → this function. A message that fails is tried again and then rests in the
dead-letter queue.
"""

import datetime
import json
import os
import time
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from handlers import environment
from handlers.batches import work_off
from handlers.open_ticket import decision, events, wording
from handlers.open_ticket.decision import Action
from handlers.open_ticket.events import Alert, UnrecognisedEvent
from handlers.open_ticket.ledger import Filed, Ledger
from handlers.open_ticket.service_now import (
    Credentials,
    Incident,
    ServiceNow,
    ServiceNowError,
    Unauthorised,
)
from handlers.open_ticket.settings import TicketSettings, read

_SECRET_IS_FRESH_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Environment:
    service_now_url: str
    service_now_secret: str
    """Name of the secret."""
    ledger_table: str
    lease_seconds: str


_SETTINGS = Path(__file__).with_name("settings.json")
logger = Logger(service="open_ticket")
metrics = Metrics(namespace="BackupOrg", service="open_ticket")


class Desk:
    """Files what happened to jobs."""

    def __init__(self, settings: Environment, style: TicketSettings) -> None:
        self._settings = settings
        self._style = style
        self._ledger = Ledger(
            boto3.client("dynamodb"),
            settings.ledger_table,
            lease_seconds=int(settings.lease_seconds),
        )

    def file(self, job: Alert, now: datetime.datetime) -> Action:
        job = self._with_resource(job, now)
        ids = decision.correlation_ids(self._style.customer, job)
        actions = [self._file(each, job, now) for each in (ids[:1] if job.failed else ids)]
        return Action.RESOLVE if Action.RESOLVE in actions else actions[0]

    def _with_resource(self, job: Alert, now: datetime.datetime) -> Alert:
        """The event of a restore that failed names a recovery point, but not of what; that of the
        job that made it named both."""
        if not job.recovery_point:
            return job
        if job.resource:
            self._ledger.link(job.recovery_point, job.resource, now)
            return job
        return replace(job, resource=self._ledger.resource_of(job.recovery_point))

    def _file(self, correlation_id: str, job: Alert, now: datetime.datetime) -> Action:
        foreseen = decision.action(job, self._ledger.recall(correlation_id))
        if foreseen is Action.NOTHING:
            return foreseen
        if foreseen is Action.REMEMBER:
            self._ledger.pass_over(correlation_id, job, now)
            return foreseen
        with self._ledger.lease(correlation_id, now) as lease:
            action = decision.action(job, lease.memory)
            filed = None
            if action in (Action.REPORT, Action.RESOLVE):
                filed = self._tell_service_now(action, job, correlation_id, now)
            if action is not Action.NOTHING:
                self._ledger.remember(lease, job, filed)
        return action

    def _tell_service_now(
        self, action: Action, job: Alert, correlation_id: str, now: datetime.datetime
    ) -> Filed | None:
        try:
            done = self._tell(self._service_now(), action, job, correlation_id)
        except Unauthorised:
            _forget_credentials()
            done = self._tell(self._service_now(), action, job, correlation_id)
        if done is None:
            logger.info("somebody closed the incident already", correlation_id=correlation_id)
            return None
        what, incident = done
        logger.info(what, incident=incident.number, job=job.job_id, resource=job.resource)
        return Filed(action=what, number=incident.number, sys_id=incident.sys_id, at=now)

    def _tell(
        self, service_now: ServiceNow, action: Action, job: Alert, correlation_id: str
    ) -> tuple[Literal["opened", "noted", "resolved"], Incident] | None:
        """None: there is no incident to resolve."""
        open_one = service_now.open_incident(correlation_id)
        if action is Action.RESOLVE:
            if open_one is None:
                return None
            fields = wording.resolution_fields(job, self._style)
            return "resolved", service_now.update_incident(open_one, fields)
        if open_one is None:
            fields = wording.incident_fields(job, self._style)
            return "opened", service_now.create_incident(fields)
        return "noted", service_now.update_incident(open_one, wording.note_fields(job))

    def _service_now(self) -> ServiceNow:
        period = int(time.monotonic() // _SECRET_IS_FRESH_SECONDS)
        name = self._settings.service_now_secret
        return _client(self._settings.service_now_url, name, _secret(name, period))


@lru_cache(maxsize=1)
def _secret(name: str, period: int) -> str | None:  # noqa: ARG001 - a new period reads it again
    try:
        return boto3.client("secretsmanager").get_secret_value(SecretId=name).get("SecretString")
    except ClientError as error:  # which names the call, and not the secret
        raise ServiceNowError(f"the secret {name} cannot be read: {error}") from error


@lru_cache(maxsize=1)
def _client(url: str, name: str, secret: str | None) -> ServiceNow:
    return ServiceNow(url, Credentials.read(name, secret))


def _forget_credentials() -> None:
    _secret.cache_clear()
    _client.cache_clear()


@cache
def _desk() -> Desk:
    return Desk(environment.read(Environment, os.environ), read(_SETTINGS.read_text("utf-8")))


def _event(message: str) -> Any:
    try:
        return json.loads(message)
    except ValueError as error:
        raise UnrecognisedEvent(f"a message that is not JSON: {message[:200]!r}") from error


def _file(message: str) -> None:
    job = events.read_alert(_event(message))
    action = _desk().file(job, datetime.datetime.now(datetime.UTC))
    metrics.add_metric(name=f"Jobs{action.title()}", unit=MetricUnit.Count, value=1)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return work_off(event, context, _file)
