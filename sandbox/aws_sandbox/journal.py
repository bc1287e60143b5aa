"""What the sandbox carried, and what it refused and why: the first place to look."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """One step of something on its way: an event, a message, a call."""

    source: str
    target: str
    outcome: Literal["carried", "refused", "failed"]
    reason: str = ""
    detail: Mapping[str, object] = field(default_factory=dict[str, object])


class Journal:
    """An append-only record, safe to use from any thread."""

    def __init__(self) -> None:
        self._entries: list[JournalEntry] = []
        self._lock = threading.Lock()

    def record(self, entry: JournalEntry) -> None:
        with self._lock:
            self._entries.append(entry)

    def entries(self, since: int = 0) -> Sequence[JournalEntry]:
        """The entries from number `since` on; the first one ever is number 0."""
        with self._lock:
            return self._entries[since:]

    def page(self, request: Mapping[str, Any]) -> Mapping[str, object]:
        """The control handler: `{"since": 0}` gives the entries and the number to go on from."""
        since = int(request.get("since", 0))
        if since < 0:
            raise ValueError(f"since is an entry's number, 0 or more, not {since}")
        entries = self.entries(since)
        return {"entries": [asdict(entry) for entry in entries], "next": since + len(entries)}
