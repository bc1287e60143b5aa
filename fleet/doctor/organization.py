"""What the organization lets AWS Backup do, and which of its accounts nothing is deployed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fleet.deploy.organization import (
    BACKUP_POLICY,
    GUARDING,
    OrganizationNeeds,
    administrators,
    copies_are_let,
    delegates_policies,
    is_trusted,
    policy_types,
)
from fleet.doctor.findings import (
    Answer,
    Finding,
    by_hand,
    code,
    failed,
    finding,
    ill,
    looked_up,
    unanswered,
)
from fleet.doctor.stack_account import StackAccount
from fleet.enrol.table import is_excluded
from fleet.organization import ACTIVE, ListedOrganization
from stacks import load
from stacks.customer_accounts import accounts_of

_WITHOUT_STACK = "accounts without a stack"
_BY_IAM = "is not authorized to perform"
"""What IAM says; AWS Organizations itself says less where an account may not ask."""
_NO_ORGANIZATION = "AWSOrganizationsNotInUseException"


def organization(here: StackAccount) -> Iterator[Finding]:
    """What all of the customer's stacks need of it, as the management account sees it."""
    needs = OrganizationNeeds.of(here.customers_stacks.values())
    client: Any = here.session.client("organizations")
    if needs.reports or needs.cross_account_backup or needs.backup_policies:
        about = "trusted access of AWS Backup to the organization"
        yield _switch(here, about, lambda: is_trusted(client))
    if (account := needs.administrator) is not None:
        about = f"{account} as delegated administrator of AWS Backup"
        yield _switch(here, about, lambda: account in administrators(client))
    if needs.cross_account_backup:
        backup = here.session.client("backup")
        yield _switch(here, "cross-account backup", lambda: copies_are_let(backup))
    if needs.backup_policies:
        about = "backup policies of the organization"
        yield _switch(here, about, lambda: BACKUP_POLICY in policy_types(client))
    for kind, told in GUARDING.items() if needs.guard_rails else ():
        about = f"{told} of the organization"
        yield _switch(here, about, lambda kind=kind: kind in policy_types(client))
    if (owner := needs.policies_of) is not None:
        about = f"backup policies in the hands of {owner}"
        yield _switch(here, about, lambda: delegates_policies(client, owner))
    if needs.reports or needs.cross_account_backup:
        yield looked_up("cross-account monitoring", lambda: _monitoring(here))


def administrator(here: StackAccount) -> Finding:
    """Whether this account is one, as it sees it itself."""

    def look() -> Answer | str:
        client = here.session.client("organizations")
        try:
            registered = here.settings.account in administrators(client)
        except client.exceptions.AccessDeniedException as error:
            if _BY_IAM in str(error):
                raise
            registered = False  # only who is a delegated administrator of something may ask
        return "is registered" if registered else ill("is not registered", "", _prepare(here))

    return looked_up("this account as delegated administrator of AWS Backup", look)


def accounts_without_stack(here: StackAccount) -> Iterator[Finding]:
    """Active ones that enrolment does not exclude: what is in them, nothing from here backs up.
    Whoever enrols them decides, so this asks for no cure. Nothing where the account is in no
    organization."""
    customer = here.settings.customer
    ours = {account.account for account in accounts_of(customer, here.root)}
    try:
        exclude = load.enrolment_of(customer, here.root).exclude
        tags = any(each.tags for each in exclude)
        listed = ListedOrganization(here.session).listed_accounts(tags=tags)
    except load.SettingsError as error:
        yield from (failed(_WITHOUT_STACK, text, "write it as it says") for text in error.problems)
        return
    except (BotoCoreError, ClientError) as error:
        if not isinstance(error, ClientError) or code(error) != _NO_ORGANIZATION:
            yield unanswered(_WITHOUT_STACK, error)
        return
    active = [each for each in listed if each.state == ACTIVE and not is_excluded(each, exclude)]
    without = [f"{each.id} ({each.name})" for each in active if each.id not in ours]
    if not without:
        yield finding(_WITHOUT_STACK, f"none of {len(active)}")
        return
    cure = f"name those that shall have none under enrolment.exclude in {customer}.yaml, then:"
    told = by_hand(", ".join(sorted(without)), cure, f"backup-org enrol {customer}")
    yield finding(_WITHOUT_STACK, told)


def _switch(here: StackAccount, about: str, is_on: Callable[[], bool]) -> Finding:
    return looked_up(about, lambda: "is on" if is_on() else ill("is off", "", _prepare(here)))


def _monitoring(here: StackAccount) -> Answer | str:
    """No API tells of the switch. Where it is on, the management account sees others' jobs:
    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListBackupJobs.html (accountId)."""
    backup = here.session.client("backup")
    for other in sorted({each.account for each in here.customers_stacks.values()}):
        if other != here.settings.account and backup.list_backup_jobs(
            ByAccountId=other, MaxResults=1
        ).get("BackupJobs"):
            return f"is on: jobs of {other} are seen"
    return by_hand(
        "no job of another account is seen, and no API tells of the switch",
        f"switch it on by hand: AWS Backup's console, in {here.settings.region}, Settings, "
        "Cross-account monitoring",
    )


def _prepare(here: StackAccount) -> str:
    """The management account makes what the organization needs."""
    return f"backup-org prepare {here.management_stack}"
