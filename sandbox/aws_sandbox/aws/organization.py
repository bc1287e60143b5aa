"""The organizations that the sandbox stands for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any

ADMINISTRATOR = "sandbox-administrator"
"""A user in each management account that may assume its members' administrator roles."""
SECRET_ACCESS_KEY = "sandbox"  # noqa: S105 - opens nothing but this machine's sandbox


@dataclass(frozen=True, kw_only=True)
class Account:
    """A member account, or the management account itself."""

    id: str
    name: str
    parent: str = ""
    """The id of its organizational unit; "" for the root."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """An organizational unit; its parent is listed before it."""

    id: str
    name: str
    parent: str = ""
    """The id of the unit above; "" for the root."""


@dataclass(frozen=True, kw_only=True)
class Organization:
    """An AWS Organization: ids, tree, and the role by which its accounts are administered."""

    id: str = "o-exampleorg1"
    root_id: str = "r-exam"
    """Four characters after `r-`: moto knows no longer ones."""
    management_account: str = "111111111111"
    accounts: Sequence[Account] = (
        Account(id="111111111111", name="management"),
        Account(id="222222222222", name="audit"),
        Account(id="333333333333", name="member-one"),
        Account(id="444444444444", name="member-two"),
    )
    units: Sequence[Unit] = ()
    administrator_role: str = "OrganizationAccountAccessRole"
    trusted_services: Sequence[str] = ("backup.amazonaws.com",)
    backup_administrators: Sequence[str] = ()
    """Accounts that are delegated administrators for AWS Backup from the start."""
    regions: Sequence[str] = ("eu-central-1", "eu-west-1", "us-east-1")
    """Where it has report plans, and what `*` stands for in their scope."""
    alone: bool = False
    """Its accounts are in no AWS Organization: they only share who administers them."""

    def __post_init__(self) -> None:
        problems = [
            *_malformed(r"o-[a-z0-9]{10,32}", "organization id", [self.id]),
            *_malformed(r"r-[a-z0-9]{4}", "root id", [self.root_id]),
            *_malformed(r"[0-9]{12}", "account id", [account.id for account in self.accounts]),
            *_malformed(
                rf"ou-{self.root_id[2:]}-[a-z0-9]{{8,32}}",
                "OU id",
                [unit.id for unit in self.units],
            ),
            *self._misplaced(),
        ]
        if problems:
            raise ValueError("the organization cannot be: " + "; ".join(problems))

    def _misplaced(self) -> list[str]:
        ids = [entry.id for entry in (*self.accounts, *self.units)]
        accounts = {account.id for account in self.accounts}
        units = {"", self.root_id, *(unit.id for unit in self.units)}
        return [
            *(f"{twice} is there twice" for twice in sorted({i for i in ids if ids.count(i) > 1})),
            *(
                f"{entry.id} is in {entry.parent}, which is no unit"
                for entry in (*self.accounts, *self.units)
                if entry.parent not in units
            ),
            *(
                f"{account} is none of its accounts"
                for account in (self.management_account, *self.backup_administrators)
                if account not in accounts
            ),
        ]

    @staticmethod
    def read(content: Mapping[str, Any]) -> "Organization":
        """From JSON: this class's fields by name; unknown ones are refused."""
        _refuse_unknown(Organization, content)
        fields = dict(content)
        if "accounts" in fields:
            fields["accounts"] = [_account_entry(entry) for entry in fields["accounts"]]
        if "units" in fields:
            fields["units"] = [_unit_entry(entry) for entry in fields["units"]]
        return Organization(**fields)

    @property
    def access_key_id(self) -> str:
        """The access key of its administrator; with SECRET_ACCESS_KEY."""
        return f"{ADMINISTRATOR}-{self.management_account}"

    @property
    def ids(self) -> frozenset[str]:
        """What no other organization may have: its id and its accounts'."""
        return frozenset({self.id, *(account.id for account in self.accounts)})

    def same(self, other: "Organization") -> bool:
        """Whether both tell of one organization, perhaps of different accounts."""
        return (self.id, self.management_account) == (other.id, other.management_account)

    def has(self, account: str) -> bool:
        return any(own.id == account for own in self.accounts)

    def role_arn(self, account: str) -> str:
        """The administrator role of an account."""
        return f"arn:aws:iam::{account}:role/{self.administrator_role}"


def together(organizations: Sequence[Organization]) -> Sequence[Organization]:
    """Organizations that one sandbox can hold; ValueError where they have an id in common."""
    problems = [
        f"{', '.join(sorted(shared))} of {other.id} is {one.id}'s already"
        for one, other in combinations(organizations, 2)
        if (shared := one.ids & other.ids)
    ]
    if problems:
        raise ValueError("the organizations cannot be in one sandbox: " + "; ".join(problems))
    return organizations


def _malformed(pattern: str, what: str, values: Sequence[str]) -> list[str]:
    return [f"{value!r} is no {what}" for value in values if not re.fullmatch(pattern, value)]


def _account_entry(entry: Mapping[str, Any]) -> Account:
    _refuse_unknown(Account, entry)
    return Account(**entry)


def _unit_entry(entry: Mapping[str, Any]) -> Unit:
    _refuse_unknown(Unit, entry)
    return Unit(**entry)


def _refuse_unknown(kind: type[Any], content: Mapping[str, Any]) -> None:
    unknown = sorted(set(content) - {field.name for field in fields(kind)})
    if unknown:
        raise ValueError(f"an organization's {kind.__name__.lower()} has no {', '.join(unknown)}")
