"""What the organization lets AWS Backup do, and which of its accounts nothing is deployed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from fleet.deploy.organization import administrators, is_trusted
from fleet.doctor.coverage import coverage
from fleet.doctor.findings import Answer, Finding, code, looked_up, unanswered
from fleet.organization import ACTIVE, state_of
from stacks import names
from stacks.customer_accounts import accounts_of
from stacks.load import Settings
from stacks.report_settings import Reports

_WITHOUT_STACK = "accounts without a stack"


def organization(settings: Settings, reports: Reports, session: boto3.Session) -> Iterator[Finding]:
    """As reports over more than one account need it."""
    if settings.role == "management":
        about = "trusted access of AWS Backup to the organization"
        yield looked_up(about, lambda: _trusted_access(settings, session))
    else:
        about = "this account as delegated administrator of AWS Backup"
        registered = looked_up(about, lambda: _administrator(settings, session))
        yield registered
        if registered.cure:
            return  # such an account may not read the organization
    try:
        yield from coverage(settings, reports, session)
    except (BotoCoreError, ClientError) as error:
        yield unanswered("accounts in the report plans", error)


def accounts_without_stack(
    settings: Settings, session: boto3.Session, root: Path
) -> Iterator[Finding]:
    """Active ones: what is in them, nothing from here backs up. Some may be meant to be without,
    so this asks for no cure. Nothing where the account is in no organization."""
    ours = {account.account for account in accounts_of(settings.customer, root)}
    try:
        pages = session.client("organizations").get_paginator("list_accounts").paginate()
        active = {
            account["Id"]: account.get("Name", "")
            for page in pages
            for account in page["Accounts"]
            if state_of(account) == ACTIVE and "Id" in account
        }
    except (BotoCoreError, ClientError) as error:
        if not isinstance(error, ClientError) or code(error) != "AWSOrganizationsNotInUseException":
            yield unanswered(_WITHOUT_STACK, error)
        return
    without = [f"{id_} ({name})" for id_, name in sorted(active.items()) if id_ not in ours]
    if not without:
        yield Finding(about=_WITHOUT_STACK, found=f"none of {len(active)}")
        return
    yield Finding(
        about=_WITHOUT_STACK,
        found=", ".join(without),
        needs=[f"give each a stack (members in {settings.customer}.yaml), or see that none is due"],
    )


def _trusted_access(settings: Settings, session: boto3.Session) -> Answer:
    if is_trusted(session.client("organizations")):
        return "is on", ""
    return "is off", _prepare(settings)


def _administrator(settings: Settings, session: boto3.Session) -> Answer:
    client = session.client("organizations")
    try:
        registered = settings.account in administrators(client)
    except client.exceptions.AccessDeniedException:
        registered = False  # only who is a delegated administrator of something may ask
    return ("is registered", "") if registered else ("is not registered", _prepare(settings))


def _prepare(settings: Settings) -> str:
    """The management account makes what the organization needs."""
    return f"backup-org prepare {names.stack_name(settings.customer, 'management')}"
