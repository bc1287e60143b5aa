"""One stack through the Pulumi engine: preview, up, refresh, destroy, outputs.

The program runs inline, in this process, through the Automation API: it is the project's own
__main__.py, which `pulumi up` with an official CLI runs just the same.
"""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pulumi import automation
from pulumi.automation import EngineEvent, PulumiCommand
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from fleet import access
from fleet.deploy import program
from fleet.deploy.changes import Change, deletions
from fleet.deploy.events import Heard
from fleet.deploy.losses import refuse_losses, with_losses
from fleet.deploy.orphans import Settled, settle
from fleet.engine import engine
from fleet.engine.command import CommandIn
from fleet.errors import ToldError
from fleet.project import PROJECT, current_project
from fleet.terminal import tell
from stacks import load
from stacks.load import Settings

POLICIES = PROJECT / "policies"


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The CLI, and where it keeps its things."""

    command: PulumiCommand
    project: Path = PROJECT
    """Holds Pulumi.yaml and stacks/customers."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the CLI and its plugins get beside this process's own: PULUMI_HOME, AWS_…"""


def engine_here() -> Engine:
    """Finds, or makes, the Pulumi CLI, for the current project."""
    return Engine(command=engine(tell), project=current_project())


@dataclass(frozen=True, kw_only=True)
class Outcome:
    stack: str
    changes: Mapping[str, int]
    """How many resources, by what was done: create, update, replace, delete, same."""
    seconds: float
    waits_for: str = ""
    """The stack that it reads and that must be deployed before it can be previewed."""
    deployed: bool = True
    """Whether the stack has a state: without one there is nothing to compare or delete."""
    left: Sequence[str] = ()
    """What a destroy left on purpose: types, names, and ARNs or ids with account and Region."""
    advice: Sequence[str] = ()
    """What policies found that they refuse nothing for, a line each."""
    warnings: Sequence[str] = ()
    """What the engine, a provider or settings warn of, a line each."""
    details: Sequence[Change] = ()
    """What is done to each resource that is not left as it is."""
    drift: Sequence[Change] = ()
    """How resources were found that are not as the state has them, where they were looked up."""

    @property
    def changed(self) -> bool:
        """Whether anything is not left as it is: outputs and what only the state has count too."""
        return bool(self.details or self.drift)


class StackFailed(ToldError):
    """A stack that could not be brought where it should be; the messages are the engine's."""

    at_once = True

    def __init__(self, stack: str, doing: str, messages: list[str]) -> None:
        said = "\n  ".join(dict.fromkeys(messages)) or "the engine gave no reason"
        super().__init__(f"{stack}: {doing} failed:\n  {said}")
        self.stack = stack
        self.messages = messages


class NeverDeployed(ToldError):
    """A stack without any state."""

    def __init__(self, stack: str) -> None:
        super().__init__(f"{stack} was never deployed; run: backup-org up {stack}")


_RESOURCES_AT_ONCE = 16
"""Of each stack, whatever the machine: an engine's memory and an account's API limits have to bear
them, and there are several stacks at once. Pulumi's own default grows with the cores."""

OnOutput = Callable[[str, str], None]
OnEvent = Callable[[str, EngineEvent], None]
"""Hears the engine's events of a stack, the summary of a run only once it has come through."""


def ignore(stack: str, event: EngineEvent) -> None:
    """For whom the engine's events are nothing."""
    del stack, event


