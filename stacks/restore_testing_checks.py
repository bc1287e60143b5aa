"""Checks and warnings of restore testing plans; importing this registers them.

Sources, in AWS Backup's developer guide: restore-testing.html, aws-backup-limits.html.
"""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import get_args

from stacks import names
from stacks.check import Location, Problems, account_of_stack, check
from stacks.recovery_settings import RestoreSelection
from stacks.resource_types import arn_patterns
from stacks.restore_metadata import metadata_problems
from stacks.settings import ProtectedSettings, Settings
from stacks.values import TestedResourceType
from stacks.warnings import Warnings, warning

_VAULTS = ("vaults", "retained_vaults", "air_gapped_vaults")
_TOLD, _MATCHED = 3_600, 1_850
"""Characters of JSON about testing plans: what is left of Lambda's and EventBridge's limits."""
_PLANS, _CONDITIONS, _VAULT_SELECTORS, _NAME = 100, 30, 30, 50


def _selections(s: ProtectedSettings) -> Iterator[tuple[Location, str, RestoreSelection]]:
    """Each with its place and the plan."""
    for name, plan in s.restore_testing.items():
        for key, selection in plan.selections.items():
            yield ("restore_testing", name, "selections", key), name, selection


@check(ProtectedSettings, "restore_testing", "region", "regions", *_VAULTS)
def _tests_take_from_vaults_of_the_stack(s: ProtectedSettings) -> Problems:
    known = s.vaults | s.retained_vaults | s.air_gapped_vaults
    if s.restore_testing and not known:
        yield ("restore_testing",), "takes from vaults, of which this stack has none; add one"
        return
    for name, plan in s.restore_testing.items():
        where = ("restore_testing", name)
        for position, vault in enumerate(plan.recovery_points.vaults or ()):
            if vault not in known:
                yield (
                    (*where, "recovery_points", "vaults", position),
                    f"{vault!r} is none of the stack's vaults: {', '.join(sorted(known))}",
                )
        for position, region in enumerate(plan.regions or ()):
            if not s.tested_vaults(name, region):
                standing = [r for r in s.protected_regions if s.tested_vaults(name, r)]
                yield (
                    (*where, "regions", position),
                    f"none of its vaults stands in {region}; they stand in "
                    f"{', '.join(standing) or 'no Region of the stack'}",
                )


@check(ProtectedSettings, "restore_testing", "region", "regions", "customer", *_VAULTS)
def _tests_keep_to_aws_backups_quotas(s: ProtectedSettings) -> Problems:
    if len(s.restore_testing) > _PLANS:
        yield ("restore_testing",), f"are {len(s.restore_testing)}; AWS Backup has {_PLANS} at most"
    for name in s.restore_testing:
        over = len(names.restore_testing_plan(s, name)) - _NAME
        if over > 0:
            yield (
                ("restore_testing", name),
                f"is called {names.restore_testing_plan(s, name)} in AWS, which takes {_NAME} "
                f"characters: shorten it by {over}",
            )
        taken = max(len(s.tested_vaults(name, region)) for region in s.protected_regions)
        if taken > _VAULT_SELECTORS:
            yield (
                ("restore_testing", name, "recovery_points", "vaults"),
                f"come to {taken}; AWS Backup takes {_VAULT_SELECTORS}: name fewer",
            )
    for where, _, chosen in _selections(s):
        conditions = len(chosen.equals) + len(chosen.not_equals)
        if conditions > _CONDITIONS:
            yield where, f"has {conditions} conditions; AWS Backup takes {_CONDITIONS}"


@check(
    ProtectedSettings,
    *("restore_testing", "account", "organization", "region", "regions", *_VAULTS),
)
def _selections_mean_what_is_there(s: ProtectedSettings) -> Problems:
    if account_of_stack(s) is None:
        return
    for where, plan, chosen in _selections(s):
        if chosen.arns and (chosen.equals or chosen.not_equals):
            yield (
                (*where, "arns"),
                "cannot stand beside tags: AWS Backup takes either; leave one out",
            )
        for position, arn in enumerate(chosen.arns or ()):
            yield from (
                ((*where, "arns", position), message)
                for message in _arn_problems(s, plan, chosen.type, arn)
            )
        for key, message in metadata_problems(chosen.type, chosen.metadata):
            yield (*where, "metadata", key), message


