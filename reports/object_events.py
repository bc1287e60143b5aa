"""S3's "Object Created" events, as EventBridge puts them into a queue."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast


class UnrecognisedEvent(ValueError):
    """A message that is no event of an object created in S3."""


@dataclass(frozen=True, kw_only=True)
class CreatedObject:
    bucket: str
    key: str
    """Not URL-encoded."""
    size: int


def created_object(body: str) -> CreatedObject:
    """Reads the body of a queue's message.

    Source: Amazon S3 User Guide, "EventBridge event message structure". Raises UnrecognisedEvent.
    """
    try:
        event = cast(Mapping[str, Any], json.loads(body))
        if event["detail-type"] != "Object Created":
            raise UnrecognisedEvent(f"expected Object Created, found {event['detail-type']!r}")
        created = event["detail"]["object"]
        return CreatedObject(
            bucket=event["detail"]["bucket"]["name"], key=created["key"], size=created["size"]
        )
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise UnrecognisedEvent(f"{error!r} in the message {body[:1000]!r}") from error
