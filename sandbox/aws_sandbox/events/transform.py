"""What a rule's target receives of an event: all of it, a part, a constant, or a template filled.

After "Amazon EventBridge input transformation".
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from aws_sandbox.events.event import Event
from aws_sandbox.events.senders import DeliveryError

_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\['(?P<quoted>[^']+)'\]|\[(?P<index>\d+)\]")
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_MISSING = object()


def target_input(target: Mapping[str, Any], event: Event, rule_arn: str) -> str:
    """The text for a target; raises DeliveryError where EventBridge could make none."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath") is not None:
        found = select(event.envelope, target["InputPath"])
        if found is _MISSING:
            raise DeliveryError("INVALID_JSON", f"the event has nothing at {target['InputPath']}")
        return _compact(found)
    if target.get("InputTransformer") is not None:
        return _fill(target["InputTransformer"], event, rule_arn)
    return event.text


def modifies_input(target: Mapping[str, Any]) -> bool:
    return any(target.get(name) is not None for name in ("Input", "InputPath", "InputTransformer"))


def select(content: Any, path: str) -> Any:
    """The value at a path like `$.detail.items[0]`; a path of any other form is refused."""
    steps = list(_STEP.finditer(path, 1))
    if not path.startswith("$") or "".join(step[0] for step in steps) != path[1:]:
        raise DeliveryError("INVALID_PARAMETER", f"{path!r} is no path like $.detail.name[0]")
    for step in steps:
        content = _step(content, step["name"] or step["quoted"] or int(step["index"]))
    return content


def _step(content: Any, step: str | int) -> Any:
    if isinstance(step, str) and isinstance(content, dict):
        return cast("Mapping[str, Any]", content).get(step, _MISSING)
    if isinstance(step, int) and isinstance(content, list):
        elements = cast("Sequence[Any]", content)
        return elements[step] if step < len(elements) else _MISSING
    return _MISSING


def _fill(transformer: Mapping[str, Any], event: Event, rule_arn: str) -> str:
    """Each `<name>` replaced: within quotes by the text of its value, elsewhere by its JSON.

    A name whose path finds nothing leaves nothing behind.
    """
    envelope = event.envelope
    paths: Mapping[str, str] = transformer.get("InputPathsMap") or {}
    values: dict[str, Any] = {name: select(envelope, path) for name, path in paths.items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event.ingested.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws.events.event": {key: value for key, value in envelope.items() if key != "detail"},
        "aws.events.event.json": envelope,
    }
    template = str(transformer["InputTemplate"])
    filled = _PLACEHOLDER.sub(_replacement(template, values), template)
    if template.lstrip().startswith(("{", "[", '"')):
        try:
            json.loads(filled)
        except json.JSONDecodeError as error:
            raise DeliveryError(
                "INVALID_JSON", f"the filled template is no JSON: {error}"
            ) from error
    return filled


def _replacement(template: str, values: Mapping[str, Any]) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        if found[1] not in values:
            return found[0]
        value = values[found[1]]
        if value is _MISSING:
            return ""
        quoted = len(re.findall(r'(?<!\\)"', template[: found.start()])) % 2 == 1
        if not quoted:
            return _compact(value)
        text = value if isinstance(value, str) else _compact(value)
        return json.dumps(text, ensure_ascii=False)[1:-1]

    return replace


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
