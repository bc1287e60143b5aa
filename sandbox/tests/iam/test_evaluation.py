from typing import Any

import pytest

from aws_sandbox.iam import (
    AccessRequest,
    Decision,
    Effect,
    Grant,
    PolicyDocument,
    Principal,
    combine,
    evaluate,
)

ROLE = "arn:aws:iam::222222222222:role/worker"
ME = Principal(
    arn=ROLE,
    account="222222222222",
    session_arn="arn:aws:sts::222222222222:assumed-role/worker/now",
)
EVENTS = Principal(arn="", account="", service="events.amazonaws.com")
OBJECT = "arn:aws:s3:::bucket/key"
ROOT = "arn:aws:iam::222222222222:root"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> PolicyDocument:
    defaults = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    listed = [
        {k: v for k, v in {**defaults, **given}.items() if v is not None} for given in statements
    ]
    return PolicyDocument.parse("mine", {"Version": version, "Statement": listed})


def ask(
    principal: Principal = ME, action: str = "s3:GetObject", resource: str = OBJECT, **context: str
) -> AccessRequest:
    keys = {name.replace("__", ":"): value for name, value in context.items()}
    return AccessRequest(principal=principal, action=action, resource=resource, context=keys)


@pytest.mark.parametrize(
    ("given", "effect"),
    [
        ({"Action": "s3:getobject"}, Effect.ALLOW),
        ({"Action": ["s3:Put*", "s3:Get?bject"]}, Effect.ALLOW),
        ({"Action": "s3:PutObject"}, Effect.IMPLICIT_DENY),
        ({"Action": None, "NotAction": "s3:Put*"}, Effect.ALLOW),
        ({"Action": None, "NotAction": "s3:*"}, Effect.IMPLICIT_DENY),
        ({"Resource": "arn:aws:s3:::bucket/*"}, Effect.ALLOW),
        ({"Resource": "arn:aws:s3:::other/*"}, Effect.IMPLICIT_DENY),
        ({"Resource": None, "NotResource": "arn:aws:s3:::other/*"}, Effect.ALLOW),
        ({"Resource": "arn:aws:s3:::bucket/${aws:PrincipalAccount}"}, Effect.IMPLICIT_DENY),
        ({"Effect": "Deny"}, Effect.EXPLICIT_DENY),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/w*"}}}, Effect.ALLOW),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, Effect.IMPLICIT_DENY),
    ],
)
def test_a_statement_speaks_of_actions_resources_and_conditions(
    given: dict[str, Any], effect: Effect
) -> None:
    assert evaluate([policy(given)], ask()).effect is effect


@pytest.mark.parametrize(
    ("principal", "who", "matches"),
    [
        ("*", ME, True),
        ({"AWS": "*"}, ME, True),
        ({"AWS": "*"}, EVENTS, True),
        ({"AWS": ROLE}, ME, True),
        ({"AWS": ME.session_arn}, ME, True),
        ({"AWS": "222222222222"}, ME, True),
        ({"AWS": "333333333333"}, ME, False),
        ({"AWS": "arn:aws:iam::222222222222:role/other"}, ME, False),
        ({"Service": "events.amazonaws.com"}, EVENTS, True),
        ({"Service": "events.amazonaws.com"}, ME, False),
        ({"Service": ["sns.amazonaws.com"]}, EVENTS, False),
    ],
)
def test_a_statement_speaks_of_principals(principal: Any, who: Principal, matches: bool) -> None:
    assert evaluate([policy({"Principal": principal})], ask(who)).allowed is matches


@pytest.mark.parametrize(
    ("excepted", "denied"),
    [
        ({"AWS": [ROLE, ROOT]}, False),
        ({"AWS": [ROLE]}, True),
        ({"AWS": [ROOT]}, True),
        ({"Service": "events.amazonaws.com"}, True),
    ],
)
def test_not_principal_leaves_out_who_is_listed_with_its_account(
    excepted: Any, denied: bool
) -> None:
    decision = evaluate([policy({"Effect": "Deny", "NotPrincipal": excepted})], ask())
    assert (decision.effect is Effect.EXPLICIT_DENY) is denied


def test_a_deny_wins_wherever_it_stands_and_is_named() -> None:
    decision = evaluate([policy({}, {"Effect": "Deny", "Sid": "Never"}), policy({})], ask())
    assert decision == Decision(
        effect=Effect.EXPLICIT_DENY, reason="mine statement 1 (Never) denies it"
    )


def test_variables_need_the_newer_version() -> None:
    mine = "arn:aws:s3:::bucket/${aws:PrincipalAccount}"
    request = ask(resource="arn:aws:s3:::bucket/222222222222")
    assert evaluate([policy({"Resource": mine})], request).allowed
    assert not evaluate([policy({"Resource": mine}, version="2008-10-17")], request).allowed


def test_the_reason_of_nothing_names_action_resource_and_principal() -> None:
    reason = evaluate([policy({"Action": "sqs:*"})], ask()).reason
    assert reason == f"no statement of mine allows s3:GetObject on {OBJECT} to {ME.session_arn}"


ALLOW = policy({})
NOTHING = policy({"Action": "sqs:*"})
DENY = policy({"Effect": "Deny"})
TO_ME = policy({"Principal": {"AWS": ROLE}})
TO_ACCOUNT = policy({"Principal": {"AWS": "222222222222"}})
TO_NOBODY = policy({"Principal": {"AWS": "444444444444"}})
DENIES_ALL = policy({"Principal": "*", "Effect": "Deny"})


@pytest.mark.parametrize(
    ("identity", "resource", "same_account", "cross_account", "key"),
    [
        (ALLOW, None, True, False, False),
        (NOTHING, None, False, False, False),
        (ALLOW, TO_NOBODY, True, False, False),
        (NOTHING, TO_ME, True, False, True),
        (ALLOW, TO_ME, True, True, True),
        (NOTHING, TO_ACCOUNT, False, False, False),
        (ALLOW, TO_ACCOUNT, True, True, True),
        (DENY, TO_ME, False, False, False),
        (ALLOW, DENIES_ALL, False, False, False),
    ],
)
def test_identity_and_resource_policies_together(
    identity: PolicyDocument,
    resource: PolicyDocument | None,
    same_account: bool,
    cross_account: bool,
    key: bool,
) -> None:
    """One row: what the role's policy says, what the resource's says, and the three answers."""
    documents = [] if resource is None else [resource]
    answers = [
        combine(
            ask(), resource_account=owner, identity=[identity], resource=documents, grant=grant
        ).allowed
        for owner, grant in [
            ("222222222222", Grant.EITHER),
            ("333333333333", Grant.EITHER),
            ("222222222222", Grant.RESOURCE),
        ]
    ]
    assert answers == [same_account, cross_account, key]


def test_a_service_is_allowed_by_the_resource_alone() -> None:
    to_events = policy({"Principal": {"Service": "events.amazonaws.com"}})
    for account in ("222222222222", "333333333333"):
        assert combine(ask(EVENTS), resource_account=account, resource=[to_events]).allowed
    assert not combine(ask(EVENTS), resource_account="222222222222", resource=[TO_ME]).allowed


def test_a_limit_must_allow_as_well() -> None:
    allowed = combine(ask(), resource_account="222222222222", identity=[ALLOW], limits=[[ALLOW]])
    assert allowed.allowed
    for limit in ([NOTHING], [], [DENY]):
        limited = combine(
            ask(),
            resource_account="222222222222",
            identity=[ALLOW],
            resource=[TO_ME],
            limits=[limit],
        )
        assert not limited.allowed
