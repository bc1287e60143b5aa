"""Findings as people and machines read them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console

from fleet import rows
from fleet.doctor.findings import Finding, State

SIGNS: Mapping[State, str] = {
    State.FINE: "✓",
    State.NOT_YET: "…",
    State.BY_HAND: "i",
    State.CURE: "!",
    State.UNSEEN: "?",
    State.FAILED: "✗",
}
_COLUMNS = ("", "stack", "looked at: found")
_ROOM = 100
"""Columns below which what was found would stand in a pillar beside the stack's name."""
Found = Mapping[str, Sequence[Finding]]
"""By stack."""


def exit_code(found: Found) -> int:
    """1 where a stack was not looked at, 2 where something needs a cure, else 0."""
    states = {finding.state for finding in _all(found)}
    if State.FAILED in states:
        return 1
    return 2 if states & {State.CURE, State.UNSEEN} else 0


def show(console: Console, found: Found, *, all_: bool) -> None:
    """A table, and below it cures with their commands, each on a line of its own, so that it can be
    copied. Without `all_`, of what is fine only how much it is."""
    shown = [
        (f"{SIGNS[finding.state]} {finding.state}", stack, f"{finding.about}: {finding.found}")
        for stack, findings in found.items()
        for finding in findings
        if all_ or finding.state is not State.FINE
    ]
    if shown:
        rows.show(console, _COLUMNS, shown, room=_ROOM)
        console.print()
    for stack, findings in found.items():
        for line in (line for finding in findings for line in _cure(stack, finding)):
            console.print(line, highlight=False)
    console.print(f"{len(found)} stacks: {told_of([*_all(found)])}", highlight=False)


def told_of(findings: Sequence[Finding]) -> str:
    """How many are how."""
    counts = Counter(finding.state for finding in findings)
    return ", ".join(f"{counts[state]} {state}" for state in State if counts[state])


def document(found: Found) -> str:
    """The same as JSON."""
    findings = [
        {
            "stack": stack,
            "about": finding.about,
            "state": finding.state,
            "found": finding.found,
            "cure": finding.cure,
            "run": list(finding.run),
        }
        for stack, of_stack in found.items()
        for finding in of_stack
    ]
    counts = Counter(finding.state for finding in _all(found))
    return json.dumps({"counts": {s: counts[s] for s in State}, "findings": findings}, indent=2)


def _cure(stack: str, finding: Finding) -> Iterator[str]:
    if finding.state is State.FINE or not (finding.cure or finding.run):
        return
    if finding.cure or len(finding.run) > 1:
        yield f"{stack}: {finding.about}: {finding.cure or 'run:'}"
        yield from (f"  {command}" for command in finding.run)
    else:
        yield f"{stack}: {finding.about}: run: {finding.run[0]}"


def _all(found: Found) -> Iterable[Finding]:
    return (finding for findings in found.values() for finding in findings)
