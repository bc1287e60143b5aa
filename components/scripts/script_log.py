"""The log group that has the output of scripts, in one Region."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class ScriptLogArgs:
    log_group_name: str
    retention_days: int
    region: str


class ScriptLog(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ScriptLogArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ScriptLog", name, None, opts)
        logs = aws.cloudwatch.LogGroup(
            name,
            name=args.log_group_name,
            retention_in_days=args.retention_days,
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name, self.arn = logs.name, logs.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
