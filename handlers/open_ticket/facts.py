"""What is known of an alert, as texts by the names of reports/ticket_facts.py."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from handlers.open_ticket.events import Alert, Kind
from handlers.open_ticket.first_look import first_look
from handlers.open_ticket.lookup import Looked
from handlers.open_ticket.settings import TicketSettings
from reports.aws_partition import aws_partition
from reports.restore_tests import MISSED_START, NOT_JUDGED

Facts = Mapping[str, str]

_SAID = {
    "TIMEDOUT": "timed out",
    "CANCELLED": "was cancelled",
    "SUCCESS": "ended well",
    "ALARM": "goes off",
    "OK": "is over",
}
HEADLINE_LIMIT = 160
"""Characters of ServiceNow's short description."""
_NAME_LIMIT = 50
"""Of a name in it."""


def facts_of(
    alert: Alert, settings: TicketSettings, looked: Looked | None, account_name: str
) -> dict[str, str]:
    """All but those of an incident's course (count, lasted)."""
    told = looked or Looked()
    facts = {
        "customer": settings.customer,
        "account": alert.account,
        "account_name": settings.account_names.get(alert.account) or account_name or alert.account,
        "region": alert.region,
        "kind": alert.kind,
        "state": alert.state,
        "what": what(alert),
        "resource": alert.resource or told.resource,
        "resource_name": told.resource_name or last_part(alert),
        "resource_type": alert.resource_type,
        "vault": alert.destination.rpartition(":")[2] or alert.vault,
        "destination": alert.destination,
        "plan": alert.plan or told.plan,
        "plan_name": told.plan_name,
        "tier": tier(told, settings),
        "rule": told.rule_name or alert.rule or told.rule,
        "job": alert.job_id,
        "category": told.category,
        "message": alert.message or told.message,
        "recovery_point": alert.recovery_point,
        "restored_as": alert.created,
        "testing_plan": alert.testing_plan,
        "ended": utc(alert.time),
        "console": _console(alert),
        "command": _command(alert),
        "first_look": first_look(alert),
    }
    return {**facts, "headline": _headline(facts, alert)}


def utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def tier(looked: Looked, settings: TicketSettings) -> str:
    """The plan's name in settings; "" for a job of no plan, and of one that is not theirs."""
    name = looked.plan_name
    return name.removeprefix(settings.plan_prefix) if name.startswith(settings.plan_prefix) else ""


def last_part(alert: Alert) -> str:
    """Of the ARN; where nobody knows the resource, its type."""
    arn = alert.resource or alert.recovery_point
    return arn.rpartition(":")[2].rpartition("/")[2] or alert.resource_type


def what(alert: Alert) -> str:
    """Kind and state in words."""
    said = _SAID.get(alert.state, alert.state.lower().replace("_", " "))
    if alert.kind is Kind.VERDICT:
        return _verdict(alert)
    if alert.kind is Kind.RESTORE and alert.testing_plan:
        if alert.failed and MISSED_START in alert.message:
            return "restore test did not start in its window"
        return f"restore test {said}"
    return {
        Kind.ISSUES: f"backup {said}",
        Kind.MALWARE: f"malware scan: {said}",
        Kind.CHANGE: "changed outside deployment",
        Kind.SILENCE: "nothing was heard" if alert.failed else "all were heard",
        Kind.TEST: "a test of tickets" if alert.failed else "a test of tickets is over",
    }.get(alert.kind, f"{alert.kind} {said}")


def _verdict(alert: Alert) -> str:
    """What was found of what a restore test restored."""
    if alert.state == "TIMED_OUT":
        return "restore test: nobody judged in time what it restored"
    if not alert.failed:
        return "restore test: what it restored is good"
    if alert.message.startswith(NOT_JUDGED):
        return "restore test: nobody could judge what it restored"
    return "restore test: what it restored is not good"


def _headline(facts: Facts, alert: Alert) -> str:
    """What tells it from hundreds comes first: whose it is, what happened, and to what."""
    kept = {name: _short(text) for name, text in facts.items()}
    whose = " ".join((kept["customer"], kept["account_name"]))
    message = facts["message"].removeprefix(NOT_JUDGED)
    if alert.kind in (Kind.SILENCE, Kind.TEST):
        return cut(f"{kept['customer']}: {facts['what']}: {message}", HEADLINE_LIMIT)
    name, last = kept["resource_name"], last_part(alert)
    known = last in (facts["resource_name"], alert.resource_type)
    thing = name if known else f"{name} ({_short(last)})"
    type_ = "" if alert.resource_type in ("", name) else f"{alert.resource_type} "
    head = f"{whose}: {facts['what']}: {type_}{thing} in {facts['region']}"
    return cut(f"{head}: {message}" if message else head, HEADLINE_LIMIT)


def _short(text: str) -> str:
    return cut(text, _NAME_LIMIT)


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def _console(alert: Alert) -> str:
    """AWS documents no address of a single job; the list of jobs has a search field."""
    region = alert.region
    home = f"https://{region}.{_CONSOLES[aws_partition(region)]}"
    at, job, name = f"home?region={region}", quote(alert.job_id), quote(last_part(alert))
    if alert.kind in (Kind.BACKUP, Kind.COPY, Kind.RESTORE, Kind.ISSUES, Kind.VERDICT):
        return f"{home}/backup/{at}#/jobs"
    return {
        Kind.MALWARE: f"{home}/guardduty/{at}#/malware-scans",
        Kind.CHANGE: f"{home}/cloudtrailv2/{at}#/events/{job}",
        Kind.ALARM: f"{home}/cloudwatch/{at}#alarmsV2:alarm/{name}",
        Kind.RUNBOOK: f"{home}/systems-manager/automation/execution/{job}?region={region}",
    }.get(alert.kind, "")


_COMMANDS = {
    Kind.BACKUP: "aws backup describe-backup-job --backup-job-id {job}",
    Kind.ISSUES: "aws backup describe-backup-job --backup-job-id {job}",
    Kind.COPY: "aws backup describe-copy-job --copy-job-id {job}",
    Kind.RESTORE: "aws backup describe-restore-job --restore-job-id {job}",
    Kind.VERDICT: "aws backup describe-restore-job --restore-job-id {job}",
    Kind.MALWARE: "aws backup describe-scan-job --scan-job-id {job}",
    Kind.CHANGE: "aws cloudtrail lookup-events --lookup-attributes "
    "AttributeKey=EventId,AttributeValue={job}",
    Kind.ALARM: "aws cloudwatch describe-alarms --alarm-names {name}",
    Kind.RUNBOOK: "aws ssm get-automation-execution --automation-execution-id {job}",
}


def _command(alert: Alert) -> str:
    if alert.kind not in _COMMANDS:
        return ""
    shown = _COMMANDS[alert.kind].format(job=alert.job_id, name=last_part(alert))
    return f"{shown} --region {alert.region}"
