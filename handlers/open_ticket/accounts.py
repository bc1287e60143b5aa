"""Whether an account is the customer's, and how it is called.

The topic takes events from any rule of anyone, since a topic's policy can have no condition on the
rule; so an event's account is looked for in the organization, where the function may ask it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from handlers.open_ticket.table import Change, Table

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

_KNOWN_FOR = timedelta(days=1)


class ForeignAccount(Exception):
    """It is in no account of the organization; no try can help."""


class Organization(Protocol):
    def name_of(self, account: str) -> str:
        """Raises ForeignAccount."""
        ...


class AwsOrganization:
    """May be asked from its management account, and from those of delegated administrators."""

    def __init__(self, organizations: OrganizationsClient) -> None:
        self._organizations = organizations

    def name_of(self, account: str) -> str:
        try:
            told = self._organizations.describe_account(AccountId=account)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "AccountNotFoundException":
                raise ForeignAccount(f"{account} is no account of the organization") from error
            raise
        return told["Account"].get("Name", "")


class Accounts:
    """Remembers for a day what the organization said."""

    def __init__(
        self, table: Table, names: Mapping[str, str], organization: Organization | None
    ) -> None:
        self._table = table
        self._names = names
        self._organization = organization

    def name_of(self, account: str, now: datetime) -> str:
        """As the settings have it, or else the organization; "" where neither tells. Raises
        ForeignAccount."""
        if self._organization is None:
            return self._names.get(account, "")
        key, epoch = f"account|{account}", int(now.timestamp())
        known = self._table.get(key)
        if int(known.get("forget_at", 0)) > epoch:
            return self._names.get(account, str(known["account_name"]))
        name = self._organization.name_of(account)
        forget_at = epoch + int(_KNOWN_FOR.total_seconds())
        self._table.update(Change(key=key, set={"account_name": name, "forget_at": forget_at}))
        return self._names.get(account, name)
