"""One DynamoDB table of items that are found by one text, in Python's own values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from reports.ticket_ledger import LISTED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_IN_A_TRANSACTION = 100
"""Items; DynamoDB's limit."""
_KEY = "correlation_id"
_CONFLICTS = {
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_REFUSED = "ConditionalCheckFailed"

Value = str | int | bool | frozenset[str]
Item = Mapping[str, Any]


class Refused(Exception):
    """A condition did not hold; nothing was written."""

    def __init__(self, items: Sequence[Item | None]) -> None:
        super().__init__("the ledger's condition did not hold")
        self.items = items
        """For each change: None where its own condition held, else the item as it is."""


class Conflict(Exception):
    """Another transaction is at the same items; nothing was written."""

    def __init__(self, key: str) -> None:
        super().__init__(f"others write {key} as well")


@dataclass(frozen=True, kw_only=True)
class Change:
    """Of one item, which is made where it is not there yet."""

    key: str
    set: Mapping[str, Value] = field(default_factory=dict[str, Value])
    add: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """To a number, or to a set of texts."""
    delete: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """From a set of texts."""
    remove: Collection[str] = ()
    given: str = ""
    """Condition, in DynamoDB's words."""
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """The condition's, by their names without colon."""

    def request(self, table: str) -> dict[str, Any]:
        names: dict[str, str] = {}
        values: dict[str, Any] = {f":{name}": _told(value) for name, value in self.values.items()}

        def named(name: str) -> str:
            return names.setdefault(name, f"#n{len(names)}")

        def valued(value: Value) -> str:
            values[placeholder := f":v{len(values)}"] = _told(value)
            return placeholder

        clauses = {
            "SET": [f"{named(name)} = {valued(value)}" for name, value in self.set.items()],
            "ADD": [f"{named(name)} {valued(value)}" for name, value in self.add.items()],
            "DELETE": [f"{named(name)} {valued(value)}" for name, value in self.delete.items()],
            "REMOVE": [named(name) for name in self.remove],
        }
        request: dict[str, Any] = {
            "TableName": table,
            "Key": {_KEY: {"S": self.key}},
            "UpdateExpression": " ".join(
                f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts
            ),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if names:
            request["ExpressionAttributeNames"] = {alias: name for name, alias in names.items()}
        if values:
            request["ExpressionAttributeValues"] = values
        if self.given:
            request["ConditionExpression"] = self.given
        return request


class Table:
    def __init__(self, dynamodb: DynamoDBClient, name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def get(self, key: str) -> Item:
        answer = self._dynamodb.get_item(
            TableName=self._name, Key={_KEY: {"S": key}}, ConsistentRead=True
        )
        return _read(answer.get("Item", {}))

    def update(self, change: Change) -> Item:
        """The item as it is then. Raises Refused, or Conflict."""
        try:
            answer = self._dynamodb.update_item(
                **change.request(self._name), ReturnValues="ALL_NEW"
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == "ConditionalCheckFailedException":
                raise Refused([_read(error.response.get("Item", {}))]) from error
            if code in _CONFLICTS:
                raise Conflict(change.key) from error
            raise
        return _read(answer.get("Attributes", {}))

    def listed(self, what: str) -> Iterator[Item]:
        """As it was a moment ago."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=LISTED,
            KeyConditionExpression=f"{LISTED} = :what",
            ExpressionAttributeValues={":what": {"S": what}},
        )
        for page in pages:
            yield from map(_read, page["Items"])

    def transact(self, changes: Sequence[Change]) -> None:
        """All of them or none, in one call. Raises Refused, or Conflict."""
        items: Any = [{"Update": change.request(self._name)} for change in changes]
        try:
            self._dynamodb.transact_write_items(TransactItems=items)
        except self._dynamodb.exceptions.TransactionCanceledException as error:
            reasons: Sequence[Any] = error.response.get("CancellationReasons", ())
            codes = {reason.get("Code") for reason in reasons}
            if _REFUSED in codes:
                raise Refused(
                    [
                        _read(reason.get("Item", {})) if reason.get("Code") == _REFUSED else None
                        for reason in reasons
                    ]
                ) from error
            if codes & _CONFLICTS:
                raise Conflict(changes[0].key) from error
            raise


def _told(value: Value) -> Any:
    return TypeSerializer().serialize(set(value) if isinstance(value, frozenset) else value)


def _read(item: Mapping[str, Any]) -> Item:
    reader = TypeDeserializer()
    return {name: reader.deserialize(value) for name, value in item.items()}
