"""`backup-org policies`: the rules, how they count, and what they say of what is deployed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, repeat
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markdown import Markdown
from rich.padding import Padding

from fleet import rows
from fleet.deploy.deployment import Deployment, Engine, engine_here
from fleet.deploy.selection import Names, chosen
from fleet.errors import ToldError
from fleet.policies import pages
from fleet.policies.checking import Checked, Violation, file_config, violations
from fleet.policies.sarif import sarif_log
from fleet.policies.state import exported_resources, stack_of_state
from fleet.project import current_project
from fleet.terminal import console, read_by_others, tell
from policies.choice import Bundle, Choice
from policies.resource_types import DEMANDS
from policies.resources import Resource, Stack
from policies.rule import Rule
from policies.rules import RULES
from policies.validation import meant
from stacks import load
from stacks.load import CUSTOMERS
from stacks.policies import choice_of, demands_of

_ROOM = 110
"""Columns from which on the rules are a table."""
_AT_ONCE = 4
BundleOption = Annotated[
    Bundle | None, typer.Option(help="Levels as this bundle has them; baseline where none is said.")
]


def list_rules(
    *,
    bundle: BundleOption = None,
    stack: Annotated[
        str | None, typer.Option(help="Levels as this stack's settings choose them.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the rules: how each counts, how severe its violation is, what it is asked of (a
    resource, before it is created, or a stack), and what it wants."""
    choice = _choice(bundle, stack)
    if as_json:
        print(json.dumps([_facts(rule, choice) for rule in RULES.values()], indent=2))  # noqa: T201
        return
    with read_by_others():
        rows.show(
            console,
            ("rule", "counts", "wants"),
            (
                (rule.name, f"{rule.level(choice)}, {rule.severity}, {rule.scope}", rule.sentence)
                for rule in RULES.values()
            ),
            room=_ROOM,
        )


def explain(rule: Annotated[str, typer.Argument(help="A rule's name.")]) -> None:
    """Explain a rule: what it wants and why, how it counts, its settings, who asks for it, and how
    it is overridden."""
    if rule not in RULES:
        raise ToldError(f"there is no rule {rule}; {meant(rule, RULES)}")
    text = pages.page(RULES[rule])
    if console.is_terminal:
        console.print(Markdown(text, hyperlinks=False), soft_wrap=False)
    else:
        console.print(text, highlight=False, end="")


def check(
    names: Names = None,
    *,
    state: Annotated[
        Path | None,
        typer.Option(help="Instead of stacks: a state, as `pulumi stack export` writes it."),
    ] = None,
    bundle: BundleOption = None,
    config: Annotated[
        Path | None, typer.Option(help="Levels and settings, as for --policy-pack-config.")
    ] = None,
    output: Annotated[
        Literal["text", "json", "sarif"], typer.Option(help="What is printed.")
    ] = "text",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write JSON to this file, too.")
    ] = None,
    sarif_file: Annotated[
        Path | None, typer.Option("--sarif", help="Write SARIF 2.1.0 to this file, too.")
    ] = None,
) -> None:
    """Run the policies over what is deployed, as the state has it: no preview, and nothing is asked
    of AWS. Exits with 1 where a mandatory rule is violated."""
    if state is not None and names:
        raise ToldError("--state is instead of stacks; leave either out")
    if state is None and bundle is not None:
        raise ToldError("--bundle is for --state; stacks choose by their settings (policy.bundle)")
    file = file_config(config) if config else None
    checked: list[Checked] = []
    found: list[Violation] = []
    for one, stack in _of_file(state) if state else _of_stacks(names or []):
        checked.append(one)
        found += violations(one, stack, bundle=bundle or "baseline", file=file)
    written: Mapping[str, Any] = {"json": report(checked, found), "sarif": sarif_log(found)}
    for form, path in (("json", json_file), ("sarif", sarif_file)):
        if path is not None:
            path.write_text(json.dumps(written[form], indent=2) + "\n", encoding="utf-8")
            tell(f"{form.upper()} is in {path}")
    with read_by_others():
        if output == "text":
            _show(checked, found)
        else:
            sys.stdout.write(json.dumps(written[output], indent=2) + "\n")
    if any(one.mandatory for one in found):
        raise typer.Exit(1)


