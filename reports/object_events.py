"""S3's "Object Created" events, as EventBridge puts them into a queue."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

_CREATED = "Object Created"


class UnrecognisedEvent(ValueError):
    """A message that is no event of an object created in S3."""


@dataclass(frozen=True, kw_only=True)
class CreatedObject:
    bucket: str
    key: str
    """Not URL-encoded."""
    size: int


def event_of(created: CreatedObject, source: str) -> str:
    """What S3 would have said of an object, as the body of a queue's message."""
    return json.dumps(
        {
            "source": source,
            "detail-type": _CREATED,
            "detail": {
                "bucket": {"name": created.bucket},
                "object": {"key": created.key, "size": created.size},
            },
        }
    )


def created_object(body: str) -> CreatedObject:
    """Reads the body of a queue's message.

    Source: Amazon S3 User Guide, "EventBridge event message structure". Raises UnrecognisedEvent.
    """
    try:
        event = cast(Mapping[str, Any], json.loads(body))
        if event["detail-type"] != _CREATED:
            raise UnrecognisedEvent(f"expected {_CREATED}, found {event['detail-type']!r}")
        created = event["detail"]["object"]
        return CreatedObject(
            bucket=event["detail"]["bucket"]["name"], key=created["key"], size=created["size"]
        )
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise UnrecognisedEvent(f"{error!r} in the message {body[:1000]!r}") from error
