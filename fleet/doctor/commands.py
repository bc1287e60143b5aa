"""`backup-org doctor`: what the doctor finds of stacks, and the cures."""

from __future__ import annotations

import typer
from rich.table import Table

from fleet.deploy.selection import Names, chosen
from fleet.doctor.examination import findings_of
from fleet.project import current_project
from fleet.terminal import console


def doctor(names: Names = None) -> None:
    """Look up in AWS what settings cannot tell; exits with 1 where something needs a cure."""
    root = current_project()
    table = Table("stack", "about", "found")
    needs: list[str] = []
    cures: list[str] = []
    for stack in chosen(names or [], root):
        for finding in findings_of(stack, root):
            table.add_row(stack, finding.about, finding.found)
            needs += [f"{stack}: {finding.about}: {need}" for need in finding.needs]
            if finding.cure:
                cures.append(f"{stack}: {finding.about}: {finding.cure}")
    console.print(table)
    for line in (*needs, *cures):  # each on a line of its own, so that it can be copied
        console.print(line)
    if cures:
        raise typer.Exit(1)
