"""Whether each account of an organization is a member that is protected and reported on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from fleet import access
from fleet.doctor.coverage import accounts_in_no_plan
from fleet.doctor.stack_account import StackAccount
from fleet.enrol.members import Members
from fleet.enrol.table import Difference, is_excluded
from fleet.organization import ACTIVE, ListedAccount
from fleet.progress import UnitProgress
from fleet.scheduler import run_units
from stacks import load, names
from stacks.enrolment_settings import Enrolment
from stacks.load import Settings, SettingsError
from stacks.settings import CentralSettings

_AT_ONCE = 16
"""Accounts: looks wait for AWS, and take little of this machine."""

Problem = tuple[str, str]
"""What was found, and the cure."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    account: str
    member: str | None
    """None of a central account, and of one that has no stack."""
    listed: ListedAccount | None
    problems: Sequence[Problem]


def checked(
    members: Members,
    listed: Sequence[ListedAccount],
    enrolment: Enrolment,
    differences: Sequence[Difference],
) -> Sequence[Checked]:
    """Of each account that is active and not excluded, and of each member. What could not be
    looked at is a problem too."""
    problems: defaultdict[str, list[Problem]] = defaultdict(list)
    for each in differences:
        problems[each.account] += _told(each, members)
    by_account = {str(row.get("account")): name for name, row in members.settings.items()}
    known = {account.id: account for account in listed}
    central = _central(members)
    policies = [*_backup_policies(central.values())]
    standing = {
        members.stack(by_account[account.id]): account
        for account in listed
        if account.id in by_account and account.state == ACTIVE
    }
    with UnitProgress[list[Problem]](len(standing), "looking") as progress:
        looks = run_units(
            dict.fromkeys(standing, ()),
            lambda stack: [*_protection(stack, members.root, standing[stack], policies)],
            workers=_AT_ONCE,
            on=progress,
        )
    for stack, look in looks.items():
        if look.error is not None:
            raise look.error
        missed = [("was not looked at", f"run: backup-org doctor {stack}")]
        problems[standing[stack].id] += missed if look.value is None else look.value
    for account, found in _reports(central):
        problems[account].append(found)
    wanted = {a.id for a in listed if a.state == ACTIVE and not is_excluded(a, enrolment.exclude)}
    return [
        Checked(
            account=account,
            member=by_account.get(account),
            listed=known.get(account),
            problems=problems[account],
        )
        for account in sorted(wanted | by_account.keys() | problems.keys())
    ]


def _told(each: Difference, members: Members) -> Iterator[Problem]:
    match each.kind:
        case "new":
            cure = f"run: backup-org enrol {members.customer} && backup-org up "
            yield "new: it has no stack", f"{cure}{members.stack(each.member)}"
        case "inactive":
            assert each.listed is not None
            yield f"is {each.listed.state}", f"see docs/remove-a-customer.md: {each.member}"
        case "gone":
            yield "is not in the organization", f"see docs/remove-a-customer.md: {each.member}"
        case "lacks":
            pass  # somebody may have chosen so, and what protects it is looked up


def _central(members: Members) -> Mapping[str, CentralSettings]:
    """The central stacks by name. Raises SettingsError."""
    stacks = [names.stack_name(members.customer, role) for role in ("management", "audit")]
    known = load.stacks_in(members.root)
    found = {stack: load.from_files(stack, members.root) for stack in stacks if stack in known}
    return {name: one for name, one in found.items() if isinstance(one, CentralSettings)}


def _backup_policies(central: Iterable[CentralSettings]) -> Iterator[str]:
    """What backup policies with plans are attached to."""
    for settings in central:
        for policy in settings.backup_policies.values():
            yield from policy.targets


def _protection(
    stack: str, root: Path, account: ListedAccount, policies: Sequence[str]
) -> Iterator[Problem]:
    """Whether its vaults and plans stand as its settings have them."""
    try:
        settings = load.from_files(stack, root)
    except SettingsError as error:
        yield f"its settings are wrong: {error.problems[0]}", f"run: backup-org settings {stack}"
        return
    by_policy = any(p in (account.id, *account.units) or p.startswith("r-") for p in policies)
    if not settings.plans and not by_policy:
        yield "no plan backs it up", f"write plans for {stack}, in its row or in member_defaults"
    try:
        missing = [*_missing(settings, access.session(settings))]
    except access.NoSession as error:
        yield error.found, error.cure
    except (BotoCoreError, ClientError) as error:
        yield f"cannot be looked at: {error}", f"run: backup-org doctor {stack}"
    else:
        if missing:
            yield f"not there: {', '.join(missing)}", f"run: backup-org up {stack}"


def _missing(settings: Settings, session: boto3.Session) -> Iterator[str]:
    for region in settings.protected_regions:
        backup = session.client("backup", region_name=region)
        vaults = {
            vault.get("BackupVaultName")
            for page in backup.get_paginator("list_backup_vaults").paginate()
            for vault in page["BackupVaultList"]
        }
        plans = {
            plan.get("BackupPlanName")
            for page in backup.get_paginator("list_backup_plans").paginate()
            for plan in page["BackupPlansList"]
        }
        for name, vault in (settings.vaults | settings.air_gapped_vaults).items():
            if region in settings.regions_of(vault) and name not in vaults:
                yield f"vault {name} in {region}"
        for name in settings.plans:
            if region in settings.plan_regions(name) and name not in plans:
                yield f"plan {name} in {region}"


def _reports(central: Mapping[str, CentralSettings]) -> Iterator[tuple[str, Problem]]:
    """Accounts that no report plan covers, of the stacks that report on more than their own."""
    for stack, settings in central.items():
        reports = settings.reports
        if reports is None or reports.scope == "account":
            continue
        assert isinstance(settings, Settings)
        try:
            here = StackAccount(settings=settings, session=access.session(settings))
            found = accounts_in_no_plan(here, reports)
        except access.NoSession as error:
            yield settings.account, (error.found, error.cure)
            continue
        except (BotoCoreError, ClientError) as error:
            cure = f"run: backup-org doctor {stack}"
            yield settings.account, (f"its report plans cannot be looked at: {error}", cure)
            continue
        templates: defaultdict[str, list[str]] = defaultdict(list)
        for template, missing in found.items():
            for account in missing:
                templates[account].append(template)
        cure = f"run: backup-org up {stack}"
        for account, without in templates.items():
            yield account, (f"in no report plan of {', '.join(without)}", cure)
