"""What code that runs calls: logs, metrics, traces, functions, sessions and mail."""

from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.utils import parseaddr
from functools import partial
from typing import Any

from moto.backends import get_backend

from aws_sandbox.aws.permissions.needs import Mapper, Need, Request, anywhere
from aws_sandbox.iam.requests import ContextValue


def _on_log_stream(action: str, request: Request) -> Iterator[Need]:
    """IAM sees a log group as its streams: `log-group:<name>:log-stream:<stream>`."""
    group = request.text("logGroupName")
    stream = request.text("logStreamName")
    yield Need(action=action, resource=request.arn(f"log-group:{group}:log-stream:{stream}"))


def _put_metric_data(request: Request) -> Iterator[Need]:
    namespace = {"cloudwatch:namespace": request.text("Namespace")}
    yield Need(action="cloudwatch:PutMetricData", resource="*", context=namespace)


def _invoke(request: Request) -> Iterator[Need]:
    """A function by name, by ARN, or by account and name (`222222222222:function:x`)."""
    named = request.text("FunctionName")
    qualifier = request.text("Qualifier")
    if not named.startswith("arn:"):
        account, _, name = named.rpartition(":function:")
        owner = account or request.account
        named = f"arn:aws:lambda:{request.call.region}:{owner}:function:{name}"
    arn = f"{named}:{qualifier}" if qualifier else named
    yield Need(action="lambda:InvokeFunction", resource=arn)


def _assume_role(request: Request) -> Iterator[Need]:
    context: dict[str, ContextValue] = {"sts:RoleSessionName": request.text("RoleSessionName")}
    if request.text("ExternalId"):
        context["sts:ExternalId"] = request.text("ExternalId")
    yield Need(action="sts:AssumeRole", resource=request.text("RoleArn"), context=context)


def _send_mail(action: str, request: Request) -> Iterator[Need]:
    """The sender's identity: the verified address if it is one, else its domain's."""
    sender = parseaddr(_sender(request.call.params))[1]
    identities = get_backend("ses")[request.account][request.call.region].email_identities
    identity = sender if sender in identities else sender.rpartition("@")[2]
    yield Need(
        action=action,
        resource=request.arn(f"identity/{identity}", service="ses"),
        context={"ses:FromAddress": sender},
    )


def _sender(params: Mapping[str, Any]) -> str:
    """From the parameter of either API version, or from the raw message."""
    named = params.get("Source") or params.get("FromEmailAddress")
    if named:
        return str(named)
    content: Mapping[str, Any] = params.get("Content") or {}
    raw: Mapping[str, Any] = params.get("RawMessage") or content.get("Raw") or {}
    data = raw.get("Data", b"")
    return str(message_from_bytes(data if isinstance(data, bytes) else data.encode())["From"])


MAPPERS: Mapping[str, Mapper] = {
    "logs:CreateLogGroup": partial(_on_log_stream, "logs:CreateLogGroup"),
    "logs:CreateLogStream": partial(_on_log_stream, "logs:CreateLogStream"),
    "logs:PutLogEvents": partial(_on_log_stream, "logs:PutLogEvents"),
    "cloudwatch:PutMetricData": _put_metric_data,
    "xray:PutTraceSegments": anywhere("xray:PutTraceSegments"),
    "xray:PutTelemetryRecords": anywhere("xray:PutTelemetryRecords"),
    "lambda:Invoke": _invoke,
    "sts:AssumeRole": _assume_role,
    "sts:GetCallerIdentity": lambda _request: [],
    "ses:SendEmail": partial(_send_mail, "ses:SendEmail"),
    "ses:SendRawEmail": partial(_send_mail, "ses:SendRawEmail"),
    "sesv2:SendEmail": partial(_send_mail, "ses:SendEmail"),
    "resourcegroupstaggingapi:GetResources": anywhere("tag:GetResources"),
}
