"""DynamoDB as far as a ledger needs it, thousands of calls a second: moto copies the whole table
for each transaction. That it answers as moto does is tested with the calls of the fault run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import boto3
from botocore.exceptions import ClientError

from reports.ticket_ledger import LISTED

Item: TypeAlias = dict[str, Any]
"""Attribute → value in DynamoDB's JSON, such as {"S": "text"}."""


class _About(NamedTuple):
    """What an expression is asked of, with its placeholders."""

    item: Item
    names: Mapping[str, str]
    values: Mapping[str, Any]


Read: TypeAlias = Callable[[_About], Any]

_TOKENS = re.compile(r"\s*(<=|>=|<>|[-+=<>(),]|[#:]?[A-Za-z_][A-Za-z0-9_.]*)")
_KEY = "correlation_id"
LEDGER: Mapping[str, Any] = {
    "KeySchema": [{"AttributeName": _KEY, "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in (_KEY, LISTED)
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": LISTED,
            "KeySchema": [{"AttributeName": LISTED, "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
"""What CreateTable is told besides the name, as components/ticketing.py deploys it."""


@cache
def _exceptions() -> Any:
    """The classes of errors as botocore makes them."""
    session: Any = boto3.Session("testing", "testing", region_name="eu-central-1")
    return session.client("dynamodb").exceptions


class InMemoryDynamoDB:
    """Stands in for a boto3 client; has one table, whose key is correlation_id."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}

    @property
    def exceptions(self) -> Any:
        return _exceptions()

    def get_item(self, *, Key: Item, **_: Any) -> Mapping[str, Any]:  # noqa: N803
        item = self.items.get(Key[_KEY]["S"])
        return {} if item is None else {"Item": deepcopy(item)}

    def update_item(self, **asked: Any) -> Mapping[str, Any]:
        old = self._meeting(asked, asked["Key"])
        new = self.items[asked["Key"][_KEY]["S"]] = _updated(asked, old)
        match asked.get("ReturnValues", "NONE"):
            case "ALL_NEW":
                return {"Attributes": deepcopy(new)}
            case "ALL_OLD":
                return {"Attributes": deepcopy(old)} if old else {}
            case "NONE":
                return {}
            case other:
                raise NotImplementedError(other)

    def put_item(self, **asked: Any) -> Mapping[str, Any]:
        self._meeting(asked, asked["Item"])
        self.items[asked["Item"][_KEY]["S"]] = deepcopy(asked["Item"])
        return {}

    def delete_item(self, **asked: Any) -> Mapping[str, Any]:
        self._meeting(asked, asked["Key"])
        self.items.pop(asked["Key"][_KEY]["S"], None)
        return {}

    def transact_write_items(self, *, TransactItems: Sequence[Any], **_: Any) -> Mapping[str, Any]:  # noqa: N803
        """All or nothing; each reason names why its own part failed."""
        parts = [next(iter(each.items())) for each in TransactItems]
        keys = [asked.get("Item", asked.get("Key"))[_KEY]["S"] for _, asked in parts]
        if len(set(keys)) < len(keys):
            message = "Transaction request cannot include multiple operations on one item"
            raise self._error("ClientError", "ValidationException", message)
        reasons = [self._reason(asked) for _, asked in parts]
        if any(reason["Code"] != "None" for reason in reasons):
            raise self._cancelled(reasons)
        for what, asked in parts:
            if what != "ConditionCheck":
                met = {name: each for name, each in asked.items() if name != "ConditionExpression"}
                getattr(self, f"{what.lower()}_item")(**met)
        return {}

    def conflict(self, asked: Mapping[str, Any]) -> ClientError:
        """What a write gets while another's transaction is at the same item, or the first of
        several."""
        message = "Transaction is ongoing for the item"
        parts = asked.get("TransactItems")
        if parts is None:
            code = "TransactionConflictException"
            return self._error(code, code, message)
        reason = {"Code": "TransactionConflict", "Message": message}
        return self._cancelled([reason, *[{"Code": "None"}] * (len(parts) - 1)])

    def _cancelled(self, reasons: Sequence[Mapping[str, Any]]) -> ClientError:
        codes = ", ".join(reason["Code"] for reason in reasons)
        return self._error(
            "TransactionCanceledException",
            "TransactionCanceledException",
            f"Transaction cancelled, please refer cancellation reasons for specific reasons "
            f"[{codes}]",
            CancellationReasons=reasons,
        )

    def _reason(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            self._meeting(asked, asked.get("Item", asked.get("Key")))
        except self.exceptions.ConditionalCheckFailedException as error:
            reason = {
                "Code": "ConditionalCheckFailed",
                "Message": "The conditional request failed",
            }
            item = error.response.get("Item")
            return {**reason, "Item": item} if item else reason
        return {"Code": "None"}

    def _meeting(self, asked: Mapping[str, Any], key: Item) -> Item:
        """The item, {} where there is none; raises where it does not meet the condition."""
        item = self.items.get(key[_KEY]["S"], {})
        condition = asked.get("ConditionExpression")
        if condition and not _condition(condition)(_about(asked, item)):
            wants_it = asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and item
            raise self._error(
                "ConditionalCheckFailedException",
                "ConditionalCheckFailedException",
                "The conditional request failed",
                **({"Item": deepcopy(item)} if wants_it else {}),
            )
        return item

    def _error(self, kind: str, code: str, message: str, **more: Any) -> ClientError:
        answer: Any = {"Error": {"Code": code, "Message": message}, **more}
        made = ClientError if kind == "ClientError" else getattr(self.exceptions, kind)
        return made(answer, "TransactWriteItems")


def _about(asked: Mapping[str, Any], item: Item) -> _About:
    names: Mapping[str, str] = asked.get("ExpressionAttributeNames", {})
    return _About(item, names, asked.get("ExpressionAttributeValues", {}))


def _updated(asked: Mapping[str, Any], old: Item) -> Item:
    new = {**deepcopy(old), **deepcopy(asked["Key"])}
    about = _about(asked, old)
    for verb, path, read in _update(asked.get("UpdateExpression", "")):
        name = about.names[path] if path.startswith("#") else path
        value = deepcopy(read(about))
        match verb:
            case "SET":
                new[name] = value
            case "REMOVE":
                new.pop(name, None)
            case "ADD":
                new[name] = _sum(old.get(name), value, 1) if name in old else value
            case _:
                left = set(old.get(name, {"SS": []})["SS"]) - set(value["SS"])
                new.pop(name, None)
                new |= {name: {"SS": sorted(left)}} if left else {}
    return new


def _sum(one: Any, other: Any, sign: int) -> Any:
    ((kind, value),) = one.items()
    if kind == "N":
        return {"N": str(Decimal(value) + sign * Decimal(other["N"]))}
    return {kind: sorted({*value, *other[kind]})}


class _Tokens:
    def __init__(self, text: str) -> None:
        self.all = _TOKENS.findall(text)
        if "".join(self.all) != re.sub(r"\s", "", text):
            raise NotImplementedError(text)
        self.at = 0

    def peek(self) -> str:
        return self.all[self.at] if self.at < len(self.all) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if wanted and token.upper() not in wanted:
            raise NotImplementedError(f"{token!r} in {self.all}, not {wanted}")
        self.at += 1
        return token

    def has(self, *wanted: str) -> bool:
        found = self.peek().upper() in wanted
        self.at += found
        return found


def _operand(tokens: _Tokens) -> Read:
    token = tokens.take()
    if token == "if_not_exists":
        path, other = _arguments(tokens)
        return lambda about: found if (found := path(about)) is not None else other(about)
    if token == "size":
        (of,) = _arguments(tokens)
        return lambda about: _size(of(about))
    if token.startswith(":"):
        return lambda about: about.values[token]
    if token.startswith("#"):
        return lambda about: about.item.get(about.names[token])
    return lambda about: about.item.get(token)


def _size(value: Any) -> Any:
    return None if value is None else {"N": str(len(next(iter(value.values()))))}


def _arguments(tokens: _Tokens) -> Sequence[Read]:
    tokens.take("(")
    found = [_operand(tokens)]
    while tokens.has(","):
        found.append(_operand(tokens))
    tokens.take(")")
    return found


@cache
def _update(text: str) -> Sequence[tuple[str, str, Read]]:
    return list(_clauses(_Tokens(text)))


def _clauses(tokens: _Tokens) -> Iterator[tuple[str, str, Read]]:
    verb = ""
    while tokens.peek():
        if not tokens.has(",") or not verb:
            verb = tokens.take("SET", "REMOVE", "ADD", "DELETE").upper()
        name = tokens.take()
        if verb == "SET":
            tokens.take("=")
        yield verb, name, _nothing if verb == "REMOVE" else _value(tokens)


def _nothing(_: _About) -> None:
    return None


def _value(tokens: _Tokens) -> Read:
    one = _operand(tokens)
    if tokens.peek() not in {"+", "-"}:
        return one
    sign = 1 if tokens.take() == "+" else -1
    other = _operand(tokens)
    return lambda about: _sum(one(about), other(about), sign)


@cache
def _condition(text: str) -> Read:
    tokens = _Tokens(text)
    read = _either(tokens)
    if tokens.peek():
        raise NotImplementedError(text)
    return read


def _either(tokens: _Tokens) -> Read:
    parts = [_both(tokens)]
    while tokens.has("OR"):
        parts.append(_both(tokens))
    return lambda about: any(part(about) for part in parts)


def _both(tokens: _Tokens) -> Read:
    parts = [_one(tokens)]
    while tokens.has("AND"):
        parts.append(_one(tokens))
    return lambda about: all(part(about) for part in parts)


def _one(tokens: _Tokens) -> Read:
    if tokens.has("NOT"):
        negated = _one(tokens)
        return lambda about: not negated(about)
    if tokens.has("("):
        inner = _either(tokens)
        tokens.take(")")
        return inner
    if tokens.has("ATTRIBUTE_EXISTS"):
        (there,) = _arguments(tokens)
        return lambda about: there(about) is not None
    if tokens.has("ATTRIBUTE_NOT_EXISTS"):
        (absent,) = _arguments(tokens)
        return lambda about: absent(about) is None
    if tokens.has("CONTAINS"):
        whole, part = _arguments(tokens)
        return lambda about: _contains(whole(about), part(about))
    one = _operand(tokens)
    how = _COMPARISONS[tokens.take(*_COMPARISONS)]
    other = _operand(tokens)
    return lambda about: how(one(about), other(about))


def _contains(whole: Any, part: Any) -> bool:
    return whole is not None and part["S"] in next(iter(whole.values()))


def _less(one: Any, other: Any) -> bool:
    if one is None or other is None or one.keys() != other.keys():
        return False
    ((kind, left),), ((_, right),) = one.items(), other.items()
    return Decimal(left) < Decimal(right) if kind == "N" else left < right


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    if "N" in one and "N" in other:
        return Decimal(one["N"]) == Decimal(other["N"])
    return one == other


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": _equal,
    "<>": lambda one, other: not _equal(one, other),
    "<": _less,
    ">": lambda one, other: _less(other, one),
    "<=": lambda one, other: _less(one, other) or _equal(one, other),
    ">=": lambda one, other: _less(other, one) or _equal(one, other),
}
