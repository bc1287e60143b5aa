"""What became of messages that were sent to be tried again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleet.replay.dead_letters import DeadLetter, on_their_way, resting
from fleet.replay.facts import reason
from fleet.replay.hops import Hop, TriedAgain
from fleet.tickets.ledger import Ledger
from reports.ticket_ledger import REPLAY, replay_key

_POLL_SECONDS = 2.0
_LAST = {"opened", "noted", "counted", "resolved", "reopened", "grouped", "nothing", "parked"}
"""What the ticket function says once, and nothing after it; the rest may yet change."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is known of a message."""

    outcome: str
    """As reports.ticket_ledger.ReplayOutcome; of other functions `done`; `back`: it rests again."""
    incident: str = ""
    reason: str = ""

    @property
    def last(self) -> bool:
        return self.outcome in {*_LAST, "done", "back"}


def followed(
    hop: Hop, sent: Mapping[str, DeadLetter], seconds: float
) -> Iterator[Mapping[str, Told]]:
    """What is known of each message, by its mark, again and again: until all is known, or nothing
    was new for so many seconds. A message of which nobody told is left out."""
    known: dict[str, Told] = {}
    empty = 0
    deadline = time.monotonic() + seconds
    while True:
        asked = [mark for mark in sent if mark not in known or not known[mark].last]
        empty = empty + 1 if _is_worked_off(hop) else 0
        # SQS's counts are of a moment ago: what was just sent may not be counted yet.
        found = _found(hop, {mark: sent[mark] for mark in asked}, worked_off=empty > 1)
        if any(known.get(mark) != told for mark, told in found.items()):
            deadline = time.monotonic() + seconds
        known |= found
        yield known
        if all(mark in known and known[mark].last for mark in sent):
            return
        if time.monotonic() >= deadline:
            return
        time.sleep(_POLL_SECONDS)


def _is_worked_off(hop: Hop) -> bool:
    return hop.tried is None or not on_their_way(hop.tried.sqs, hop.tried.queue)


def _found(hop: Hop, asked: Mapping[str, DeadLetter], *, worked_off: bool) -> dict[str, Told]:
    tried = hop.tried
    if tried is None:
        return {mark: Told(outcome="done") for mark in asked}
    told = {} if tried.ledger is None else _in_ledger(tried.ledger, list(asked))
    if not worked_off:
        return told
    if tried.ledger is None:
        told = {mark: Told(outcome="done") for mark in asked}
    return told | _back(tried, asked)


def _back(tried: TriedAgain, asked: Mapping[str, DeadLetter]) -> dict[str, Told]:
    """Those that rest again, by their marks; or by their text, where a function put one back."""
    marks = {letter.body: mark for mark, letter in asked.items()}
    found: dict[str, Told] = {}
    for letter in resting(tried.sqs, tried.dead_letters):
        mark = letter.attributes.get(REPLAY) or marks.get(letter.body, "")
        if mark in asked:
            found[mark] = Told(outcome="back", reason=reason(letter))
    return found


def _in_ledger(ledger: Ledger, marks: Sequence[str]) -> dict[str, Told]:
    return {
        item["correlation_id"].partition("|")[2]: Told(
            outcome=item.get("outcome", ""),
            incident=item.get("incident_number", ""),
            reason=item.get("reason", ""),
        )
        for item in ledger.items([replay_key(mark) for mark in marks])
    }
