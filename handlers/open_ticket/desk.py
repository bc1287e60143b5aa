"""Takes one message after another, and sees that ServiceNow knows what is not well.

What happened is written down first, then ServiceNow is told. Where that has to wait, the message
goes back to the queue; of several about one key, one does, and the others are counted.

It has no clock, environment or client of its own: whoever runs it hands these over.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, cast

from handlers.open_ticket import decision, events
from handlers.open_ticket.accounts import Accounts, ForeignAccount, Organization
from handlers.open_ticket.entries import Entry
from handlers.open_ticket.episodes import Episodes
from handlers.open_ticket.events import Alert, Kind, UnrecognisedEvent, issues_of, needed
from handlers.open_ticket.incidents import Done, Incidents
from handlers.open_ticket.ledger import Busy, Ledger
from handlers.open_ticket.lookup import Looked, Lookup
from handlers.open_ticket.messages import DUE, ERRORS, KEYS, REASON, SINCE, TRIES, Message, Queue
from handlers.open_ticket.records import Record
from handlers.open_ticket.service_now import ServiceNow, ServiceNowError
from handlers.open_ticket.settings import TicketSettings
from handlers.open_ticket.silence import Heartbeats
from handlers.open_ticket.table import Conflict
from handlers.open_ticket.waiting import Later, Pauses, Turn
from reports.own_events import DAILY_LOOK, EVENT_SOURCE, HEARTBEAT, NOTE_DUE
from reports.ticket_ledger import REPLAY, ReplayOutcome

_TRIES = 5
_LONGEST_DELAY_SECONDS = 900  # SQS's
_JITTER_SECONDS, _LONGEST_JITTER_SECONDS = 20, 300
_LONGEST_REASON = 1000
_MOST_ERRORS, _ERRORS_SECONDS = 20, 24 * 3600
"""Then it is no outage, but something of this one incident: a rule of the instance, maybe."""
_OWN = (Kind.TEST, Kind.SILENCE)
"""Of this system itself: they end whether or not what completes is to resolve."""
_FIRST_RETRY_SECONDS = 60
_SOON = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a message."""

    what: ReplayOutcome
    key: str = ""
    """De-duplication key of what it is about."""
    number: str = ""
    """Of the incident."""
    reason: str = ""
    surplus: int = 0
    """Incidents that were one too many, and are resolved."""
    waited_seconds: float = 0
    """Since it first came, where it did not wait on purpose."""


@dataclass
class _Visit:
    """What is found out on the way of one message through its keys."""

    done: list[Done] = field(default_factory=list[Done])
    waits: list[tuple[Entry, Later]] = field(default_factory=list[tuple[Entry, Later]])
    refusal: ServiceNowError | None = None
    keys: list[str] = field(default_factory=list[str])


