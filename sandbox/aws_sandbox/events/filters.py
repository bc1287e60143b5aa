"""Which messages a subscription or an event-source mapping wants, in the pattern language."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from aws_sandbox.events.pattern import EventPattern


@lru_cache(maxsize=1024)
def parsed_pattern(text: str) -> EventPattern:
    """A pattern, parsed once however often it is asked for; raises PatternError."""
    return EventPattern.parse(text)


def subscription_wants(
    policy: str, scope: str, message: str, attributes: Mapping[str, Mapping[str, Any]]
) -> bool:
    """An SNS filter policy on a message's attributes (SNS's Type and Value) or on its body.

    With the scope MessageBody a body that is no JSON object is not wanted.
    """
    if scope == "MessageBody":
        body = _json(message)
        return isinstance(body, dict) and parsed_pattern(policy).matches(
            cast("Mapping[str, Any]", body)
        )
    values = {name: _attribute(attribute) for name, attribute in attributes.items()}
    return parsed_pattern(policy).matches(values)


def mapping_wants(criteria: Mapping[str, Any] | None, record: Mapping[str, Any]) -> bool:
    """Lambda's filter criteria on an SQS record: any one of the filters, or none being there.

    The body is taken as JSON when it is JSON, so that a pattern may look into it.
    """
    filters: Sequence[Mapping[str, str]] = (criteria or {}).get("Filters", [])
    body = _json(record["body"])
    content = {**record, "body": record["body"] if body is None else body}
    return not filters or any(
        parsed_pattern(entry["Pattern"]).matches(content) for entry in filters
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _attribute(attribute: Mapping[str, Any]) -> Any:
    """An attribute's value as patterns see it; a binary one is no value, as on SNS."""
    match attribute["Type"]:
        case "Number":
            return json.loads(attribute["Value"])
        case "String.Array":
            return json.loads(attribute["Value"])
        case "Binary":
            return []
        case _:
            return attribute["Value"]
