"""The central event bus to which every account of the organization forwards its job events."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import Statement, policy_document


@dataclass(frozen=True, kw_only=True)
class AlertBusArgs:
    organization_id: pulumi.Input[str]
    """Whose accounts may put events: o-…"""


class AlertBus(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: AlertBusArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:AlertBus", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bus = aws.cloudwatch.EventBus(
            name,
            name=name,
            description="Backup, copy and restore job events of the whole organization",
            opts=child,
        )
        aws.cloudwatch.EventBusPolicy(
            name,
            event_bus_name=bus.name,
            policy=policy_document(
                Statement(
                    sid="OrganizationPutsEvents",
                    actions=["events:PutEvents"],
                    resources=[bus.arn],
                    principal="*",
                    conditions={"StringEquals": {"aws:PrincipalOrgID": args.organization_id}},
                )
            ),
            opts=child,
        )
        self.name, self.arn = bus.name, bus.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
