"""What makes an instance managed by Systems Manager, and lets it write its scripts' output."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import Statement, policy_document, service_trust


@dataclass(frozen=True, kw_only=True)
class InstanceProfileArgs:
    profile_name: str
    """And its role's."""
    account: str
    partition: str
    log_group_arns: Sequence[pulumi.Input[str]]
    output_bucket: str | None
    output_prefix: str


class InstanceProfile(pulumi.ComponentResource):
    name: pulumi.Output[str]

    def __init__(
        self, name: str, args: InstanceProfileArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:InstanceProfile", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=args.profile_name,
            assume_role_policy=service_trust(_ec2(args.partition), args.account),
            opts=child,
        )
        aws.iam.RolePolicyAttachment(
            f"{name}-managed",
            role=role.name,
            policy_arn=f"arn:{args.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore",
            opts=child,
        )
        aws.iam.RolePolicy(
            name,
            name=args.profile_name,
            role=role.name,
            policy=policy_document(*_output(args)),
            opts=child,
        )
        profile = aws.iam.InstanceProfile(name, name=args.profile_name, role=role.name, opts=child)
        self.name = profile.name
        self.register_outputs({"name": self.name})


def _ec2(partition: str) -> str:
    """The one service here that is called otherwise in China: so AWS's CDK has it, in its package
    region-info."""
    return "ec2.amazonaws.com.cn" if partition == "aws-cn" else "ec2.amazonaws.com"


def _output(args: InstanceProfileArgs) -> list[Statement]:
    """The agent writes a script's output itself, as the instance."""
    statements = [
        Statement(
            sid="WriteOutputToTheLog",
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[pulumi.Output.concat(arn, ":*") for arn in args.log_group_arns],
        ),
        Statement(
            sid="FindTheLog",
            actions=["logs:DescribeLogGroups"],
            resources=[f"arn:{args.partition}:logs:*:{args.account}:log-group:*"],
        ),
    ]
    if args.output_bucket is not None:
        statements.append(
            Statement(
                sid="WriteOutputToTheBucket",
                actions=["s3:PutObject"],
                resources=[
                    f"arn:{args.partition}:s3:::{args.output_bucket}/{args.output_prefix}/*"
                ],
            )
        )
    return statements
