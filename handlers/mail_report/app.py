"""Mails a report and the link to it, once; or that a report could not be made.

Runbook → this function → SES. SES knows no idempotency: what is about to be sent is noted in the
digests bucket first, and what is noted is not sent again.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from handlers import environment
from handlers.mail_report.core import (
    LARGEST_MAIL,
    Mailing,
    MailUnknown,
    failed_step,
    failure_key,
    load,
    mailing_key,
)
from reports.digest import figures as all_figures
from reports.digest import link
from reports.digest.definition import Cadence, Definition
from reports.digest.figures import Figures
from reports.digest.mail import failure_message, report_message
from reports.digest.objects import DigestObjects
from reports.digest.runs import Run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_ssm import SSMClient


@dataclass(frozen=True, kw_only=True)
class Environment:
    digests_bucket: str
    configuration_set: str
    """SES's, which tells of bounces and complaints."""
    link_role_arn: str
    link_secret: str = ""
    """Name of the secret with a user's key, which signs links then; empty: the role does."""


logger = Logger(service="mail_report")
metrics = Metrics(namespace="BackupOrg", service="mail_report")

_TOO_LARGE = "The page is too large to travel with this mail: open it by the link."


class Mailer:
    def __init__(
        self,
        settings: Environment,
        session: boto3.Session,
        *,
        s3: S3Client,
        ses: SESV2Client,
        ssm: SSMClient,
    ) -> None:
        self._settings, self._session = settings, session
        self._s3, self._ses, self._ssm = s3, ses, ssm
        self._objects = DigestObjects(s3, settings.digests_bucket)

    def mail(self, run_id: str, now: datetime, *, resend: bool) -> dict[str, str]:
        run = self._objects.run(run_id)
        definition = self._definition(run.cadence)
        figures = all_figures.load(self._objects.read(run.figures_key))
        page = self._objects.read(run.page_key).decode() if definition.attach else None
        signed = self._link(run, definition, now)
        message = _message(figures, definition, run, signed, page)
        noted = Mailing(
            run_id=run_id, state="intended", link_expires_at=signed.expires_at.isoformat()
        )
        key = mailing_key(run, definition.recipients, resend=resend)
        sent = self._send_once(key, noted, message, definition.recipients)
        return {"MessageId": sent.message_id, "LinkExpiresAt": sent.link_expires_at}

    def tell_failure(self, run_id: str, cadence: Cadence) -> dict[str, str]:
        execution = self._ssm.get_automation_execution(AutomationExecutionId=run_id)
        step, reason = failed_step(execution["AutomationExecution"])
        logger.error("no report", run_id=run_id, step=step, reason=reason)
        definition = self._definition(cadence)
        message = failure_message(definition, run_id=run_id, step=step, reason=reason)
        noted = Mailing(run_id=run_id, state="intended")
        sent = self._send_once(failure_key(run_id), noted, message, definition.failures_to)
        return {"MessageId": sent.message_id, "FailedStep": step}

    def _definition(self, cadence: Cadence) -> Definition:
        return self._objects.definition(cadence)

    def _link(self, run: Run, definition: Definition, now: datetime) -> link.Link:
        wanted, settings = definition.link_seconds, self._settings
        if settings.link_secret:
            secrets = self._session.client("secretsmanager")
            signer = link.user_signer(secrets, settings.link_secret)
        else:
            signer = link.session_signer(
                self._session.client("sts"), settings.link_role_arn, wanted
            )
        return link.signed(
            self._session,
            signer,
            bucket=settings.digests_bucket,
            key=run.page_key,
            wanted_seconds=wanted,
            now=now,
        )

    def _send_once(
        self, key: str, noted: Mailing, message: EmailMessage, to: tuple[str, ...]
    ) -> Mailing:
        """Raises MailUnknown where somebody began to send it and never said how that ended."""
        known = self._note(key, noted)
        if known is not None:
            if known.state == "sent":
                logger.info("sent before", key=key, message_id=known.message_id)
                return known
            raise self._unknown(key, known.run_id)
        try:
            message_id = self._ses.send_email(
                Destination={"ToAddresses": list(to)},
                Content={"Raw": {"Data": message.as_bytes()}},
                ConfigurationSetName=self._settings.configuration_set,
            )["MessageId"]
        except (EndpointConnectionError, ConnectTimeoutError):
            self._forget(key)
            raise
        except Exception as error:
            if _is_refusal(error):
                self._forget(key)
                raise
            raise self._unknown(key, noted.run_id) from error
        sent = dataclasses.replace(noted, state="sent", message_id=message_id)
        self._write(key, sent)
        return sent

    def _note(self, key: str, noted: Mailing) -> Mailing | None:
        """Notes it where nothing is noted yet; else what is."""
        try:
            self._write(key, noted, IfNoneMatch="*")
        except ClientError as error:
            # 412: it is there; 409: another one is being written at the same time.
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") not in {409, 412}:
                raise
            return load(self._objects.read(key))
        return None

    def _write(self, key: str, mailing: Mailing, **conditions: Any) -> None:
        self._s3.put_object(
            Bucket=self._settings.digests_bucket,
            Key=key,
            Body=mailing.dumped().encode(),
            ContentType="application/json",
            **conditions,
        )

    def _forget(self, key: str) -> None:
        """What SES has refused did not go out, and may be tried again."""
        self._s3.delete_object(Bucket=self._settings.digests_bucket, Key=key)

    def _unknown(self, key: str, run_id: str) -> MailUnknown:
        metrics.add_metric(name="MailUnknown", unit=MetricUnit.Count, value=1)
        return MailUnknown(key, run_id)


def _message(
    figures: Figures, definition: Definition, run: Run, signed: link.Link, page: str | None
) -> EmailMessage:
    """Without the page, and saying so, where it is too large for SES."""
    found = report_message(
        figures, definition, run, url=signed.url, expires_at=signed.expires_at, page=page
    )
    if page is None or len(found.as_bytes()) <= LARGEST_MAIL:
        return found
    figures = dataclasses.replace(figures, limits=(_TOO_LARGE, *figures.limits))
    return report_message(
        figures, definition, run, url=signed.url, expires_at=signed.expires_at, page=None
    )


def _is_refusal(error: Exception) -> bool:
    """Whether SES has said that it takes no such mail, or not now."""
    if not isinstance(error, ClientError):
        return False
    return 400 <= error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < 500


@cache
def _mailer() -> Mailer:
    session = boto3.Session()
    # A second try of a call whose answer was lost might send a second mail.
    once = Config(retries={"total_max_attempts": 1})
    return Mailer(
        environment.read(Environment, os.environ),
        session,
        s3=session.client("s3"),
        ses=session.client("sesv2", config=once),
        ssm=session.client("ssm"),
    )


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, str]:
    del context
    match event["Step"]:
        case "mail":
            resend = event.get("Resend") == "true"
            return _mailer().mail(event["RunId"], datetime.now(UTC), resend=resend)
        case "tell_failure":
            # First, so that an alarm tells of it even where no mail can.
            metrics.add_metric(name="FailedReports", unit=MetricUnit.Count, value=1)
            return _mailer().tell_failure(event["RunId"], event["Cadence"])
        case step:
            raise ValueError(f"no step {step!r}: there are mail and tell_failure")
