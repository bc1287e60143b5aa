"""Checks of a stack's settings that span several fields; importing this registers them."""

from datetime import timedelta

from reports.digest.schedules import shortest_gap
from stacks import report_checks, report_mail_checks
from stacks.check import CHECKS, Location, Problems, check
from stacks.settings import (
    PROGRAMS_TAGS,
    AuditSettings,
    CentralSettings,
    ManagementSettings,
    MemberSettings,
    StackSettings,
)

__all__ = ["CHECKS", "Location", "report_checks", "report_mail_checks"]


@check(StackSettings, "organization")
def _central_accounts_differ(s: StackSettings) -> Problems:
    if s.organization.audit_account == s.organization.management_account:
        yield (
            ("organization", "audit_account"),
            "is the management account; leave it out and set alerts_in: management",
        )


@check(StackSettings, "organization", "alerts_in")
def _alerts_have_an_account(s: StackSettings) -> Problems:
    if s.alerts_in == "audit" and s.organization.audit_account is None:
        yield ("alerts_in",), "is audit, but organization.audit_account is not set; set either"


@check(AuditSettings, "organization")
def _an_audit_stack_has_an_account(s: AuditSettings) -> Problems:
    if s.organization.audit_account is None:
        yield ("organization", "audit_account"), "is required by a stack in the role audit"


@check(StackSettings, "tags")
def _tag_keys_differ_by_more_than_case(s: StackSettings) -> Problems:
    """IAM refuses a role two of whose tags differ in the case of their keys alone."""
    taken = {key.lower(): key for key in PROGRAMS_TAGS}
    for key in s.tags:
        other = taken.setdefault(key.lower(), key)
        if other != key:
            theirs = "this program's own" if other in PROGRAMS_TAGS else "another key here"
            yield ("tags", key), f"differs in case only from {other}, {theirs}; write it alike"


@check(CentralSettings, "region", "alarm_topics")
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


@check(CentralSettings, "role", "alerts_in", "ticketing")
def _ticketing_stands_with_the_bus(s: CentralSettings) -> Problems:
    assert isinstance(s, ManagementSettings | AuditSettings)
    if s.ticketing is not None and s.alerts_in != s.role:
        yield ("ticketing",), f"stands with the alert bus, in the {s.alerts_in} stack (alerts_in)"


@check(MemberSettings, "organization", "account")
def _a_member_is_no_central_account(s: MemberSettings) -> Problems:
    for name, account in s.organization:
        if s.account == account:
            yield ("account",), f"is the {name.removesuffix('_account')} account: {account}"


@check(MemberSettings, "regions")
def _regions_are_named_once(s: MemberSettings) -> Problems:
    for position, region in enumerate(s.regions):
        if region in s.regions[:position]:
            yield ("regions", position), f"{region} is named twice"


@check(MemberSettings, "vaults", "plans")
def _plans_name_vaults_of_the_stack(s: MemberSettings) -> Problems:
    for name, plan in s.plans.items():
        if plan.vault not in s.vaults:
            known = ", ".join(sorted(s.vaults))
            yield ("plans", name, "vault"), f"{plan.vault!r} is none of the stack's vaults: {known}"


@check(MemberSettings, "vaults", "retained_vaults")
def _a_vault_is_in_use_or_retained(s: MemberSettings) -> Problems:
    for name in sorted(s.vaults.keys() & s.retained_vaults.keys()):
        yield ("retained_vaults", name), "is among the vaults in use, too; leave it in one place"


@check(MemberSettings, "plans")
def _rules_run_as_seldom_as_aws_demands(s: MemberSettings) -> Problems:
    for plan_name, plan in s.plans.items():
        for name, rule in plan.rules.items():
            gap = shortest_gap(rule.schedule)
            if gap is not None and gap < timedelta(hours=1):
                yield (
                    ("plans", plan_name, "rules", name, "schedule"),
                    f"runs {gap.seconds // 60} minutes apart; AWS Backup refuses less than 60",
                )


@check(MemberSettings, "plans")
def _rules_hold_what_aws_demands(s: MemberSettings) -> Problems:
    for plan_name, plan in s.plans.items():
        for name, rule in plan.rules.items():
            where = ("plans", plan_name, "rules", name)
            cold = rule.move_to_cold_storage_after_days
            if cold is not None and rule.delete_after_days < cold + 90:
                yield (
                    (*where, "delete_after_days"),
                    f"is {rule.delete_after_days}, but what moves to cold storage after {cold} "
                    f"days stays there 90 days at least: {cold + 90} or more",
                )
            if rule.completion_window_minutes < rule.start_window_minutes + 60:
                yield (
                    (*where, "completion_window_minutes"),
                    "must exceed start_window_minutes by 60 at least, "
                    f"is {rule.completion_window_minutes}",
                )
