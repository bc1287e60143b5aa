"""Several stacks at once: each after those that it reads, destroyed the other way round."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from fleet.deploy.deployment import Deployment, Outcome, StackFailed
from fleet.errors import ToldError
from fleet.scheduler import Ended, Watch, run_units
from stacks import load
from stacks.load import Settings
from stacks.names import stack_name
from stacks.references import references

_AT_ONCE = 4


class FleetFailed(ToldError):
    """What became of each stack that did not come through."""

    at_once = True

    def __init__(self, failures: Sequence[StackFailed], not_tried: Sequence[str]) -> None:
        lines = [str(failure) for failure in failures]
        if not_tried:
            lines.append(f"not tried, because of that: {', '.join(not_tried)}")
        super().__init__("\n".join(lines))
        self.failures = failures
        self.not_tried = not_tried


def stacks_with(has: Callable[[Settings], bool], root: Path) -> list[str]:
    """The stacks whose settings are so, deployed or not."""
    return [name for name in load.stacks_in(root) if has(load.from_files(name, root))]


def settings_of(stacks: Iterable[str], root: Path) -> dict[str, Settings]:
    """The settings of stacks by name. Raises ToldError with every problem of all of them."""
    found: dict[str, Settings] = {}
    problems: list[str] = []
    for stack in stacks:
        try:
            found[stack] = load.from_files(stack, root)
        except load.SettingsError as error:
            problems.append(str(error))
    if problems:
        raise ToldError("\n".join(problems))
    return found


def in_order(
    deployments: Sequence[Deployment],
    act: Callable[[Deployment], Outcome],
    *,
    backwards: bool = False,
    on: Watch[Outcome] | None = None,
) -> list[Outcome]:
    """Acts on each stack as soon as those before it are done; up to four at once.

    Raises FleetFailed when all that could be done is done and something failed.
    """
    by_name = {deployment.stack: deployment for deployment in deployments}
    results = run_units(
        order({name: one.settings for name, one in by_name.items()}, backwards=backwards),
        lambda stack: act(by_name[stack]),
        workers=_AT_ONCE,
        on=on,
    )
    failures: list[StackFailed] = []
    for result in results.values():
        if isinstance(result.error, StackFailed):
            failures.append(result.error)
        elif result.error is not None:
            raise result.error
    not_done = [stack for stack, result in results.items() if result.ended is Ended.NOT_TRIED]
    if any(result.ended is Ended.CANCELLED for result in results.values()):
        raise KeyboardInterrupt
    if failures:
        raise FleetFailed(failures, sorted(not_done))
    return [result.value for result in results.values() if result.value is not None]


def order(
    settings: Mapping[str, Settings],
    unreadable: Collection[str] = (),
    *,
    backwards: bool = False,
) -> dict[str, set[str]]:
    """Of each stack those that come before it: the ones that it reads, or, backwards, its readers.
    A scheduler's units. A stack whose settings are `unreadable` is one too: where readers come
    first, it is taken for one of its customer's central stacks."""
    before: dict[str, set[str]] = {name: set() for name in (*settings, *unreadable)}
    reads = {name: [*references(one)] for name, one in settings.items()}
    if backwards:
        reads |= {name: _central_stacks(name) for name in unreadable}
    for name, references_ in reads.items():
        for reference in references_:
            if reference in before:
                first, then = (name, reference) if backwards else (reference, name)
                before[then].add(first)
    return before


def _central_stacks(stack: str) -> list[str]:
    """Those that a member may read, by its name."""
    customer, member, _ = stack.partition("-member-")
    return [stack_name(customer, role) for role in ("audit", "management")] if member else []
