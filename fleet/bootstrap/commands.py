"""`backup-org bootstrap`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from fleet.bootstrap.aws_cli import OneStack, StackSet
from fleet.bootstrap.baseline import baseline_template
from fleet.bootstrap.deploy_role import deploy_role_template
from fleet.bootstrap.state import state_templates
from fleet.bootstrap.template import DIRECT, Template
from fleet.deploy.order import settings_of
from fleet.deploy.selection import chosen
from fleet.deploy_role.table import ROLES, table
from fleet.errors import ToldError
from fleet.project import current_project
from fleet.terminal import asides
from stacks import names
from stacks.settings import MemberSettings, Settings


def bootstrap(
    customer: str,
    write: Annotated[
        Path | None,
        typer.Option(help="The folder of the templates, by default build/bootstrap/<customer>."),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", help="A command that the deploy role may run besides, or all."),
    ] = None,
) -> None:
    """Write CloudFormation templates for what accounts need before their stacks, and where the
    customer's state lies; and print the commands that deploy them."""
    root = current_project()
    made = plan(customer, root, with_ or [])
    folder = write or root / "build" / "bootstrap" / customer
    folder.mkdir(parents=True, exist_ok=True)
    for template in made.templates:
        (folder / f"{template.name}.yaml").write_text(template.text, encoding="utf-8")
    asides.print(f"written: {', '.join(f'{t.name}.yaml' for t in made.templates)} in {folder}")
    for line in made.lines(folder):
        typer.echo(line)


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """All templates of a customer, in the order in which they are deployed."""

    management_account: str
    stacks: Sequence[OneStack]
    stack_sets: Sequence[StackSet]

    @property
    def templates(self) -> Sequence[Template]:
        return [each.template for each in (*self.stacks, *self.stack_sets)]

    def lines(self, folder: Path) -> Iterator[str]:
        large = [t for t in self.templates if len(t.text.encode()) > DIRECT]
        for template in large:
            yield (
                f"# {template.name}.yaml is larger than a call takes: "
                "TEMPLATES is the https:// address of a bucket that the account may read\n"
                f'aws s3 cp {folder / template.name}.yaml "s3://${{TEMPLATES_BUCKET}}/"'
            )
        for stack in self.stacks:
            yield from stack.lines(folder)
        if self.stack_sets:
            yield f"# In account {self.management_account}, which StackSets pass over:"
            region = self.stack_sets[0].region
            yield f"aws cloudformation activate-organizations-access --region {region}"
        for stack_set in self.stack_sets:
            yield from stack_set.lines(folder)


def plan(customer: str, root: Path, commands: Sequence[str]) -> Bootstrap:
    """Raises ToldError where settings give nothing to make, or contradict each other."""
    known = list(table().commands)
    if unknown := sorted({*commands} - {*known, "all"}):
        raise ToldError(f"--with {unknown[0]}: write all, or one of {', '.join(known)}")
    stacks = [*settings_of(chosen([customer], root), root).values()]
    if any(one.customer != customer for one in stacks):
        raise ToldError(f"{customer} is a stack; name its customer, whose accounts share it")
    of = {role: [one for one in stacks if one.role == role] for role in ROLES}
    roles = {
        role: template
        for role, found in of.items()
        if found and (template := deploy_role_template(found, _commands(commands, known)))
    }
    one_stacks = [
        *_state(stacks[0]),
        *(
            OneStack(
                template=roles[role],
                where=f"account {of[role][0].account}",
                stack=f"{customer}-backup-deploy-role",
                region=of[role][0].region,
            )
            for role in ("management", "audit")
            if role in roles
        ),
    ]
    sets = [*_stack_sets(stacks, roles.get("member"))]
    if not one_stacks and not sets:
        raise ToldError(
            f"{customer}: there is nothing to make; name a deploy_role of your own, and in the "
            "customer's file what accounts have before their stacks:\n"
            "bootstrap:\n  units: [ou-abcd-12345678]"
        )
    return Bootstrap(
        management_account=str(stacks[0].organization.management_account),
        stacks=one_stacks,
        stack_sets=sets,
    )


def _state(settings: Settings) -> Iterator[OneStack]:
    for region, template in state_templates(settings).items():
        yield OneStack(
            template=template,
            where="the account that holds the state",
            stack=f"{settings.customer}-backup-{template.name}",
            region=region,
        )


def _commands(wanted: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    return known if "all" in wanted else [name for name in known if name in wanted]


def _stack_sets(stacks: Sequence[Settings], deploy_role: Template | None) -> Iterator[StackSet]:
    first = stacks[0]
    said = next((one.bootstrap for one in stacks if one.bootstrap), None)
    if said is None:
        return
    central = sorted(first.organization.accounts)
    by_their_stacks = sorted(
        one.account
        for one in stacks
        if isinstance(one, MemberSettings) and not one.bootstrapped_regions
    )
    prefix = f"{names.prefix(first)}"
    if deploy_role is not None:
        yield StackSet(
            template=deploy_role,
            name=f"{prefix}-deploy-role",
            region=first.region,
            units=said.units,
            regions=[first.region],
            passed_over=central,
            keeps_what_leaves=False,
        )
    baseline = baseline_template(stacks)
    if baseline is not None:
        yield StackSet(
            template=baseline,
            name=f"{prefix}-baseline",
            region=first.region,
            units=said.units,
            regions=said.regions or [first.region],
            passed_over=sorted({*central, *by_their_stacks}),
            keeps_what_leaves=True,
        )
