"""A command at work on stacks: in order, watched, recorded; what became of all is always told."""

from __future__ import annotations

import json
import random
import re
import shlex
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
from rich.console import Console

from fleet.deploy.deployment import Deployment, Outcome, StackFailed, engine_here
from fleet.deploy.order import order
from fleet.deploy.progress import StackProgress, changes_text
from fleet.deploy.selection import Selection
from fleet.errors import ToldError, told_of
from fleet.interrupts import end_asked_within
from fleet.parallel import units_at_once
from fleet.progress import seconds_text
from fleet.project import current_project
from fleet.rows import show
from fleet.runs import Run
from fleet.scheduler import Ended, Result, run_units
from fleet.terminal import asides, console, read_by_others, tell, tell_error, verbose
from stacks import load
from stacks.load import Settings

_MEGABYTES_EACH = 500
"""Of a stack at work: its engine, policy pack, plugin, and its share of this process."""
CHANGES_FOUND = 2
"""The exit code of a command that was to say whether anything changes, where it does."""
NAMED = 5
"""So many stacks are named in a question, and in the command that runs them again."""
_ATTEMPTS = 4
_LONGEST_WAIT_SECONDS = 60
_THROTTLED = re.compile(
    "Throttl|TooManyRequests|Rate exceeded|RequestLimitExceeded|LimitExceededException: Rate|"
    "SlowDown|Too Many Requests"
)
"""How AWS's services say that they are asked too often."""

Act = Callable[[Deployment], Outcome]


@dataclass(frozen=True, kw_only=True)
class Running:
    """How stacks are worked on. Options of a command."""

    parallel: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many stacks at once: by default two a core, fewer where less than "
            f"{_MEGABYTES_EACH} MB of memory are free for each.",
        ),
    ] = None
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Begin with no further stack once one has failed.")
    ] = False
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what became of each stack as JSON.")
    ] = False


class RunFailed(ToldError):
    """Not all stacks came through; says which, why, and the command that runs only these again."""

    def __init__(self, said: str, *, at_once: bool) -> None:
        super().__init__(said)
        self.at_once = at_once


