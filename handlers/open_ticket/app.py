"""Turns AWS Backup's job events into ServiceNow incidents, one for each resource in trouble.

alert bus → SNS → SQS → this function. A message that fails is tried again and then rests in the
dead-letter queue.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from handlers import environment
from handlers.batches import work_off_records
from handlers.open_ticket.accounts import AwsOrganization
from handlers.open_ticket.desk import Desk
from handlers.open_ticket.ledger import Ledger
from handlers.open_ticket.lookup import member_lookup
from handlers.open_ticket.messages import Message
from handlers.open_ticket.service_now import Credentials, ServiceNow, ServiceNowError
from handlers.open_ticket.settings import read

_SECRET_IS_FRESH_SECONDS = 300
_LEFT_FOR_THE_LEDGER_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Environment:
    service_now_url: str
    service_now_secret: str
    """Name of the secret."""
    ledger_table: str
    lease_seconds: str
    queue_url: str
    """Of the queue that this function works off."""
    dead_letters_url: str
    job_reader_role: str
    """The name, with its path, of the role that each account has for it."""
    asks_organization: str = ""
    """Not empty: whether an account is the organization's, and its name."""


_SETTINGS = Path(__file__).with_name("settings.json")
logger = Logger(service="open_ticket")
metrics = Metrics(namespace="BackupOrg", service="open_ticket")


class SqsQueue:
    def __init__(self, sqs: Any, queue_url: str, dead_letters_url: str) -> None:
        self._sqs, self._queue_url, self._dead_letters_url = sqs, queue_url, dead_letters_url

    def send(self, body: str, delay_seconds: int, attributes: Mapping[str, str]) -> None:
        self._sqs.send_message(
            QueueUrl=self._queue_url,
            MessageBody=body,
            DelaySeconds=delay_seconds,
            MessageAttributes=_attributes(attributes),
        )

    def park(self, body: str, attributes: Mapping[str, str]) -> None:
        self._sqs.send_message(
            QueueUrl=self._dead_letters_url,
            MessageBody=body,
            MessageAttributes=_attributes(attributes),
        )


def _attributes(texts: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}


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
    told = environment.read(Environment, os.environ)
    settings = read(_SETTINGS.read_text("utf-8"))

    def service_now() -> ServiceNow:
        period = int(time.monotonic() // _SECRET_IS_FRESH_SECONDS)
        name = told.service_now_secret
        return _client(told.service_now_url, name, _secret(name, period))

    return Desk(
        settings,
        ledger=Ledger(
            boto3.client("dynamodb"), told.ledger_table, lease_seconds=int(told.lease_seconds)
        ),
        service_now=service_now,
        queue=SqsQueue(boto3.client("sqs"), told.queue_url, told.dead_letters_url),
        lookup=member_lookup(boto3.Session(), told.job_reader_role, settings),
        organization=AwsOrganization(boto3.client("organizations"))
        if told.asks_organization
        else None,
        forget_credentials=_forget_credentials,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _take(record: SQSRecord, remaining_seconds: Callable[[], float]) -> None:
    attributes = {
        name: attribute.string_value or "" for name, attribute in record.message_attributes.items()
    }
    message = Message(body=record.body, attributes=attributes)
    outcome = _desk().take(message, _now(), remaining_seconds)
    logger.info(
        outcome.what,
        key=outcome.key,
        incident=outcome.number,
        reason=outcome.reason,
    )
    metrics.add_metric(name=outcome.what.title(), unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="WaitSeconds", unit=MetricUnit.Seconds, value=outcome.waited_seconds)
    if outcome.surplus:
        logger.warning("one incident too many was resolved", surplus=outcome.surplus)
        metrics.add_metric(name="Surplus", unit=MetricUnit.Count, value=outcome.surplus)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    def remaining_seconds() -> float:
        return context.get_remaining_time_in_millis() / 1000 - _LEFT_FOR_THE_LEDGER_SECONDS

    return work_off_records(event, context, lambda record: _take(record, remaining_seconds))
