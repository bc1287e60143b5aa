"""The way of alerts: whether trails tell of changes, the ticket queue is worked off, and every
Region was ever heard of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from fleet.doctor.findings import Answer, Finding, code, looked_up, secret
from fleet.tickets.ledger import Ledger
from reports.ticket_ledger import heartbeat_key
from stacks import load, names
from stacks.load import Settings
from stacks.references import alerts_stack

_NOT_DEPLOYED: Answer = ("is not deployed yet", "")


def alerts(settings: Settings, session: boto3.Session, root: Path) -> Iterator[Finding]:
    if settings.monitoring.changes:
        for region in settings.alert_regions:
            yield looked_up(f"a trail for {region}", lambda region=region: _trail(session, region))
    if settings.ticketing is None:
        return
    yield secret(settings.ticketing.secret, session, '{"username": "…", "password": "…"}')
    yield looked_up("the ticket queue", lambda: _worked_off(settings, session))
    if settings.monitoring.heartbeat:
        yield looked_up("heartbeats", lambda: _heartbeats(settings, session, root))


def _trail(session: boto3.Session, region: str) -> Answer:
    """Events "via CloudTrail" come from a trail that logs management events, that write at least:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html.
    Of the whole organization or of all Regions, it is seen in each."""
    client: Any = session.client("cloudtrail", region_name=region)
    for trail in client.describe_trails(includeShadowTrails=True)["trailList"]:
        arn, home = trail["TrailARN"], trail["HomeRegion"]
        there: Any = session.client("cloudtrail", region_name=home)
        if not there.get_trail_status(Name=arn)["IsLogging"]:
            continue
        try:
            selectors = there.get_event_selectors(TrailName=arn)
        except ClientError as error:
            if code(error) not in {"AccessDeniedException", "TrailNotFoundException"}:
                raise
            return f"{arn} logs, and what, its own account knows", ""
        if _logs_changes(selectors):
            return f"{arn} logs changes", ""
    return (
        "none logs changes: who changes vaults and plans is not told",
        "have a trail log management events there, one of the organization or of all Regions, or "
        "set monitoring.changes: false",
    )


def _logs_changes(selectors: Mapping[str, Any]) -> bool:
    if any(
        one.get("IncludeManagementEvents", True) and one.get("ReadWriteType") != "ReadOnly"
        for one in selectors.get("EventSelectors", [])
    ):
        return True
    return any(
        _equals(one["FieldSelectors"]).get("eventCategory") == ["Management"]
        and _equals(one["FieldSelectors"]).get("readOnly") != ["true"]
        for one in selectors.get("AdvancedEventSelectors", [])
    )


def _equals(fields: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[str]]:
    return {field["Field"]: field.get("Equals", []) for field in fields}


def _worked_off(settings: Settings, session: boto3.Session) -> Answer:
    client = session.client("lambda")
    name = names.ticket_function(settings)
    try:
        client.get_function_configuration(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        return _NOT_DEPLOYED
    found = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    if any(mapping.get("State") in {"Enabled", "Enabling"} for mapping in found):
        return f"is worked off by {name}", ""
    cures = [
        f"aws lambda update-event-source-mapping --uuid {mapping.get('UUID')} --enabled"
        for mapping in found
    ]
    return (
        f"is not worked off: no event-source mapping of {name} is enabled",
        "; ".join(cures) or f"backup-org up {names.own_stack(settings)}",
    )


def _heartbeats(settings: Settings, session: boto3.Session, root: Path) -> Answer:
    """The daily look tells who falls silent; who was never heard, the ledger cannot know."""
    expected = _expected(settings, root)
    ledger = Ledger(dynamodb=session.client("dynamodb"), table=names.tickets(settings))
    try:
        heard = {str(item["correlation_id"]) for item in ledger.items(list(expected))}
    except ledger.dynamodb.exceptions.ResourceNotFoundException:
        return _NOT_DEPLOYED
    silent = [place for key, place in expected.items() if key not in heard]
    if not silent:
        return f"came from each of {len(expected)} Regions of accounts", ""
    # No fault yet: the first comes within six hours of a deployment.
    return (
        f"none came yet from {', '.join(silent)}; if none has six hours after its deployment, look "
        f"there at the schedule {names.heartbeat(settings)}, and for dead letters with "
        "backup-org replay",
        "",
    )


def _expected(settings: Settings, root: Path) -> Mapping[str, str]:
    """Where heartbeats come from on this way: by the ledger's key, stack and Region."""
    here, found = names.own_stack(settings), dict[str, str]()
    for stack in load.stacks_in(root):
        if not stack.startswith(names.stack_name(settings.customer, "")):
            continue
        with suppress(load.SettingsError):  # it is told of itself, in its turn
            other = load.from_files(stack, root)
            if other.customer == settings.customer and alerts_stack(other) == here:
                for region in other.alert_regions:
                    found[heartbeat_key(other.account, region)] = f"{stack} in {region}"
    return found