class FleetRun:
    """One run of a command over the stacks that were chosen. A stack whose settings are unreadable
    has failed, and stops no other that does not read it."""

    def __init__(self, command: str, selection: Selection, how: Running, **flags: bool) -> None:
        """`flags` are the command's own that the same again needs, such as `refresh`."""
        self.command = command
        self._flags = [f"--{name.replace('_', '-')}" for name, given in flags.items() if given]
        self._root = current_project()
        self._selection, self._how = selection, how
        chosen = selection.chosen(self._root, command)
        self._unreadable: dict[str, load.SettingsError] = dict(chosen.unreadable)
        self.settings: dict[str, Settings] = {}
        for stack in chosen.stacks:
            try:
                self.settings[stack] = load.from_files(stack, self._root)
            except load.SettingsError as error:
                self._unreadable[stack] = error
        self._engine = engine_here() if self.settings else None
        self._record = Run(self._root, command)
        self.results: dict[str, Result[Outcome]] = {}

    def act(
        self,
        doing: str,
        act: Act,
        *,
        ordered: bool = True,
        backwards: bool = False,
        patient: bool = False,
        stacks: Collection[str] | None = None,
    ) -> Mapping[str, Result[Outcome]]:
        """Acts on the stacks, or on some of them, each after those that it reads, unless that makes
        no difference: then not `ordered`. `doing` is how people are told of it, such as
        "previewing". With `patient`, for what may safely be done again, a stack that fails as AWS
        was asked too often is tried again after a while."""
        before = order(self.settings, self._unreadable, backwards=backwards)
        if not ordered:
            before = {stack: set[str]() for stack in before}
        if stacks is not None:
            before = {stack: first for stack, first in before.items() if stack in stacks}

        with StackProgress(len(before), doing) as progress:

            def acted(stack: str) -> Outcome:
                if stack in self._unreadable:
                    raise self._unreadable[stack]
                assert self._engine is not None  # where any settings are readable
                deployment = Deployment(self._engine, stack, progress.hear, log=heard)
                return patiently(deployment, act, progress) if patient else act(deployment)

            def heard(stack: str, text: str) -> None:
                self._record.log(stack, text)
                if verbose():
                    progress.say(f"{stack}: {text.rstrip()}")

            workers = self._how.parallel or units_at_once(_MEGABYTES_EACH)
            results = run_units(
                before, acted, workers=workers, fail_fast=self._how.fail_fast, on=progress
            )
        self.results |= results
        return results

    def told(
        self,
        tell_more: Callable[[list[Outcome]], None] = lambda _: None,
        *,
        kept: Iterable[str] = (),
    ) -> None:
        """Prints what became of all; to people `tell_more` tells of the outcomes before that, and
        what was `kept` as it is comes last. Raises RunFailed where not all came through."""
        rows = [self._row(stack, result) for stack, result in sorted(self.results.items())]
        document = self._record.written(rows, cancelled=self.is_cancelled)
        with suppress(SystemExit), read_by_others():  # who reads no more is told of failures, too
            if self._how.as_json:
                typer.echo(json.dumps(document, indent=2))
            else:
                tell_more([*self.outcomes.values()])
                self._print_table()
        if not self.is_cancelled:  # to look takes its time
            for line in kept:
                tell(line)
        if failures := "\n".join(self._failures()):
            errors = (result.error for result in self.results.values())
            raise RunFailed(failures, at_once=any(isinstance(one, StackFailed) for one in errors))

    def deployment(self, stack: str) -> Deployment:
        """A stack of this run that could be read."""
        assert self._engine is not None
        return Deployment(self._engine, stack)

    def tell_failures(self) -> None:
        """Why stacks failed so far, before somebody is asked whether to go on with the others."""
        for result in self.results.values():
            if result.error is not None:
                tell_error(_why(result.error))

    def hold_back(self) -> None:
        """After a preview of all: what would change and reads a stack that failed is not tried;
        with `--fail-fast` nothing is, once one has failed."""
        failed = sorted(stack for stack, one in self.results.items() if one.error is not None)
        reading = {stack: self.with_readers([stack]) for stack in failed}
        for stack in self.changing:
            if because := [one for one in failed if self._how.fail_fast or stack in reading[one]]:
                self.results[stack] = Result(ended=Ended.NOT_TRIED, because=(*because,))

    def with_readers(self, stacks: Iterable[str]) -> set[str]:
        """These and, of those that came through, the ones that read them, or read such."""
        found = {*stacks}
        before = order(self.settings, self._unreadable)
        while more := {s for s in self.outcomes if s not in found and before[s] & found}:
            found |= more
        return found

    @property
    def beside_results(self) -> Console:
        """Where people are told of a plan before they are asked: results are JSON's alone."""
        return asides if self._how.as_json else console

    @property
    def is_cancelled(self) -> bool:
        """Whether the end was asked for before all stacks had their turn."""
        return any(result.ended is Ended.CANCELLED for result in self.results.values())

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """Of the stacks that came through."""
        return {
            stack: result.value
            for stack, result in sorted(self.results.items())
            if result.value is not None
        }

    @property
    def changing(self) -> list[str]:
        """The stacks in which something changes or has changed, or may: those that cannot be
        previewed yet."""
        return [
            stack
            for stack, outcome in self.outcomes.items()
            if outcome.changed or outcome.waits_for
        ]

    def _row(self, stack: str, result: Result[Outcome]) -> dict[str, Any]:
        """As run.json and `--json` have it."""
        settings = self.settings.get(stack)
        row: dict[str, Any] = {} if result.value is None else asdict(result.value)
        return {
            **row,
            "stack": stack,
            "customer": settings and settings.customer,
            "role": settings and settings.role,
            "ended": result.ended,
            "because": [*result.because],
            "error": None if result.error is None else _why(result.error),
            "changed": None if result.value is None else result.value.changed,
            "seconds": round(result.seconds, 1),
        }

    def _print_table(self) -> None:
        if not self.results:
            tell("no stack is chosen")
            return
        rows = [
            (
                stack,
                result.ended.value,
                seconds_text(result.seconds) if result.seconds else "",
                changes_text(result.value) if result.value else _briefly(result),
            )
            for stack, result in sorted(self.results.items())
        ]
        show(console, ("stack", "result", "time", "changes"), rows)

    def _failures(self) -> list[str]:
        """What did not come through, why, and what to do; nothing where all did."""
        failed = [one for one in sorted(self.results) if self.results[one].ended is Ended.FAILED]
        others = [
            (stack, result)
            for stack, result in sorted(self.results.items())
            if result.ended in (Ended.NOT_TRIED, Ended.CANCELLED)
        ]
        if not failed and not others:
            return []
        lines = [_why(error) for one in failed if (error := self.results[one].error) is not None]
        for ended in (Ended.NOT_TRIED, Ended.CANCELLED):
            names = [stack for stack, result in others if result.ended is ended]
            if names:
                lines.append(f"{ended}: {', '.join(names)}")
        again = [*failed, *(stack for stack, _ in others)]
        lines.append(
            f"{len(again)} of {len(self.results)} did not come through; those alone again: "
            f"{self._again(again)}"
        )
        lines.append(f"what the engine said of each: {self._record.folder}")
        return lines

    def _again(self, stacks: list[str]) -> str:
        """The same for these alone. Who agreed to be asked nothing, or to lose data, is not taken
        to agree again."""
        few = len(stacks) <= NAMED and {*stacks} <= {*load.stacks_in(self._root)}
        chosen = stacks if few else [*self._selection.typed(), "--only-failed"]
        return shlex.join(["backup-org", self.command, *chosen, *self._flags])


def stacks_text(stacks: Collection[str]) -> str:
    """Their names, of many the first ones."""
    names, more = [*stacks][:NAMED], len(stacks) - NAMED
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _briefly(result: Result[Outcome]) -> str:
    """Why there is no outcome, in a few words: the whole is told below."""
    if result.because:
        return f"{', '.join(result.because)} failed"
    return "see below" if result.error is not None else ""


def _why(error: Exception) -> str:
    """What is told of an error; a traceback of one that nobody foresaw."""
    return told_of(error) or "".join(traceback.format_exception(error))


def patiently(deployment: Deployment, act: Act, progress: StackProgress) -> Outcome:
    """Tries again what failed as AWS was asked too often, after a time that grows, and is by chance
    so that those who wait do not come back together."""
    for attempt in range(1, _ATTEMPTS):
        try:
            return act(deployment)
        except StackFailed as error:
            if not any(_THROTTLED.search(message) for message in error.messages):
                raise
            seconds = random.uniform(0.5, 1) * min(_LONGEST_WAIT_SECONDS, 5 * 2**attempt)  # noqa: S311 - no secret
            progress.shows(deployment.stack, f"AWS is asked too often: again in {seconds:.0f} s")
            if end_asked_within(seconds):
                raise
    return act(deployment)


def tell_lines(outcomes: Iterable[Outcome]) -> None:
    """What outcomes have beside counts: warnings, advice of policies, and what a destroy left."""
    for outcome in outcomes:
        for line in outcome.warnings:
            tell(f"{outcome.stack}: {line}")
        for line in outcome.advice:
            tell(f"{outcome.stack}: advice: {line}")
        for resource in outcome.left:
            console.print(f"{outcome.stack}: left in the account: {resource}")
