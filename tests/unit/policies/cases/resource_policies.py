"""Whom resources' policies let in, however that is written."""

from __future__ import annotations

import json
from typing import Any

from policies.resource_types import BUCKET_POLICY, BUCKETS, KEY, QUEUE, ROLE, TOPIC, VAULT_POLICY
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import ACCOUNT, Case, resource

OPEN, STRANGER = "resource_policy_lets_nobody_in_unnamed", "resource_policy_lets_no_stranger_in"
SOURCE = "service_uses_resource_for_a_named_source"
TRUST = "role_trusts_services_for_a_named_source"
OTHER = "444444444444"
OWN_ROOT, OTHER_ROOT = f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{OTHER}:root"
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}
PERMISSION = "aws:lambda/permission:Permission"
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
DOCUMENTS = {
    **dict.fromkeys(
        [
            *BUCKETS,
            BUCKET_POLICY,
            KEY,
            QUEUE,
            TOPIC,
            VAULT_POLICY,
            "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
            "aws:kms/keyPolicy:KeyPolicy",
            "aws:secretsmanager/secretPolicy:SecretPolicy",
            "aws:sns/topicPolicy:TopicPolicy",
            "aws:sqs/queuePolicy:QueuePolicy",
        ],
        "policy",
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    ROLE: "assumeRolePolicy",
}


def document(*statements: dict[str, Any], **statement: Any) -> str:
    allowed = [{"Effect": "Allow", "Sid": "It", **one} for one in (*statements, statement) if one]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})


def queue(*statements: dict[str, Any], **statement: Any) -> list[Resource]:
    return [resource(QUEUE, policy=document(*statements, **statement))]


def any_resource(type_: str, **props: Any) -> Resource:
    return resource(type_, **props)


def trust(**statement: Any) -> list[Resource]:
    return [resource(ROLE, assumeRolePolicy=document(**statement))]


