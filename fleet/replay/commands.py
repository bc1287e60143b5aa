"""`backup-org replay`: what rests in a stack's dead-letter queues is seen, and sent to be tried
again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence, Sized
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from fleet import access, rows
from fleet.deploy.deployment import Deployment, Engine, engine_here
from fleet.replay.dead_letters import DeadLetter, resting
from fleet.replay.facts import facts, reason, wanted
from fleet.replay.hops import Deployed, Hop, hops_of
from fleet.replay.outcomes import Told, followed
from fleet.terminal import console
from stacks.references import alerts_stack

_COLUMNS = ("rests", "what", "where", "about, and why it rests")
_SAID = {
    "opened": "opened an incident",
    "noted": "a work note on the incident",
    "counted": "counted on the incident",
    "resolved": "resolved the incident",
    "reopened": "reopened the incident",
    "grouped": "told in a group's incident",
    "nothing": "nothing to do: it is well by now, or was told before",
    "waiting": "waits in the queue, and is tried again by itself",
    "failed": "failed, and is tried again by itself",
    "parked": "rests again",
    "back": "rests again",
    "done": "done",
}
_NOT_TOLD = "of which nothing was told in time: see the log of the function"


def replay(
    stack: Annotated[str, typer.Argument(help="The stack, such as acme-audit.")],
    which: Annotated[
        str | None,
        typer.Argument(
            help="tickets, alerts, partitions, curation, collation, restore-checks or schedules; "
            "all that the stack has, where none is named."
        ),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what rests, and leave it there.")
    ] = False,
    filter_: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            help="Only messages with this text, or name=value: kind, account, region, resource, "
            "state, vault, job, message, time; * stands for anything. All of several must fit.",
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.1, help="Messages a minute; by itself 30 to ServiceNow, else 600."),
    ] = None,
    follow: Annotated[
        float,
        typer.Option(min=0, help="Seconds without news after which nobody waits for outcomes."),
    ] = 60,
) -> None:
    """Send what rests in dead-letter queues to be tried again, and tell what became of it. Alerts
    of all the stack's Regions go straight to the tickets of the customer's alert bus. Interrupted,
    it leaves the rest where it was."""
    fits = wanted(filter_ or [])
    engine = engine_here()
    deployment, here = _deployed(engine, stack)
    central = lambda: _deployed(engine, alerts_stack(deployment.settings))[1]  # noqa: E731
    for hop in hops_of(here, central, which):
        letters = [letter for letter in resting(hop.sqs, hop.dead_letters) if fits(letter)]
        letters.sort(key=lambda letter: letter.sent_at)
        if dry_run:
            _list(hop, letters)
        else:
            _replay(hop, letters, rate, follow)


def _list(hop: Hop, letters: Sequence[DeadLetter]) -> None:
    now = datetime.now(UTC)
    oldest = f", the oldest for {rows.ago(letters[0].sent_at, now)}" if letters else ""
    console.print(f"{_named(hop)}: {_counted(letters)}{oldest}", style="bold", highlight=False)
    if letters:
        rows.show(console, _COLUMNS, (_row(letter, now) for letter in letters))


def _row(letter: DeadLetter, now: datetime) -> Sequence[str]:
    told = facts(letter.body)
    about = rows.short(told.get("resource", "")) or " ".join(letter.body.split())[:200]
    return (
        rows.ago(letter.sent_at, now),
        "\n".join((told.get("kind", ""), told.get("state", ""))),
        "\n".join((told.get("account", ""), told.get("region", ""))),
        "\n".join(filter(None, (about, told.get("message"), reason(letter)))),
    )


def _replay(hop: Hop, letters: Sequence[DeadLetter], rate: float | None, follow: float) -> None:
    """Sends them, and tells of each what became of it, as far as that is known."""
    sent: dict[str, DeadLetter] = {}
    try:
        with _progress(f"{_named(hop)}: sent", len(letters)) as tell:
            going = hop.send_back(letters, rate)
            with closing(going):
                for mark, letter in going:
                    sent[mark] = letter
                    tell(len(sent))
    finally:
        console.print(
            f"{_named(hop)}: {len(sent)} of {_counted(letters)} sent to {hop.to}"
            if letters
            else f"{_named(hop)}: nothing rests",
            highlight=False,
        )
    told: Mapping[str, Told] = {}
    if sent and follow:
        with _progress(f"{_named(hop)}: told of", len(sent)) as tell:
            for told in followed(hop, sent, follow):
                tell(sum(each.last for each in told.values()))
    _tell_outcomes(sent, told)


def _tell_outcomes(sent: Mapping[str, DeadLetter], told: Mapping[str, Told]) -> None:
    """By outcome; of those that are not done, each with the reason."""
    counts = Counter(told[mark].outcome if mark in told else "" for mark in sent)
    for outcome, count in sorted(counts.items(), key=lambda each: -each[1]):
        console.print(f"  {count} {_SAID.get(outcome, outcome) or _NOT_TOLD}", highlight=False)
        if outcome == "done":
            continue
        for mark, letter in sent.items():
            if mark in told and told[mark].outcome == outcome:
                console.print(f"    {_became(letter, told[mark])}", highlight=False)


def _became(letter: DeadLetter, told: Told) -> str:
    event = facts(letter.body)
    what = " ".join(filter(None, (event.get("kind"), event.get("resource"))))
    parts = (told.incident, what or letter.body[:60], told.reason)
    return ": ".join(filter(None, parts))


@contextmanager
def _progress(what: str, of: int) -> Generator[Callable[[int], None]]:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal or not of,
        transient=True,
    ) as progress:
        task: TaskID = progress.add_task(what, total=of)
        yield lambda done: progress.update(task, completed=done)


def _named(hop: Hop) -> str:
    return f"{hop.name} of {hop.stack} in {hop.region}"


def _counted(messages: Sized) -> str:
    count = len(messages)
    return f"{count} message{'' if count == 1 else 's'}"


def _deployed(engine: Engine, stack: str) -> tuple[Deployment, Deployed]:
    deployment = Deployment(engine, stack)
    return deployment, Deployed(
        stack=stack, outputs=deployment.outputs(), session=access.session(deployment.settings)
    )
