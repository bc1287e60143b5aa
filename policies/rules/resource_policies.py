"""Rules about whom the policy of any resource lets in."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policies.citations import aws_guide, config_rule, nist, security_hub, well_architected
from policies.resource_types import BUCKET_POLICY, BUCKETS, KEY, QUEUE, ROLE, TOPIC, VAULT_POLICY
from policies.resources import Resource
from policies.rule import Config, Setting, over_resource
from policies.services import TELL_NO_SOURCE, TRUSTED_WITHOUT_SOURCE
from policies.statements import (
    Ours,
    Statement,
    lets_everybody_in,
    services_without_source,
    statements,
    strangers,
)

_IN: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *BUCKETS,
            BUCKET_POLICY,
            KEY,
            QUEUE,
            TOPIC,
            VAULT_POLICY,
            "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
            "aws:dynamodb/resourcePolicy:ResourcePolicy",
            "aws:glue/resourcePolicy:ResourcePolicy",
            "aws:kms/externalKey:ExternalKey",
            "aws:kms/keyPolicy:KeyPolicy",
            "aws:kms/replicaKey:ReplicaKey",
            "aws:lambda/resourcePolicy:ResourcePolicy",
            "aws:s3/accessPoint:AccessPoint",
            "aws:secretsmanager/secret:Secret",
            "aws:secretsmanager/secretPolicy:SecretPolicy",
            "aws:sns/topicPolicy:TopicPolicy",
            "aws:sqs/queuePolicy:QueuePolicy",
        ),
        "policy",
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": "accessPolicy",
}
"""Where a resource's policy stands, by type."""


def _permission(permission: Resource) -> Mapping[str, Any]:
    """That of a function, as AWS writes it into the function's policy."""
    principal = permission.get("principal")
    of_service = isinstance(principal, str) and principal.endswith((".com", ".com.cn"))
    return {
        "Principal": {"Service": principal} if of_service else {"AWS": principal},
        "Condition": {
            "ArnLike": _given({"aws:SourceArn": permission.props.get("sourceArn")}),
            "StringEquals": _given(
                {
                    "aws:SourceAccount": permission.props.get("sourceAccount"),
                    "aws:PrincipalOrgID": permission.props.get("principalOrgId"),
                }
            ),
        },
    }


def _layer_permission(permission: Resource) -> Mapping[str, Any]:
    organization = {"aws:PrincipalOrgID": permission.props.get("organizationId")}
    return {
        "Principal": {"AWS": permission.get("principal")},
        "Condition": {"StringEquals": _given(organization)},
    }


def _function_url(url: Resource) -> Mapping[str, Any]:
    """A URL that asks for no signature is open to everybody."""
    return {"Principal": "*"} if url.get("authorizationType") == "NONE" else {"Effect": "Deny"}


def _bus_permission(permission: Resource) -> Mapping[str, Any]:
    condition = permission.get("condition")
    of_whom = {condition["key"]: condition["value"]} if condition else {}
    return {
        "Principal": {"AWS": permission.get("principal")},
        "Condition": {condition["type"]: of_whom} if condition else {},
    }


def _grant(grant: Resource) -> Mapping[str, Any]:
    return {"Principal": {"AWS": grant.get("granteePrincipal")}}


def _share(association: Resource) -> Mapping[str, Any]:
    """With an account, a role or user, or all of an organization or unit."""
    principal = str(association.get("principal"))
    if ":organizations:" in principal:
        organization = principal.split("/")[1]
        return {
            "Principal": "*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization}},
        }
    return {"Principal": {"AWS": principal}}


_AS_STATEMENT: Mapping[str, Callable[[Resource], Mapping[str, Any]]] = {
    "aws:cloudwatch/eventPermission:EventPermission": _bus_permission,
    "aws:kms/grant:Grant": _grant,
    "aws:lambda/functionUrl:FunctionUrl": _function_url,
    "aws:lambda/layerVersionPermission:LayerVersionPermission": _layer_permission,
    "aws:lambda/permission:Permission": _permission,
    "aws:ram/principalAssociation:PrincipalAssociation": _share,
}
"""Resources that are one statement of another's policy."""
_ALL = (*_IN, *_AS_STATEMENT)


def _of(resource: Resource) -> list[Statement]:
    if resource.type == ROLE:
        return statements(resource.props.get("assumeRolePolicy"))
    if resource.type in _IN:
        return statements(resource.props.get(_IN[resource.type]))
    return statements({"Statement": {"Effect": "Allow", **_AS_STATEMENT[resource.type](resource)}})


