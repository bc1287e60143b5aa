"""What the ticket function tells others by its ledger (handlers/open_ticket/ledger.py), besides
incidents: what became of each message that was replayed, who was heard of, how long all wait."""

from typing import Literal

REPLAY = "Replay"
"""The attribute of a message that was replayed: a text of that one message's own, which stays with
it while it waits."""

ReplayOutcome = Literal[
    "opened",
    "noted",
    "counted",
    "resolved",
    "reopened",
    "grouped",
    "nothing",
    "waiting",
    "failed",
    "parked",
]
"""counted: a further failure that a later note tells; nothing: it changes nothing, as what it tells
of is well by now, or was told before; waiting: it is tried again later, which costs no try;
failed: it spent one; parked: it rests in the dead-letter queue again."""

REPLAY_IS_KNOWN_SECONDS = 7 * 24 * 3600


def replay_key(replay: str) -> str:
    """The ledger's key of what became of a message: an item with `outcome` (ReplayOutcome),
    `reason`, `incident_number` where there is one, and `forget_at`. The latest outcome stands."""
    return f"replay|{replay}"


PAUSE_KEY = "pause"
"""The ledger's key of how long ServiceNow wants to be spared: `paused_until` (epoch seconds), and
what the function needs besides (handlers/open_ticket/waiting.py)."""


def heartbeat_key(account: str, region: str) -> str:
    """The ledger's key of when a Region of an account was last heard of: an item with `heard_at`
    (epoch seconds), `stack` and `name`. Removed by `backup-org tickets forget`."""
    return f"heartbeat|{account}|{region}"
