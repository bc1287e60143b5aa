"""What a stack's account should have and settings alone cannot tell: looked up, with the cure.

Reads only; nothing that is deployed hangs on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from fleet import access
from fleet.doctor.alerts import alerts
from fleet.doctor.coverage import coverage
from fleet.doctor.deliveries import deliveries
from fleet.doctor.existing_bucket import existing_bucket
from fleet.doctor.findings import (
    Answer,
    Finding,
    State,
    failed,
    finding,
    ill,
    looked_up,
    unanswered,
)
from fleet.doctor.instances import instances
from fleet.doctor.link_signer import link_signer
from fleet.doctor.mail import mail
from fleet.doctor.online.secrets import secrets
from fleet.doctor.organization import accounts_without_stack, administrator, organization
from fleet.doctor.protection import opt_ins, sources_of_copies
from fleet.doctor.quotas import quotas
from fleet.doctor.recovery import configuration_recorders, restore_tests
from fleet.doctor.stack_account import StackAccount
from reports.plans import REPORTS_ROLE
from stacks import load, names
from stacks.report_settings import Reports

_IAM_DECIDES = "IAM_ALLOWED_PRINCIPALS"


def findings_of(stack: str, root: Path, *, online: bool = False) -> list[Finding]:
    """What keeps from looking is a finding as well: other stacks' findings stand beside it."""
    try:
        settings = load.from_files(stack, root)
        here = StackAccount(settings=settings, session=access.session(settings), root=root)
    except load.SettingsError as error:
        return [failed("its settings", text, "write it as it says") for text in error.problems]
    except access.NoSession as error:
        return [failed("its account", error.found, error.cure)]
    return [*examine(here), *(secrets(here) if online else ())]


def examine(here: StackAccount) -> Iterator[Finding]:
    """Looks at everything that concerns a stack, in its own account."""
    settings = here.settings
    role = names.deploy_role_arn(settings)
    acts = f"as {role}" if role else "with the credentials at hand"
    yield finding("its account", f"{settings.account} can be acted in, {acts}")
    if settings.reports is not None:
        yield from _reports(here, settings.reports)
    yield from quotas(here)
    yield from opt_ins(here)
    yield from sources_of_copies(here)
    yield from restore_tests(here)
    yield from configuration_recorders(here)
    if settings.scripts:
        yield from instances(here)
    yield from alerts(here)
    yield from mail(here)
    yield from link_signer(here)
    if settings.role == "management":
        yield from organization(here)
        yield from accounts_without_stack(here)


def _reports(here: StackAccount, reports: Reports) -> Iterator[Finding]:
    yield looked_up(f"the role {REPORTS_ROLE}", lambda: _service_role(here))
    if reports.bucket.existing:
        yield from existing_bucket(here, reports.bucket)
    yield looked_up("Lake Formation's defaults", lambda: _lake_formation(here))
    if reports.scope != "account":
        if here.settings.role != "management":
            registered = administrator(here)
            yield registered
            if registered.state is not State.FINE:
                return  # such an account may not read the organization
        try:
            yield from coverage(here, reports)
        except (BotoCoreError, ClientError) as error:
            yield unanswered("accounts in the report plans", error)
    try:
        yield from deliveries(here, reports)
    except (BotoCoreError, ClientError) as error:
        yield unanswered("the latest reports", error)


def _service_role(here: StackAccount) -> Answer | str:
    iam = here.session.client("iam")
    try:
        iam.get_role(RoleName=REPORTS_ROLE)
    except iam.exceptions.NoSuchEntityException:
        return ill("does not exist", "", here.run("prepare"))
    return "exists"


def _lake_formation(here: StackAccount) -> Answer | str:
    """Of databases and tables that are made from now on; the functions have IAM permissions."""
    found = here.session.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    defaults = {
        "databases": found.get("CreateDatabaseDefaultPermissions", []),
        "tables": found.get("CreateTableDefaultPermissions", []),
    }
    shut = [
        kind
        for kind, permissions in defaults.items()
        if not any(
            each.get("Principal", {}).get("DataLakePrincipalIdentifier") == _IAM_DECIDES
            and "ALL" in each.get("Permissions", [])
            for each in permissions
        )
    ]
    if not shut:
        return "leave new databases and tables to IAM"
    return ill(
        f"shut out whoever has IAM permissions alone, of new {' and '.join(shut)}",
        "in Lake Formation's console, Data Catalog settings, tick `Use only IAM access control` "
        "for new databases and for new tables, before the lake is deployed; or grant the "
        "functions' roles what they need there",
    )
