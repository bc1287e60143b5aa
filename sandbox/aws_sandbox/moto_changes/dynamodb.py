"""moto's DynamoDB, safe among threads: each item's condition and change are one, and a transaction
writes nothing before all of its conditions hold.

Moto copies the table for each transaction, and puts the copy back where a condition fails: what
others wrote meanwhile would be lost.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any

from moto.dynamodb.comparisons import create_condition_expression_parser
from moto.dynamodb.exceptions import MultipleTransactionsException, TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.moto_changes.replacements import Replacements

_LOCK = RLock()
_LOCKED = ("get_item", "put_item", "update_item", "delete_item", "query", "scan")


def install_permanently(replacements: Replacements) -> None:
    for name in _LOCKED:
        replacements.wrap(DynamoDBBackend, name, _locked)
    replacements.replace(DynamoDBBackend, "transact_write_items", _transact)


def _locked(operation: Callable[..., Any]) -> Callable[..., Any]:
    def under_lock(*args: Any, **kwargs: Any) -> Any:
        with _LOCK:
            return operation(*args, **kwargs)

    return under_lock


def _transact(self: DynamoDBBackend, transact_items: Sequence[Mapping[str, Any]]) -> None:
    updates = [item["Update"] for item in transact_items if "Update" in item]
    if len(updates) < len(transact_items):
        raise not_carried_out("transactions of other things than updates")
    keys = {(update["TableName"], str(update["Key"])) for update in updates}
    if len(keys) < len(updates):
        raise MultipleTransactionsException
    with _LOCK:
        reasons = [_obstacle(self, update) for update in updates]
        if any(code for code, _, _ in reasons):
            raise TransactionCanceledException(reasons)
        for update in updates:
            self.update_item(
                update["TableName"],
                update["Key"],
                update_expression=update["UpdateExpression"],
                expression_attribute_names=update.get("ExpressionAttributeNames", {}),
                expression_attribute_values=update.get("ExpressionAttributeValues", {}),
            )


def _obstacle(
    self: DynamoDBBackend, update: Mapping[str, Any]
) -> tuple[str | None, str | None, dict[str, Any] | None]:
    """Code, message and item of the reason for which it cannot be; None: there is none."""
    condition = create_condition_expression_parser(
        update.get("ConditionExpression"),
        update.get("ExpressionAttributeNames", {}),
        update.get("ExpressionAttributeValues", {}),
    ).parse()
    item = self.get_item(update["TableName"], update["Key"])
    if condition.expr(item):
        return None, None, None
    wanted = update.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and item is not None
    shown = item.to_json()["Attributes"] if item is not None and wanted else None
    return "ConditionalCheckFailed", "The conditional request failed", shown
