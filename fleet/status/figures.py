"""How well customers are: what their stacks' accounts tell, added up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reports.digest import wording
from reports.digest.wording import Tone


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What the last look for drift found of a stack."""

    resources: int
    looked_at: datetime


@dataclass(frozen=True, kw_only=True)
class StackStatus:
    """Of one stack, in its account."""

    stack: str
    deployed: bool = True
    resources: int = 0
    """That should have a recent recovery point."""
    protected: int = 0
    """Those of them that have one."""
    jobs: int = 0
    """Backup jobs that began in the last days and have ended."""
    completed: int = 0
    incidents: int | None = None
    """Not well by the ledger, which the stack with ticketing has; None: it has none."""
    missing_reports: Sequence[str] | None = None
    """Report plans of which none came in the last day; None: the stack has no reports."""
    drift: Drift | None = None
    """None: nobody looked."""


@dataclass(frozen=True, kw_only=True)
class CustomerStatus:
    customer: str
    stacks: Sequence[StackStatus]
    """That could be looked at."""
    unseen: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why the others could not, by stack or by what of the customer's cannot be read."""

    @property
    def deployed(self) -> int:
        return sum(stack.deployed for stack in self.stacks)

    @property
    def total(self) -> int:
        return len(self.stacks) + len(self.unseen)

    @property
    def resources(self) -> int:
        return sum(stack.resources for stack in self.stacks)

    @property
    def protected(self) -> int:
        return sum(stack.protected for stack in self.stacks)

    @property
    def jobs(self) -> int:
        return sum(stack.jobs for stack in self.stacks)

    @property
    def completed(self) -> int:
        return sum(stack.completed for stack in self.stacks)

    @property
    def success_percent(self) -> float | None:
        """None where no job ended."""
        return 100 * self.completed / self.jobs if self.jobs else None

    @property
    def incidents(self) -> int | None:
        """None where no ledger was looked at."""
        known = [stack.incidents for stack in self.stacks if stack.incidents is not None]
        return sum(known) if known else None

    @property
    def missing_reports(self) -> Sequence[str] | None:
        """None where no stack with reports was looked at."""
        known = [each.missing_reports for each in self.stacks if each.missing_reports is not None]
        return [plan for plans in known for plan in plans] if known else None

    @property
    def drifted(self) -> Sequence[str]:
        return [each.stack for each in self.stacks if each.drift and each.drift.resources]

    @property
    def drift_looked_at(self) -> datetime | None:
        """The oldest look of those deployed; None where a stack was never looked at."""
        looks = [each.drift for each in self.stacks if each.deployed]
        seen = [look.looked_at for look in looks if look is not None]
        return min(seen) if seen and len(seen) == len(looks) else None

    def problems(self) -> Iterator[str]:
        """What is not well, in words; nothing where all is, as far as it was looked at."""
        for what, why in [*self.unseen.items()][:1]:
            others = len(self.unseen) - 1
            more = (
                f", and {wording.counted(others, 'other stack')} of {self.total}" if others else ""
            )
            yield f"{what}{more} cannot be looked at: {why}"
        if missing := [each.stack for each in self.stacks if not each.deployed]:
            yield f"not deployed: {', '.join(missing)}"
        if late := self.resources - self.protected:
            yield f"{wording.counted(late, 'resource')} without a recent backup"
        if failed := self.jobs - self.completed:
            yield f"{failed:,} of {wording.counted(self.jobs, 'backup job')} did not complete"
        if self.incidents:
            yield f"{wording.counted(self.incidents, 'incident')} not resolved"
        if self.missing_reports:
            yield f"no report of the last day: {', '.join(self.missing_reports)}"
        if self.drifted:
            yield f"drift: {', '.join(self.drifted)}"

    @property
    def tone(self) -> Tone:
        late = self.resources > self.protected
        if self.unseen or late or self.incidents or self.missing_reports:
            return "bad"
        return "warn" if any(self.problems()) else "good"
