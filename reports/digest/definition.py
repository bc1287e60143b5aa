"""What a scheduled report is: made of a central account's settings, and read by its functions.

It lies in the digests bucket, one object a schedule, because hundreds of accounts would outgrow a
function's environment (4 KB) and a runbook's parameters.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Cadence = Literal["daily", "weekly", "monthly"]
CADENCES: tuple[Cadence, ...] = get_args(Cadence)
Section = Literal[
    "success_by_day",
    "heat_map",
    "trends",
    "failures",
    "without_recent_backup",
    "restore_tests",
    "compliance",
    "changes",
]
SECTIONS: tuple[Section, ...] = get_args(Section)
"""What a report may hold beside its headline, in the page's order."""


@dataclass(frozen=True, kw_only=True)
class Brand:
    """Whose report it is, to the eye."""

    name: str
    logo: str | None = None
    """A data: URI, so that the page loads nothing."""
    accent: str = "#0b5cad"
    """#rrggbb."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One scheduled report of one customer."""

    customer: str
    cadence: Cadence
    source: Literal["api", "lake"]
    """Whence its jobs come: AWS Backup's list calls, which go back 30 days, or curated tables."""
    timezone: str
    """IANA's name: of the schedule, of the days in the report, and of times in the mail."""
    regions: Mapping[str, tuple[str, ...]]
    """By account id, the Regions to look at."""
    account_names: Mapping[str, str]
    """By account id, as settings call it."""
    vault_tag: tuple[str, str]
    """Key and value: the report is about vaults that carry it."""
    sections: tuple[Section, ...] = SECTIONS
    recipients: tuple[str, ...]
    failures_to: tuple[str, ...]
    """Who is told by mail when a report could not be made."""
    sender: str
    brand: Brand
    attach: bool = True
    """Whether the page travels with the mail, too."""
    link_seconds: int
    """What the link's life is asked to be: 900 to 3,600, or to 604,800 where a user signs."""
    grace_days: int
    """How long a new resource may be without a backup before it counts in the SLA."""
    issues_are_failures: bool
    """Whether a job that completed with issues counts as failed."""

    def dumped(self) -> str:
        return json.dumps(dataclasses.asdict(self), sort_keys=True)


def load(text: str | bytes) -> Definition:
    """Raises ValueError on what `dumped` did not write."""
    given: dict[str, Any] = json.loads(text)
    try:
        given["brand"] = Brand(**given["brand"])
        given["regions"] = {account: tuple(of) for account, of in given["regions"].items()}
        for name in ("vault_tag", "sections", "recipients", "failures_to"):
            given[name] = tuple(given[name])
        return Definition(**given)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no definition of a report: {error!r}") from error
