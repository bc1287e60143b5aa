"""The way of alerts: whether trails tell of changes, the ticket queue is worked off, and every
Region was ever heard of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import compress
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from fleet import access
from fleet.doctor.findings import Answer, Finding, by_hand, code, finding, ill, looked_up, not_yet
from fleet.doctor.stack_account import StackAccount
from fleet.tickets.ledger import Ledger
from reports.ticket_ledger import heartbeat_key
from stacks import names
from stacks.load import Settings
from stacks.references import alerts_stack

_AT_ONCE = 16
"""Accounts: looks wait for AWS, and take little of this machine."""
_FIRST = timedelta(hours=7)
"""A schedule's first heartbeat comes within six."""
_CREDENTIALS = '{"username": "…", "password": "…"}'


def alerts(here: StackAccount) -> Iterator[Finding]:
    settings = here.settings
    if settings.monitoring.changes:
        for region in settings.alert_regions:
            yield looked_up(
                f"a trail for {region}", lambda region=region: _trail(here.session, region)
            )
    if settings.role == settings.alerts_in:
        yield finding("alarm_topics", _alarm_topics(settings.alarm_topics))
    if settings.ticketing is None:
        return
    yield here.secret(settings.ticketing.secret, _CREDENTIALS)
    yield looked_up("the ticket queue", lambda: _worked_off(here))
    if settings.monitoring.heartbeat:
        yield looked_up("heartbeats", lambda: _heartbeats(here))


def _alarm_topics(topics: Sequence[str]) -> Answer | str:
    if topics:
        return ", ".join(topics)
    return by_hand(
        "none: alarms become incidents at best",
        "name an SNS topic that people hear, for when the way to the incidents is what fails",
    )


def _trail(session: boto3.Session, region: str) -> Answer | str:
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
            return f"{arn} logs, and what, its own account knows"
        if _logs_changes(selectors):
            return f"{arn} logs changes"
    return ill(
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


def _worked_off(here: StackAccount) -> Answer | str:
    client = here.session.client("lambda")
    name = names.ticket_function(here.settings)
    try:
        client.get_function_configuration(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        return here.not_there(f"there is no function {name}")
    found = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    if any(mapping.get("State") in {"Enabled", "Enabling"} for mapping in found):
        return f"is worked off by {name}"
    cures = [
        here.aws("lambda", "update-event-source-mapping", "--uuid", uuid, "--enabled")
        for uuid in (mapping.get("UUID", "") for mapping in found)
    ]
    return ill(
        f"is not worked off: no event-source mapping of {name} is enabled",
        "",
        *(cures or [here.run("up")]),
    )


def _heartbeats(here: StackAccount) -> Answer | str:
    """The daily look tells who falls silent; who was never heard, the ledger cannot know."""
    expected = _expected(here)
    table = names.tickets(here.settings)
    ledger = Ledger(dynamodb=here.session.client("dynamodb"), table=table)
    try:
        heard = {str(item["correlation_id"]) for item in ledger.items(list(expected))}
    except ledger.dynamodb.exceptions.ResourceNotFoundException:
        return here.not_there(f"there is no ledger {table}")
    silent = [place for key, place in expected.items() if key not in heard]
    if not silent:
        return f"came from each of {len(expected)} Regions of accounts"
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        late = [*compress(silent, pool.map(partial(_is_late, here), silent))]
    if late:
        stacks = dict.fromkeys(place.stack for place in late)
        return ill(
            f"none ever came from {', '.join(map(str, late))}",
            f"look there at the schedule {names.heartbeat(here.settings)}, and for dead letters:",
            *(f"backup-org replay {stack} alerts --dry-run" for stack in stacks),
        )
    return not_yet(
        f"none came yet from {', '.join(map(str, silent))}",
        "the first comes within six hours of a deployment",
    )


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where heartbeats come from."""

    settings: Settings
    region: str

    @property
    def stack(self) -> str:
        return names.own_stack(self.settings)

    def __str__(self) -> str:
        return f"{self.stack} in {self.region}"


def _expected(here: StackAccount) -> Mapping[str, _Place]:
    """Where heartbeats come from on this way, by the ledger's key."""
    return {
        heartbeat_key(other.account, region): _Place(settings=other, region=region)
        for other in here.customers_stacks.values()
        if alerts_stack(other) == here.stack
        for region in other.alert_regions
    }


def _is_late(here: StackAccount, place: _Place) -> bool:
    """Whether the schedule there has stood for longer than until its first heartbeat. A stack whose
    account is not reached is told of in its turn; one without the schedule is not deployed."""
    try:
        scheduler = access.session(place.settings).client("scheduler", region_name=place.region)
        made = scheduler.get_schedule(Name=names.heartbeat(place.settings))["CreationDate"]
    except (access.NoSession, BotoCoreError, ClientError):
        return False
    return here.now - made > _FIRST
