"""moto's EventBridge, whose PutEvents goes to the pump, and which refuses what AWS refuses."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventsBackend, Rule
from moto.events.responses import EventsHandler

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.buses import Buses, EntriesError
from aws_sandbox.events.pattern import EventPattern, PatternError
from aws_sandbox.events.transform import modifies_input
from aws_sandbox.moto_changes.replacements import Replacements


def install(replacements: Replacements, buses: Buses) -> None:
    def put_events(self: EventsBackend, events: Sequence[Mapping[str, Any]]) -> Any:
        try:
            return buses.put_events(self.account_id, self.region_name, events)
        except EntriesError as error:
            raise ValidationException(str(error)) from error

    replacements.replace(EventsBackend, "put_events", put_events)
    replacements.wrap(EventsBackend, "put_rule", _with_valid_pattern)
    replacements.wrap(EventsBackend, "put_targets", _with_valid_targets)
    replacements.replace(Rule, "send_to_targets", _refuse_replay)
    replacements.replace(EventsHandler, "test_event_pattern", PatternTest.answer)


def _refuse_replay(self: Rule, *_args: Any, **_kwargs: Any) -> None:
    """What is left of moto's own delivery is the replay of an archive."""
    raise NotImplementedError(f"the sandbox replays no archived events to {self.arn}")


def _with_valid_pattern(put_rule: Callable[..., Rule]) -> Callable[..., Rule]:
    def put_checked(self: EventsBackend, *args: Any, **kwargs: Any) -> Rule:
        if kwargs.get("event_pattern"):
            _parsed(kwargs["event_pattern"])
        return put_rule(self, *args, **kwargs)

    return put_checked


def _with_valid_targets(put_targets: Callable[..., None]) -> Callable[..., None]:
    def put_checked(
        self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
    ) -> None:
        for target in targets:
            arn = _arn(target["Arn"])
            to_bus = arn.service == "events" and arn.resource.startswith("event-bus/")
            if to_bus and modifies_input(target):
                raise ValidationException(
                    f"Modifying the input for target {target['Id']} is not supported."
                )
        put_targets(self, name, event_bus_arn, targets)

    return put_checked


def _arn(text: str) -> Arn:
    try:
        return Arn.parse(text)
    except ValueError as error:
        raise ValidationException(
            f"Parameter {text} is not valid. Reason: Provided Arn is not in correct format."
        ) from error


class PatternTest(EventsHandler):
    """TestEventPattern, which moto declares and leaves out."""

    def answer(self) -> str:
        pattern = _parsed(self._get_param("EventPattern"))
        event = json.loads(self._get_param("Event"))
        return json.dumps({"Result": pattern.matches(event)})


def _parsed(pattern: str) -> EventPattern:
    try:
        return EventPattern.parse(pattern)
    except PatternError as error:
        raise InvalidEventPatternException(str(error)) from error
