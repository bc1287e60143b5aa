"""A rule is a function: its name is the policy's name, its docstring the description.

A rule over one resource yields what is wrong with it and how to mend it. A rule over a stack is
asked of each resource too, sees the others beside it, and yields aspects: generators of the same.

Values that a preview cannot know are no violation: what looks at one stops there, and is asked
again during the update. That is one aspect of one resource, or all of its aspects where the rule
looked before it yielded any; other aspects and other resources go on.
"""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict, TypeVar, Unpack

from policies.choice import Bundle, Choice, Chosen, Level, PolicyException
from policies.citations import Citation
from policies.resources import NotYet, Resource, Stack

Config = Mapping[str, Any]
"""What is set of a rule: its thresholds and lists, each with a value."""
Violations = Iterator[tuple[Resource, str]]
OverResource = Callable[[Resource, Config], Iterator[str]]
Aspects = Iterator[Iterator[str]]
OverStack = Callable[[Resource, Stack, Config], Aspects]
Severity = Literal["low", "medium", "high", "critical"]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A threshold or list of a rule."""

    what: str
    schema: Mapping[str, Any]
    """JSON schema of its value: type, minimum, enum, items."""
    default: Any
    regulated: Any = None
    """In the bundle `regulated`; None: as the default."""

    def value(self, bundle: Bundle) -> Any:
        stricter = bundle == "regulated" and self.regulated is not None
        return self.regulated if stricter else self.default


@dataclass(frozen=True, kw_only=True)
class Rule:
    name: str
    theme: str
    """The file that it stands in: vaults, keys."""
    description: str
    """The docstring: a sentence of what it wants, then why."""
    scope: Literal["resource", "stack"]
    types: Sequence[str]
    """Of the resources that it is asked of."""
    severity: Severity
    citations: Sequence[Citation]
    levels: Mapping[Bundle, Level]
    settings: Mapping[str, Setting]
    ask: Callable[[Resource, Stack, Config], Aspects]

    @property
    def sentence(self) -> str:
        """What it wants."""
        return " ".join(self.description.partition("\n\n")[0].split())

    def level(self, choice: Choice) -> Level:
        return choice.of(self.name).level or self.levels[choice.bundle]

    def config(self, bundle: Bundle, *chosen: Chosen) -> dict[str, Any]:
        """Its settings in a bundle; what is chosen later counts more."""
        found = {name: setting.value(bundle) for name, setting in self.settings.items()}
        for one in chosen:
            found |= one.settings
        return found

    def violations(
        self,
        stack: Stack,
        config: Config,
        exceptions: Iterable[PolicyException] = (),
        *,
        today: datetime.date,
    ) -> Violations:
        """Of each resource that is no exception today, what is wrong with it."""
        for resource in stack.of(*self.types):
            excepted = [one for one in exceptions if one.name == resource.name]
            if any(today <= one.until for one in excepted):
                continue
            ended = max((one.until for one in excepted), default=None)
            for aspect in _until_unknown(self.ask(resource, stack, config)):
                for message in _until_unknown(aspect):
                    told = f" (its exception ended on {ended})" if ended else ""
                    yield resource, f"{message}{told}"


RULES: dict[str, Rule] = {}


class About(TypedDict):
    """What is said of a rule beside its function."""

    severity: Severity
    cites: Sequence[Citation]
    baseline: NotRequired[Level]
    """Its level in the bundle of this name; mandatory where it is not given."""
    regulated: NotRequired[Level]
    settings: NotRequired[Mapping[str, Setting]]


def over_resource(*types: str, **about: Unpack[About]) -> Callable[[OverResource], Rule]:
    """Makes a rule that is asked of each resource of these types, with its inputs alone: Pulumi
    asks it before the resource is created."""

    def register(check: OverResource) -> Rule:
        def ask(resource: Resource, _: Stack, config: Config) -> Aspects:
            yield check(resource, config)

        return _registered(check, "resource", types, ask, about)

    return register


def over_stack(*types: str, **about: Unpack[About]) -> Callable[[OverStack], Rule]:
    """Makes a rule that is asked of each resource of these types, amid all of the stack: in a
    preview before anything is created, in an update after it."""

    def register(check: OverStack) -> Rule:
        return _registered(check, "stack", types, check, about)

    return register


def _until_unknown(found: Iterator[T]) -> Iterator[T]:
    try:
        yield from found
    except NotYet:
        return


def _registered(
    check: Callable[..., Any],
    scope: Literal["resource", "stack"],
    types: Sequence[str],
    ask: OverStack,
    about: About,
) -> Rule:
    rule = Rule(
        name=check.__name__,
        theme=check.__module__.rpartition(".")[2],
        description=inspect.cleandoc(check.__doc__ or ""),
        scope=scope,
        types=types,
        severity=about["severity"],
        citations=tuple(about["cites"]),
        levels={
            "baseline": about.get("baseline", "mandatory"),
            "regulated": about.get("regulated", "mandatory"),
        },
        settings=about.get("settings", {}),
        ask=ask,
    )
    if rule.name in RULES:
        raise ValueError(f"two rules are called {rule.name}")
    RULES[rule.name] = rule
    return rule