class Desk:
    def __init__(
        self,
        settings: TicketSettings,
        *,
        ledger: Ledger,
        service_now: Callable[[], ServiceNow],
        queue: Queue,
        lookup: Lookup,
        organization: Organization | None = None,
        forget_credentials: Callable[[], None] = lambda: None,
    ) -> None:
        """`organization`: None where it may not be asked."""
        self._settings = settings
        self._ledger = ledger
        self._queue = queue
        self._lookup = lookup
        self._accounts = Accounts(ledger.table, settings.account_names, organization)
        self._heartbeats = Heartbeats(ledger.table)
        self._pauses = pauses = Pauses(ledger.table)
        incidents = Incidents(
            settings,
            service_now=service_now,
            forget_credentials=forget_credentials,
            pauses=pauses,
        )
        self._episodes = Episodes(
            settings, ledger=ledger, incidents=incidents, pauses=pauses, queue=queue
        )

    def take(
        self,
        message: Message,
        now: datetime,
        remaining_seconds: Callable[[], float] = lambda: math.inf,
    ) -> Outcome:
        """`remaining_seconds`: how long the function may still run."""
        turn = Turn(now=now, remaining_seconds=remaining_seconds)
        outcome = self._taken(message, turn)
        if replay := message.attributes.get(REPLAY):
            self._ledger.tell_replay(replay, outcome.what, outcome.reason, outcome.number, now)
        return outcome

    def _taken(self, message: Message, turn: Turn) -> Outcome:
        visit = _Visit()
        try:
            if KEYS in message.attributes:
                self._pauses.wait_if_known(turn.now)
            event = _event(message.body)
            own = event.get("detail-type") if event.get("source") == EVENT_SOURCE else ""
            if own == HEARTBEAT:
                return self._heard(event, turn)
            if own == NOTE_DUE:
                entries = [self._ledger.read(needed(event["detail"], "key"))]
            else:
                if own == DAILY_LOOK:
                    event = self._heartbeats.look(event, turn.now)
                alert = events.read_alert(event)
                self._accounts.check(alert.account, turn.now)
                entries = self._written_down(json.dumps(event), alert, turn)
        except (UnrecognisedEvent, ForeignAccount) as error:
            return self._park(message, str(error))
        except (Busy, Conflict) as busy:
            return self._put_back(message, turn, [], turn.now + _SOON, str(busy))
        except Later as later:
            keys = message.attributes[KEYS].split()
            return self._put_back(message, turn, keys, later.until, str(later))
        for entry in entries:
            self._see_to(entry, turn, visit)
        return self._outcome(message, turn, visit)

    def _heard(self, event: Mapping[str, Any], turn: Turn) -> Outcome:
        account, region = (needed(event, name) for name in ("account", "region"))
        self._accounts.check(account, turn.now)
        self._heartbeats.hear(account, region, event.get("detail") or {}, turn.now)
        return Outcome(what="nothing", reason="heard")

    def _written_down(self, body: str, alert: Alert, turn: Turn) -> Sequence[Entry]:
        """What there may be to do about, once it is in the ledger. Raises Busy."""
        if alert.recovery_point and not alert.resource:
            # The event of a restore that failed names a recovery point, but not of what; that of
            # the job that made it named both.
            alert = replace(alert, resource=self._ledger.resource_of(alert.recovery_point))
        if alert.failed:
            return [self._failed(body, alert, None, turn)]
        alerts, looked = [alert], None
        if alert.kind is Kind.BACKUP and self._settings.monitoring.completed_with_issues:
            looked = self._lookup.of(alert)
            if looked is not None and looked.category:
                alerts.append(issues_of(alert, looked.category, looked.message))
        failed = [self._failed(body, each, looked, turn) for each in alerts if each.failed]
        if not self._settings.monitoring.resolve and alert.kind not in _OWN:
            return failed
        well = [each for each in alerts if not each.failed]
        keys = [key for each in well for key in self._keys(each)]
        if self._ledger.pass_over(keys, alert, turn.now):
            return failed
        self._ledger.link(alert, turn.now)
        found = [self._succeeded(body, each, looked, turn) for each in well]
        return [*failed, *(entry for entries in found for entry in entries)]

    def _failed(self, body: str, alert: Alert, looked: Looked | None, turn: Turn) -> Entry:
        if key := self._ledger.key_of(alert):
            return self._ledger.read(key)
        name = self._accounts.name_of(alert.account, alert.region)
        record = Record.of(body, alert, looked or self._lookup.of(alert), account_name=name)
        key, *place = (
            self._keys(record.alert) if record.alert.rule else self._keys(record.alert)[:1]
        )
        entry = self._ledger.read(key)
        return self._ledger.fail(entry, record, turn.now, place="".join(place))

    def _succeeded(
        self, body: str, alert: Alert, looked: Looked | None, turn: Turn
    ) -> Sequence[Entry]:
        keys = self._keys(alert)
        entries = {key: self._ledger.read(key) for key in keys}
        rules = entries[keys[-1]].rules_open
        over = frozenset(told for told in rules if not self._is_open(told.partition(" ")[0]))
        if over:
            self._ledger.forget_rules(keys[-1], over)
        others = {told for told in rules - over if told.partition(" ")[0] not in keys}
        if others and looked is None:
            looked = self._lookup.of(alert)
        record = Record.of(body, alert, looked)
        for key in {*self._keys(record.alert), *_of_this_rule(others, record)} - {*keys}:
            entries[key] = self._ledger.read(key)
        return [self._ledger.succeed(entry, record, turn.now) for entry in entries.values()]

    def _is_open(self, key: str) -> bool:
        return self._ledger.read(key).failure is not None

    def _keys(self, alert: Alert) -> Sequence[str]:
        return decision.keys(self._settings.customer, alert)

    def _see_to(self, entry: Entry, turn: Turn, visit: _Visit) -> None:
        """And to the storm to which it belongs. Whatever keeps one key waiting keeps no other."""
        visit.keys.append(entry.key)
        try:
            visit.done += self._episodes.settle(entry, turn)
            group = self._ledger.read(entry.key).group if entry.failure is not None else ""
        except Later as later:
            visit.waits.append((entry, later))
        except Conflict as conflict:
            visit.waits.append((entry, Later(turn.now + _SOON, str(conflict))))
        except ServiceNowError as error:
            visit.waits.append((entry, Later(turn.now, str(error))))
            visit.refusal = error
        else:
            if group and group not in visit.keys:
                self._see_to(self._ledger.read(group), turn, visit)

    def _outcome(self, message: Message, turn: Turn, visit: _Visit) -> Outcome:
        keys = [
            entry.key
            for entry, _ in visit.waits
            if not entry.is_seen_to(turn.now) or message.attributes.get(DUE) == str(entry.due)
        ]
        if visit.waits and keys:
            if visit.refusal is not None:
                return self._refused(message, turn, keys, str(visit.refusal))
            latest = max((later for _, later in visit.waits), key=lambda later: later.until)
            errors = int(message.attributes.get(ERRORS, "0"))
            if errors >= _MOST_ERRORS and self._waited(message, turn) >= _ERRORS_SECONDS:
                return self._park(message, str(latest))
            if any(_is_error(later) for _, later in visit.waits):
                told = {**message.attributes, ERRORS: str(errors + 1)}
                message = replace(message, attributes=told)
            return self._put_back(
                message, turn, keys, latest.until, str(latest), on_purpose=latest.on_purpose
            )
        surplus = sum(done.surplus for done in visit.done)
        told = next((done for done in visit.done if done.what != "nothing"), None)
        key = visit.keys[0] if visit.keys else ""
        if told is not None:
            return Outcome(
                what=told.what, key=key, number=told.number, reason=told.reason, surplus=surplus,
                waited_seconds=self._waited(message, turn),
            )  # fmt: skip
        if visit.waits:
            return Outcome(what="counted", key=key, reason="another message will tell it")
        return Outcome(what="nothing", key=key, waited_seconds=self._waited(message, turn))

    def _refused(self, message: Message, turn: Turn, keys: Sequence[str], reason: str) -> Outcome:
        """Costs a try."""
        tries = int(message.attributes.get(TRIES, "0")) + 1
        if tries >= _TRIES:
            return self._park(message, reason)
        spent = replace(message, attributes={**message.attributes, TRIES: str(tries)})
        until = turn.now + timedelta(seconds=_FIRST_RETRY_SECONDS * 2 ** (tries - 1))
        outcome = self._put_back(spent, turn, keys, until, reason)
        return replace(outcome, what="failed")

    def _put_back(
        self,
        message: Message,
        turn: Turn,
        keys: Sequence[str],
        until: datetime,
        reason: str,
        *,
        on_purpose: bool = False,
    ) -> Outcome:
        """Costs no try. The message is sent before the ledger relies on it; `keys`: of what it
        tells of, where that is in the ledger."""
        waited = 0 if on_purpose else self._waited(message, turn)
        jitter = _jitter(message.body, until, waited)
        seconds = math.ceil((until - turn.now).total_seconds()) + jitter
        delay = max(1, min(seconds, _LONGEST_DELAY_SECONDS))
        due = int(turn.now.timestamp()) + delay
        now = str(int(turn.now.timestamp()))
        since = str(due) if on_purpose else message.attributes.get(SINCE, now)
        kept = _kept(message, TRIES, REPLAY, KEYS, ERRORS)
        told = {KEYS: " ".join(keys)} if keys else {}
        self._queue.send(message.body, delay, {**kept, **told, SINCE: since, DUE: str(due)})
        self._ledger.will_be_seen_to(keys, due)
        return Outcome(
            what="waiting",
            key=keys[0] if keys else "",
            reason=reason,
            waited_seconds=waited,
        )

    def _park(self, message: Message, reason: str) -> Outcome:
        self._queue.park(message.body, {**_kept(message, REPLAY), REASON: _plain(reason)})
        return Outcome(what="parked", reason=reason)

    @staticmethod
    def _waited(message: Message, turn: Turn) -> float:
        since = message.attributes.get(SINCE)
        return max(0.0, turn.now.timestamp() - int(since)) if since else 0.0


