"""`backup-org adopt`: vaults and plans that exist become a stack's, and stay what they are.

The stack's own program makes the imports: each resource that stands is registered with its id, so
that the engine reads it, takes it into the stack's state, and changes in place what differs.
"""

from __future__ import annotations

from typing import Annotated, Any

import boto3
import pulumi
import typer

from fleet import access
from fleet.deploy.deployment import Deployment, Engine, Outcome, engine_here
from fleet.deploy.existing import LOCK, CannotAdopt, Existing, existing
from fleet.errors import ToldError
from fleet.project import current_project
from fleet.terminal import console
from stacks import load
from stacks.settings import Settings


class NothingToAdopt(ToldError):
    """Nothing that the settings name stands outside the stack."""


def adopt(
    stack: str, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Take vaults and plans into a stack that stand in its account already, by the names that its
    settings give; then deploy the stack. None is replaced, and no recovery point touched."""
    engine = engine_here()
    settings = load.from_files(stack, current_project())
    found = to_adopt(engine, stack, settings, access.session(settings))
    for line in found.lines:
        console.print(line, soft_wrap=True, highlight=False)
    previewed(engine, stack, found)
    if not yes:
        typer.confirm(f"Take these into {stack}, and deploy it?", abort=True)
    outcome = adopted(engine, stack, found)
    made = {op: count for op, count in outcome.changes.items() if op != "same" and count}
    console.print(", ".join(f"{count} {op}" for op, count in sorted(made.items())))


def to_adopt(engine: Engine, stack: str, settings: Settings, session: boto3.Session) -> Existing:
    """What is not in the stack's state yet. Raises NothingToAdopt, and what `existing` raises."""
    known = {(r["type"], r["urn"].split("::")[-1]) for r in Deployment(engine, stack).resources()}
    found = existing(settings, session, known)
    ids = {key: id_ for key, id_ in found.ids.items() if key not in known}
    if not ids:
        raise NothingToAdopt(
            f"{stack}: no vault or plan that its settings name stands outside the stack; run: "
            f"backup-org up {stack}"
        )
    return Existing(ids=ids, days_of_grace=found.days_of_grace, lines=found.lines)


def previewed(engine: Engine, stack: str, found: Existing) -> Outcome:
    """Raises CannotAdopt rather than replace anything, and StackFailed."""
    outcome = _deployment(engine, stack, found).preview()
    if outcome.changes.get("replace"):
        raise CannotAdopt(
            f"{stack}: {outcome.changes['replace']} resources would be replaced; see which with "
            f"`pulumi preview --stack {stack} --diff`, and write them as they are"
        )
    return outcome


def adopted(engine: Engine, stack: str, found: Existing) -> Outcome:
    """Imports, and brings what differs to what the settings say, in place."""
    deployment = _deployment(engine, stack, found)
    outcome = deployment.up()
    locks = {name: days for name, days in found.days_of_grace.items() if (LOCK, name) in found.ids}
    if locks:
        deployment.change_state(lambda resources: _tell_grace(resources, locks))
    return outcome


def _deployment(engine: Engine, stack: str, found: Existing) -> Deployment:
    def register() -> None:
        pulumi.runtime.register_stack_transformation(lambda given: _imported(given, found))

    return Deployment(engine, stack, before=register)


def _imported(
    given: pulumi.ResourceTransformationArgs, found: Existing
) -> pulumi.ResourceTransformationResult | None:
    id_ = found.ids.get((given.type_, given.name))
    if id_ is None:
        return None
    # AWS does not tell a lock's days of grace, and another number would replace the lock.
    ignored = ["changeableForDays"] if given.type_ == LOCK else None
    more = pulumi.ResourceOptions(import_=id_, ignore_changes=ignored)
    opts = pulumi.ResourceOptions.merge(given.opts, more)
    return pulumi.ResourceTransformationResult(props=given.props, opts=opts)


def _tell_grace(resources: list[dict[str, Any]], locks: dict[str, int]) -> None:
    """As if the lock had been made by the stack: what AWS does not tell stands in the state."""
    for resource in resources:
        name = resource["urn"].split("::")[-1]
        if resource["type"] == LOCK and name in locks:
            for side in ("inputs", "outputs"):
                resource[side]["changeableForDays"] = locks[name]
