"""What a report says, as data: computed from activity, shown by the page and the mail.

It is stored as JSON beside the page, and the next report is compared with it. None is "not known",
never zero; `limits` says what the data cannot tell, in sentences for the reader.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from reports.restore_tests import Outcome


@dataclass(frozen=True, kw_only=True)
class Share:
    """So many of so many."""

    met: int
    of: int

    @property
    def percent(self) -> float | None:
        """None where there is nothing to count."""
        return 100 * self.met / self.of if self.of else None


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A line about one resource."""

    account_id: str
    region: str
    resource_arn: str
    resource_type: str
    resource_name: str
    since: datetime | None
    """Of its last success; of an unprotected one: since when it is known."""
    why: str
    """Why it is listed, for a reader."""


@dataclass(frozen=True, kw_only=True)
class Headline:
    protected: int
    unprotected: int | None
    success_rate: Share
    """Jobs of the period that ended well, of those that ended."""
    sla: Share
    """Resources whose last success is within their rule's period, of those that have a rule and
    are older than the days of grace."""
    failures: int
    three_in_a_row: int
    """Resources whose last three jobs of a kind all failed."""
    open_incidents: int | None
    oldest_unprotected: Resource | None
    three_two_one: Share
    """Resources with three copies in two Regions, one in another account, one immutable, and no
    failed restore test; of those about which all of it is known."""
    three_two_one_unknown: int
    restore_tests: Share
    """Tests whose restored resource was judged good, of those that failed or got a verdict."""


@dataclass(frozen=True, kw_only=True)
class Day:
    day: date
    """In the report's time zone, by when the job was created."""
    succeeded: int
    failed: int
    with_issues: int
    running: int
    average_seconds: float | None
    """Of the backup jobs that were completed."""
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class AccountDay:
    account_id: str
    day: date
    succeeded: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Failures of one cause: messages alike but for ids, numbers and names."""

    message: str
    """One of them, as AWS wrote it; empty where it gave none."""
    count: int
    kinds: tuple[str, ...]
    resource_types: tuple[str, ...]
    accounts: tuple[str, ...]
    last_at: datetime
    example: Resource


@dataclass(frozen=True, kw_only=True)
class RestoreTest:
    account_id: str
    region: str
    resource_arn: str
    resource_type: str
    recovery_point_arn: str
    state: str
    outcome: Outcome
    """Of state and validation."""
    status_message: str
    """AWS's, of the restore."""
    validation_status: str
    """Empty: nobody judged it."""
    validation_message: str
    completed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Control:
    """One control, over all accounts and Regions."""

    framework_name: str
    control_name: str
    compliant: int | None
    non_compliant: int | None
    """Resources; None where the source has no counts."""
    frameworks_failing: Share
    """Frameworks in which it is not met, of those that evaluated it."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A figure of the headline against the period before."""

    name: Literal[
        "protected",
        "unprotected",
        "success_rate",
        "sla",
        "failures",
        "three_in_a_row",
        "three_two_one",
        "size_bytes",
    ]
    before: float | None
    now: float | None


@dataclass(frozen=True, kw_only=True)
class Figures:
    start: datetime
    end: datetime
    made_at: datetime
    source: Literal["api", "lake"]
    accounts: int
    regions: int
    vaults: int
    headline: Headline
    days: tuple[Day, ...]
    heat_map: tuple[AccountDay, ...]
    causes: tuple[Cause, ...]
    """Most frequent first."""
    without_recent_backup: tuple[Resource, ...]
    """Oldest first."""
    without_recent_backup_total: int
    """How many there are; the tuple holds the first of them, and a CSV file all."""
    unprotected: tuple[Resource, ...]
    restore_tests: tuple[RestoreTest, ...]
    controls: tuple[Control, ...]
    changes: tuple[Change, ...]
    """Empty where there is nothing to compare with."""
    newly_failing: tuple[Resource, ...] = ()
    """Whose last job failed, and did not in the report before."""
    recovered: tuple[Resource, ...] = ()
    limits: tuple[str, ...] = field(default=())

    def dumped(self) -> str:
        return json.dumps(dataclasses.asdict(self), default=_text, sort_keys=True)


def _text(value: object) -> str:
    if isinstance(value, date):  # datetime too
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a report's figures")


def headline_of(text: str | bytes) -> dict[str, Any]:
    """The headline of figures stored by an earlier run, plain, with the total size of its days."""
    given = json.loads(text)
    return {**given["headline"], "size_bytes": sum(day["size_bytes"] for day in given["days"])}


def load(text: str | bytes) -> Figures:
    """Raises ValueError on what `dumped` did not write."""
    try:
        return _made(Figures, json.loads(text))
    except (KeyError, TypeError) as error:
        raise ValueError(f"no figures of a report: {error!r}") from error


def _made(kind: Any, given: Any) -> Any:
    """A value of the kind, of plain JSON."""
    if given is None:
        return None
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return kind(**{name: _made(of, given[name]) for name, of in get_type_hints(kind).items()})
    if get_origin(kind) is tuple:
        return tuple(_made(get_args(kind)[0], item) for item in given)
    if isinstance(kind, UnionType):  # with None, which is handled above
        return _made(get_args(kind)[0], given)
    return kind.fromisoformat(given) if kind in {date, datetime} else given