class Deployment:
    """A stack and its settings, at an engine."""

    def __init__(
        self,
        engine: Engine,
        stack: str,
        on_event: OnEvent = ignore,
        *,
        before: Callable[[], None] = lambda: None,
        log: OnOutput | None = None,
    ) -> None:
        """`before` is called as the program starts, when no resource is registered yet; `log` gets
        a stack's name and all that the engine writes of it, line by line."""
        self.stack = stack
        self.settings: Settings = load.from_files(stack, engine.project)
        self._engine = engine
        self._on_event = on_event
        self._before = before
        self._log = partial(log, stack) if log else None

    def preview(self, *, refreshed: bool = False) -> Outcome:
        """`refreshed`, or by the settings: against what stands in AWS now, rather than what the
        state has of it."""
        with self._run("preview", self._made) as (stack, options):
            result = stack.preview(**options, **self._judged(refreshed=refreshed))
        outcome = self._outcome(result.change_summary)
        return replace(outcome, details=with_losses(self.settings, outcome.details))

    def up(self, *, refreshed: bool = False, lose: Sequence[str] = ()) -> Outcome:
        """Previews first: what a policy refuses is refused before anything is created; and updates
        only where the preview shows a change. Raises DeletionRefused for what AWS would not delete,
        and DataAtStake for what would be lost that `lose` does not name."""
        previewed = self.preview(refreshed=refreshed)
        refuse_losses({self.stack: previewed.details}, lose)
        if not previewed.changed:
            return previewed
        return self.update(refreshed=refreshed)

    def update(self, *, refreshed: bool = False) -> Outcome:
        """Without a preview before it. What a run was cut off from is settled first: it would be
        made twice."""
        settled = self._settle()
        with self._run("up", self._made) as (stack, options):
            result = stack.up(**options, **self._judged(refreshed=refreshed))
        outcome = self._outcome(result.summary.resource_changes or {})
        return replace(outcome, warnings=(*settled, *outcome.warnings))

    def _judged(self, *, refreshed: bool) -> dict[str, Any]:
        """What a preview and the update after it have in common."""
        refresh = refreshed or self.settings.refresh
        return {"policy_packs": [str(POLICIES)], "refresh": refresh}

    def refresh(self, targets: Sequence[str] = ()) -> Outcome:
        """Takes into the state what stands in AWS, and changes nothing there; of these URNs alone,
        where any are named."""
        with self._run("refresh", self._selected) as (stack, options):
            result = stack.refresh(**options, target=[*targets] or None)
        return self._outcome(result.summary.resource_changes or {})

    def drifted(self) -> Outcome:
        """How what stands in AWS differs from what was deployed; changes neither that nor the
        state. Raises NeverDeployed for what has no state."""
        with self._run("drift", self._selected) as (stack, options):
            result = stack.preview_refresh(**options)
        return self._outcome(result.change_summary)

    def foreseen(self) -> Outcome:
        """What `destroy` would do to each resource: what would be lost with it, and why it would be
        refused. Deletes nothing, but settles first what a run was cut off from: it goes too. Raises
        NeverDeployed for what has no state."""
        started = time.monotonic()
        settled = self._settle()
        with_data = with_losses(self.settings, deletions(self.deployed()))
        return Outcome(
            stack=self.stack,
            changes={"delete": sum(not change.retained for change in with_data)},
            seconds=time.monotonic() - started,
            warnings=(*settled,),
            details=with_data,
        )

    def removal(self) -> str:
        """The command that removes the stack, once it is empty: its state and its settings file."""
        return self._command("stack", "rm", "--yes")

    def destroy(self) -> Outcome:
        """Previews first: what is protected is refused before anything is deleted. What a run was
        cut off from is settled before that: it would stay."""
        settled = self._settle()
        with self._run("destroy", self._selected) as (stack, options):
            stack.preview_destroy(**options)
        left = self._retained()
        try:
            with self._run("destroy", self._selected) as (stack, options):
                result = stack.destroy(**options)
        except StackFailed as failed:
            known = self._retained()
            gone = [f"left in the account: {line}" for line in left if line not in known]
            raise StackFailed(self.stack, "destroy", [*failed.messages, *gone]) from failed
        outcome = self._outcome(result.summary.resource_changes or {})
        return replace(outcome, left=left, warnings=(*settled, *outcome.warnings))

    def _retained(self) -> Sequence[str]:
        """What goes out of the stack's state with `destroy`, and stays in the account."""
        return [
            _left(resource, self.settings)
            for resource in self.deployed()
            if resource.get("retainOnDelete") and resource.get("custom")
        ]

    def _settle(self) -> Settled:
        try:
            return settle(self, access.session)
        except NeverDeployed:
            return Settled()

    def outputs(self) -> dict[str, Any]:
        """By name; a secret is shown as [secret]. Raises NeverDeployed for what has no state."""
        with self._complaining("outputs", []):
            found = self._selected.outputs()
        return {
            name: "[secret]" if output.secret else output.value for name, output in found.items()
        }

    def resources(self) -> list[dict[str, Any]]:
        """As the stack's state has them; none of a stack that was never deployed."""
        return self._resources_of(self._made)

    def deployed(self) -> list[dict[str, Any]]:
        """As the stack's state has them. Raises NeverDeployed for what has no state."""
        return self._resources_of(self._selected)

    def begun(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The operations that the engine was cut off from, each with its `type` and `resource`, and
        the resources beside them. Raises NeverDeployed for what has no state."""
        found = self._exported(self._selected)
        return found.get("pending_operations") or [], found.get("resources") or []

    def _resources_of(self, stack: automation.Stack) -> list[dict[str, Any]]:
        return self._exported(stack).get("resources") or []

    def _exported(self, stack: automation.Stack) -> Mapping[str, Any]:
        with self._complaining("export", []):
            return stack.export_stack().deployment or {}

    def change_state(self, change: Callable[[list[dict[str, Any]]], None]) -> None:
        """Changes resources in the stack's state, and nothing in the account; operations that were
        pending are so no more."""
        with self._complaining("import", []):
            state = self._made.export_stack()
            change((state.deployment or {}).get("resources") or [])
            self._made.import_stack(state)

    def beside(self, stack: str) -> Deployment:
        """Another stack of the same project."""
        return Deployment(self._engine, stack)

    def is_deployed(self) -> bool:
        """Whether it exports anything."""
        try:
            return bool(self.outputs())
        except NeverDeployed:
            return False

    @cached_property
    def _made(self) -> automation.Stack:
        with self._complaining("init", []):
            return automation.create_or_select_stack(**self._program())

    @cached_property
    def _selected(self) -> automation.Stack:
        """Without making one: looking leaves no state, and nothing in the settings file."""
        with self._complaining("select", []):
            try:
                return automation.select_stack(**self._program())
            except StackNotFoundError as error:
                raise NeverDeployed(self.stack) from error

    def _program(self) -> dict[str, Any]:
        root, organization = self._engine.project, self.settings.state.organization
        return {
            "stack_name": f"{organization}/backup-org/{self.stack}" if organization else self.stack,
            "project_name": "backup-org",
            "program": lambda: program.run(root, self._before),
            "opts": automation.LocalWorkspaceOptions(
                work_dir=str(root),
                pulumi_command=CommandIn(self._engine.command, self._environment),
                secrets_provider=self.settings.state.secrets_provider,
            ),
        }

    def _environment(self) -> Mapping[str, str | None]:
        return {
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "BACKUP_ORG_PYTHON": sys.executable,
            **self._engine.environment,
            **access.engine_environment(self.settings),
        }

    @contextmanager
    def _complaining(self, doing: str, messages: list[str]) -> Generator[None]:
        try:
            yield
        except ConcurrentUpdateError as error:
            raise StackFailed(self.stack, doing, [self._locked(error)]) from error
        except CommandError as error:
            said = messages or [_said(error)]
            told = [access.with_cure(self.settings, line) for line in said]
            raise StackFailed(self.stack, doing, told) from error

    def _locked(self, error: ConcurrentUpdateError) -> str:
        """Who works on the stack, and what to do where nobody does any more."""
        command = self._command("cancel", "--yes")
        return (
            f"another process works on this stack, or was cut off while it did:\n  {_said(error)}\n"
            "  Wait until it has ended. If it runs no more, and only then, let the stack go: to do "
            f"so while it runs can lose resources from the state.\n  {command}\n"
            "  Then take what it had begun into the state:\n"
            f"  backup-org orphans {self.stack} --import"
        )

    def _command(self, *arguments: str) -> str:
        """The CLI's, for a shell that knows nothing of this stack's backend."""
        backend = [
            f"{name}={shlex.quote(value)}"
            for name, value in self._environment().items()
            if value is not None and name in ("PULUMI_HOME", "PULUMI_BACKEND_URL")
        ]
        cli, folder = self._engine.command.command, str(self._engine.project)
        command = [cli, *arguments, "--stack", self.stack, "--cwd", folder]
        return " ".join([*backend, shlex.join(command)])

    @contextmanager
    def _run(
        self, doing: str, stack: automation.Stack
    ) -> Generator[tuple[automation.Stack, dict[str, Any]]]:
        """Collects what the engine says; raises StackFailed with that when it fails."""
        self._started = time.monotonic()
        self._heard = heard = Heard()
        summaries: list[EngineEvent] = []

        def hear(event: EngineEvent) -> None:
            heard.hear(event)
            if event.summary_event is not None:
                summaries.append(event)  # of what fails there is one too, and it does not say so
            else:
                self._on_event(self.stack, event)

        with self._complaining(doing, heard.complaints):
            yield (
                stack,
                {
                    "on_event": hear,
                    "on_output": self._log,
                    "on_error": self._log,
                    "color": "never",
                    "parallel": _RESOURCES_AT_ONCE,
                },
            )
        for summary in summaries:
            self._on_event(self.stack, summary)

    def _outcome(self, changes: Mapping[Any, int]) -> Outcome:
        return Outcome(
            stack=self.stack,
            changes={str(getattr(op, "value", op)): count for op, count in changes.items()},
            seconds=time.monotonic() - self._started,
            advice=self._heard.advice,
            warnings=self._heard.warnings,
            details=self._heard.details,
            drift=self._heard.drift,
        )


def _left(resource: Mapping[str, Any], settings: Settings) -> str:
    name = f"{resource['type']} {resource['urn'].split('::')[-1]}"
    outputs: Mapping[str, Any] = resource.get("outputs") or {}
    region = outputs.get("region") or settings.region
    return f"{name}: {outputs.get('arn') or resource['id']} ({settings.account}, {region})"


def _said(error: CommandError) -> str:
    """What the CLI wrote, of an error whose text alone has it, beside the exit code: the error
    itself, without the warnings before it."""
    output, _, errors = str(error).partition("\n stderr: ")
    said = errors.strip() or output.partition("\n stdout: ")[2].strip() or str(error).strip()
    return re.split(r"^error: ", said, maxsplit=1, flags=re.MULTILINE)[-1]
