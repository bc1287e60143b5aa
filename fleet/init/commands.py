"""`backup-org init`: settings files of a new customer, and of a new member."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from fleet.errors import ToldError
from fleet.init.customer import MADE_BY_AWS, NewCustomer, stack_text
from fleet.init.questions import Check, Questions, of_type, one_of
from fleet.project import current_project
from fleet.settings_file import problems_with, show_changes, with_rows
from fleet.terminal import tell
from stacks import load, names
from stacks.load import CUSTOMERS
from stacks.protection_settings import TIERS
from stacks.settings_files import Raw, read
from stacks.values import (
    AccountId,
    AwsProfile,
    CustomerName,
    ExternalId,
    MemberName,
    Region,
    RoleName,
    SecretName,
    ServiceUrl,
)

_PROBE = "probe"
"""A member by which a new customer's defaults are tried before they are written."""

AlertsIn = Literal["management", "audit", "member"]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")]
Plans = Annotated[
    list[str] | None,
    typer.Option("--plan", help="A plan, called as its tier: standard, gold, silver, bronze, …"),
]
Regions = Annotated[list[str] | None, typer.Option("--regions", help="Where backups are made.")]


def customer(
    name: Annotated[str | None, typer.Argument(help="How its files and stacks begin.")] = None,
    *,
    management_account: Annotated[
        str | None, typer.Option(help="Its id; empty for accounts in no organization.")
    ] = None,
    audit_account: Annotated[str | None, typer.Option(help="Its id; empty for none.")] = None,
    region: Annotated[str | None, typer.Option(help="Where the central parts stand.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="The AWS profile that leads into its accounts.")
    ] = None,
    deploy_role: Annotated[
        str | None, typer.Option(help="The role that deploys in each account; empty for none.")
    ] = None,
    external_id: Annotated[
        str | None, typer.Option(help="What the trust of that role asks for.")
    ] = None,
    alerts_in: Annotated[
        AlertsIn | None,
        typer.Option(help="Where alert bus and ticketing stand; by default the audit account."),
    ] = None,
    servicenow_url: Annotated[
        str | None, typer.Option(help="https://<instance>.service-now.com; empty for no tickets.")
    ] = None,
    servicenow_secret: Annotated[
        str | None, typer.Option(help="The name of the secret with its credentials.")
    ] = None,
    reports: Annotated[
        bool | None, typer.Option(help="Whether there are report plans and a lake.")
    ] = None,
    regions: Regions = None,
    plan: Plans = None,
    yes: Yes = False,
) -> None:
    """Write a new customer's settings, asked for on a terminal or given as flags."""
    root = current_project()
    ask = Questions()
    name = ask.one("NAME", name, "Customer, in a few letters", _new_customer(root))
    account, known_region = of_type(AccountId), of_type(Region)
    management = ask.one(
        "--management-account", management_account, "Management account", account, default=""
    )
    audit = ""
    if management:
        audit = ask.one("--audit-account", audit_account, "Audit account", account, default="")
    region = ask.one("--region", region, "Region of the central parts", known_region)
    new = NewCustomer(
        name=name,
        management_account=management,
        audit_account=audit,
        region=region,
        profile=ask.one(
            "--profile", profile, "AWS profile for it", of_type(AwsProfile), default=""
        ),
        deploy_role=ask.one(
            "--deploy-role",
            deploy_role,
            "Role that deploys in its accounts",
            of_type(RoleName),
            default=MADE_BY_AWS if management else "",
        ),
        external_id=ask.flag("--external-id", external_id, of_type(ExternalId)),
        alerts_in=alerts_in or ("audit" if audit else "management" if management else "member"),
        ticketing=_ticketing(ask, servicenow_url, servicenow_secret),
        reports=bool(management) and ask.yes(reports, "Report plans and a lake?", default=True),
        regions=ask.several(
            "--regions", regions or (), "Regions of members", known_region, default=region
        ),
        plans=ask.several(
            "--plan", plan or (), "Plans of members", one_of(TIERS, "tier"), default="standard"
        ),
    )
    ask.end()
    folder = root / CUSTOMERS
    texts = new.texts()
    files = {folder / f"{name}.yaml": texts[name]} | {
        folder / f"Pulumi.{stack}.yaml": text for stack, text in texts.items() if stack != name
    }
    free = _unused_account([*texts.values(), *(f.read_text() for f in folder.glob("*.yaml"))])
    tried = files | {folder / f"{name}.yaml": with_rows(texts[name], {_PROBE: {"account": free}})}
    stacks = [*texts.keys() - {name}, names.stack_name(name, "member", _PROBE)]
    _check(root, tried, stacks)
    _write(root, files, ask, yes=yes)
    more = f"backup-org enrol {name}" if management else f"backup-org init member {name}"
    tell(f"next: {more}, then backup-org doctor {name}")


def member(
    customer: Annotated[str | None, typer.Argument(help="Whose it is.")] = None,
    name: Annotated[str | None, typer.Argument(help="How its stack ends.")] = None,
    *,
    account: Annotated[str | None, typer.Option(help="Its id.")] = None,
    regions: Regions = None,
    plan: Plans = None,
    own_file: Annotated[
        bool, typer.Option("--own-file", help="In a file of its own, and not in the table.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Write a new member's settings, asked for on a terminal or given as flags."""
    root = current_project()
    ask = Questions()
    known = load.customers_with_files(root)
    customer = ask.one("CUSTOMER", customer, "Customer", one_of(known, "customer"))
    name = ask.one("NAME", name, "Member, in a few letters", _new_member(customer, root))
    id_ = ask.one("--account", account, "Its account", of_type(AccountId))
    path = root / CUSTOMERS / f"{customer}.yaml"
    shared: Raw = read(customer, path) if customer else {}
    defaults = cast(Raw, shared.get("member_defaults") or {})
    where = ask.several(
        "--regions",
        regions or (),
        "Regions of its backups",
        of_type(Region),
        default="" if defaults.get("regions") else shared.get("region"),
    )
    tiers = one_of([*TIERS, *cast(Raw, shared.get("tiers") or {})], "tier")
    has_plans = bool(defaults.get("plans"))
    plans = ask.several(
        "--plan",
        plan or (),
        "Plans beside those of all members" if has_plans else "Plans",
        tiers,
        default="" if has_plans else "standard",
    )
    ask.end()
    values: dict[str, Any] = {"account": id_}
    values |= {"regions": where} if where else {}
    values |= {} if defaults.get("vaults") else {"vaults": {"standard": {}}}
    values |= {"plans": {each: {} for each in plans}} if plans else {}
    stack = names.stack_name(customer, "member", name)
    if own_file:
        path = root / CUSTOMERS / f"Pulumi.{stack}.yaml"
        own = {"extends": customer, "role": "member", "name": name, **values}
        files = {path: stack_text(own)}
    else:
        files = {path: with_rows(path.read_text(encoding="utf-8"), {name: values})}
    _check(root, files, [stack])
    _write(root, files, ask, yes=yes)
    tell(f"next: backup-org preview {stack}")


def _unused_account(texts: Iterable[str]) -> str:
    """An id that no settings have: an account is one customer's."""
    taken = {found for text in texts for found in re.findall(r"\d{12}", text)}
    return next(id_ for n in range(len(taken) + 1) if (id_ := f"{n:012}") not in taken)


def _ticketing(ask: Questions, url: str | None, secret: str | None) -> Mapping[str, str]:
    found = ask.one("--servicenow-url", url, "ServiceNow's URL", of_type(ServiceUrl), default="")
    if not found:
        return {}
    secret = ask.one(
        "--servicenow-secret",
        secret,
        "Secret with its credentials",
        of_type(SecretName),
        default="backup-org/servicenow",
    )
    return {"url": found, "secret": secret}


def _new_customer(root: Path) -> Check:
    """A name under which there are no files yet."""
    fits = of_type(CustomerName)

    def check(name: str) -> str:
        fits(name)
        folder = root / CUSTOMERS
        stacks = [f"Pulumi.{name}-{role}.yaml" for role in ("management", "audit", "member-*")]
        there = [path for each in (f"{name}.yaml", *stacks) for path in folder.glob(each)]
        if there:
            raise ValueError(f"{there[0].name} is there already; nothing of it is written over")
        return name

    return check


def _new_member(customer: str, root: Path) -> Check:
    fits = of_type(MemberName)

    def check(name: str) -> str:
        fits(name)
        stack = names.stack_name(customer, "member", name)
        if stack in load.stacks_in(root):
            raise ValueError(f"{stack} is there already; nothing of it is written over")
        return name

    return check


def _check(root: Path, files: Mapping[Path, str], stacks: Collection[str]) -> None:
    problems = [str(error) for error in problems_with(root, files, sorted(stacks))]
    if problems:
        raise ToldError("\n".join(["nothing is written:", *problems]))


def _write(root: Path, files: Mapping[Path, str], ask: Questions, *, yes: bool) -> None:
    show_changes(files, root)
    if ask.asks and not yes:
        typer.confirm("Write this?", default=True, abort=True, err=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    tell(f"written: {', '.join(str(path.relative_to(root)) for path in files)}")
