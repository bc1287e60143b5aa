"""Who is reported on: accounts with their place in the organization, and Regions."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account of the organization."""

    id: str
    """12 digits."""
    name: str
    path_to_root: str
    """`OrganizationId/RootId/OuId`, as reports carry it."""


@dataclass(frozen=True, kw_only=True)
class Organization:
    """The accounts and Regions that one report covers."""

    accounts: Sequence[Account]
    regions: Sequence[str]


def example(
    accounts: int, regions: Sequence[str] = ("eu-central-1", "eu-west-1", "us-east-1")
) -> Organization:
    """An organization of any size: accounts 900000000001…, spread over four OUs."""
    return Organization(
        accounts=tuple(
            Account(
                id=f"9{number:011d}",
                name=f"member-{number:03d}",
                path_to_root=f"o-exampleorg1/r-exam/ou-exam-{number % 4 + 1:08d}",
            )
            for number in range(1, accounts + 1)
        ),
        regions=tuple(regions),
    )
