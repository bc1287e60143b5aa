"""SES v2: who may send, what is sent, how it is read, and what becomes of it."""

import base64
import re
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

import pytest

from aws_sandbox.mails import add_mail_controls

from .conftest import MEMBER, REGION, Aws

SIMPLE = {
    "Subject": {"Data": "Backups, täglich"},
    "Body": {"Text": {"Data": "98 % succeeded"}, "Html": {"Data": "<b>98 %</b>"}},
    "Attachments": [
        {"FileName": "report.html", "RawContent": b"<p>whole</p>", "ContentType": "text/html"}
    ],
}


@pytest.fixture(scope="module")
def ses(aws: Aws) -> Any:
    """A client in whose account example.com is verified; mails can be read."""
    add_mail_controls(aws.control)
    client = aws.client("sesv2")
    client.create_email_identity(EmailIdentity="example.com")
    return client


def mail(aws: Aws, message_id: str) -> Mapping[str, Any]:
    [found] = [each for each in aws.call("mails") if each["id"] == message_id]
    return found


def test_a_mail_is_read_back_whole(aws: Aws, ses: Any) -> None:
    answer = ses.send_email(
        FromEmailAddress="Backups <reports@example.com>",
        Destination={"ToAddresses": ["a@example.org"], "BccAddresses": ["b@example.org"]},
        Content={"Simple": SIMPLE},
    )
    found = mail(aws, answer["MessageId"])
    assert (found["account"], found["region"]) == (MEMBER, REGION)
    assert found["sender"] == "Backups <reports@example.com>"
    assert found["recipients"] == ["a@example.org", "b@example.org"]
    assert found["subject"] == "Backups, täglich"
    assert found["text"].strip() == "98 % succeeded"
    assert found["html"].strip() == "<b>98 %</b>"
    [attached] = found["attachments"]
    assert (attached["name"], attached["type"]) == ("report.html", "text/html")
    assert base64.b64decode(attached["content"]) == b"<p>whole</p>"
    assert "b@example.org" not in found["raw"]


def test_a_raw_mail_is_sent_to_whom_it_names(aws: Aws, ses: Any) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Bcc"] = "x@example.com", "a@x.org", "b@x.org"
    message["Subject"] = "Raw"
    message.set_content("text")
    answer = ses.send_email(Content={"Raw": {"Data": message.as_bytes()}})
    found = mail(aws, answer["MessageId"])
    assert (found["recipients"], found["subject"]) == (["a@x.org", "b@x.org"], "Raw")
    assert "Bcc" not in found["raw"]


def test_a_person_reads_mails_on_a_page(aws: Aws, ses: Any) -> None:
    ses.send_email(
        FromEmailAddress="page@example.com",
        Destination={"ToAddresses": ["a@example.org"]},
        Content={"Simple": {**SIMPLE, "Subject": {"Data": "<script>"}}},
    )
    with urllib.request.urlopen(f"{aws.server.url}/_sandbox/mails.page") as answer:  # noqa: S310
        page = answer.read().decode()
        assert answer.headers["Content-Type"].startswith("text/html")
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox"' in page


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"FromEmailAddress": "x@elsewhere.example"}, "MessageRejected", "not verified.*EU-WEST-1"),
        ({"ConfigurationSetName": "none"}, "NotFoundException", "<none> does not exist"),
        ({"Destination": {}}, "BadRequestException", "at least one recipient"),
        ({"Destination": {"ToAddresses": ["nobody"]}}, "BadRequestException", "nobody"),
        ({"Destination": {"ToAddresses": ["a@b.org"] * 51}}, "BadRequestException", "exceeds 50"),
        ({"Content": {"Template": {}}}, "NotImplemented", "Template"),
        ({"ReplyToAddresses": [], "TenantName": "x"}, "NotImplemented", "TenantName"),
    ],
)
def test_what_ses_refuses_is_refused(
    refusal: Callable[..., tuple[str, str]],
    ses: Any,
    changes: Mapping[str, Any],
    code: str,
    told: str,
) -> None:
    given: dict[str, Any] = {
        "FromEmailAddress": "x@example.com",
        "Destination": {"ToAddresses": ["a@example.org"]},
        "Content": {"Simple": SIMPLE},
        **changes,
    }
    found, message = refusal(lambda: ses.send_email(**given))
    assert found == code
    assert re.search(told, message)


def test_who_sends_needs_the_identity_the_set_and_the_address(aws: Aws, ses: Any) -> None:
    name = aws.name("set")
    ses.create_configuration_set(ConfigurationSetName=name)
    given: dict[str, Any] = {
        "FromEmailAddress": "reports@example.com",
        "Destination": {"ToAddresses": ["a@example.org"]},
        "Content": {"Simple": SIMPLE},
        "ConfigurationSetName": name,
    }
    arn = f"arn:aws:ses:{REGION}:{MEMBER}"
    identity = {
        "Action": "ses:SendEmail",
        "Resource": f"{arn}:identity/example.com",
        "Condition": {"StringEquals": {"ses:FromAddress": "reports@example.com"}},
    }
    service = {"Service": "lambda.amazonaws.com"}
    half = aws.acting(aws.role(trusts=service, allows=identity), "sesv2")
    code, message = aws.error(lambda: half.send_email(**given))
    assert code == "AccessDeniedException"
    assert f"configuration-set/{name}" in message
    both = {**identity, "Resource": [identity["Resource"], f"{arn}:configuration-set/{name}"]}
    whole = aws.acting(aws.role(trusts=service, allows=both), "sesv2")
    assert whole.send_email(**given)["MessageId"]
    other = {**given, "FromEmailAddress": "boss@example.com"}
    assert aws.error(lambda: whole.send_email(**other))[0] == "AccessDeniedException"


def test_bounces_and_complaints_are_counted_where_a_destination_asks(aws: Aws, ses: Any) -> None:
    name = aws.name("set")
    ses.create_configuration_set(ConfigurationSetName=name)
    dimension = {
        "DimensionName": "ses:configuration-set",
        "DimensionValueSource": "MESSAGE_TAG",
        "DefaultDimensionValue": "none",
    }
    destination = {
        "Enabled": True,
        "MatchingEventTypes": ["BOUNCE", "COMPLAINT"],
        "CloudWatchDestination": {"DimensionConfigurations": [dimension]},
    }
    ses.create_configuration_set_event_destination(
        ConfigurationSetName=name, EventDestinationName="metrics", EventDestination=destination
    )
    for recipient in ("bounce+1", "bounce", "complaint", "success"):
        ses.send_email(
            FromEmailAddress="x@example.com",
            Destination={"ToAddresses": [f"{recipient}@simulator.amazonses.com"]},
            Content={"Simple": SIMPLE},
            ConfigurationSetName=name,
        )
    listed = aws.client("cloudwatch").list_metrics(
        Namespace="AWS/SES", Dimensions=[{"Name": "ses:configuration-set", "Value": name}]
    )["Metrics"]
    assert {metric["MetricName"] for metric in listed} == {"Bounce", "Complaint"}


def test_the_domain_of_an_identity_has_tokens_for_dns(ses: Any) -> None:
    found = ses.get_email_identity(EmailIdentity="example.com")
    assert found["VerifiedForSendingStatus"]
    assert len(found["DkimAttributes"]["Tokens"]) == 3
