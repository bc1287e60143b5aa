"""IAM policy documents, written as statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

Conditions = Mapping[str, Mapping[str, pulumi.Input[str] | Sequence[pulumi.Input[str]]]]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. Resource policies have a principal; a role's trust has no resources."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    principal: Mapping[str, pulumi.Input[str]] | Literal["*"] | None = None
    conditions: Conditions = field(default_factory=dict[str, Any])

    def render(self) -> dict[str, Any]:
        """As it stands in a policy."""
        rendered: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
        }
        if self.resources:
            rendered["Resource"] = list(self.resources)
        if self.principal is not None:
            rendered["Principal"] = self.principal
        if self.conditions:
            rendered["Condition"] = self.conditions
        return rendered


def policy_document(*statements: Statement) -> pulumi.Output[str]:
    """The JSON text of a policy."""
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [s.render() for s in statements]}
    )


def may_pass(sid: str, role_arn: pulumi.Input[str], service: str) -> Statement:
    """Lets a role be handed over to one AWS service."""
    return Statement(
        sid=sid,
        actions=["iam:PassRole"],
        resources=[role_arn],
        conditions={"StringEquals": {"iam:PassedToService": service}},
    )


def rule_may_send(
    rule_arn: pulumi.Input[str] | Sequence[pulumi.Input[str]], queue_arn: pulumi.Input[str]
) -> Statement:
    """Lets EventBridge's rule, or several, send to a queue."""
    return Statement(
        sid="RuleSends",
        actions=["sqs:SendMessage"],
        resources=[queue_arn],
        principal={"Service": "events.amazonaws.com"},
        conditions={"ArnEquals": {"aws:SourceArn": rule_arn}},
    )


SOURCE_MAY_BE_UNTOLD: Mapping[str, str] = {
    "backup.amazonaws.com": "AWS Backup's guide has no condition in the trust of its roles, and no "
    "page says whether it tells the source: aws-backup/latest/devguide/iam-service-roles.html",
    "ec2.amazonaws.com": "EC2 has its instances' roles by itself, and tells no source",
    "malware-protection.guardduty.amazonaws.com": "GuardDuty's guide has no condition in the trust "
    "of roles for scans: guardduty/latest/ug/malware-protection-s3-iam-policy-prerequisite.html",
    "s3.amazonaws.com": "S3's guide has no condition in the trust of roles for replication: "
    "AmazonS3/latest/userguide/setting-repl-config-perm-overview.html",
}
"""Services of which no guide says that they tell, as they assume a role, in whose name: why.

Of Lambda, EventBridge, Scheduler and Automation AWS's guides say so.
"""


def service_trust(service: str, account: str, *, source: str = "") -> pulumi.Output[str]:
    """The trust policy of a role in which an AWS service acts."""
    return policy_document(service_trust_statement(service, account, source=source))


def service_trust_statement(service: str, account: str, *, source: str = "") -> Statement:
    """Lets an AWS service act in a role, in the name of this account alone.

    `source` is the ARN, with wildcards, of what acts there. A service that may not tell the account
    is held to it where it does: a role that cannot be assumed would back nothing up.
    """
    equals = (
        "StringEqualsIfExists"
        if service.removesuffix(".cn") in SOURCE_MAY_BE_UNTOLD
        else "StringEquals"
    )
    conditions: Conditions = {equals: {"aws:SourceAccount": account}}
    if source:
        conditions = {**conditions, "ArnLike": {"aws:SourceArn": source}}
    return Statement(
        sid="TrustTheServiceForThisAccount",
        actions=["sts:AssumeRole"],
        principal={"Service": service},
        conditions=conditions,
    )
