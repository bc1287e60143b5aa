"""One hop of what is carried: whatever becomes of it stands in the journal."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from aws_sandbox.events.senders import DeliveryError
from aws_sandbox.journal import Hop, Journal


@contextmanager
def hop(journal: Journal, source: str, target: str, **known: Any) -> Generator[dict[str, Any]]:
    """Records the hop as carried, or a DeliveryError as refused or failed, and passes that on.

    Gives the detail to add to; `known` is what is known of it beforehand.
    """
    detail = {name: value for name, value in known.items() if value}
    try:
        yield detail
    except DeliveryError as error:
        journal.record(
            Hop(
                source=source,
                target=target,
                outcome="refused" if error.refused else "failed",
                reason=str(error),
                detail={"code": error.code, **detail},
            )
        )
        raise
    journal.record(Hop(source=source, target=target, outcome="carried", detail=detail))
