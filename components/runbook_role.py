"""The role in which the steps of runbooks act."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import Statement, policy_document, service_trust


@dataclass(frozen=True, kw_only=True)
class RunbookRoleArgs:
    role_name: str
    account: str
    partition: str
    permissions: Sequence[Statement]


class RunbookRole(pulumi.ComponentResource):
    arn: pulumi.Output[str]
    """Known once the role may do what it is for."""

    def __init__(
        self, name: str, args: RunbookRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:RunbookRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=args.role_name,
            assume_role_policy=service_trust(
                "ssm.amazonaws.com",
                args.account,
                source=f"arn:{args.partition}:ssm:*:{args.account}:automation-execution/*",
            ),
            opts=child,
        )
        permissions = aws.iam.RolePolicy(
            name,
            name=args.role_name,
            role=role.name,
            policy=policy_document(*args.permissions),
            opts=child,
        )
        self.arn = pulumi.Output.all(role.arn, permissions.id).apply(lambda known: known[0])
        self.register_outputs({"arn": self.arn})
