"""Whether an account is the customer's, and how it is called.

The topic takes events from any rule of anyone, since a topic's policy can have no condition on the
rule; so an event's account is looked for in the organization, where the function may ask it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from handlers.open_ticket.table import Change, Table
from reports.ticket_ledger import heartbeat_key

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

logger = Logger(service="open_ticket", child=True)
_ASKED_AGAIN_SECONDS = 900
"""Where the organization did not tell."""
_KNOWN_FOR = timedelta(days=1)


class ForeignAccount(Exception):
    """It is no account of the organization; no try can help."""


class Organization(Protocol):
    def name_of(self, account: str) -> str | None:
        """None: it does not tell now. Raises ForeignAccount."""
        ...


class AwsOrganization:
    """May be asked from its management account, and from those of delegated administrators."""

    def __init__(self, organizations: OrganizationsClient) -> None:
        self._organizations = organizations

    def name_of(self, account: str) -> str | None:
        try:
            told = self._organizations.describe_account(AccountId=account)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "AccountNotFoundException":
                raise ForeignAccount(f"{account} is no account of the organization") from error
            # An account that is no delegated administrator any more loses no alert for that.
            logger.warning("the organization does not tell", account=account, error=str(error))
            return None
        return told["Account"].get("Name", "")


class Accounts:
    """Remembers for a day what the organization said: in the ledger, and in this process, as each
    event is checked."""

    def __init__(
        self, table: Table, names: Mapping[str, str], organization: Organization | None
    ) -> None:
        self._table = table
        self._names = names
        self._organization = organization
        self._known: dict[str, tuple[str, int]] = {}
        """By account: its name, and until when that is known."""

    def check(self, account: str, now: datetime) -> None:
        """Raises ForeignAccount."""
        epoch = int(now.timestamp())
        if self._organization is None or self._known.get(account, ("", 0))[1] > epoch:
            return
        key = f"account|{account}"
        item = self._table.get(key)
        if int(item.get("forget_at", 0)) > epoch:
            self._known[account] = str(item["account_name"]), int(item["forget_at"])
            return
        name = self._organization.name_of(account)
        if name is None:
            self._known[account] = "", epoch + _ASKED_AGAIN_SECONDS
            return
        forget_at = epoch + int(_KNOWN_FOR.total_seconds())
        self._table.update(Change(key=key, set={"account_name": name, "forget_at": forget_at}))
        self._known[account] = name, forget_at

    def name_of(self, account: str, region: str) -> str:
        """As the settings have it, else the organization, else the account's own heartbeat; ""
        where none tells."""
        name = self._names.get(account) or self._known.get(account, ("", 0))[0]
        return name or str(self._table.get(heartbeat_key(account, region)).get("name", ""))
