"""`backup-org env`: what a shell needs to work for a customer with Pulumi itself."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from fleet import access
from fleet.deploy.selection import chosen
from fleet.errors import ToldError
from fleet.project import current_project
from stacks import load


def env(
    name: Annotated[str, typer.Argument(help="A customer, or one of its stacks.", metavar="NAME")],
) -> None:
    """Print what a shell needs to work for one customer: eval "$(backup-org env acme)".

    Credentials of the customer and where its state lies, as its settings have them in `access` and
    `state`; they end by themselves within the hour. The shell works for this customer from then on,
    and for no other that has `access`. Nothing is written to a file.
    """
    root = current_project()
    settings = load.from_files(chosen([name], root)[0], root)
    if settings.access is None and not settings.state.model_fields_set:
        raise ToldError(
            f"the settings of {settings.customer} have neither access nor state: its stacks are "
            "deployed with what the shell has already (docs/isolation.md)"
        )
    shell_of = settings.access and {access.SHELL_OF: settings.customer}
    for line in shell_lines({**access.engine_environment(settings), **(shell_of or {})}):
        typer.echo(line)


def shell_lines(environment: Mapping[str, str | None]) -> Iterator[str]:
    """What a shell evaluates to have these variables, and not those that are None."""
    without = [name for name, value in environment.items() if value is None and name in os.environ]
    if without:
        yield f"unset {' '.join(without)}"
    for name, value in environment.items():
        if value is not None:
            yield f"export {name}={shlex.quote(value)}"
