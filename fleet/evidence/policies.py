"""What the policy pack says of each stack, and whether a deployment would change anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import Literal

from pulumi.automation import EngineEvent, OpType

from fleet.deploy.deployment import Deployment, Engine, StackFailed
from stacks.references import references

_AT_ONCE = 4
_PROPERTIES = 20
"""Names of properties that are told of a change, at most."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a deployment would do, because settings and AWS differ."""

    what: str
    """Type and name of the resource."""
    operation: str
    properties: tuple[str, ...]
    """Names of those that differ, as Pulumi has them."""


@dataclass(frozen=True, kw_only=True)
class PolicyResult:
    stack: str
    bundle: str
    """Of levels and thresholds that its settings choose."""
    result: Literal["passed", "violated", "not previewed"]
    messages: tuple[str, ...] = ()
    """Violations, or why there is no preview."""
    advice: tuple[str, ...] = ()
    """Violations that refuse nothing."""
    changes: tuple[Change, ...] = ()
    """Of a preview that was refreshed from AWS; empty: AWS has what settings say."""


def policy_results(stacks: Sequence[str], engine: Engine) -> Sequence[PolicyResult]:
    """One of each stack, by a preview of it against what stands in AWS now."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_of_stack, stacks, repeat(engine)))


def _of_stack(stack: str, engine: Engine) -> PolicyResult:
    changes: dict[str, Change] = {}

    def hear(_stack: str, event: EngineEvent) -> None:
        found = _change(event)
        if found is not None:
            changes[found.what] = found

    deployment = Deployment(engine, stack, hear)
    bundle = deployment.settings.policy.bundle
    for needed in (stack, *references(deployment.settings)):
        if not deployment.beside(needed).is_deployed():
            why = (f"{needed} is not deployed",)
            return PolicyResult(stack=stack, bundle=bundle, result="not previewed", messages=why)
    try:
        outcome = deployment.preview(refreshed=True)
    except StackFailed as failure:
        violations = [m for m in failure.messages if m.startswith("policy ")]
        result = "violated" if violations else "not previewed"
        return PolicyResult(
            stack=stack,
            bundle=bundle,
            result=result,
            messages=tuple(violations or failure.messages),
        )
    return PolicyResult(
        stack=stack,
        bundle=bundle,
        result="passed",
        advice=tuple(outcome.advice),
        changes=tuple(changes[what] for what in sorted(changes)),
    )


def _change(event: EngineEvent) -> Change | None:
    pre = event.resource_pre_event
    if pre is None or pre.metadata.op in (OpType.SAME, OpType.READ, OpType.REFRESH):
        return None
    kinds, name = pre.metadata.urn.split("::")[-2:]
    detail: Mapping[str, object] = pre.metadata.detailed_diff or {}
    properties = sorted(detail) or sorted(pre.metadata.diffs or ())
    return Change(
        what=f"{kinds.rpartition('$')[2]} {name}",
        operation=str(pre.metadata.op.value),
        properties=tuple(properties[:_PROPERTIES]),
    )
