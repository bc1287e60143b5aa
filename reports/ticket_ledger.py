"""What the ticket function tells others by its ledger (handlers/open_ticket/ledger.py), besides
incidents: what became of each message that was replayed, who was heard of, how long all wait."""

from typing import Literal

LISTED = "listed"
"""The ledger's index, and its hash key: an attribute that few items have, so that they are found
without reading the links of millions of recovery points."""
NOT_WELL, HEARTBEAT = "not well", "heartbeat"
"""Its values: of keys of what is not well, or not known by ServiceNow to be well; of heartbeats."""

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
    (epoch seconds), `stack` and `name`, listed as HEARTBEAT. Removed by `backup-org tickets
    forget`."""
    return f"{HEARTBEAT}|{account}|{region}"