def _of_file(file: Path) -> Iterable[tuple[Checked, Stack]]:
    stack = stack_of_state(exported_resources(file))
    urns = (resource.urn for resource in stack)
    name = next((urn.split("::")[0].removeprefix("urn:pulumi:") for urn in urns), file.stem)
    yield Checked(name=name, file=file.as_posix(), resources=len(stack)), stack


def _of_stacks(names: Sequence[str]) -> Iterable[tuple[Checked, Stack]]:
    root, engine = current_project(), engine_here()
    stacks = chosen(names, root)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(_of_stack, stacks, repeat(engine), repeat(root))


def _of_stack(name: str, engine: Engine, root: Path) -> tuple[Checked, Stack]:
    """As it is deployed, with what its settings choose now."""
    deployment = Deployment(engine, name)
    resources = stack_of_state(deployment.deployed())
    told = Resource(
        type=DEMANDS,
        name="policies",
        urn=next((one.urn for one in resources.of(DEMANDS)), f"{name} settings"),
        props={"demands": demands_of(deployment.settings, root)},
    )
    stack = Stack([told, *(one for one in resources if one.type != DEMANDS)])
    own = f"{CUSTOMERS}/Pulumi.{name}.yaml"
    shared = f"{CUSTOMERS}/{deployment.settings.customer}.yaml"
    file = own if (root / own).is_file() else shared
    return Checked(name=name, file=file, resources=len(resources)), stack


def _choice(bundle: Bundle | None, stack: str | None) -> Choice:
    if stack is None:
        return Choice(bundle=bundle or "baseline")
    if bundle is not None:
        raise ToldError("a stack's settings choose the bundle; leave out --bundle or --stack")
    root = current_project()
    if stack not in chosen([stack], root):
        raise ToldError(f"{stack} is a customer; name one of its stacks")
    return choice_of(load.from_files(stack, root), root)


def _facts(rule: Rule, choice: Choice) -> dict[str, Any]:
    return {
        "name": rule.name,
        "theme": rule.theme,
        "level": rule.level(choice),
        "levels": dict(rule.levels),
        "severity": rule.severity,
        "scope": rule.scope,
        "types": [*rule.types],
        "wants": rule.sentence,
        "settings": rule.config(choice.bundle, choice.of(rule.name)),
        "citations": [
            {"catalogue": one.catalogue, "name": one.name, "url": one.url} for one in rule.citations
        ],
    }


def report(checked: Sequence[Checked], found: Sequence[Violation]) -> dict[str, Any]:
    """What `check` writes as JSON."""
    return {
        "stacks": [
            {"name": one.name, "file": one.file, "resources": one.resources} for one in checked
        ],
        "rules": len(RULES),
        "violations": [
            {
                "stack": one.stack.name,
                "rule": one.rule.name,
                "level": "mandatory" if one.mandatory else "advisory",
                "severity": one.rule.severity,
                "type": one.resource.type,
                "name": one.resource.name,
                "urn": one.resource.urn,
                "message": one.message,
            }
            for one in found
        ],
    }


def _show(checked: Sequence[Checked], found: Sequence[Violation]) -> None:
    for stack in checked:
        of_stack = [one for one in found if one.stack == stack]
        console.print(
            f"{stack.name}: {len(of_stack) or 'nothing'} found in {stack.resources} resources",
            style="bold",
            highlight=False,
        )
        for (rule, mandatory), same in groupby(of_stack, lambda one: (one.rule, one.mandatory)):
            level, style = ("mandatory", "red") if mandatory else ("advisory", "yellow")
            line = f"{level}, {rule.severity}: {rule.name}"
            console.print(Padding(line, (0, 0, 0, 2)), style=style, soft_wrap=False)
            for one in same:
                text = f"{one.resource.type} {one.resource.name}: {one.message}"
                console.print(Padding(text, (0, 0, 0, 4)), highlight=False, soft_wrap=False)
    refused = sum(one.mandatory for one in found)
    over = f"{len(RULES)} rules over {len(checked)} stack{'' if len(checked) == 1 else 's'}"
    console.print(
        f"{refused} mandatory, {len(found) - refused} advisory, by {over}", highlight=False
    )
