"""What was seen where, and the work that follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.digest.activity import Row

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_BATCH = 10  # SQS's limit


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What an account showed."""

    account: str
    regions: Sequence[str]
    """Those that could be looked at."""
    vaults: Sequence[Row]
    """Of reports.digest.activity.VAULTS."""
    unseen: Sequence[Row]
    """Of reports.digest.activity.UNSEEN."""


def parts_of(looked: Sequence[Looked]) -> list[tuple[str, str]]:
    """Each account and Region that is to be collated, with vaults or without: what is unprotected
    there is told, too."""
    return [(one.account, region) for one in looked for region in one.regions]


def nothing_seen(looked: Sequence[Looked]) -> str:
    """Why there is no report at all, for the incident about it."""
    reasons = [row for one in looked for row in one.unseen]
    if not reasons:
        return "the report's definition names no account and Region"
    return (
        f"none of {len(reasons)} accounts and Regions could be looked at; "
        f"{reasons[0]['account_id']} in {reasons[0]['region']}: {reasons[0]['reason']}"
    )


def messages(
    run_id: str, parts: Sequence[tuple[str, str]]
) -> Iterator[list[SendMessageBatchRequestEntryTypeDef]]:
    """One message an account and Region, in batches as SQS takes them."""
    for start in range(0, len(parts), _BATCH):
        yield [
            {
                "Id": str(number),
                "MessageBody": json.dumps({"run_id": run_id, "account": account, "region": region}),
            }
            for number, (account, region) in enumerate(parts[start : start + _BATCH])
        ]
