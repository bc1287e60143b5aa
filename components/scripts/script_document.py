"""A script that runs on instances before and after a backup: an SSM document that staff edit."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.scripts.texts import version_name

AGREED_TAG = ("backup-org:script", "true")
"""Runbooks run documents alone that carry it, as Data Lifecycle Manager does with its own."""


@dataclass(frozen=True, kw_only=True)
class ScriptDocumentArgs:
    document_name: str
    content: str
    """YAML, of schema 2.2."""
    region: str


class ScriptDocument(pulumi.ComponentResource):
    """Made once. From then on it is staff's: `backup-org runbooks` tells of changes on either side
    and carries them over."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ScriptDocumentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ScriptDocument", name, None, opts)
        document = aws.ssm.Document(
            name,
            name=args.document_name,
            document_type="Command",
            document_format="YAML",
            content=args.content,
            version_name=version_name(args.content),
            tags=dict([AGREED_TAG]),
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["content", "versionName"]),
        )
        self.name, self.arn = document.name, document.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
