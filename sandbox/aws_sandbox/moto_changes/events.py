"""moto's EventBridge, which refuses what AWS refuses, and what the pump does not carry."""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventBus, EventPattern, EventsBackend, Rule
from moto.events.responses import EventsHandler

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.aws.arns import Arn
from aws_sandbox.moto_changes.replacements import Replacements

PATTERN_OPERATORS = frozenset({"$or", "anything-but", "exists", "prefix"})
"""Of moto's own EventPattern, those that are used, and known to be as EventBridge's are."""
TARGETS = frozenset({"event-bus", "lambda", "sns", "sqs"})
TARGET_MEMBERS = frozenset({"DeadLetterConfig", "RoleArn"})

_NOT_CARRIED_OUT = {
    "create_archive": "archives of events",
    "start_replay": "replays of events",
}


def target_kind(target_arn: str) -> str:
    """The service of a target, or event-bus; raises ValueError for what is no ARN."""
    arn = Arn.parse(target_arn)
    return "event-bus" if arn.resource.startswith("event-bus/") else arn.service


PutEvent = Callable[[str, str, Mapping[str, Any]], str]
"""Puts a client's event on the default bus of (account, Region), an entry of PutEvents; its id."""


def install(replacements: Replacements, put_event: PutEvent) -> None:
    replacements.replace(EventsBackend, "put_events", _handing_on(put_event))
    replacements.wrap(EventsBackend, "put_rule", _with_valid_pattern)
    replacements.wrap(EventsBackend, "put_targets", _with_valid_targets)
    for name, what in _NOT_CARRIED_OUT.items():
        replacements.replace(EventsBackend, name, _refusing(what))
    replacements.replace(EventsHandler, "test_event_pattern", _refusing("TestEventPattern"))


def _refusing(what: str) -> Callable[..., Any]:
    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise not_carried_out(what)

    return refuse


def _handing_on(put_event: PutEvent) -> Callable[..., list[dict[str, str]]]:
    """In place of moto's own way to targets. The source of a service is refused to its clients."""

    def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, str]]:
        if any(event.get("EventBusName", "default") != "default" for event in events):
            raise not_carried_out("PutEvents to another bus than the default one")
        return [
            {
                "ErrorCode": "NotAuthorizedForSourceException",
                "ErrorMessage": f"Not authorized for the source {event['Source']}.",
            }
            if event["Source"].startswith("aws.")
            else {"EventId": put_event(self.account_id, self.region_name, event)}
            for event in events
        ]

    return put_events


def _with_valid_pattern(put_rule: Callable[..., Rule]) -> Callable[..., Rule]:
    def put_checked(self: EventsBackend, *args: Any, **kwargs: Any) -> Rule:
        if kwargs.get("event_pattern"):
            _check_pattern(EventPattern.load(kwargs["event_pattern"]).get_pattern())
        return put_rule(self, *args, **kwargs)

    return put_checked


def _check_pattern(pattern: Any, place: str = "") -> None:
    if not isinstance(pattern, Mapping) or not pattern:
        raise InvalidEventPatternException(f"{place or 'the pattern'}: takes an object with fields")
    for name, value in cast("Mapping[str, Any]", pattern).items():
        below = f"{place}.{name}".lstrip(".")
        if isinstance(value, Mapping):
            _check_pattern(value, below)
        elif not isinstance(value, list):
            raise InvalidEventPatternException(f"{below}: takes an object or an array")
        else:
            check = _check_pattern if name == "$or" else _check_choice
            for choice in cast("list[Any]", value):
                check(choice, below)


def _check_choice(choice: Any, place: str) -> None:
    """A text, or one operator with what it takes."""
    if isinstance(choice, str):
        return
    given: Mapping[str, Any] = {}
    if isinstance(choice, Mapping):
        given = cast("Mapping[str, Any]", choice)
    if len(given) != 1 or not given.keys() <= PATTERN_OPERATORS - {"$or"}:
        raise not_carried_out(
            f"{choice!r} of the pattern's {place}: it knows texts, prefix, exists and anything-but"
        )
    ((operator, operand),) = given.items()
    if not _OPERANDS[operator](operand):
        raise not_carried_out(f"{choice!r} of the pattern's {place}: {operator} takes another")


def _is_but_a_wildcard(operand: Any) -> bool:
    if not isinstance(operand, Mapping) or list(cast("Mapping[str, Any]", operand)) != ["wildcard"]:
        return False
    given = cast("Mapping[str, Any]", operand)["wildcard"]
    texts = cast("list[Any]", given) if isinstance(given, list) else [given]
    return bool(texts) and all(isinstance(text, str) for text in texts)


_OPERANDS: Mapping[str, Callable[[Any], bool]] = {
    "prefix": lambda operand: isinstance(operand, str),
    "exists": lambda operand: isinstance(operand, bool),
    "anything-but": _is_but_a_wildcard,
}


def _with_valid_targets(put_targets: Callable[..., None]) -> Callable[..., None]:
    def put_checked(
        self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
    ) -> None:
        for target in targets:
            try:
                kind = target_kind(target["Arn"])
            except ValueError as error:
                raise ValidationException(
                    f"Parameter {target['Arn']} is not valid. Reason: Provided Arn is not in "
                    "correct format."
                ) from error
            if kind not in TARGETS:
                raise not_carried_out(f"targets of {kind}: {target['Arn']}")
            given = {member for member, value in target.items() if value} - {"Id", "Arn"}
            if unknown := sorted(given - TARGET_MEMBERS):
                raise not_carried_out(f"targets with {', '.join(unknown)}: {target['Arn']}")
        put_targets(self, name, event_bus_arn, targets)

    return put_checked


def install_permanently(replacements: Replacements) -> None:
    replacements.wrap(EventsBackend, "put_permission", _replacing_the_policy)


def _replacing_the_policy(put_permission: Callable[..., None]) -> Callable[..., None]:
    def put(self: EventsBackend, *given: Any) -> None:
        event_bus_name, action, principal, statement_id, condition, policy = given
        bus = self.describe_event_bus(event_bus_name or "default")
        if policy:
            _replace(bus, policy)
        elif principal == "*":
            # Moto would write the account "*" into an ARN.
            statement = (
                {condition["Type"]: {condition["Key"]: condition["Value"]}} if condition else None
            )
            bus.add_permission(statement_id, action, {"AWS": "*"}, statement)
        else:
            put_permission(self, *given)

    return put


def _replace(bus: EventBus, policy: str) -> None:
    document: dict[str, Any] = json.loads(policy)
    listed = document["Statement"]
    statements = cast("list[dict[str, Any]]", listed if isinstance(listed, list) else [listed])
    missing = [
        name
        for name in ("Sid", "Effect", "Principal", "Action", "Resource")
        if any(name not in statement for statement in statements)
    ]
    if missing:
        raise JsonRESTError(
            "ValidationException",
            f"A statement of an event bus's policy needs {', '.join(missing)}.",
        )
    bus.remove_statements()
    bus.add_policy({**document, "Statement": statements})
