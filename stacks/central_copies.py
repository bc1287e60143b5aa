"""Copies into a central stack's vaults, held to what that stack's files say of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from stacks.check import Location, Problems
from stacks.copies import copy_lifecycle, copy_target
from stacks.names import stack_name
from stacks.protection_checks import known_plans, written_at
from stacks.protection_settings import AirGappedVault, Copy, Rule, Vault
from stacks.settings import Settings
from stacks.settings_files import SettingsError
from stacks.settings_layers import values_of

_VAULTS: TypeAdapter[dict[str, Vault]] = TypeAdapter(dict[str, Vault])
_AIR_GAPPED: TypeAdapter[dict[str, AirGappedVault]] = TypeAdapter(dict[str, AirGappedVault])


@dataclass(frozen=True, kw_only=True)
class _Central:
    stack: str
    regions: Sequence[str]
    vaults: Mapping[str, Vault | AirGappedVault]


def with_files(s: Settings, root: Path) -> Problems:
    """Of every copy to `central`: that there is such a vault, where the copy goes to, that it takes
    copies in, and keeps things for that long."""
    copies = list(_copies(s))
    central = _central(s, root) if copies else None
    if central is None or central.stack == stack_name(s.customer, s.role):
        return
    for where, plan, rule, copy in copies:
        vault_name = copy.vault or s.vault_of(plan)
        vault = central.vaults.get(vault_name)
        if vault is None:
            known = ", ".join(central.vaults) or "none"
            yield where, f"{vault_name!r} is none of the vaults of {central.stack}: {known}"
            continue
        if vault.copies_from is None:
            yield (
                where,
                f"{vault_name} of {central.stack} takes in no copies; write copies_from: "
                "organization there",
            )
        there = vault.regions or central.regions
        for region in s.plan_regions(plan):
            target = copy_target(s, plan, copy, region).region
            if target not in there:
                yield (
                    where,
                    f"goes to {target}, where {central.stack} has no {vault_name}; name a region "
                    f"of the copy: {', '.join(there)}",
                )
        yield from _kept(central, vault_name, vault, copy_lifecycle(rule, copy)[0], where)


def _kept(
    central: _Central, name: str, vault: Vault | AirGappedVault, days: int, where: Location
) -> Problems:
    least, most = vault.retention_bounds
    if (least is not None and days < least) or (most is not None and days > most):
        yield (
            where,
            f"would be kept for {days} days, but {name} of {central.stack} takes "
            f"{least or 1} to {most or 36500}; AWS fails every job that keeps otherwise",
        )


def _copies(s: Settings) -> Iterator[tuple[Location, str, Rule, Copy]]:
    for plan in sorted(known_plans(s)):
        for name, rule in s.rules_of(plan).items():
            where, written = written_at(s, plan, name)
            for position, copy in enumerate(rule.copies):
                if copy.account == "central":
                    place = ("copies", position) if written else ()
                    yield (*where, *place), plan, rule, copy


def _central(s: Settings, root: Path) -> _Central | None:
    """None where that stack's files cannot be read: what is wrong there, it tells in its turn."""
    stack = stack_name(s.customer, s.central_vaults_in)
    try:
        raw: Mapping[str, Any] = values_of(stack, root).merged
        vaults = _VAULTS.validate_python(raw.get("vaults", {}))
        apart = _AIR_GAPPED.validate_python(raw.get("air_gapped_vaults", {}))
    except (SettingsError, ValidationError):
        return None
    regions = raw.get("regions") or [raw.get("region", s.region)]
    return _Central(stack=stack, regions=regions, vaults={**apart, **vaults})
