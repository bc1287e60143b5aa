"""Judges what a restore test restored, once, and tells the verdict.

EventBridge → SQS → this function → PutRestoreValidationResult, and an event of this system's own.
What is still being made goes back to the queue, as a new message, so that waiting costs no try.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from handlers import environment
from handlers.batches import work_off_with_tries
from handlers.check_restore import core
from handlers.check_restore.core import NotYet, Patience, RestoreJob, Told, Unjudgeable, Verdict
from handlers.check_restore.looking import Looker
from reports.own_events import EVENT_SOURCE, RESTORE_TEST_VERDICT

if TYPE_CHECKING:
    from mypy_boto3_backup import BackupClient


@dataclass(frozen=True, kw_only=True)
class Environment:
    selections: str
    """JSON: by testing plan's ARN and resource type, the fields of core.Selection."""
    queue_url: str
    """Of the queue that this function works off."""
    tries_most: str
    """How often the queue hands a message out."""
    retry_seconds: str
    """After which it hands out again what failed."""


logger = Logger(service="check_restore")
metrics = Metrics(namespace="BackupOrg", service="check_restore")


class Judge:
    """Gives verdicts in the account and Region of its session."""

    def __init__(self, settings: Environment, session: boto3.Session) -> None:
        self._settings = settings
        self._selections: dict[str, Any] = json.loads(settings.selections)
        self._backup: BackupClient = session.client("backup")
        self._sqs, self._events = session.client("sqs"), session.client("events")
        self._looker = Looker(session)

    def judge(self, message: str, tries: int, now: datetime) -> str:
        """What was found, as the name of a finding, or ToldAgain."""
        told = core.told(message)
        job = core.described(told, {})
        selection = core.selection_of(self._selections, job)
        patience = Patience(
            deadline=core.deadline(job, selection),
            tries=tries,
            tries_most=int(self._settings.tries_most),
            retry_after=timedelta(seconds=int(self._settings.retry_seconds)),
        )
        try:
            job = self._described(told)
            found = Verdict.given(job) or self._looker.look(job, selection.check)
        except Exception as error:
            # Whatever it was: a test must not be left open. That it was none of AWS's errors
            # still shows, as a dead letter.
            if not patience.is_last_try(now):
                raise
            found = Unjudgeable(f"{type(error).__name__}: {error}")
            self._give(told, job, core.verdict(found))
            if isinstance(error, BotoCoreError | ClientError):
                return type(found).__name__
            raise
        if isinstance(found, Verdict):
            self._tell(job, found)
            return "ToldAgain"
        if isinstance(found, NotYet) and patience.may_wait(now):
            self._look_again(message, found)
        else:
            self._give(told, job, core.verdict(found))
        return type(found).__name__

    def _described(self, told: Told) -> RestoreJob:
        answer = self._backup.describe_restore_job(RestoreJobId=told.restore_job_id)
        return core.described(told, answer)

    def _look_again(self, message: str, finding: NotYet) -> None:
        logger.info("looked at again later", reason=finding.reason)
        self._sqs.send_message(
            QueueUrl=self._settings.queue_url,
            MessageBody=message,
            DelaySeconds=core.LOOK_AGAIN_SECONDS,
        )

    def _give(self, told: Told, job: RestoreJob, verdict: Verdict) -> None:
        try:
            self._backup.put_restore_validation_result(
                RestoreJobId=job.restore_job_id,
                ValidationStatus=verdict.status,
                ValidationStatusMessage=verdict.message,
            )
        except ClientError:
            # Refused where somebody was quicker, or the window has closed: then there is one.
            job = self._described(told)
            given = Verdict.given(job)
            if given is None:
                raise
            verdict = given
        self._tell(job, verdict)

    def _tell(self, job: RestoreJob, verdict: Verdict) -> None:
        logger.info("verdict", job=job.restore_job_id, status=verdict.status, why=verdict.message)
        answer = self._events.put_events(
            Entries=[
                {
                    "Source": EVENT_SOURCE,
                    "DetailType": RESTORE_TEST_VERDICT,
                    "Resources": [job.recovery_point_arn] if job.recovery_point_arn else [],
                    "Detail": core.event_detail(job, verdict),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"EventBridge did not take the verdict: {answer['Entries'][0]}")


@cache
def _judge() -> Judge:
    return Judge(environment.read(Environment, os.environ), boto3.Session())


def _check(message: str, tries: int) -> None:
    done = _judge().judge(message, tries, datetime.now(UTC))
    metrics.add_metric(name=f"RestoreTests{done}", unit=MetricUnit.Count, value=1)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return work_off_with_tries(event, context, _check)
