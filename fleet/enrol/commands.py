"""`backup-org enrol`: a customer's table of members, made from its AWS Organization."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer
from botocore.exceptions import ClientError

from fleet import access
from fleet.enrol.check import Checked, checked
from fleet.enrol.members import Members, members_of, texts
from fleet.enrol.table import Difference, Row, enrolled, is_excluded, unknown_units
from fleet.errors import ToldError
from fleet.organization import ListedAccount, ListedOrganization
from fleet.project import current_project
from fleet.rows import show
from fleet.settings_file import show_changes
from fleet.terminal import asks, console
from stacks import load, names
from stacks.enrolment_settings import Enrolment
from stacks.load import Settings

CHANGED = 2
"""The exit code where `--check` finds something."""

_ENDED = {
    "PENDING_ACTIVATION": "its sign-up is not complete, and until it is nothing can be deployed",
    "PENDING_CLOSURE": "is being closed: end its stack while it can be reached, or let it be",
    "SUSPENDED": "nobody can reach what is in it, and AWS deletes it 90 days after it was closed; "
    "AWS Support reopens it until then",
    "CLOSED": "what was in it is gone",
}


def enrol(
    customer: str,
    *,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Write nothing; end with 2 where an account is new, unprotected, or in no report "
            "plan.",
        ),
    ] = False,
    fill: Annotated[
        bool,
        typer.Option("--fill", help="Give rows what they lack of what enrolment says by now."),
    ] = False,
    via: Annotated[
        Literal["management", "audit"] | None,
        typer.Option(
            "--via", help="Whose account reads the organization, where it is not the management's."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Give each account of a customer's AWS Organization its row among the members, and tell of
    those that are active no more. What a row has stays as it is."""
    root = current_project()
    members = members_of(customer, root)
    enrolment = load.enrolment_of(customer, root)
    reader = _reader(customer, via, root)
    organization = ListedOrganization(access.session(reader))
    listed = _listed(organization, enrolment, reader)
    result = enrolled(
        members.settings,
        listed,
        enrolment,
        customer=customer,
        elsewhere=reader.organization.accounts,
        fill=fill,
    )
    if check:
        found = checked(members, listed, enrolment, result.differences)
        _tell_checked(found, as_json=as_json)
        if any(each.problems for each in found):
            raise typer.Exit(CHANGED)
        return
    files = texts(members, result.differences, fill=fill)
    if as_json:
        console.print_json(data=_data(result.differences, listed, enrolment))
    else:
        _tell(members, result.differences, listed, enrolment, fill=fill)
        show_changes(files, root)
    if not files:
        return
    if not yes and not asks():
        raise typer.BadParameter("there is nobody to ask here, and nothing is written: say --yes")
    if not yes:
        typer.confirm(f"Write {', '.join(path.name for path in files)}?", abort=True, err=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")


def _reader(customer: str, via: str | None, root: Path) -> Settings:
    """The central stack whose account reads the organization."""
    known = load.stacks_in(root)
    for role in (via,) if via else ("management", "audit"):
        stack = names.stack_name(customer, role)
        if stack in known:
            return load.from_files(stack, root)
    there = load.customers_with_files(root)
    near = difflib.get_close_matches(customer, there, n=1)
    cure = f"did you mean {near[0]}?" if near else f"run: backup-org init customer {customer}"
    raise ToldError(f"{customer} has no {via or 'management or audit'} stack; {cure}")


def _listed(
    organization: ListedOrganization, enrolment: Enrolment, reader: Settings
) -> Sequence[ListedAccount]:
    """Raises ToldError where AWS does not let it read, and for units that there are not."""
    try:
        listed = organization.listed_accounts(tags=enrolment.reads_tags)
        problems = [*unknown_units(enrolment, organization.units())]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "AWSOrganizationsNotInUseException":
            raise ToldError(
                f"{reader.account} is in no AWS Organization; write members yourself: "
                f"backup-org init member {reader.customer}"
            ) from error
        if code != "AccessDeniedException":
            raise
        raise ToldError(
            f"{reader.account} may not read the organization: {error}; it is the management "
            "account that may, or a delegated administrator, in a role that may too (backup-org "
            f"deploy-role {reader.customer} has its policy)"
        ) from error
    if problems:
        lines = [f"stacks/customers/{reader.customer}.yaml: enrolment: {one}" for one in problems]
        raise ToldError("\n".join(lines))
    return listed


def _tell(
    members: Members,
    differences: Sequence[Difference],
    listed: Sequence[ListedAccount],
    enrolment: Enrolment,
    *,
    fill: bool,
) -> None:
    rows = [_row(each, members, fill=fill) for each in differences]
    if rows:
        show(console, ("what", "member", "account", "about"), rows)
    excluded = sum(is_excluded(account, enrolment.exclude) for account in listed)
    new = sum(each.kind == "new" for each in differences)
    console.print(
        f"accounts in the organization: {len(listed)}, of which {new} new, {excluded} excluded; "
        f"members before: {len(members.settings)}",
        highlight=False,
    )


def _row(each: Difference, members: Members, *, fill: bool) -> Sequence[str]:
    about = ""
    match each.kind:
        case "new":
            about = _described(each.listed)
        case "lacks":
            paths = ", ".join(_paths(each.values))
            about = f"{paths}: {'written' if fill else '--fill writes it'}"
        case "inactive":
            assert each.listed is not None
            told = _ENDED.get(each.listed.state, "is not active")
            about = f"{each.listed.state}: {told}; {_ending(members, each.member)}"
        case "gone":
            about = f"is not in the organization; {_ending(members, each.member)}"
    return each.kind, each.member, each.account, about


def _described(account: ListedAccount | None) -> str:
    if account is None:
        return ""
    return ", ".join(filter(None, (account.name, account.path, account.email)))


def _ending(members: Members, member: str) -> str:
    return f"to end {members.stack(member)}: docs/remove-a-customer.md"


def _paths(values: Row, before: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _paths(cast(Row, value), f"{before}{key}.")
        else:
            yield f"{before}{key}"


def _data(
    differences: Sequence[Difference], listed: Sequence[ListedAccount], enrolment: Enrolment
) -> Mapping[str, Any]:
    return {
        "accounts": len(listed),
        "excluded": [account.id for account in listed if is_excluded(account, enrolment.exclude)],
        "differences": [
            {
                "kind": each.kind,
                "member": each.member,
                "account": each.account,
                "values": each.values,
                **_account_data(each.listed),
            }
            for each in differences
        ],
    }


def _account_data(account: ListedAccount | None) -> Mapping[str, Any]:
    if account is None:
        return {}
    return {
        "name": account.name,
        "email": account.email,
        "unit": account.path,
        "state": account.state,
    }


def _called(each: Checked) -> str:
    """The member, or the account's own name in brackets."""
    return each.member or (f"({each.listed.name})" if each.listed else "")


def _tell_checked(found: Sequence[Checked], *, as_json: bool) -> None:
    if as_json:
        data = [
            {
                "account": each.account,
                "member": each.member,
                "problems": [dict(zip(("about", "cure"), p, strict=True)) for p in each.problems],
                **_account_data(each.listed),
            }
            for each in found
        ]
        console.print_json(data={"accounts": data})
        return
    rows = [
        (each.account, _called(each), "\n".join(f"{about}\n  {cure}" for about, cure in problems))
        for each in found
        if (problems := each.problems)
    ]
    if rows:
        show(console, ("account", "member", "found, and the cure"), rows)
    wrong = sum(bool(each.problems) for each in found)
    console.print(f"{len(found)} accounts: {wrong} with findings", highlight=False)
