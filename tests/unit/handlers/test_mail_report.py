"""The mail about a report: sent once, or it is said that nobody knows."""

from __future__ import annotations

import dataclasses
import json
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from handlers.mail_report import app as mailing
from handlers.mail_report import core
from handlers.mail_report.core import MailUnknown, failed_step, mailing_key
from reports.digest import figures as all_figures
from reports.digest import link, runs
from reports.digest.definition import Definition
from tests.support import figures as examples
from tests.support.aws_in_process import Aws, aws

__all__ = ["aws"]

NOW = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)
BUCKET = "reports"
DAILY = examples.definition(2, "daily", "api")


class Ses:
    """What SES was handed; it answers, or fails, as it is told to."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.fails: Callable[[], Exception] | None = None

    def send_email(self, **request: Any) -> dict[str, str]:
        if self.fails is not None:
            raise self.fails()
        self.sent.append(request)
        return {"MessageId": f"mail-{len(self.sent)}"}


class Sts:
    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.asked: list[int] = []

    def assume_role(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request["DurationSeconds"])
        return {
            "Credentials": {
                "AccessKeyId": "ASIAEXAMPLE",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": self.now + timedelta(seconds=request["DurationSeconds"]),
            }
        }


class Ssm:
    def __init__(self, steps: list[dict[str, str]]) -> None:
        self.steps = steps

    def get_automation_execution(self, **_: Any) -> dict[str, Any]:
        return {"AutomationExecution": {"StepExecutions": self.steps}}


class System:
    """A run whose report is stored, and the function before it."""

    def __init__(self, aws: Aws, definition: Definition = DAILY, page: str = "<p>page") -> None:
        self.s3, self.ses = aws.s3, Ses()
        self.run = examples.run_of(definition)
        shown = examples.figures(definition)
        for key, body in {
            runs.definition_key(definition.cadence): definition.dumped(),
            self.run.key: self.run.dumped(),
            self.run.figures_key: shown.dumped(),
            self.run.page_key: page,
        }.items():
            aws.s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode())
        session = boto3.Session("testing", "testing", region_name="eu-central-1")
        self.ssm = Ssm([])
        self.mailer = mailing.Mailer(
            mailing.Environment(
                digests_bucket=BUCKET, configuration_set="mails", link_role_arn="arn:role"
            ),
            cast(Any, _Session(session)),
            s3=aws.s3,
            ses=cast(Any, self.ses),
            ssm=cast(Any, self.ssm),
        )

    def mail(self, run_id: str | None = None, *, resend: bool = False) -> dict[str, str]:
        return self.mailer.mail(run_id or self.run.run_id, NOW, resend=resend)

    def message(self) -> str:
        return self.ses.sent[-1]["Content"]["Raw"]["Data"].decode()


class _Session:
    """Of boto3, but for STS."""

    def __init__(self, session: boto3.Session) -> None:
        self._session, self._sts = session, Sts()

    def client(self, service: Any, **given: Any) -> Any:
        made: Any = self._session
        return self._sts if service == "sts" else made.client(service, **given)


@pytest.fixture(autouse=True)
def no_metrics_left() -> Iterator[None]:
    yield
    mailing.metrics.clear_metrics()


def refused(status: int = 400) -> ClientError:
    told = {"Error": {"Code": "MessageRejected"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(cast(Any, told), "SendEmail")


def metrics() -> dict[str, Any]:
    return mailing.metrics.metric_set


def test_a_step_that_is_done_again_sends_no_second_mail(aws: Aws) -> None:
    system = System(aws)
    first, second = system.mail(), system.mail()
    assert first == second
    assert len(system.ses.sent) == 1


def test_another_run_about_the_same_period_sends_no_second_mail_either(aws: Aws) -> None:
    system = System(aws)
    system.mail()
    again = dataclasses.replace(system.run, run_id="another")
    aws.s3.put_object(Bucket=BUCKET, Key=again.key, Body=again.dumped().encode())
    assert system.mail("another")["MessageId"] == "mail-1"
    assert system.mail("another", resend=True)["MessageId"] == "mail-2"
    assert system.mail("another", resend=True)["MessageId"] == "mail-2"


def test_a_mail_whose_end_nobody_noted_is_unknown_and_not_sent_again(aws: Aws) -> None:
    system = System(aws)
    system.ses.fails = lambda: ReadTimeoutError(endpoint_url="https://email")
    with pytest.raises(MailUnknown, match="backup-org report run --resend"):
        system.mail()
    system.ses.fails = None
    with pytest.raises(MailUnknown):
        system.mail()
    assert system.ses.sent == []
    assert metrics()["MailUnknown"]["Value"] == [1.0, 1.0]
    assert system.mail(resend=True)["MessageId"] == "mail-1"


def test_an_answer_of_which_ses_itself_is_not_sure_is_unknown_too(aws: Aws) -> None:
    system = System(aws)
    system.ses.fails = lambda: refused(503)
    with pytest.raises(MailUnknown):
        system.mail()


@pytest.mark.parametrize(
    "fails", [refused, lambda: EndpointConnectionError(endpoint_url="https://email")]
)
def test_a_mail_that_surely_did_not_go_out_is_tried_again(
    fails: Callable[[], Exception], aws: Aws
) -> None:
    system = System(aws)
    system.ses.fails = fails
    with pytest.raises(type(fails())):
        system.mail()
    system.ses.fails = None
    assert system.mail()["MessageId"] == "mail-1"
    assert metrics() == {}


def test_recipients_in_another_order_are_the_same_list() -> None:
    run = examples.run_of(DAILY)
    keys = {mailing_key(run, to, resend=False) for to in (("a@b.c", "d@e.f"), ("d@e.f", "a@b.c"))}
    assert len(keys) == 1
    assert mailing_key(run, ("a@b.c",), resend=False) not in keys


def test_the_mail_says_when_its_link_ends(aws: Aws) -> None:
    system = System(aws)
    expires = datetime.fromisoformat(system.mail()["LinkExpiresAt"])
    assert timedelta(minutes=55) < expires - NOW < timedelta(hours=1)


def test_a_page_that_is_too_large_is_left_off_and_the_mail_says_so(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "LARGEST_MAIL", 200_000)
    system = System(aws, dataclasses.replace(DAILY, attach=True), page="x" * 300_000)
    system.mail()
    assert "too large to travel" in system.message()
    assert "Content-Disposition: attachment" not in system.message()
    assert len(system.message()) < 200_000


def test_a_failure_is_told_once_with_the_step_and_what_its_function_said(aws: Aws) -> None:
    system = System(aws)
    payload = {"errorMessage": 'no "space" left', "errorType": "OSError", "stackTrace": ["x"]}
    system.ssm.steps = [
        {"StepName": "FindVaults", "StepStatus": "Success"},
        {
            "StepName": "StoreReport",
            "StepStatus": "Failed",
            "FailureMessage": f"Lambda function returned error: {json.dumps(payload)}",
        },
    ]
    told = [system.mailer.tell_failure("run", "daily") for _ in range(2)]
    assert told[0] == told[1] == {"MessageId": "mail-1", "FailedStep": "StoreReport"}
    assert 'Reason: no "space" left' in system.message()


def test_a_step_that_timed_out_without_a_word_is_named_too() -> None:
    steps = [{"StepName": "WaitForCollation", "StepStatus": "TimedOut"}]
    assert failed_step({"StepExecutions": steps}) == ("WaitForCollation", "it is TimedOut")
    assert failed_step({"StepExecutions": []})[0] == "unknown"


def test_what_is_noted_is_read_back() -> None:
    noted = core.Mailing(run_id="r", state="sent", message_id="m", link_expires_at="t")
    assert core.load(noted.dumped()) == noted


class TestLink:
    def test_promises_no_more_than_its_session_lasts(self) -> None:
        for wanted in (900, 1800, 3600):
            sts = Sts()
            made = signed(link.session_signer(cast(Any, sts), "arn", wanted), wanted)
            (session_seconds,) = sts.asked
            assert 900 <= session_seconds <= 3600
            lasts = made.expires_at - NOW
            assert lasts + timedelta(minutes=1) <= timedelta(seconds=session_seconds)
            assert lasts >= timedelta(seconds=wanted - 60)
            assert query(made)["X-Amz-Expires"] == [str(int(lasts.total_seconds()))]

    def test_of_a_user_may_live_for_seven_days(self) -> None:
        signer = link.user_signer(
            secret('{"access_key_id": "AKIA", "secret_access_key": "s"}'), "n"
        )
        made = signed(signer, 604_800)
        assert made.expires_at - NOW == timedelta(days=7)
        assert "X-Amz-Security-Token" not in query(made)

    @pytest.mark.parametrize("text", ["", "[]", '{"access_key_id": "AKIAEXAMPLE"}', "AKIAEXAMPLE"])
    def test_of_no_key_is_refused_without_saying_what_the_secret_holds(self, text: str) -> None:
        with pytest.raises(link.NoSigner, match="access_key_id and secret_access_key") as caught:
            link.user_signer(secret(text), "backup-org/links")
        assert "AKIAEXAMPLE" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_is_signed_for_its_region_and_shows_the_page_in_a_browser(self) -> None:
        made = signed(link.session_signer(cast(Any, Sts()), "arn", 3600), 3600)
        asked = query(made)
        assert urllib.parse.urlsplit(made.url).hostname == "bucket.s3.eu-central-1.amazonaws.com"
        assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        assert "/eu-central-1/s3/" in asked["X-Amz-Credential"][0]
        assert asked["response-content-type"] == ["text/html; charset=utf-8"]
        assert asked["response-content-disposition"] == ["inline"]


def secret(text: str) -> Any:
    class Secrets:
        def get_secret_value(self, **_: Any) -> dict[str, str]:
            return {"SecretString": text}

    return Secrets()


def signed(signer: link.Signer, wanted: int) -> link.Link:
    session = boto3.Session("testing", "testing", region_name="eu-central-1")
    return link.signed(
        session, signer, bucket="bucket", key="reports/a.html", wanted_seconds=wanted, now=NOW
    )


def query(made: link.Link) -> dict[str, list[str]]:
    return urllib.parse.parse_qs(urllib.parse.urlsplit(made.url).query)


def test_figures_are_read_back_as_they_were_written() -> None:
    for shown in (examples.figures(DAILY), examples.hostile()[0]):
        assert all_figures.load(shown.dumped()) == shown
    with pytest.raises(ValueError, match="no figures of a report"):
        all_figures.load("{}")
