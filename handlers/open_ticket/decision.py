"""What must be well, whether it is, and what is to be done about that.

An episode is one stretch of not being well, and has one incident. Events come twice, late and out
of order: what is known is kept as the latest times of four kinds, of which every order of the same
events makes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import Enum, auto

from handlers.open_ticket.events import Alert, Kind
from reports.correlation import backup_subject, copy_subject, deduplication_key

NEVER = datetime.min.replace(tzinfo=UTC)


def keys(customer: str, alert: Alert) -> Sequence[str]:
    """Of what an alert tells. A failure is told under the first; a job that completes makes all of
    them well."""
    scope = (customer, alert.kind, alert.account, alert.region)
    return [deduplication_key(*scope, subject) for subject in _subjects(alert)]


def _subjects(alert: Alert) -> Sequence[str]:
    """Of a restore: its resource, as the next one reads another recovery point. A restore test
    that failed for a resource that nobody knows is told for all of that type, and ends with none
    of them: that another resource could be restored says nothing of this one."""
    if alert.kind in (Kind.BACKUP, Kind.ISSUES):
        rules = [alert.rule, ""] if alert.rule else [""]
        return [backup_subject(alert.resource, alert.vault, rule) for rule in rules]
    if alert.kind is Kind.COPY:
        return [copy_subject(alert.resource, alert.destination)]
    if alert.testing_plan:
        return [f"{alert.testing_plan}|{alert.resource or alert.resource_type}"]
    if alert.kind is not Kind.RESTORE:
        return [alert.resource]
    return [alert.resource, alert.recovery_point] if alert.resource else [alert.recovery_point]


@dataclass(frozen=True, kw_only=True)
class State:
    """The latest of what is known of a key. Like is compared with like: the end of a job with the
    ends of others, and where an event does not say when its job ended, the time of that event with
    the times of other events."""

    failed_ended: datetime = NEVER
    """Of failures that say when they ended."""
    failed_told: datetime = NEVER
    """Of the others."""
    well_ended: datetime = NEVER
    well_told: datetime = NEVER
    """Of all that is well."""

    @property
    def well(self) -> bool:
        """Also where the two came at the same time."""
        return self.failed_ended <= self.well_ended and self.failed_told <= self.well_told

    def after(self, alert: Alert) -> State:
        if not alert.failed:
            return replace(
                self,
                well_ended=max(self.well_ended, alert.time),
                well_told=max(self.well_told, alert.told),
            )
        if alert.ended is None:
            return replace(self, failed_told=max(self.failed_told, alert.told))
        return replace(self, failed_ended=max(self.failed_ended, alert.ended))

    def outdates(self, alert: Alert) -> bool:
        """Whether what failed has been made well since."""
        if alert.ended is None:
            return alert.told <= self.well_told
        return alert.ended <= self.well_ended


TIMES = tuple(field.name for field in fields(State))


class Step(Enum):
    """What is to be done so that ServiceNow has what is known here."""

    NOTHING = auto()
    OPEN = auto()
    NOTE = auto()
    """Tell how often it failed again."""
    RESOLVE = auto()
    FORGET = auto()
    """It is well before ServiceNow was told anything."""
    FOLD = auto()
    """Its incident into that of the storm to which it belongs."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of a key, beside what ServiceNow was told of it."""

    state: State = State()
    troubled: bool = False
    """A failure is on record that was not yet resolved."""
    open: bool = False
    doubtful: bool = False
    """It may be open: whoever was to open it died, or knows not whether it did."""
    untold: int = 0
    """Failures of which ServiceNow does not know."""
    grouped: bool = False

    @property
    def step(self) -> Step:
        if self.state.well:
            if self.open or self.doubtful:
                return Step.RESOLVE
            return Step.FORGET if self.troubled else Step.NOTHING
        if self.grouped:
            return Step.FOLD if self.open or self.doubtful else Step.NOTHING
        if not self.open:
            return Step.OPEN
        return Step.NOTE if self.untold else Step.NOTHING
