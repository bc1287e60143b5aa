"""What was last done about each correlation id, and who is at it: a DynamoDB table.

ServiceNow has no unique correlation id: two events of one resource, handled at once, would find no
incident and open two. So each correlation id is leased while it is worked on. The ledger also
spares ServiceNow the look-up for every job that completes as it should, and knows of a failure that
comes late that the resource is protected again.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from handlers.open_ticket.decision import Memory, remembered
from handlers.open_ticket.events import Alert

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_FORGET_AFTER = datetime.timedelta(days=400)


class Busy(Exception):
    """Another invocation is at this correlation id; the message is tried again later."""


@dataclass(frozen=True, kw_only=True)
class Filed:
    """What was done to an incident."""

    action: Literal["opened", "noted", "resolved"]
    number: str
    sys_id: str
    at: datetime.datetime


@dataclass(frozen=True, kw_only=True)
class Lease:
    correlation_id: str
    holder: str
    memory: Memory | None


class Ledger:
    """Items: correlation_id; lease_holder, lease_ends (epoch seconds) while somebody is at it;
    incident_open, event_time, job_id of what was last done; forget_at (epoch seconds, DynamoDB's
    time to live). job_id is a set of `<job> <state>`; before, it was one job's id. Of the last
    incident: incident_number, incident_sys_id, incident_opened_at and incident_resolved_at, where
    it was opened and resolved from here. (`backup-org drill` reads them.)

    And of each recovery point, in place of a correlation id: resource_arn, forget_at."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, *, lease_seconds: int) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._lease_seconds = lease_seconds

    def recall(self, correlation_id: str) -> Memory | None:
        item = self._dynamodb.get_item(
            TableName=self._table, Key=_key(correlation_id), ConsistentRead=True
        ).get("Item", {})
        return _memory(item)

    @contextmanager
    def lease(self, correlation_id: str, now: datetime.datetime) -> Generator[Lease]:
        """Holds a correlation id; raises Busy where another holds it. A holder that died loses it
        when its time is up, which is longer than a function may run."""
        holder = uuid.uuid4().hex
        epoch = int(now.timestamp())
        try:
            item = self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(correlation_id),
                UpdateExpression=(
                    "SET lease_holder = :holder, lease_ends = :ends, forget_at = :forget"
                ),
                ConditionExpression="attribute_not_exists(lease_ends) OR lease_ends < :now",
                ExpressionAttributeValues={
                    ":holder": {"S": holder},
                    ":ends": {"N": str(epoch + self._lease_seconds)},
                    ":now": {"N": str(epoch)},
                    ":forget": _forget_at(now),
                },
                ReturnValues="ALL_NEW",
            ).get("Attributes", {})
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            raise Busy(f"{correlation_id} is being worked on; to be tried again") from error
        try:
            yield Lease(correlation_id=correlation_id, holder=holder, memory=_memory(item))
        finally:
            self._release(correlation_id, holder)

    def pass_over(self, correlation_id: str, job: Alert, now: datetime.datetime) -> None:
        """Notes a job that leaves nothing to do, in one call; raises Busy where another holds the
        correlation id, or has opened an incident or noted something later meanwhile."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(correlation_id),
                UpdateExpression=(
                    "SET incident_open = :open, job_id = :job, event_time = :time, "
                    "forget_at = :forget"
                ),
                ConditionExpression=(
                    "(attribute_not_exists(lease_ends) OR lease_ends < :now) AND "
                    "(attribute_not_exists(event_time) OR "
                    "(incident_open = :open AND event_time <= :time))"
                ),
                ExpressionAttributeValues={
                    ":open": {"BOOL": False},
                    ":job": {"SS": [job.end]},
                    ":time": {"S": _sortable(job.time)},
                    ":forget": _forget_at(now),
                    ":now": {"N": str(int(now.timestamp()))},
                },
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            raise Busy(f"{correlation_id} is being worked on; to be tried again") from error

    def remember(self, lease: Lease, job: Alert, filed: Filed | None = None) -> None:
        """Notes what was done, while the lease is held; `filed` is None where ServiceNow was not
        told anything."""
        memory = remembered(job, lease.memory)
        values: dict[str, AttributeValueTypeDef] = {
            ":open": {"BOOL": memory.open},
            ":job": {"SS": sorted(memory.ends)},
            ":time": {"S": _sortable(memory.time)},
            ":holder": {"S": lease.holder},
        }
        of_incident = "" if filed is None else _noted(filed, values)
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(lease.correlation_id),
            UpdateExpression=(
                f"SET incident_open = :open, job_id = :job, event_time = :time{of_incident}"
            ),
            ConditionExpression="lease_holder = :holder",
            ExpressionAttributeValues=values,
        )

    def link(self, recovery_point: str, resource: str, now: datetime.datetime) -> None:
        """Notes what a recovery point is of."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(recovery_point),
            UpdateExpression="SET resource_arn = :resource, forget_at = :forget",
            ExpressionAttributeValues={
                ":resource": {"S": resource},
                ":forget": _forget_at(now),
            },
        )

    def resource_of(self, recovery_point: str) -> str:
        """Empty where nobody knows."""
        item = self._dynamodb.get_item(TableName=self._table, Key=_key(recovery_point)).get(
            "Item", {}
        )
        return item.get("resource_arn", {}).get("S", "")

    def _release(self, correlation_id: str, holder: str) -> None:
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(correlation_id),
                UpdateExpression="REMOVE lease_holder, lease_ends",
                ConditionExpression="lease_holder = :holder",
                ExpressionAttributeValues={":holder": {"S": holder}},
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return  # it had run out and is another's by now, whose it stays


def _noted(filed: Filed, values: dict[str, AttributeValueTypeDef]) -> str:
    """The rest of an update's expression, with its values."""
    values[":number"], values[":sys_id"] = {"S": filed.number}, {"S": filed.sys_id}
    expression = ", incident_number = :number, incident_sys_id = :sys_id"
    if filed.action == "noted":
        return expression
    values[":at"] = {"S": _sortable(filed.at)}
    expression += f", incident_{filed.action}_at = :at"
    return expression + (" REMOVE incident_resolved_at" if filed.action == "opened" else "")


def _key(correlation_id: str) -> dict[str, AttributeValueTypeDef]:
    return {"correlation_id": {"S": correlation_id}}


def _forget_at(now: datetime.datetime) -> AttributeValueTypeDef:
    return {"N": str(int((now + _FORGET_AFTER).timestamp()))}


def _sortable(time: datetime.datetime) -> str:
    """DynamoDB compares texts: with one zone and as many digits, as times compare."""
    return time.astimezone(datetime.UTC).isoformat(timespec="microseconds")


def _memory(item: dict[str, AttributeValueTypeDef]) -> Memory | None:
    if "event_time" not in item:
        return None
    return Memory(
        open=item["incident_open"].get("BOOL", False),
        time=datetime.datetime.fromisoformat(item["event_time"].get("S", "")),
        ends=frozenset(item["job_id"].get("SS") or [item["job_id"].get("S", "")]),
    )
