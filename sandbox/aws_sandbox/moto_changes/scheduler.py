"""moto's EventBridge Scheduler, which refuses what AWS refuses, and what is not carried out."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from botocore.model import StructureShape
from moto.scheduler.exceptions import ScheduleExists, ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.scheduler.responses import EventBridgeSchedulerResponse

from aws_sandbox.aws.api_calls import not_carried_out, service_model
from aws_sandbox.aws.context import RequestContext
from aws_sandbox.moto_changes.replacements import Replacements
from aws_sandbox.shapes import violations, written

SERVICE = "scheduler.amazonaws.com"
UNIVERSAL_TARGETS: Mapping[str, tuple[str, str]] = {
    "arn:aws:scheduler:::aws-sdk:eventbridge:putEvents": ("events", "PutEvents"),
    "arn:aws:scheduler:::aws-sdk:ssm:startAutomationExecution": ("ssm", "StartAutomationExecution"),
}
"""The calls of AWS's API that a schedule can make here: by target the service and operation."""

_KNOWN = {
    *("ClientToken", "Description", "FlexibleTimeWindow", "GroupName", "Name"),
    *("ScheduleExpression", "ScheduleExpressionTimezone", "State", "Target"),
}
_KNOWN_OF_TARGET = {"Arn", "RoleArn", "Input", "RetryPolicy", "DeadLetterConfig"}

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_CRON: Sequence[tuple[str, int, int, Sequence[str], str]] = (
    ("minutes", 0, 59, (), r"\*"),
    ("hours", 0, 23, (), r"\*"),
    ("day of month", 1, 31, (), r"\*|\?|L|LW|\d+W"),
    ("month", 1, 12, _MONTHS, r"\*"),
    ("day of week", 1, 7, _DAYS, r"\*|\?|L|[1-7]L|[1-7]#[1-5]"),
    ("year", 1970, 2199, (), r"\*"),
)
"""Each field's name, least and greatest value, the names of these from 1 on, and what else it may
be (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html)."""


def group_arn(account: str, region: str, group: str) -> str:
    """What Scheduler names as its source where it acts for a schedule: never the schedule."""
    return f"arn:aws:scheduler:{region}:{account}:schedule-group/{group}"


def install_permanently(replacements: Replacements) -> None:
    for name, checked in (("create_schedule", _created), ("update_schedule", _updated)):
        replacements.wrap(EventBridgeSchedulerResponse, name, checked)
    replacements.wrap(EventBridgeSchedulerResponse, "get_schedule", _complete)
    replacements.replace(ScheduleExists, "code", 409)


Call = Callable[[EventBridgeSchedulerResponse], str]


def _created(create: Call) -> Call:
    def create_checked(self: EventBridgeSchedulerResponse) -> str:
        _check(self, "CreateSchedule")
        return create(self)

    return create_checked


def _updated(update: Call) -> Call:
    """UpdateSchedule sets all anew; moto would leave a schedule without a state."""

    def update_checked(self: EventBridgeSchedulerResponse) -> str:
        given = _check(self, "UpdateSchedule")
        answer = update(self)
        if "State" not in given:
            backend: EventBridgeSchedulerBackend = self.scheduler_backend
            name = self.uri.split("?")[0].split("/")[-1]
            backend.get_schedule(given.get("GroupName"), name).state = "ENABLED"
        return answer

    return update_checked


def _complete(get: Call) -> Call:
    def get_complete(self: EventBridgeSchedulerResponse) -> str:
        answer: Mapping[str, Any] = json.loads(get(self))
        return json.dumps({**answer, "ActionAfterCompletion": "NONE"})

    return get_complete


