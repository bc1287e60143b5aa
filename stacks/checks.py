"""Checks of a stack's settings that span several fields; importing this registers them."""

from collections.abc import Mapping

from stacks import (
    backup_policy_checks,
    bootstrap_checks,
    framework_checks,
    guard_rail_checks,
    isolation_checks,
    plan_warnings,
    policy_checks,
    protection_checks,
    recovery_checks,
    region_checks,
    report_checks,
    report_mail_checks,
    restore_testing_checks,
    ticket_checks,
    vault_checks,
)
from stacks.check import CHECKS, Problems, account_of_stack, check
from stacks.protection_settings import AirGappedVault, Vault
from stacks.settings import (
    PROGRAMS_TAGS,
    AuditSettings,
    CentralSettings,
    ManagementSettings,
    MemberSettings,
    ProtectedSettings,
    Settings,
    StackSettings,
)

__all__ = [
    "CHECKS",
    "backup_policy_checks",
    "bootstrap_checks",
    "framework_checks",
    "guard_rail_checks",
    "isolation_checks",
    "plan_warnings",
    "policy_checks",
    "protection_checks",
    "recovery_checks",
    "region_checks",
    "report_checks",
    "report_mail_checks",
    "restore_testing_checks",
    "ticket_checks",
    "vault_checks",
]


@check(StackSettings, "organization")
def _central_accounts_differ(s: StackSettings) -> Problems:
    if s.organization.audit_account is None:
        return
    if s.organization.management_account is None:
        yield ("organization", "management_account"), "is required beside audit_account"
    if s.organization.audit_account == s.organization.management_account:
        yield (
            ("organization", "audit_account"),
            "is the management account; leave it out and set alerts_in: management",
        )


@check(StackSettings, "organization", "alerts_in")
def _alerts_have_an_account(s: StackSettings) -> Problems:
    if s.alerts_in == "member":
        if s.organization.management_account is not None:
            yield (
                ("alerts_in",),
                "is member, which is for a customer without organization; write management or "
                "audit, or leave organization out",
            )
    elif s.organization.account_of(s.alerts_in) is None:
        cure = "set either"
        if s.organization.management_account is None:
            cure = "set it, or write alerts_in: member for accounts in no organization"
        yield (
            ("alerts_in",),
            f"is {s.alerts_in}, but organization.{s.alerts_in}_account is not set; {cure}",
        )


@check(CentralSettings, "organization", "role")
def _a_central_stack_has_an_account(s: CentralSettings) -> Problems:
    assert isinstance(s, ManagementSettings | AuditSettings)
    if s.organization.account_of(s.role) is None:
        message = f"is required by a stack in the role {s.role}"
        yield ("organization", f"{s.role}_account"), message


@check(ProtectedSettings, "organization", *("vaults", "retained_vaults", "air_gapped_vaults"))
def _an_organizations_features_have_one(s: ProtectedSettings) -> Problems:
    """What else hangs on central accounts says so where it is set."""
    if s.organization.management_account is not None:
        return
    if s.organization.cross_account_backup:
        yield (
            ("organization", "cross_account_backup"),
            "is for the accounts of an organization, and there is none: leave it out",
        )
    for field in ("vaults", "retained_vaults", "air_gapped_vaults"):
        vaults: Mapping[str, Vault | AirGappedVault] = getattr(s, field)
        for name, vault in vaults.items():
            if vault.copies_from == "organization":
                yield (
                    (field, name, "copies_from"),
                    "is organization, and there is none: leave it out, or write "
                    "organization.management_account",
                )


@check(StackSettings, "tags")
def _tag_keys_differ_by_more_than_case(s: StackSettings) -> Problems:
    """IAM refuses a role two of whose tags differ in the case of their keys alone."""
    taken = {key.lower(): key for key in PROGRAMS_TAGS}
    for key in s.tags:
        other = taken.setdefault(key.lower(), key)
        if other != key:
            theirs = "this program's own" if other in PROGRAMS_TAGS else "another key here"
            yield ("tags", key), f"differs in case only from {other}, {theirs}; write it alike"


@check(ProtectedSettings, "account", "organization", "iam")
def _a_boundary_is_the_accounts_own(s: ProtectedSettings) -> Problems:
    """IAM takes a policy of the role's own account, or AWS's."""
    policy, account = s.iam.permissions_boundary or "", account_of_stack(s)
    if (
        account is not None
        and policy.startswith("arn:")
        and policy.split(":")[4] not in (account, "aws")
    ):
        yield (
            ("iam", "permissions_boundary"),
            f"stands in another account than {account}; write its name alone, as each account has "
            "a policy of it",
        )


@check(CentralSettings, "region", "regions", "alarm_topics")
def _central_topics_hear_alarms(s: CentralSettings) -> Problems:
    yield from _deaf_topics(s)


@check(MemberSettings, "region", "regions", "reports", "alarm_topics")
def _topics_of_a_member_hear_alarms(s: MemberSettings) -> Problems:
    yield from _deaf_topics(s)


def _deaf_topics(s: StackSettings) -> Problems:
    """A topic hears alarms of its own Region alone."""
    for position, topic in enumerate(s.alarm_topics):
        region = topic.split(":")[3]
        if region not in s.alert_regions:
            yield (
                ("alarm_topics", position),
                f"is in {region}, where this stack has no alarms; name one in "
                f"{' or '.join(s.alert_regions)}",
            )


@check(ProtectedSettings, "role", "alerts_in", "ticketing")
def _ticketing_stands_with_the_bus(s: ProtectedSettings) -> Problems:
    assert isinstance(s, Settings)
    if s.ticketing is not None and s.alerts_in != s.role:
        yield ("ticketing",), f"stands with the alert bus, in the {s.alerts_in} stack (alerts_in)"


@check(MemberSettings, "organization", "account")
def _a_member_is_no_central_account(s: MemberSettings) -> Problems:
    for account, name in s.organization.accounts.items():
        if s.account == account:
            yield ("account",), f"is the {name} account: {account}"
