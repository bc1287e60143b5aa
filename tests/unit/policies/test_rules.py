"""Every rule: what passes, what is refused with its cure, and what a preview cannot know yet."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from policies.choice import chosen_from
from policies.resources import UNKNOWN, Resource, Stack
from policies.rules import RULES

KEY_ARN = "arn:aws:kms:eu-central-1:333333333333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@dataclass(frozen=True, kw_only=True)
class Case:
    rule: str
    what: str
    resources: Sequence[Resource]
    says: str | None = None
    """A part of the only violation; None: there is none."""
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def unknown(self) -> bool:
        return any(UNKNOWN in resource.props.values() for resource in self.resources)


def vault(*sources: str, **props: Any) -> Resource:
    """Its key by where the ARN comes from, here the key of the stack by default."""
    return Resource(
        type="aws:backup/vault:Vault",
        name="standard",
        urn="vault",
        props=props,
        sources={"kmsKeyArn": sources or ["key"]},
    )


def key(**props: Any) -> Resource:
    return Resource(type="aws:kms/key:Key", name="key", urn="key", props=props)


def bucket(name: str = "reports") -> Resource:
    return Resource(type="aws:s3/bucket:Bucket", name=name, urn=name, props={"bucket": name})


def about_bucket(type_: str, source: str | None = "reports", /, **props: Any) -> Resource:
    """Its bucket by name; where that is unknown, by the bucket that it comes from."""
    props = {"bucket": "reports", **props}
    sources = {"bucket": [source]} if source and props["bucket"] is UNKNOWN else {}
    return Resource(type=f"aws:s3/{type_}", name="x", urn=type_, props=props, sources=sources)


def block_of_unknown(source: str | None) -> Resource:
    blocks: dict[str, Any] = dict.fromkeys(BLOCKS, True)
    type_ = "bucketPublicAccessBlock:BucketPublicAccessBlock"
    return about_bucket(type_, source, bucket=UNKNOWN, **blocks)


def plan_to(name: Any, *sources: str) -> Resource:
    return Resource(
        type="aws:backup/reportPlan:ReportPlan",
        name="plan",
        urn=f"plan to {sources or name}",
        props={"reportDeliveryChannel": {"s3BucketName": name}},
        sources={"reportDeliveryChannel": sources},
    )


def block(**props: Any) -> Resource:
    all_blocks = dict.fromkeys(BLOCKS, True)
    return about_bucket(
        "bucketPublicAccessBlock:BucketPublicAccessBlock", **{**all_blocks, **props}
    )


def policy(**statement: Any) -> Resource:
    document = {"Statement": [{"Sid": "First", "Effect": "Allow", **statement}]}
    return about_bucket("bucketPolicy:BucketPolicy", policy=json.dumps(document))


PLAN = plan_to("reports")
UNKNOWN_POLICY = about_bucket("bucketPolicy:BucketPolicy", policy=UNKNOWN)
NO_BLOCK = "the bucket other has no BucketPublicAccessBlock; add one"
TODAY = datetime.date(2026, 11, 27)
SLR = {"AWS": "arn:aws:iam::111111111111:role/x"}

CASES = [
    Case(
        rule="vault_is_encrypted",
        what="a key that rotates",
        resources=[vault(kmsKeyArn=KEY_ARN), key(enableKeyRotation=True)],
    ),
    Case(rule="vault_is_encrypted", what="the AWS-managed key", resources=[vault()]),
    Case(
        rule="vault_is_encrypted",
        what="an alias",
        resources=[vault(kmsKeyArn="alias/mine")],
        says="give the ARN of a key",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a disabled key",
        resources=[vault(kmsKeyArn=UNKNOWN), key(enableKeyRotation=True, isEnabled=False)],
        says="enable it",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a key that does not rotate",
        resources=[vault(kmsKeyArn=KEY_ARN), key()],
        says="set enableKeyRotation",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a state that is not known yet hides nothing of the key's rotation",
        resources=[vault(kmsKeyArn=UNKNOWN), key(isEnabled=UNKNOWN)],
        says="set enableKeyRotation",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a vault that is not known yet hides nothing of another",
        resources=[vault(kmsKeyArn=UNKNOWN), vault(kmsKeyArn="alias/mine")],
        says="give the ARN of a key",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a key that is not known yet",
        resources=[vault(kmsKeyArn=UNKNOWN), key(enableKeyRotation=UNKNOWN)],
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key that was brought along, and is known",
        resources=[vault(kmsKeyArn=KEY_ARN)],
        config={"known_keys": [KEY_ARN]},
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key that is not among the known ones",
        resources=[vault(kmsKeyArn=KEY_ARN.replace("key/", "key/0"))],
        config={"known_keys": [KEY_ARN]},
        says="one of unknown origin",
    ),
    Case(
        rule="vault_has_its_own_key",
        what="its own key",
        resources=[vault(kmsKeyArn=KEY_ARN), key()],
    ),
    Case(
        rule="vault_has_its_own_key",
        what="its own key, whose ARN is not known yet",
        resources=[vault(kmsKeyArn=UNKNOWN), key()],
    ),
    Case(
        rule="vault_has_its_own_key",
        what="no key, where a preview does not know which one AWS takes",
        resources=[vault("none", kmsKeyArn=UNKNOWN), key()],
        says="set `key: customer_managed`",
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key by its ARN alone, which may be AWS's",
        resources=[vault("none", kmsKeyArn=KEY_ARN), key()],
        says="set `key: customer_managed`",
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a closed bucket",
        resources=[PLAN, bucket(), block(), policy(Principal=SLR)],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="everybody of the organization",
        resources=[
            PLAN,
            bucket(),
            block(),
            policy(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-x"}}),
        ],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="an open bucket without reports",
        resources=[PLAN, bucket(), block(), bucket("other")],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="no access block",
        resources=[PLAN, bucket()],
        says="has no BucketPublicAccessBlock; add one",
    ),
    *(
        Case(
            rule="reports_bucket_is_closed",
            what=f"{name} off",
            resources=[PLAN, bucket(), block(**{name: False})],
            says=f"leaves {name} off",
        )
        for name in BLOCKS
    ),
    *(
        Case(
            rule="reports_bucket_is_closed",
            what=f"a policy for {principal}",
            resources=[PLAN, bucket(), block(), policy(Principal=principal)],
            says="statement First",
        )
        for principal in ("*", {"AWS": "*"}, {"AWS": ["*"]}, {"AWS": ["*", SLR["AWS"]]})
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="everybody who comes over TLS",
        resources=[
            PLAN,
            bucket(),
            block(),
            policy(Principal="*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
        ],
        says="statement First",
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a policy that is not known yet hides nothing of its own bucket",
        resources=[PLAN, bucket(), UNKNOWN_POLICY],
        says="the bucket reports has no BucketPublicAccessBlock; add one",
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a policy that is not known yet hides nothing of another bucket",
        resources=[
            PLAN,
            bucket(),
            block(),
            UNKNOWN_POLICY,
            plan_to("other"),
            bucket("other"),
        ],
        says=NO_BLOCK,
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a new bucket's own access block hides nothing of another bucket",
        resources=[
            plan_to(UNKNOWN, "reports"),
            bucket(),
            block_of_unknown("reports"),
            plan_to(UNKNOWN, "other"),
            bucket("other"),
        ],
        says=NO_BLOCK,
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a plan whose bucket is not known yet hides nothing of the others",
        resources=[plan_to(UNKNOWN), plan_to("other"), bucket("other")],
        says=NO_BLOCK,
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="one block that is not known yet hides nothing of the others",
        resources=[PLAN, bucket(), block(blockPublicAcls=UNKNOWN, restrictPublicBuckets=False)],
        says="leaves restrictPublicBuckets off",
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="an access block that may be the bucket's",
        resources=[PLAN, bucket(), block_of_unknown(None)],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a plan that may deliver to the bucket",
        resources=[plan_to(UNKNOWN), bucket()],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="an access block that is not known yet",
        resources=[PLAN, bucket(), block(blockPublicAcls=UNKNOWN)],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a bucket's name that is not known yet",
        resources=[PLAN, bucket(), block(bucket=UNKNOWN, blockPublicAcls=False)],
        says="leaves blockPublicAcls off",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.what}")
def test_rule(case: Case) -> None:
    rule = RULES[case.rule]
    config = rule.config("regulated", chosen_from(case.config))
    found = rule.violations(Stack(case.resources), config, today=TODAY)
    messages = [message for _, message in found]
    if case.says is None:
        assert messages == []
    else:
        assert len(messages) == 1
        assert case.says in messages[0]


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_has_a_passing_a_failing_and_an_unknown_case(rule: str) -> None:
    cases = [case for case in CASES if case.rule == rule]
    assert any(case.says is None and not case.unknown for case in cases)
    assert any(case.says is not None for case in cases)
    assert any(case.says is None and case.unknown for case in cases)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_says_what_it_wants(rule: Any) -> None:
    assert rule.description
