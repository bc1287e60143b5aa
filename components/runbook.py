"""A runbook: an Automation document of Systems Manager, in one Region."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class RunbookArgs:
    document_name: str
    description: str
    """Markdown, which the console shows."""
    role_arn: pulumi.Input[str]
    """The role in which its steps act."""
    parameters: Mapping[str, Mapping[str, Any]]
    steps: Sequence[Mapping[str, Any]]
    """As in mainSteps."""
    outputs: Sequence[str] = ()
    """Of steps, as <step>.<output>."""
    target_type: str | None = None
    """Of what it runs on: /AWS::EC2::Instance."""
    region: str | None = None
    """None: the provider's."""


class Runbook(pulumi.ComponentResource):
    name: pulumi.Output[str]

    def __init__(
        self, name: str, args: RunbookArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:Runbook", name, None, opts)
        document = aws.ssm.Document(
            name,
            name=args.document_name,
            document_type="Automation",
            document_format="JSON",
            content=pulumi.Output.json_dumps(
                {
                    "schemaVersion": "0.3",
                    "description": args.description,
                    "assumeRole": args.role_arn,
                    "parameters": args.parameters,
                    "mainSteps": args.steps,
                    **({"outputs": args.outputs} if args.outputs else {}),
                },
                indent=2,
            ),
            target_type=args.target_type,
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = document.name
        self.register_outputs({"name": self.name})
