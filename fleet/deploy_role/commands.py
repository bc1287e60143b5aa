"""`backup-org deploy-role`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from fleet.deploy.order import settings_of
from fleet.deploy.selection import chosen
from fleet.deploy_role.documents import command_documents, documents
from fleet.deploy_role.table import ROLES, table
from fleet.errors import ToldError
from fleet.project import current_project
from fleet.terminal import console


def deploy_role(
    customer: str,
    write: Annotated[
        Path | None,
        typer.Option(help="Write into this folder, <role>-<n>.json each, instead of printing."),
    ] = None,
) -> None:
    """Make the policies of the role that deploys a customer's stacks, and may do nothing else: of
    one role for each kind of account, a managed policy a document."""
    files = policy_files(customer, current_project())
    if write is None:
        for name, text in files.items():
            typer.echo(f"{name}\n{text}")
        return
    write.mkdir(parents=True, exist_ok=True)
    ours = re.compile(f"({'|'.join(ROLES)})-({'|'.join(table().commands)})?-?\\d+.json")
    for file in write.iterdir():
        if ours.fullmatch(file.name) and file.name not in files:
            file.unlink()
    for name, text in files.items():
        (write / name).write_text(text, encoding="utf-8")
    console.print(f"written: {', '.join(files)} in {write}")


def policy_files(customer: str, root: Path) -> dict[str, str]:
    """Their texts by name: management-1.json, …, member-doctor-1.json. Raises ToldError for a
    stack's name."""
    settings = settings_of(chosen([customer], root), root).values()
    if any(one.customer != customer for one in settings):
        raise ToldError(
            f"{customer} is a stack; name its customer, whose stacks share the policies"
        )
    files: dict[str, str] = {}
    for role in ROLES:
        stacks = [one for one in settings if one.role == role]
        made = {role: documents(stacks)} if stacks else {}
        made |= {f"{role}-{c}": command_documents(c, stacks) for c in table().commands if stacks}
        for name, texts in made.items():
            files |= {f"{name}-{number}.json": text for number, text in enumerate(texts, 1)}
    return files
