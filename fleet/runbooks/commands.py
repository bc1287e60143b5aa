"""`backup-org runbooks`: the scripts that support staff own, seen from this checkout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.table import Table

from fleet import access
from fleet.deploy.order import settings_of
from fleet.deploy.selection import Names
from fleet.errors import ToldError
from fleet.project import current_project
from fleet.runbooks import documents
from fleet.runbooks.adoption import adopted
from fleet.runbooks.documents import Script
from fleet.runbooks.members import members, scripts_in
from fleet.terminal import console

Stack = Annotated[str, typer.Argument(help="The stack, such as acme-member-payments.")]
Name = Annotated[str, typer.Argument(help="The script's name in settings.")]
Region = Annotated[str | None, typer.Option(help="Where staff edited it.")]


def list_runbooks(names: Names = None) -> None:
    """List the scripts of stacks: as here, edited in AWS, newer here; in each of their Regions."""
    table = Table("stack", "script", "Region", "found")
    for script in _all(names):
        table.add_row(script.stack, script.script, script.region, script.state)
    console.print(table)


def diff(names: Names = None) -> None:
    """Show how the scripts of this checkout differ from what runs in AWS; exits with 1 where they
    do."""
    lines = [
        line for script in _all(names) if script.deployed is not None for line in script.diff()
    ]
    for line in lines:
        console.print(line, highlight=False)
    if lines:
        raise typer.Exit(1)


def adopt(stack: Stack, name: Name, region: Region = None) -> None:
    """Write what staff made of a script in AWS into the customer's file, so that it is the truth
    here."""
    root = current_project()
    settings = settings_of([stack], root)[stack]
    edited = [s for s in scripts_in(stack, settings, root) if s.script == name and s.edited]
    edited = [script for script in edited if region in (None, script.region)]
    if not edited:
        raise ToldError(f"{name} of {stack} is not edited in AWS{_in(region)}: see runbooks list")
    texts = {script.deployed.content: script for script in edited if script.deployed is not None}
    if len(texts) > 1:
        regions = ", ".join(script.region for script in edited)
        raise ToldError(f"{name} differs from Region to Region; name one by --region: {regions}")
    ((text, script),) = texts.items()
    for path, content in adopted(script, text, settings, root).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        console.print(f"wrote {path.relative_to(root)}")
    console.print("look at what changed, and commit it")


def publish(
    names: Names = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also what staff edited in AWS.")
    ] = False,
) -> None:
    """Bring newer texts of this checkout to AWS; refuses to overwrite an edit unless told."""
    root = current_project()
    refused: list[str] = []
    for stack, settings in members(names, root):
        session = access.session(settings)
        for script in documents.scripts_of(stack, settings, root, session):
            if script.deployed is None or script.same:
                continue
            if script.edited and not overwrite:
                refused.append(f"{stack}: {script.script} in {script.region}: {script.state}")
                continue
            version = documents.publish(script, session)
            console.print(
                f"{stack}: {script.script} in {script.region} is version {version}, which runs now"
            )
    if refused:
        raise ToldError(
            "\n".join([*refused, "nothing of that is overwritten: adopt it, or say --overwrite"])
        )


def _all(names: Sequence[str] | None) -> Iterator[Script]:
    root = current_project()
    for stack, settings in members(names, root):
        yield from scripts_in(stack, settings, root)


def _in(region: str | None) -> str:
    return f" in {region}" if region else ""