def _given(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


@over_resource(
    *_ALL,
    ROLE,
    severity="critical",
    cites=[
        security_hub("KMS.5"),
        security_hub("Lambda.1"),
        security_hub("SNS.4"),
        security_hub("SQS.3"),
        nist("AC-3"),
        well_architected("SEC03-BP07"),
    ],
)
def resource_policy_lets_nobody_in_unnamed(resource: Resource, _: Config) -> Iterator[str]:
    """A resource's policy lets everybody in only with a condition that says who.

    That names an organization, an account, a principal, a source or a VPC, with an operator that
    does not hold where the key is absent. All but one account or organization (NotPrincipal) is
    everybody too, and so is a function's URL without authorization.
    """
    for statement in _of(resource):
        if lets_everybody_in(statement):
            yield (
                f"its policy lets everybody in (statement {statement.called}); name a principal, "
                "or condition it on the organization"
            )


@over_resource(
    *_ALL,
    ROLE,
    severity="high",
    cites=[
        security_hub("S3.6"),
        nist("AC-4"),
        well_architected("SEC03-BP08"),
        config_rule("s3-bucket-policy-grantee-check"),
    ],
    settings={
        "known_accounts": Setting(
            what="Accounts besides the resource's own that policies may let in",
            schema={"type": "array", "items": {"type": "string", "pattern": r"^\d{12}$"}},
            default=[],
        ),
        "known_organizations": Setting(
            what="Organizations that policies may let in; none named: any that is named there",
            schema={"type": "array", "items": {"type": "string", "pattern": "^o-[a-z0-9]+$"}},
            default=[],
        ),
    },
)
def resource_policy_lets_no_stranger_in(resource: Resource, config: Config) -> Iterator[str]:
    """A resource's policy lets in no account or organization that is not known as one's own.

    Neither by its root, a role or user, a bare account id or a canonical user, nor as the account
    in whose name a service comes. Whose a resource is, is told by its provider's allowedAccountIds
    or by its ARN; where neither tells and no account is known, no account is a stranger.
    """
    ours = Ours(
        account=resource.account,
        accounts=config["known_accounts"],
        organizations=config["known_organizations"],
    )
    for statement in _of(resource):
        for stranger in strangers(statement, ours):
            yield (
                f"its policy lets {stranger} in (statement {statement.called}), who is none of "
                "yours; take that away, condition it on your organization, or name the account "
                "under known_accounts"
            )


@over_resource(
    *_ALL,
    severity="medium",
    cites=[
        aws_guide("The confused deputy problem", "IAM/latest/UserGuide/confused-deputy.html"),
        nist("AC-6"),
    ],
)
def service_uses_resource_for_a_named_source(resource: Resource, _: Config) -> Iterator[str]:
    """A resource's policy lets an AWS service in on behalf of a named source or account only.

    Else anybody's topic, rule or bucket makes the service act upon it. A service that tells no
    source, where AWS's guides say so, needs none.
    """
    for statement in _of(resource):
        for service in services_without_source(statement):
            if not _tells_none(service, statement):
                yield (
                    f"its policy lets {service} in on anybody's behalf (statement "
                    f"{statement.called}); condition it on aws:SourceArn or aws:SourceAccount"
                )


def _tells_none(service: str, statement: Statement) -> bool:
    allowed = {action for of, action in TELL_NO_SOURCE if of == service}
    return bool(statement.actions) and {action.lower() for action in statement.actions} <= allowed


@over_resource(
    ROLE,
    severity="medium",
    cites=[
        aws_guide("The confused deputy problem", "IAM/latest/UserGuide/confused-deputy.html"),
        nist("AC-6"),
    ],
)
def role_trusts_services_for_a_named_source(role: Resource, _: Config) -> Iterator[str]:
    """A role trusts an AWS service on behalf of a named source or account only.

    Else the service can be made to assume it by anybody who uses the service. Services that may not
    tell in whose name they come need no such condition, or one that holds where they don't.
    """
    for statement in statements(role.props.get("assumeRolePolicy")):
        for service in services_without_source(statement):
            if service not in TRUSTED_WITHOUT_SOURCE:
                yield (
                    f"it trusts {service} on anybody's behalf; condition that on "
                    "aws:SourceAccount or aws:SourceArn"
                )