CASES = [
    Case(rule=OPEN, what="a named account", resources=queue(Principal={"AWS": OWN_ROOT})),
    Case(rule=OPEN, what="no policy", resources=[resource(QUEUE)]),
    Case(
        rule=OPEN,
        what="a policy that is not known yet",
        resources=[resource(QUEUE, policy=UNKNOWN)],
    ),
    *(
        Case(
            rule=OPEN,
            what=f"everybody, in {name} of {type_}",
            resources=[any_resource(type_, **{name: document(Principal="*")})],
            says="lets everybody in (statement It)",
        )
        for type_, name in DOCUMENTS.items()
    ),
    Case(
        rule=OPEN,
        what="a document that is a structure, whose one statement is not known yet",
        resources=[
            resource(
                QUEUE,
                policy={
                    "Statement": [
                        {"Effect": "Allow", "Principal": {"AWS": UNKNOWN}},
                        {"Sid": "Other", "Effect": "Allow", "Principal": {"AWS": ["*"]}},
                    ]
                },
            )
        ],
        says="(statement Other)",
    ),
    Case(
        rule=OPEN,
        what="everybody, to whom something is denied",
        resources=queue(Principal="*", Effect="Deny"),
    ),
    Case(
        rule=OPEN,
        what="everybody in the resource's own organization",
        resources=queue(
            Principal="*",
            Condition={"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}},
        ),
    ),
    Case(
        rule=OPEN,
        what="everybody whose own tag says so",
        resources=queue(
            Principal="*",
            Condition={"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalTag/account}"}},
        ),
        says="lets everybody in",
    ),
    Case(
        rule=OPEN,
        what="everybody's function URL",
        resources=[resource(FUNCTION_URL, authorizationType="NONE")],
        says="lets everybody in",
    ),
    Case(
        rule=OPEN,
        what="a function URL that asks for a signature",
        resources=[resource(FUNCTION_URL, authorizationType="AWS_IAM")],
    ),
    Case(
        rule=OPEN,
        what="everybody invokes a function",
        resources=[resource(PERMISSION, principal="*")],
        says="lets everybody in",
    ),
    Case(
        rule=OPEN,
        what="an organization's accounts invoke a function",
        resources=[resource(PERMISSION, principal="*", principalOrgId="o-exampleorg1")],
    ),
    Case(
        rule=OPEN,
        what="a function's principal that is not known yet",
        resources=[resource(PERMISSION, principal=UNKNOWN)],
    ),
    Case(
        rule=OPEN,
        what="everybody sends events, by a permission of the bus",
        resources=[
            resource("aws:cloudwatch/eventPermission:EventPermission", principal="*"),
        ],
        says="lets everybody in",
    ),
    Case(
        rule=STRANGER,
        what="its own account, and the whole organization",
        resources=queue(
            {"Principal": {"AWS": [OWN_ROOT, ACCOUNT]}},
            {"Principal": "*", "Condition": ORGANIZATION},
        ),
    ),
    *(
        Case(
            rule=STRANGER,
            what=f"a stranger as {principal}",
            resources=queue(Principal=principal),
            says="lets ",
        )
        for principal in (
            {"AWS": OTHER_ROOT},
            {"AWS": OTHER},
            {"AWS": [OWN_ROOT, f"arn:aws:iam::{OTHER}:role/reader"]},
            {"AWS": f"arn:aws:iam::{OTHER}:user/reader"},
            {"AWS": f"arn:aws-cn:iam::{OTHER}:root"},
            {"AWS": f"arn:aws-us-gov:iam::{OTHER}:root"},
            {"AWS": f"arn:aws:sts::{OTHER}:assumed-role/reader/me"},
            {"AWS": "AROAEXAMPLEEXAMPLEEXA"},
            {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
        )
    ),
    Case(
        rule=STRANGER,
        what="a stranger of one's own organization",
        resources=queue(Principal={"AWS": OTHER_ROOT}, Condition=ORGANIZATION),
    ),
    Case(
        rule=STRANGER,
        what="a stranger who is denied something",
        resources=queue(Principal={"AWS": OTHER_ROOT}, Effect="Deny"),
    ),
    Case(
        rule=STRANGER,
        what="an account that is known",
        resources=queue(Principal={"AWS": OTHER_ROOT}),
        config={"known_accounts": [OTHER]},
    ),
    Case(
        rule=STRANGER,
        what="everybody of another account",
        resources=queue(Principal="*", Condition={"StringEquals": {"aws:PrincipalAccount": OTHER}}),
        says=f"lets {OTHER} in",
    ),
    Case(
        rule=STRANGER,
        what="everybody of another organization",
        resources=queue(Principal="*", Condition=ORGANIZATION),
        config={"known_organizations": ["o-ours123456"]},
        says="lets o-exampleorg1 in",
    ),
    Case(
        rule=STRANGER,
        what="one's own root, if it comes as another account's role",
        resources=queue(
            Principal={"AWS": OWN_ROOT},
            Condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/x"}},
        ),
    ),
    Case(
        rule=STRANGER,
        what="a service on another account's behalf",
        resources=queue(
            Principal={"Service": "s3.amazonaws.com"},
            Condition={"StringEquals": {"aws:SourceAccount": OTHER}},
        ),
        says=f"lets {OTHER} in",
    ),
    Case(
        rule=STRANGER,
        what="a role that another account may assume, even with an external id",
        resources=trust(
            Principal={"AWS": OTHER_ROOT}, Condition={"StringEquals": {"sts:ExternalId": "x"}}
        ),
        says=f"lets {OTHER_ROOT} in",
    ),
    Case(
        rule=STRANGER,
        what="another account invokes a function",
        resources=[resource(PERMISSION, principal=OTHER)],
        says=f"lets {OTHER} in",
    ),
    Case(
        rule=STRANGER,
        what="a resource that is shared with another organization",
        resources=[
            resource(
                "aws:ram/principalAssociation:PrincipalAssociation",
                principal=f"arn:aws:organizations::{OTHER}:organization/o-exampleorg1",
            )
        ],
        config={"known_organizations": ["o-ours123456"]},
        says="lets o-exampleorg1 in",
    ),
    Case(
        rule=STRANGER,
        what="a key that is granted to another account",
        resources=[
            resource("aws:kms/grant:Grant", granteePrincipal=f"arn:aws:iam::{OTHER}:role/x")
        ],
        says=f"lets arn:aws:iam::{OTHER}:role/x in",
    ),
    Case(
        rule=STRANGER,
        what="a resource whose account nobody tells, where no account is known",
        resources=[
            Resource(
                type=QUEUE,
                name="it",
                urn="it",
                props={"policy": document(Principal={"AWS": OTHER_ROOT})},
            )
        ],
    ),
    Case(
        rule=STRANGER,
        what="a stranger who is not known yet",
        resources=[*queue(), resource(KEY, policy=UNKNOWN)],
    ),
    Case(
        rule=SOURCE,
        what="a service on behalf of an account",
        resources=queue(
            Principal={"Service": "s3.amazonaws.com"},
            Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        ),
    ),
    Case(
        rule=SOURCE,
        what="a service on anybody's behalf",
        resources=queue(Principal={"Service": "s3.amazonaws.com"}, Action="sqs:SendMessage"),
        says="lets s3.amazonaws.com in on anybody's behalf",
    ),
    Case(
        rule=SOURCE,
        what="a condition that holds where the source is not told",
        resources=queue(
            Principal={"Service": "s3.amazonaws.com"},
            Action="sqs:SendMessage",
            Condition={"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
        ),
        says="on anybody's behalf",
    ),
    Case(
        rule=SOURCE,
        what="EventBridge and a topic, where it tells no source",
        resources=[
            resource(
                TOPIC,
                policy=document(
                    Principal={"Service": "events.amazonaws.com"}, Action="sns:Publish"
                ),
            )
        ],
    ),
    Case(
        rule=SOURCE,
        what="EventBridge and all that can be done to a topic",
        resources=[
            resource(
                TOPIC,
                policy=document(
                    Principal={"Service": "events.amazonaws.com"},
                    Action=["sns:Publish", "sns:Subscribe"],
                ),
            )
        ],
        says="lets events.amazonaws.com in on anybody's behalf",
    ),
    Case(
        rule=SOURCE,
        what="a service invokes a function for anybody",
        resources=[
            resource(PERMISSION, principal="s3.amazonaws.com", action="lambda:InvokeFunction")
        ],
        says="lets s3.amazonaws.com in on anybody's behalf",
    ),
    Case(
        rule=SOURCE,
        what="a service invokes a function for a bucket, whose ARN is not known yet",
        resources=[resource(PERMISSION, principal="s3.amazonaws.com", sourceArn=UNKNOWN)],
    ),
    Case(
        rule=TRUST,
        what="a service on behalf of an account",
        resources=trust(
            Principal={"Service": "lambda.amazonaws.com"},
            Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        ),
    ),
    Case(
        rule=TRUST,
        what="a service on anybody's behalf",
        resources=trust(Principal={"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}),
        says="trusts lambda.amazonaws.com on anybody's behalf",
    ),
    Case(
        rule=TRUST,
        what="a service that may not tell",
        resources=trust(Principal={"Service": "backup.amazonaws.com"}),
    ),
    Case(
        rule=TRUST,
        what="a trust that is not known yet",
        resources=[resource(ROLE, assumeRolePolicy=UNKNOWN)],
    ),
]
