"""What lies beside the event of a withheld report in the dead-letter queue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reports.templates import Template

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef


def attributes(
    *, key: str, template: Template, reason: str, expected: Sequence[str], header: Sequence[str]
) -> Mapping[str, MessageAttributeValueTypeDef]:
    """Why a raw table cannot read a report, with both headers, as SQS's API takes it."""
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in (
            ("Key", key),
            ("Template", template.name),
            ("Reason", reason),
            ("Expected", json.dumps(list(expected))),
            ("Header", json.dumps(list(header))),
        )
    }
