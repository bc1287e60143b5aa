"""Checks of audit frameworks; importing this registers them.

Sources, in AWS Backup's developer guide: controls-and-remediation.html (the scope that a control
takes, limits of its times), aws-backup-limits.html.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from stacks.check import Location, Problems, account_of_stack, check
from stacks.framework_controls import controls_of, framework_regions
from stacks.framework_settings import Control, Controls, Unit, VaultLock
from stacks.protection_checks import known_plans
from stacks.settings import ProtectedSettings, Settings

_FRAMEWORKS, _CONTROLS = 15, 50
Scope = Literal["resource_types", "resource_id", "tag"]
_BY_ALL: tuple[Scope, ...] = ("resource_types", "resource_id", "tag")
_SCOPES: Mapping[str, tuple[Scope, ...]] = {
    "minimum_frequency_and_retention": ("resource_id", "tag"),
    "manual_deletion_disabled": ("resource_id", "tag"),
    "recovery_points_encrypted": ("tag",),
    "minimum_retention": ("tag",),
    "in_air_gapped_vault": ("resource_types", "resource_id"),
}
"""Where not all three."""
_TIMES: Mapping[str, Mapping[Unit, tuple[int, int]]] = {
    "minimum_frequency_and_retention": {"hours": (1, 24), "days": (1, 31)},
    "last_recovery_point_created": {"hours": (1, 744), "days": (1, 31)},
    "in_air_gapped_vault": {"hours": (24, 2184), "days": (1, 91)},
}


@check(ProtectedSettings, "frameworks", "region", "regions")
def _frameworks_stand_in_regions_of_the_stack(s: ProtectedSettings) -> Problems:
    for name, framework in s.frameworks.items():
        for position, region in enumerate(framework.regions or ()):
            if region not in s.protected_regions:
                yield (
                    ("frameworks", name, "regions", position),
                    f"{region} is none of the stack's Regions: {', '.join(s.protected_regions)}",
                )


@check(ProtectedSettings, "frameworks")
def _controls_are_what_aws_backup_takes(s: ProtectedSettings) -> Problems:
    for name, framework in s.frameworks.items():
        if framework.controls is None:
            continue
        where = ("frameworks", name, "controls")
        if not framework.controls.given:
            yield where, "has none; write one, or leave controls out for those of what there is"
        for key, control in framework.controls.given.items():
            yield from _scope(key, control, (*where, key))
            yield from _times(key, control, (*where, key))


def _scope(name: str, control: Control, where: Location) -> Problems:
    scope, taken = control.scope, _SCOPES.get(name, _BY_ALL)
    given = [field for field in _BY_ALL if getattr(scope, field)]
    for field in given:
        if field not in taken:
            yield (*where, "scope", field), f"is not for this control, which takes {_either(taken)}"
    of_type = name not in Controls.OWN_TYPES
    if scope.resource_id and of_type and len(scope.resource_types) != 1:
        yield (*where, "scope", "resource_id"), "needs its type beside it: one in resource_types"
    if scope.tag and len(given) > 1:
        yield (*where, "scope", "tag"), "cannot stand beside another scope: AWS takes either"


def _either(fields: tuple[Scope, ...]) -> str:
    return " or ".join(fields)


def _times(name: str, control: Control, where: Location) -> Problems:
    for field in ("every", "within"):
        times: Mapping[Unit, int] = getattr(control, field, {})
        for unit, value in times.items():
            least, most = _TIMES[name][unit]
            if not least <= value <= most:
                yield (
                    (*where, field, unit),
                    f"is {value}; AWS Backup takes {least} to {most} {unit}",
                )
    if isinstance(control, VaultLock):
        least_days, most_days = control.min_retention_days, control.max_retention_days
        if least_days and most_days and least_days > most_days:
            yield (*where, "min_retention_days"), f"is more than max_retention_days, {most_days}"


@check(
    ProtectedSettings,
    *("frameworks", "restore_testing", "plans", "tiers", "organization", "account", "iam"),
    *("region", "regions", "vaults", "retained_vaults", "air_gapped_vaults", "central_vaults_in"),
)
def _frameworks_keep_to_aws_backups_quotas(s: ProtectedSettings) -> Problems:
    if account_of_stack(s) is None or {*known_plans(s)} != {*s.plans}:
        return
    assert isinstance(s, Settings)
    for region, there in _by_region(s):
        if len(there) > _FRAMEWORKS:
            yield (
                ("frameworks",),
                f"are {len(there)} in {region}; AWS Backup has {_FRAMEWORKS} in a Region",
            )
        count = sum(len(controls_of(s, name, region)) for name in there)
        if count > _CONTROLS:
            yield (
                ("frameworks",),
                f"have {count} controls in {region}, those of each counted; AWS Backup takes "
                f"{_CONTROLS} in a Region: leave some out, or have the quota raised",
            )


def _by_region(s: Settings) -> Iterator[tuple[str, list[str]]]:
    for region in s.protected_regions:
        yield region, [name for name in s.frameworks if region in framework_regions(s, name)]
