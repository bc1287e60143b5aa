"""The ticket function's ledger (handlers/open_ticket/ledger.py), as its operators read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from fleet import access
from fleet.deploy.deployment import Deployment, Engine
from fleet.deploy.order import settings_of
from fleet.errors import ToldError
from fleet.replay.facts import facts
from reports.correlation import DISPLAY
from reports.ticket_ledger import HEARTBEAT, LISTED, NOT_WELL, heartbeat_key
from stacks.references import alerts_stack
from stacks.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY = "correlation_id"
_KEYS_AT_ONCE = 100
"""BatchGetItem's."""
Item = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What must be well, and what is known of it."""

    key: str
    item: Item
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    """fleet.replay.facts.NAMES; all of them only while it is not well."""

    @classmethod
    def read(cls, item: Item) -> Subject:
        # The resource may be found out, where the event does not say it.
        told = {**facts(str(item.get("failure", ""))), **json.loads(item.get("about", "{}"))}
        return cls(key=str(item[_KEY]), item=item, facts=told)

    @property
    def number(self) -> str:
        return str(self.item.get("incident_number", ""))

    @property
    def open(self) -> bool:
        return bool(self.item.get("incident_open", False))

    @property
    def troubled(self) -> bool:
        """Not well, or not yet told to ServiceNow that it is."""
        return self.open or "failure" in self.item

    @property
    def failures(self) -> int:
        """In this episode."""
        return int(self.item.get("failures", 0)) - int(self.item.get("earlier", 0))

    @property
    def since(self) -> datetime | None:
        """When the incident was opened; before that, when the failure was told."""
        if self.open and "incident_opened_at" in self.item:
            return datetime.fromisoformat(self.item["incident_opened_at"])
        return datetime.fromisoformat(self.facts["time"]) if "time" in self.facts else None


@dataclass(frozen=True, kw_only=True)
class Ledger:
    dynamodb: DynamoDBClient
    table: str

    def item(self, key: str) -> Item:
        """Empty where there is none."""
        answer = self.dynamodb.get_item(
            TableName=self.table, Key={_KEY: {"S": key}}, ConsistentRead=True
        )
        return _read(answer.get("Item", {}))

    def items(self, keys: Sequence[str]) -> Iterator[Item]:
        """Those of these keys that there are."""
        for first in range(0, len(keys), _KEYS_AT_ONCE):
            wanted: Any = [{_KEY: {"S": key}} for key in keys[first : first + _KEYS_AT_ONCE]]
            answer = self.dynamodb.batch_get_item(
                RequestItems={self.table: {"Keys": wanted, "ConsistentRead": True}}
            )
            yield from map(_read, answer["Responses"].get(self.table, []))

    def subjects(self) -> Iterator[Subject]:
        """All that the table has, page by page: of a large organization, millions of items are
        read."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            FilterExpression=f"begins_with({_KEY}, :key)",
            ExpressionAttributeValues={":key": {"S": f"{DISPLAY}-"}},
        )
        for page in pages:
            yield from map(Subject.read, map(_read, page["Items"]))

    def not_well(self) -> Iterator[Subject]:
        return map(Subject.read, self._listed(NOT_WELL))

    def regions_heard(self, account: str) -> list[str]:
        """Of an account, by its heartbeats."""
        keys = (str(item[_KEY]) for item in self._listed(HEARTBEAT))
        begin = heartbeat_key(account, "")
        return sorted(key.removeprefix(begin) for key in keys if key.startswith(begin))

    def _listed(self, what: str) -> Iterator[Item]:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            IndexName=LISTED,
            KeyConditionExpression=f"{LISTED} = :what",
            ExpressionAttributeValues={":what": {"S": what}},
        )
        for page in pages:
            yield from map(_read, page["Items"])

    def remove(self, key: str) -> bool:
        """Whether there was such an item."""
        answer = self.dynamodb.delete_item(
            TableName=self.table, Key={_KEY: {"S": key}}, ReturnValues="ALL_OLD"
        )
        return "Attributes" in answer


def ledger_of(engine: Engine, settings: Settings) -> Ledger | None:
    """Of the stack in which the customer's ticketing stands; None: it has none."""
    stack = alerts_stack(settings)
    central = settings_of([stack], engine.project)[stack]
    if central.ticketing is None:
        return None
    outputs = Deployment(engine, stack).outputs()
    if "ticket_ledger" not in outputs:
        raise ToldError(f"{stack} does not tell of its ledger; run: backup-org up {stack}")
    dynamodb = access.session(central).client("dynamodb")
    return Ledger(dynamodb=dynamodb, table=outputs["ticket_ledger"])


def moment(epoch: object) -> datetime:
    """Of seconds since 1970, as the ledger has them."""
    return datetime.fromtimestamp(int(str(epoch)), UTC)


def _read(item: Mapping[str, Any]) -> Item:
    reader = TypeDeserializer()
    return {name: reader.deserialize(value) for name, value in item.items()}
