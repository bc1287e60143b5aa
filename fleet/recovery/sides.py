"""The two sides of a recovery: the stack of the account that lost its data, and the one whose vault
has copies of it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from fleet import access
from fleet.errors import ToldError
from stacks import load, names
from stacks.copies import taken_back_from
from stacks.customer_accounts import NamedAccount, accounts_of
from stacks.recovery_settings import Recovery
from stacks.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_backup import BackupClient
    from mypy_boto3_ssm import SSMClient


class NoRecovery(ToldError):
    """Nothing can be recovered so; says what to set, or which accounts there are."""


@dataclass(frozen=True)
class Side:
    """A stack, with a session in its account as the role that deploys there."""

    stack: str
    settings: Settings

    @cached_property
    def _session(self) -> boto3.Session:
        return access.session(self.settings)

    def backup(self, region: str) -> BackupClient:
        return self._session.client("backup", region_name=region)

    def systems_manager(self, region: str) -> SSMClient:
        return self._session.client("ssm", region_name=region)

    @property
    def recovery(self) -> Recovery:
        assert self.settings.recovery is not None
        return self.settings.recovery

    @contextmanager
    def asked(self, region: str) -> Generator[None]:
        """What AWS refuses in the side's account is told with the place."""
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            place = f"{self.stack} ({self.settings.account}), {region}"
            if isinstance(error, ClientError) and "DefinitionNotFound" in str(error):
                raise NoRecovery(
                    f"{place}: its runbook is not deployed; run: backup-org up {self.stack}"
                ) from error
            if isinstance(error, ClientError) and "ExpiredToken" in str(error):
                raise ToldError(
                    f"{place}: the session of the deploy role has ended; a runbook that it started "
                    "goes on: see it in Systems Manager, Automation, before you recover again"
                ) from error
            raise ToldError(
                f"{place}: {error}; whoever recovers must be allowed that there (docs/recover.md)"
            ) from error


@dataclass(frozen=True, kw_only=True)
class Sides:
    lost: Side
    """Where data was lost, and is restored."""
    gives: Side
    """Whose vaults have copies."""


def sides(customer: str, account: str, root: Path) -> Sides:
    """`account`: a name among the customer's stacks, or an id. Raises NoRecovery, SettingsError."""
    known = accounts_of(customer, root)
    lost = _side(customer, _named(account, customer, known), root)
    source = taken_back_from(lost.settings)
    if source is None:
        raise NoRecovery(
            f"{lost.stack} takes no copies back; write recovery: {{from_account: central}} for it, "
            f"and run: backup-org up {lost.stack}"
        )
    gives = _side(customer, _named(source, customer, known), root)
    if gives.settings.recovery is None or gives.settings.recovery.from_account is not None:
        raise NoRecovery(
            f"{gives.stack} gives no copies back; write recovery: {{}} for it, and run: "
            f"backup-org up {gives.stack}"
        )
    return Sides(lost=lost, gives=gives)


def _named(account: str, customer: str, known: tuple[NamedAccount, ...]) -> NamedAccount:
    found = next((one for one in known if account in (one.name, one.account)), None)
    if found is None:
        there = ", ".join(f"{one.name} ({one.account})" for one in known) or "none"
        raise NoRecovery(f"{customer} has no account {account}; it has: {there}")
    return found


def _side(customer: str, account: NamedAccount, root: Path) -> Side:
    central = account.name in ("management", "audit")
    stack = (
        names.stack_name(customer, account.name)
        if central
        else names.stack_name(customer, "member", account.name)
    )
    return Side(stack, load.from_files(stack, root))
