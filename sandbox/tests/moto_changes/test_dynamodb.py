"""DynamoDB's conditions and transactions, also where many write at once."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from aws_sandbox.aws.api_calls import AwsError
from aws_sandbox.moto_changes import permanent

permanent.install()


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        session: Any = boto3.Session("testing", "testing", region_name="eu-central-1")
        client = session.client("dynamodb")
        client.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def adding(key: str, condition: str = "") -> dict[str, Any]:
    asked: dict[str, Any] = {
        "TableName": "t",
        "Key": {"k": {"S": key}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return {"Update": {**asked, **({"ConditionExpression": condition} if condition else {})}}


def count(table: Any, key: str) -> str | None:
    item = table.get_item(TableName="t", Key={"k": {"S": key}}).get("Item", {})
    return item.get("n", {}).get("N")


def test_all_of_a_transaction_is_written(table: Any) -> None:
    table.transact_write_items(TransactItems=[adding("a"), adding("b")])
    table.transact_write_items(TransactItems=[adding("a"), adding("c", "attribute_not_exists(k)")])
    assert [count(table, key) for key in "abc"] == ["2", "1", "1"]


def test_or_nothing_with_the_reasons_and_the_item_that_is_in_the_way(table: Any) -> None:
    table.transact_write_items(TransactItems=[adding("a")])
    with pytest.raises(ClientError) as refused:
        table.transact_write_items(
            TransactItems=[adding("b"), adding("a", "attribute_not_exists(k)")]
        )
    answer: Any = refused.value.response
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    first, second = answer["CancellationReasons"]
    assert first["Code"] == "None"
    assert (second["Code"], second["Item"]["n"]) == ("ConditionalCheckFailed", {"N": "1"})
    assert [count(table, key) for key in "ab"] == ["1", None]


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([adding("a"), adding("a")], "cannot include multiple operations on one item"),
        ([{"Delete": {"TableName": "t", "Key": {"k": {"S": "a"}}}}], "other things than updates"),
    ],
)
def test_what_is_no_such_transaction_is_refused(
    table: Any, items: list[dict[str, Any]], says: str
) -> None:
    with pytest.raises((ClientError, AwsError), match=says):
        table.transact_write_items(TransactItems=items)


def test_what_is_refused_undoes_nothing_that_others_write(table: Any) -> None:
    table.transact_write_items(TransactItems=[adding("there")])

    def write() -> None:
        for _ in range(20):
            table.transact_write_items(TransactItems=[adding("a"), adding("b")])

    def collide() -> None:
        for _ in range(20):
            with pytest.raises(ClientError):
                table.transact_write_items(
                    TransactItems=[adding("c"), adding("there", "attribute_not_exists(k)")]
                )

    threads = [Thread(target=target) for target in (write, collide, write, collide)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [count(table, key) for key in "abc"] == ["40", "40", None]
