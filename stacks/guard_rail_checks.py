"""Checks of the guard rails of AWS Organizations; importing this registers them."""

from fnmatch import fnmatchcase

from components.guard_rail_policies import CHARACTERS
from stacks.check import Problems, check
from stacks.guard_rails import principals_policy, resources_policy
from stacks.settings import ManagementSettings, Settings
from stacks.warnings import Warnings, warning

_ORGANIZATION_ID = f"o-{'x' * 32}"
"""As long as one may be."""


@check(ManagementSettings, "guard_rails", "customer", "region")
def _guard_rails_fit(s: ManagementSettings) -> Problems:
    wanted = s.guard_rails
    if wanted is None:
        return
    for field, text, cure in (
        ("break_glass_roles", principals_policy(s, wanted), "name several roles by one pattern"),
        ("buckets", resources_policy(s, wanted, _ORGANIZATION_ID), "name fewer buckets"),
    ):
        if len(text) > CHARACTERS:
            yield (
                ("guard_rails", field),
                f"make a policy of {len(text):,} characters, where AWS Organizations takes "
                f"{CHARACTERS:,}: {cure}",
            )


@check(ManagementSettings, "guard_rails")
def _who_deploys_is_no_break_glass(s: ManagementSettings) -> Problems:
    """A role that deploys every day and may delete every backup would be no guard at all."""
    if s.guard_rails is None:
        return
    for position, pattern in enumerate(s.guard_rails.break_glass_roles):
        for role in s.guard_rails.deploy_roles:
            if fnmatchcase(role, pattern):
                yield (
                    ("guard_rails", "break_glass_roles", position),
                    f"{pattern!r} matches {role}, one of deploy_roles, which would delete every "
                    "backup: call one of them otherwise",
                )


@check(ManagementSettings, "guard_rails", "tags")
def _keys_keep_their_tag(s: ManagementSettings) -> Problems:
    if s.guard_rails is not None and "managed-by" in s.tags:
        yield (
            ("tags", "managed-by"),
            "is the tag by which guard rails know what stacks make: leave it to this program",
        )


@warning
def _the_management_account_is_not_bound(settings: Settings) -> Warnings:
    if (
        isinstance(settings, ManagementSettings)
        and settings.guard_rails is not None
        and (settings.reports is not None or settings.vaults)
    ):
        yield (
            ("guard_rails",),
            "do not bind this account: AWS Organizations' policies leave out the management "
            "account, whose vaults, keys and reports bucket they do not guard; let them stand in "
            "the audit account",
        )
