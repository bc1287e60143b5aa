"""Which accounts a customer has, as the settings files of its stacks name them.

Read without being checked: what is wrong in a file is told when its own stack is deployed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from stacks.names import stack_name
from stacks.settings_files import Raw, SettingsError, stacks_in
from stacks.settings_layers import values_of


@dataclass(frozen=True, kw_only=True)
class NamedAccount:
    account: str
    name: str
    """management, audit, or the member's."""
    region: str
    """Where its stack has its central parts."""
    regions: tuple[str, ...]
    """Where it may have backups."""
    has_reports: bool
    """Whether report plans, reports bucket and lake stand there."""
    has_evidence: bool
    """Whether evidence is signed and kept there."""


def accounts_of(customer: str, root: Path) -> tuple[NamedAccount, ...]:
    """By the stacks' names, sorted; `root` holds Pulumi.yaml."""
    ours = stack_name(customer, "")
    found = (_named(stack, customer, root) for stack in stacks_in(root) if stack.startswith(ours))
    return tuple(account for account in found if account is not None)


def _named(stack: str, customer: str, root: Path) -> NamedAccount | None:
    try:
        values = values_of(stack, root).merged
    except SettingsError:
        return None
    role, region = values.get("role"), values.get("region")
    if values.get("customer") != customer or not isinstance(region, str):
        return None
    organization = _object(values.get("organization"))
    account = values.get("account") if role == "member" else organization.get(f"{role}_account")
    if not isinstance(account, str):
        return None
    return NamedAccount(
        account=account,
        name=str(values.get("name") if role == "member" else role),
        region=region,
        regions=tuple(_texts(values.get("regions"))) or (region,),
        has_reports=values.get("reports", {} if role == "management" else None) is not None,
        has_evidence=role != "member" and values.get("evidence") is not None,
    )


def _object(value: Any) -> Raw:
    return cast(Raw, value) if isinstance(value, Mapping) else {}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield from (item for item in cast(list[Any], value) if isinstance(item, str))