def _is_error(later: Later) -> bool:
    cause = later.__cause__
    return isinstance(cause, ServiceNowError) and cause.status == HTTPStatus.INTERNAL_SERVER_ERROR


def _of_this_rule(rules: Collection[str], record: Record) -> Sequence[str]:
    """Keys of what is open of the rule by which a backup was made. A plan that is updated may
    have other ids for the same rules: these are known by their names."""
    name = record.looked.rule_name if record.looked is not None else ""
    apart = [told.split(" ", 3) for told in rules]
    return [key for key, _, *rule in apart if name and rule == [record.alert.plan, name]]


def _kept(message: Message, *names: str) -> dict[str, str]:
    """SQS takes ten attributes; what a dead letter brought along says nothing any more."""
    return {name: message.attributes[name] for name in names if message.attributes.get(name)}


def _plain(reason: str) -> str:
    """An attribute of SQS holds no control characters, and is not empty."""
    told = "".join(each if each.isprintable() or each == "\n" else "?" for each in reason)
    return told[:_LONGEST_REASON] or "no reason was given"


def _jitter(body: str, until: datetime, waited_seconds: float) -> int:
    """So that not all come back at once, and the less often the longer they have waited."""
    most = max(_JITTER_SECONDS, min(_LONGEST_JITTER_SECONDS, int(waited_seconds / 4)))
    return zlib.crc32(f"{until}{body}".encode()) % most


def _event(message: str) -> Mapping[str, Any]:
    try:
        event: Any = json.loads(message)
    except ValueError as error:
        raise UnrecognisedEvent(f"a message that is not JSON: {message[:200]!r}") from error
    if not isinstance(event, dict):
        raise UnrecognisedEvent(f"a message that is no event: {message[:200]!r}")
    return cast("dict[str, Any]", event)