def _check(called: EventBridgeSchedulerResponse, operation: str) -> Mapping[str, Any]:
    """The parameters; raises the error by which AWS refuses them."""
    given: Mapping[str, Any] = {
        name: value for name, value in json.loads(called.body).items() if value is not None
    }
    target: Mapping[str, Any] = given["Target"]
    unknown = given.keys() - _KNOWN
    unknown |= {f"Target.{name}" for name in target.keys() - _KNOWN_OF_TARGET}
    if unknown:
        raise not_carried_out(f"schedules with {', '.join(sorted(unknown))}")
    shape = service_model("scheduler").operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    problems = [f"{written(place)} {reason}" for place, reason in violations(shape, given)]
    problems += _problems(given)
    if problems:
        raise ValidationException("; ".join(problems))
    if target["Arn"] not in UNIVERSAL_TARGETS:
        raise not_carried_out(
            f"schedules of {target['Arn']}, but of {', '.join(sorted(UNIVERSAL_TARGETS))}"
        )
    group = given.get("GroupName") or "default"
    if group not in called.scheduler_backend.schedule_groups:
        raise ScheduleGroupNotFound(group)
    account = called.current_account
    decision = RequestContext.of(called).services.access.check_trust(
        target["RoleArn"],
        SERVICE,
        source_arn=group_arn(account, called.region, group),
        source_account=account,
    )
    if not decision.allowed:
        raise ValidationException(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the "
            f"role: {decision.reason}"
        )
    return given


def _problems(given: Mapping[str, Any]) -> Iterator[str]:
    expression = str(given["ScheduleExpression"])
    if problem := expression_problem(expression):
        yield f"Invalid Schedule Expression {expression}: {problem}."
    zone = given.get("ScheduleExpressionTimezone", "UTC")
    if zone not in available_timezones():
        yield f"Invalid Schedule Expression Timezone {zone}."
    window: Mapping[str, Any] = given["FlexibleTimeWindow"]
    if (window["Mode"] == "FLEXIBLE") != (window.get("MaximumWindowInMinutes") is not None):
        yield "MaximumWindowInMinutes is given with the mode FLEXIBLE, and with that alone."
    target: Mapping[str, Any] = given["Target"]
    if target["Arn"] in UNIVERSAL_TARGETS:
        try:
            readable = isinstance(json.loads(target.get("Input", "")), dict)
        except json.JSONDecodeError:
            readable = False
        if not readable:
            yield "The Input of a universal target is a JSON object of the call's parameters."


def expression_problem(expression: str) -> str:
    """What is wrong with a `cron(…)`, `rate(…)` or `at(…)`; "" when nothing is."""
    kind, _, rest = expression.partition("(")
    content = rest.removesuffix(")")
    if not rest.endswith(")") or kind not in ("cron", "rate", "at"):
        return "it is none of cron(…), rate(…) and at(…)"
    if kind == "cron":
        return _cron_problem(content.split())
    if kind == "rate":
        fine = re.fullmatch(r"[1-9]\d* (minute|hour|day)s?", content)
        return "" if fine else "a rate is a number and minutes, hours or days"
    fine = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", content)
    return "" if fine else "a time is yyyy-mm-ddThh:mm:ss"


def _cron_problem(fields: list[str]) -> str:
    if len(fields) != len(_CRON):
        return f"it has {len(fields)} fields, not {len(_CRON)}"
    for text, (name, least, most, names, special) in zip(fields, _CRON, strict=True):
        for part in text.split(","):
            if not re.fullmatch(special, part) and not _fits(part, least, most, names):
                return f"{part!r} is no {name}"
    if (fields[2] == "?") == (fields[4] == "?"):
        return "either the day of month or the day of week is '?'"
    return ""


def _fits(part: str, least: int, most: int, names: Sequence[str]) -> bool:
    """Whether a part of a field is a value, a range of them, or steps through one."""
    values, _, step = part.partition("/")
    if step and not re.fullmatch(r"[1-9]\d*", step):
        return False
    if values == "*":
        return bool(step)
    numbers = [names.index(each) + 1 if each in names else each for each in values.split("-")]
    fit = all(str(each).isdecimal() and least <= int(each) <= most for each in numbers)
    return fit and len(numbers) <= 2
