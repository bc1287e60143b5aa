"""Several stacks at once: each after those that it reads, destroyed the other way round."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path

from fleet.deploy.deployment import Deployment, Outcome, StackFailed
from fleet.errors import ToldError
from stacks import load
from stacks.load import Settings
from stacks.references import references

_AT_ONCE = 4


class FleetFailed(ToldError):
    """What became of each stack that did not come through."""

    AT_ONCE = True

    def __init__(self, failures: Sequence[StackFailed], not_tried: Sequence[str]) -> None:
        lines = [str(failure) for failure in failures]
        if not_tried:
            lines.append(f"not tried, because of that: {', '.join(not_tried)}")
        super().__init__("\n".join(lines))
        self.failures = failures
        self.not_tried = not_tried


def chosen(names: Iterable[str], root: Path) -> list[str]:
    """Stacks by their own names or by their customer's; every stack where none is named. Raises
    SettingsError where a customer's table of members cannot be read."""
    known = load.stacks_in(root)
    named = sorted(set(names))
    for customer in sorted(set(named) - set(known)) if named else load.customers_with_files(root):
        load.members_of(customer, root)
    stacks: set[str] = set()
    for name in named:
        found = [name] if name in known else [s for s in known if _is_of(s, name, root)]
        if not found:
            raise ValueError(f"there is no stack or customer {name}; there are: {', '.join(known)}")
        stacks.update(found)
    return sorted(stacks) if stacks else known


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


def _is_of(stack: str, customer: str, root: Path) -> bool:
    """Whether a stack is this customer's; the name alone would take acme-labs for one of acme's."""
    if not re.fullmatch(rf"{re.escape(customer)}-(management|audit|member-.+)", stack):
        return False
    try:
        found = load.values_of(stack, root).merged.get("customer")
    except load.SettingsError:
        return True  # its problems are told when its turn comes
    return found == customer or not isinstance(found, str)


def in_order(
    deployments: Sequence[Deployment],
    act: Callable[[Deployment], Outcome],
    *,
    backwards: bool = False,
) -> list[Outcome]:
    """Acts on each stack as soon as those before it are done; up to four at once.

    Raises FleetFailed when all that could be done is done and something failed.
    """
    by_name = {deployment.stack: deployment for deployment in deployments}
    sorter = TopologicalSorter(_predecessors(by_name, backwards=backwards))
    sorter.prepare()
    outcomes: list[Outcome] = []
    failures: list[StackFailed] = []
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool, _begins_nothing_more(pool):
        running: dict[Future[Outcome], str] = {}
        while sorter.is_active():
            running |= {pool.submit(act, by_name[name]): name for name in sorter.get_ready()}
            if not running:
                break  # what is left waits for what failed
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                try:
                    outcomes.append(future.result())
                except StackFailed as failure:
                    failures.append(failure)
                else:
                    sorter.done(name)
    if failures:
        through = {outcome.stack for outcome in outcomes} | {f.stack for f in failures}
        raise FleetFailed(failures, sorted(by_name.keys() - through))
    return outcomes


@contextmanager
def _begins_nothing_more(pool: ThreadPoolExecutor) -> Generator[None]:
    """Once interrupted, what runs comes to its end, and what waits for its turn is dropped."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _predecessors(
    deployments: Mapping[str, Deployment], *, backwards: bool
) -> Mapping[str, set[str]]:
    before: dict[str, set[str]] = {name: set() for name in deployments}
    for name, deployment in deployments.items():
        for reference in references(deployment.settings):
            if reference in deployments:
                if backwards:
                    before[reference].add(name)
                else:
                    before[name].add(reference)
    return before
