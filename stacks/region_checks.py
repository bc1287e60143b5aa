"""Checks of the Regions and partitions that settings name; importing this registers them."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import BaseModel

from reports.aws_partition import aws_partition
from stacks.check import Problems, check
from stacks.settings import Settings, StackSettings
from stacks.settings_files import Location
from stacks.values import aws_regions
from stacks.warnings import Warnings, warning

_ALWAYS_ENABLED = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)
"""Of the partition aws, those launched before 20 March 2019; each later one an account must enable.
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html"""


@check(StackSettings, "region")
def _all_is_in_one_partition(s: StackSettings) -> Problems:
    """Accounts of two partitions know nothing of each other."""
    expected = aws_partition(s.region)
    for where, text in texts(dict(s), ()):
        found = _partition(text)
        if found not in (None, expected):
            yield (
                where,
                f"{text!r} is in AWS's partition {found}, and the stack's Region {s.region} in "
                f"{expected}; nothing reaches from one to another: write a stack of that partition",
            )


@warning
def _regions_are_enabled(settings: Settings) -> Warnings:
    told: set[str] = set()
    for where, text in texts(dict(settings), ()):
        if text in aws_regions() and aws_partition(text) == "aws" and text not in told:
            told.add(text)
            if text not in _ALWAYS_ENABLED:
                yield (
                    where,
                    f"{text} is an opt-in Region: each account with something there must have "
                    "enabled it, under Account, AWS Regions, or by the organization",
                )


def _partition(text: str) -> str | None:
    """Of a Region or an ARN; None for any other text."""
    if text.startswith("arn:aws"):
        return text.split(":")[1]
    return aws_partition(text) if text in aws_regions() else None


def texts(value: Any, where: Location) -> Iterator[tuple[Location, str]]:
    """Each text in settings, keys of objects too, with its place."""
    match value:
        case str():
            yield where, value
        case BaseModel():
            yield from texts(dict(value), where)
        case Mapping():
            for key, held in cast(Mapping[str, Any], value).items():
                yield from texts(key, (*where, key))
                yield from texts(held, (*where, key))
        case list() | tuple():
            for position, held in enumerate(cast(list[Any], value)):
                yield from texts(held, (*where, position))
        case _:
            pass
