"""Ways from a VPC without one to what Run Command needs of AWS."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

_INTERFACES = ("ssm", "ssmmessages", "ec2messages", "kms", "logs")
"""https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html"""


@dataclass(frozen=True, kw_only=True)
class VpcEndpointsArgs:
    vpc: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    route_tables: Sequence[str]
    """For the gateway to S3, which the agent reads its updates from; none: no gateway."""
    region: str


class VpcEndpoints(pulumi.ComponentResource):
    def __init__(
        self, name: str, args: VpcEndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:VpcEndpoints", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for service in _INTERFACES:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args.vpc,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{args.region}.{service}",
                subnet_ids=args.subnets,
                security_group_ids=args.security_groups,
                private_dns_enabled=True,
                region=args.region,
                opts=child,
            )
        if args.route_tables:
            aws.ec2.VpcEndpoint(
                f"{name}-s3",
                vpc_id=args.vpc,
                vpc_endpoint_type="Gateway",
                service_name=f"com.amazonaws.{args.region}.s3",
                route_table_ids=args.route_tables,
                region=args.region,
                opts=child,
            )
        self.register_outputs({})
