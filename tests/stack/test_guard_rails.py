"""Whom the guard rails that are deployed keep from what: AWS's evaluation over a table of cases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

import pytest

from aws_sandbox.iam import AccessRequest, Effect, PolicyDocument, Principal, evaluate
from components.guard_rail_policies import CHARACTERS
from stacks.load import SettingsError
from stacks.warnings import warnings_of
from tests.support.document_mutants import mutants
from tests.support.examples import Case, example
from tests.support.guard_rail_variants import GUARD_RAILS, with_guard_rails
from tests.support.recorder import Recording
from tests.support.report_variants import recorded

POLICY = "aws:organizations/policy:Policy"
ATTACHMENT = "aws:organizations/policyAttachment:PolicyAttachment"
DENIED, LEFT = True, False
"""A guard rail never allows: what it does not deny it leaves to all other policies."""

MEMBER, STRANGER, TRUSTED = "000000000000", "555555555555", "666666666666"
ORGANIZATION, OTHERS = "o-exampleorg1", "o-elsewhere11"
OURS: Mapping[str, str] = {"aws:ResourceTag/managed-by": "backup-org"}
THEIRS: Mapping[str, str] = {"aws:ResourceTag/managed-by": "terraform"}


def role(name: str, account: str = MEMBER) -> Principal:
    return Principal(arn=f"arn:aws:iam::{account}:role/{name}", account=account)


ADMIN = role("administrator")
ROOT = Principal(arn=f"arn:aws:iam::{MEMBER}:root", account=MEMBER)
USER = Principal(arn=f"arn:aws:iam::{MEMBER}:user/break-glass-anna", account=MEMBER)
DEPLOY = role("OrganizationAccountAccessRole")
BREAK_GLASS = role("break-glass-anna")
SSO = role("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Rescue_0123456789abcdef")
LOOKALIKE = role("no-break-glass-anna")
BEHIND_A_PATH = role("teams/break-glass-anna")
OTHER_SSO = role("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef")
ALMOST_DEPLOY = role("OrganizationAccountAccessRole2")

POINT = "arn:aws:ec2:eu-central-1::snapshot/snap-0123456789abcdef0"
VAULT = f"arn:aws:backup:eu-central-1:{MEMBER}:backup-vault:standard"
PLAN = f"arn:aws:backup:eu-central-1:{MEMBER}:backup-plan:0a1b"
TESTING = f"arn:aws:backup:eu-central-1:{MEMBER}:restore-testing-plan:weekly-1"
REPORT = f"arn:aws:backup:eu-central-1:{MEMBER}:report-plan:jobs-1"
FRAMEWORK = f"arn:aws:backup:eu-central-1:{MEMBER}:framework:regulated-1"
HOLD = f"arn:aws:backup:eu-central-1:{MEMBER}:legal-hold:1"
KEY = f"arn:aws:kms:eu-central-1:{MEMBER}:key/11111111-2222-3333-4444-555555555555"
RECORDER = f"arn:aws:config:eu-central-1:{MEMBER}:configuration-recorder/default/1"
RESCUE = BREAK_GLASS.arn


class AccessCase(NamedTuple):
    who: Principal
    action: str
    on: str
    context: Mapping[str, str | Sequence[str]]
    denied: bool


def each(
    who: Principal, actions: str, on: str, denied: bool, context: Mapping[str, str] | None = None
) -> list[AccessCase]:
    """One case for each action of a service: `backup: A B`."""
    service, names = actions.split(":")
    return [
        AccessCase(who, f"{service}:{name}", on, context or {}, denied) for name in names.split()
    ]


DELETION = (
    "backup: DeleteRecoveryPoint DisassociateRecoveryPoint DisassociateRecoveryPointFromParent "
    "UpdateRecoveryPointLifecycle"
)
VAULTS = (
    "backup: DeleteBackupVault DeleteBackupVaultAccessPolicy PutBackupVaultAccessPolicy "
    "DeleteBackupVaultLockConfiguration PutBackupVaultLockConfiguration "
    "DisassociateBackupVaultMpaApprovalTeam"
)
PLANS = "backup: DeleteBackupPlan UpdateBackupPlan DeleteBackupSelection TagResource UntagResource"
TESTS = (
    "backup: DeleteRestoreTestingPlan UpdateRestoreTestingPlan DeleteRestoreTestingSelection "
    "UpdateRestoreTestingSelection"
)
KEY_ENDS = "kms: DisableKey ScheduleKeyDeletion DeleteImportedKeyMaterial"
KEY_CHANGES = "kms: PutKeyPolicy DisableKeyRotation TagResource UntagResource"
CONFIG = "config: StopConfigurationRecorder DeleteConfigurationRecorder DeleteDeliveryChannel"
LEAVING = [("organizations: LeaveOrganization", "*"), ("account: CloseAccount", "*")]
BECOMING = (
    "iam: CreateRole DeleteRole UpdateAssumeRolePolicy DetachRolePolicy DeleteRolePolicy "
    "PutRolePermissionsBoundary"
)

# DeleteOther and its like are names that AWS may yet give to actions: no wildcard may take them in.
PRINCIPALS: list[AccessCase] = [
    # Recovery points: nobody but break-glass, not even who deploys, nor root.
    *each(ADMIN, DELETION, POINT, DENIED),
    *each(ADMIN, "backup: CancelLegalHold", HOLD, DENIED),
    *each(DEPLOY, DELETION, POINT, DENIED),
    *each(ROOT, DELETION, POINT, DENIED),
    *each(BREAK_GLASS, DELETION, POINT, LEFT),
    *each(SSO, DELETION, POINT, LEFT),
    *each(USER, "backup: DeleteRecoveryPoint", POINT, DENIED),
    *each(LOOKALIKE, "backup: DeleteRecoveryPoint", POINT, DENIED),
    *each(BEHIND_A_PATH, "backup: DeleteRecoveryPoint", POINT, DENIED),
    *each(OTHER_SSO, "backup: DeleteRecoveryPoint", POINT, DENIED),
    *each(ADMIN, "backup: StartBackupJob StartRestoreJob DescribeRecoveryPoint", POINT, LEFT),
    # Vaults: who deploys as well, whoever made them.
    *each(ADMIN, VAULTS, VAULT, DENIED),
    *each(ADMIN, "backup: UpdateRegionSettings", "*", DENIED),
    *each(ROOT, VAULTS, VAULT, DENIED),
    *each(DEPLOY, VAULTS, VAULT, LEFT),
    *each(DEPLOY, "backup: UpdateRegionSettings", "*", LEFT),
    *each(BREAK_GLASS, VAULTS, VAULT, LEFT),
    *each(SSO, VAULTS, VAULT, LEFT),
    *each(OTHER_SSO, "backup: DeleteBackupVault", VAULT, DENIED),
    *each(ALMOST_DEPLOY, "backup: DeleteBackupVault", VAULT, DENIED),
    *each(
        ADMIN,
        "backup: CreateBackupVault ListRecoveryPointsByBackupVault PutBackupVaultNotifications "
        "DisassociateOther",
        VAULT,
        LEFT,
    ),
    # Plans, restore tests, reports, frameworks: ours, by their tag.
    *each(ADMIN, PLANS, PLAN, DENIED, OURS),
    *each(ADMIN, PLANS, PLAN, LEFT, THEIRS),
    *each(ADMIN, PLANS, PLAN, LEFT),
    *each(OTHER_SSO, "backup: DeleteBackupPlan", PLAN, DENIED, OURS),
    *each(ALMOST_DEPLOY, "backup: DeleteBackupPlan", PLAN, DENIED, OURS),
    *each(ADMIN, "backup: GetBackupPlan UpdateOther DeleteOther", PLAN, LEFT, OURS),
    *each(ADMIN, "backup: StartReportJob", REPORT, LEFT, OURS),
    *each(DEPLOY, PLANS, PLAN, LEFT, OURS),
    *each(BREAK_GLASS, PLANS, PLAN, LEFT, OURS),
    *each(SSO, PLANS, PLAN, LEFT, OURS),
    *each(ADMIN, TESTS, TESTING, DENIED, OURS),
    *each(DEPLOY, TESTS, TESTING, LEFT, OURS),
    *each(ADMIN, "backup: DeleteReportPlan UpdateReportPlan", REPORT, DENIED, OURS),
    *each(DEPLOY, "backup: DeleteReportPlan UpdateReportPlan", REPORT, LEFT, OURS),
    *each(ADMIN, "backup: DeleteFramework UpdateFramework", FRAMEWORK, DENIED, OURS),
    *each(DEPLOY, "backup: DeleteFramework UpdateFramework", FRAMEWORK, LEFT, OURS),
    *each(role("hooli-backup-service"), "backup: TagResource", POINT, LEFT, OURS),
    # Keys: ours are ended by break-glass alone, and changed by who deploys.
    *each(ADMIN, KEY_ENDS, KEY, DENIED, OURS),
    *each(DEPLOY, KEY_ENDS, KEY, DENIED, OURS),
    *each(ROOT, KEY_ENDS, KEY, DENIED, OURS),
    *each(BREAK_GLASS, KEY_ENDS, KEY, LEFT, OURS),
    *each(SSO, KEY_ENDS, KEY, LEFT, OURS),
    *each(ADMIN, KEY_ENDS, KEY, LEFT, THEIRS),
    *each(ADMIN, KEY_ENDS, KEY, LEFT),
    *each(ADMIN, KEY_CHANGES, KEY, LEFT),
    *each(OTHER_SSO, "kms: DisableKey PutKeyPolicy", KEY, DENIED, OURS),
    *each(ALMOST_DEPLOY, "kms: PutKeyPolicy", KEY, DENIED, OURS),
    *each(ADMIN, "kms: DeleteAlias DisableOther", KEY, LEFT, OURS),
    *each(ADMIN, KEY_CHANGES, KEY, DENIED, OURS),
    *each(ADMIN, KEY_CHANGES, KEY, LEFT, THEIRS),
    *each(DEPLOY, KEY_CHANGES, KEY, LEFT, OURS),
    *each(BREAK_GLASS, KEY_CHANGES, KEY, LEFT, OURS),
    *each(SSO, KEY_CHANGES, KEY, LEFT, OURS),
    *each(ADMIN, "kms: Decrypt EnableKey EnableKeyRotation CancelKeyDeletion", KEY, LEFT, OURS),
    # AWS Config, without which no framework knows anything.
    *each(ADMIN, CONFIG, RECORDER, DENIED),
    *each(DEPLOY, CONFIG, RECORDER, DENIED),
    *each(BREAK_GLASS, CONFIG, RECORDER, LEFT),
    *each(SSO, CONFIG, RECORDER, LEFT),
    *each(OTHER_SSO, "config: StopConfigurationRecorder", RECORDER, DENIED),
    *each(
        ADMIN,
        "config: StartConfigurationRecorder PutConfigurationRecorder DeleteConfigRule",
        RECORDER,
        LEFT,
    ),
    # Nobody leaves, and nobody is excepted.
    *(case for actions, on in LEAVING for case in each(ADMIN, actions, on, DENIED)),
    *(case for actions, on in LEAVING for case in each(ROOT, actions, on, DENIED)),
    *(case for actions, on in LEAVING for case in each(BREAK_GLASS, actions, on, DENIED)),
    *each(ADMIN, "organizations: DescribeOrganization", "*", LEFT),
    *each(ADMIN, "account: GetContactInformation", "*", LEFT),
    # Who could become break-glass would be bound by nothing of this.
    *each(ADMIN, BECOMING, RESCUE, DENIED),
    *each(ADMIN, BECOMING, SSO.arn, DENIED),
    *each(DEPLOY, BECOMING, RESCUE, DENIED),
    *each(BREAK_GLASS, BECOMING, RESCUE, LEFT),
    *each(SSO, BECOMING, RESCUE, LEFT),
    *each(ADMIN, BECOMING, role("hooli-backup-service").arn, LEFT),
    *each(ADMIN, BECOMING, OTHER_SSO.arn, LEFT),
    *each(OTHER_SSO, BECOMING, RESCUE, DENIED),
    *each(
        ADMIN, "iam: GetRole CreateOther DeleteOther UpdateRole DetachOther PutOther", RESCUE, LEFT
    ),
]


def called(organization: str = "", **more: str) -> Mapping[str, str]:
    """What a request tells of its caller; no organization for one that is in none."""
    return {"aws:PrincipalOrgID": organization, **more} if organization else more


def acting(account: str = "", organization: str = "", **more: str) -> Mapping[str, str]:
    """What a service tells of whom it acts for."""
    given = {"aws:SourceAccount": account, "aws:SourceOrgID": organization}
    return {**{key: value for key, value in given.items() if value}, **more}


ANONYMOUS = Principal(arn="", account="anonymous")
OUTSIDE, OUTSIDE_ALONE = role("thief", STRANGER), role("loner", "777777777777")
FRIEND = role("archive", TRUSTED)
SERVICE = Principal(arn="", account="", service="logging.s3.amazonaws.com")
BUCKETS = [
    "arn:aws:s3:::hooli-backup-reports-999999999999-eu-central-1",
    "arn:aws:s3:::hooli-audit-reports",
]
OBJECTS = [f"{bucket}/Backup/2026/11/01/jobs.csv" for bucket in BUCKETS]
THEIR_BUCKETS = ["arn:aws:s3:::hooli-website", "arn:aws:s3:::hooli-audit-reports-2"]

RESOURCES: list[AccessCase] = [
    case
    for action, places, tags in (
        ("s3:GetObject", OBJECTS, {}),
        ("s3:ListBucket", BUCKETS, {}),
        ("kms:Decrypt", [KEY], OURS),
    )
    for on in places
    for case in (
        AccessCase(OUTSIDE, action, on, {**called(OTHERS), **tags}, DENIED),
        AccessCase(OUTSIDE_ALONE, action, on, {**called(), **tags}, DENIED),
        AccessCase(ANONYMOUS, action, on, tags, DENIED),
        AccessCase(ADMIN, action, on, {**called(ORGANIZATION), **tags}, LEFT),
        AccessCase(FRIEND, action, on, {**called(OTHERS), **tags}, LEFT),
        AccessCase(SERVICE, action, on, {**acting(), **tags}, LEFT),
        AccessCase(SERVICE, action, on, {**acting(MEMBER, ORGANIZATION), **tags}, LEFT),
        AccessCase(SERVICE, action, on, {**acting(STRANGER, OTHERS), **tags}, DENIED),
        AccessCase(SERVICE, action, on, {**acting("777777777777"), **tags}, DENIED),
        AccessCase(SERVICE, action, on, {**acting(TRUSTED, OTHERS), **tags}, LEFT),
        AccessCase(ADMIN, action, on, {**called(ORGANIZATION), **acting(STRANGER), **tags}, LEFT),
    )
] + [
    AccessCase(OUTSIDE, "kms:Decrypt", KEY, {**called(OTHERS), **THEIRS}, LEFT),
    AccessCase(OUTSIDE, "kms:Decrypt", KEY, called(OTHERS), LEFT),
    AccessCase(SERVICE, "kms:Decrypt", KEY, {**acting(STRANGER, OTHERS), **THEIRS}, LEFT),
    AccessCase(SERVICE, "kms:Decrypt", KEY, acting(STRANGER, OTHERS), LEFT),
    *(AccessCase(OUTSIDE, "s3:ListBucket", one, called(OTHERS), LEFT) for one in THEIR_BUCKETS),
    *(
        AccessCase(SERVICE, "s3:PutObject", f"{one}/logs", acting(STRANGER, OTHERS), LEFT)
        for one in THEIR_BUCKETS
    ),
    AccessCase(OUTSIDE, "sqs:SendMessage", "arn:aws:sqs:eu-central-1:0:q", called(OTHERS), LEFT),
]

TABLES: Mapping[str, list[AccessCase]] = {
    "SERVICE_CONTROL_POLICY": PRINCIPALS,
    "RESOURCE_CONTROL_POLICY": RESOURCES,
}


def guarded() -> Recording:
    return recorded("guard rails")


@cache
def deployed(kind: str) -> Mapping[str, Any]:
    """The policy of a kind, as the engine is told of it."""
    (found,) = [p for p in guarded().all(POLICY) if p.inputs["type"] == kind]
    return json.loads(found.inputs["content"])


def wrong(kind: str, policy: Mapping[str, Any]) -> list[AccessCase]:
    """The cases in which a policy says something else than its table."""
    document = PolicyDocument.parse("the guard rail", policy)
    return [case for case in TABLES[kind] if denies(document, case) is not case.denied]


def denies(document: PolicyDocument, case: AccessCase) -> bool:
    request = AccessRequest(
        principal=case.who, action=case.action, resource=case.on, context=case.context
    )
    return evaluate([document], request).effect is Effect.EXPLICIT_DENY


@pytest.mark.parametrize("kind", TABLES)
def test_a_guard_rail_denies_what_the_table_says_and_nothing_else(kind: str) -> None:
    assert wrong(kind, deployed(kind)) == []


def test_the_tables_are_not_made_smaller() -> None:
    assert len(PRINCIPALS) >= 60
    assert len(RESOURCES) >= 30


UNSEEN: Mapping[str, str] = {
    "*: ArnNotLike aws:PrincipalArn → ArnNotLikeIfExists": "what is negated holds without the key",
    "*: StringNotEqualsIfExists * → StringNotEquals": "likewise; AWS's examples have it so",
    "*: BoolIfExists aws:PrincipalIsAWSService → Bool": "every request has the key",
    "*: Bool aws:PrincipalIsAWSService → BoolIfExists": "every request has the key",
    "opened": "what is allowed beside changes no denial",
}
"""Changes that no request can show, each with the reason."""


@cache
def unseen(kind: str) -> list[str]:
    # There is no operator NullIfExists.
    changed = [m for m in mutants(deployed(kind)) if "NullIfExists" not in m.change]
    return [mutant.change for mutant in changed if not wrong(kind, mutant.content)]


@pytest.mark.parametrize("kind", TABLES)
def test_whatever_is_changed_in_a_guard_rail_makes_a_case_fail(kind: str) -> None:
    found = unseen(kind)
    assert [one for one in found if not any(fnmatchcase(one, known) for known in UNSEEN)] == []


def test_each_change_that_no_request_shows_is_one() -> None:
    found = [one for kind in TABLES for one in unseen(kind)]
    assert [known for known in UNSEEN if not any(fnmatchcase(one, known) for one in found)] == []


def test_both_policies_are_attached_to_each_target_and_fit() -> None:
    policies = {p.inputs["type"]: p for p in guarded().all(POLICY)}
    assert policies.keys() == TABLES.keys()
    attached = {(*a.sources["policyId"], a.inputs["targetId"]) for a in guarded().all(ATTACHMENT)}
    assert attached == {(p.urn, "r-exam") for p in policies.values()}
    assert all(len(p.inputs["content"]) <= CHARACTERS for p in policies.values())


def problem(case: Case) -> str:
    with pytest.raises(SettingsError) as caught:
        _ = case.settings
    (found,) = caught.value.problems
    return found


def test_policies_too_long_for_aws_are_refused_with_the_cure() -> None:
    many = [f"emergency/break-glass-of-team-{number:03}" for number in range(40)]
    said = problem(with_guard_rails(break_glass_roles=many))
    assert "guard_rails.break_glass_roles: make a policy of " in said
    assert "AWS Organizations takes 5,120: name several roles by one pattern" in said
    said = problem(with_guard_rails(buckets=[f"reports-of-hooli-{n:03}" for n in range(60)]))
    assert "name fewer buckets" in said


def test_who_deploys_every_day_breaks_no_glass() -> None:
    said = problem(with_guard_rails(deploy_roles=["break-glass-deploy"]))
    assert "'break-glass-*' matches break-glass-deploy" in said


def test_another_tag_than_the_one_that_keys_are_known_by_is_refused() -> None:
    case = with_guard_rails()
    said = problem(Case(stack=case.stack, own={**case.own, "tags": {"managed-by": "us"}}))
    assert "tags.managed-by: is the tag by which guard rails know" in said


def test_a_warning_says_so_where_the_management_account_itself_has_what_they_cannot_guard() -> None:
    assert not [told for told in guarded().said if "guard_rails" in told]
    like = example("acme-management")
    own = {**like.own, "guard_rails": dict(GUARD_RAILS)}
    (told,) = warnings_of(Case(stack=like.stack, own=own).settings)
    assert told.startswith("guard_rails: do not bind this account")


@pytest.mark.parametrize("stack", ["hooli-audit", "acme-member-web"])
def test_no_account_but_the_management_account_has_them(stack: str) -> None:
    case = example(stack)
    said = problem(Case(stack=stack, own={**case.own, "guard_rails": dict(GUARD_RAILS)}))
    assert "they stand in the stack of the management account" in said
