"""What the sandbox carried, and what it refused and why: the first place to look."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Hop:
    """One step of something on its way: an event, a message, a call."""

    source: str
    target: str
    outcome: Literal["carried", "refused", "failed"]
    reason: str = ""
    detail: Mapping[str, object] = field(default_factory=dict[str, object])


class Journal:
    """An append-only record, safe to use from any thread."""

    def __init__(self) -> None:
        self._hops: list[Hop] = []
        self._lock = threading.Lock()

    def record(self, hop: Hop) -> None:
        with self._lock:
            self._hops.append(hop)

    def hops(self, since: int = 0) -> Sequence[Hop]:
        """The hops from number `since` on; the first one ever is number 0."""
        with self._lock:
            return self._hops[since:]

    def page(self, request: Mapping[str, Any]) -> Mapping[str, object]:
        """The control handler: `{"since": 0}` gives the hops and the number to go on from."""
        since = int(request.get("since", 0))
        if since < 0:
            raise ValueError(f"since is a hop's number, 0 or more, not {since}")
        hops = self.hops(since)
        return {"hops": [asdict(hop) for hop in hops], "next": since + len(hops)}