def _arn_problems(s: ProtectedSettings, plan: str, kind: str, arn: str) -> Iterator[str]:
    """A vault that takes in others' copies has recovery points of any account and Region."""
    patterns = arn_patterns(kind, s.partition)
    region, account = arn.split(":")[3:5]
    known = s.vaults | s.retained_vaults | s.air_gapped_vaults
    tested = {v for r in s.protected_regions for v in s.tested_vaults(plan, r)}
    if "*" in arn:
        yield f"{arn} holds *; AWS Backup takes whole ARNs: leave arns out for all of the type"
    elif not any(fnmatchcase(arn, pattern) for pattern in patterns):
        yield f"{arn} is none of {kind}, whose ARNs are {' or '.join(patterns)}"
    elif any(known[vault].copies_from for vault in tested):
        return
    elif account not in ("", account_of_stack(s)):
        yield f"{arn} is of another account, whose copies no tested vault takes in (copies_from)"
    elif region and region not in s.protected_regions:
        yield f"{arn} is in {region}, none of the stack's Regions: {', '.join(s.protected_regions)}"


@check(ProtectedSettings, "restore_testing")
def _restores_of_a_type_have_one_check(s: ProtectedSettings) -> Problems:
    """AWS tells whoever judges the plan and the type of what it restored, not the selection."""
    first: dict[tuple[str, str], tuple[Location, RestoreSelection]] = {}
    for where, plan, chosen in _selections(s):
        before, same = first.setdefault((plan, chosen.type), (where, chosen))
        if chosen.check != same.check:
            yield (
                (*where, "check"),
                f"is another than that of {before[-1]}, which is of {chosen.type}, too: AWS does "
                "not tell which selection a restore is of; write the same check for both, or move "
                "one to another plan",
            )


@check(
    ProtectedSettings,
    *("restore_testing", "account", "organization", "customer", "region", "regions", *_VAULTS),
)
def _one_function_can_be_told_of_a_regions_tests(s: ProtectedSettings) -> Problems:
    """Lambda takes 4 KB of environment, and EventBridge 2,048 characters of a pattern."""
    for region in s.protected_regions:
        here = f"arn:{s.partition}:backup:{region}:{account_of_stack(s)}:restore-testing-plan:"
        told = {
            f"{here}{names.restore_testing_plan(s, name)}-{'0' * 36}": plan.judged
            for name, plan in s.restore_testing.items()
            if region in s.testing_regions(name)
        }
        if len(json.dumps(told)) > _TOLD or len(json.dumps([*told])) > _MATCHED:
            yield (
                ("restore_testing",),
                f"has {len(told)} plans in {region}, with more types and checks than its one "
                "function can be told of: put selections together into fewer plans, or leave "
                "plans out of the Region",
            )


@warning
def _vaults_that_plans_fill_are_tested(s: Settings) -> Warnings:
    """Only where the stack tests restores at all."""
    for plan in s.plans if s.restore_testing else ():
        filled = {s.vault_of(plan), s.plans[plan].air_gapped_vault or s.vault_of(plan)}
        for region in s.plan_regions(plan):
            tested = {
                vault
                for name in s.restore_testing
                if region in s.testing_regions(name)
                for vault in s.tested_vaults(name, region)
            }
            for vault in sorted(filled - tested):
                yield (
                    ("plans", plan),
                    f"fills {vault} in {region}, from which no restore test takes anything; add it "
                    "to recovery_points.vaults of one",
                )


@warning
def _types_that_plans_name_are_tested(s: Settings) -> Warnings:
    tested = {chosen.type for _, _, chosen in _selections(s)}
    for plan in s.plans if s.restore_testing else ():
        for kind in s.plans[plan].selection.resource_types:
            if kind in tested:
                continue
            cure = (
                "add a selection of the type"
                if kind in get_args(TestedResourceType)
                else "AWS Backup's restore tests do not take the type: restore one by hand"
            )
            yield (
                ("plans", plan, "selection", "resource_types"),
                f"name {kind}, whose restore is never tested; {cure}",
            )


@warning
def _file_systems_of_fsx_need_more_than_is_inferred(s: Settings) -> Warnings:
    for where, _, chosen in _selections(s):
        given = {key.lower() for key in chosen.metadata}
        if chosen.type == "FSx" and not given & {"subnetids", "ontapconfiguration"}:
            yield (
                (*where, "metadata"),
                "lacks what AWS Backup cannot infer: subnetIds of Lustre and Windows (and the "
                "latter's activeDirectoryId), ontapConfiguration of ONTAP; OpenZFS alone restores",
            )
