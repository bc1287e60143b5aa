"""Settings of backups with a script before and after, and of what they need in the account."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.model import Model
from stacks.schedule_values import CronExpression
from stacks.values import (
    BucketName,
    KeyPrefix,
    PlanName,
    Region,
    RouteTableId,
    ScriptDocument,
    SecurityGroupId,
    SubnetId,
    TagValue,
    VpcId,
)

LONGEST_FREEZE_SECONDS = 300
"""Of a filesystem: what writes to it hangs as long."""
LONGEST_WAIT_SECONDS = 540
"""For snapshots: Automation ends a script of its own after 600 seconds."""


class Script(Model):
    """Instances of a plan that are backed up with a script before and after: they carry the plan's
    tag with a value of their own, and so are in no selection. The rest is as the plan says."""

    plan: PlanName
    rules: Annotated[tuple[PlanName, ...], Field(min_length=1)] | None = None
    """Of the plan, which they go by; by default all of them."""
    schedule: CronExpression | None = None
    """Instead of the rule's, where they go by one alone."""
    value: Annotated[TagValue, Field(min_length=1)] | None = None
    """Of the plan's tag on these instances; by default <value of the selection>-<name>."""
    document: ScriptDocument | None = None
    """filesystem_freeze, postgresql, or a file below stacks/customers/<customer>/scripts/: an SSM
    Command document that takes `command` and `executionId`, as Data Lifecycle Manager's do."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """Of the document, beside those that the runbook fills in."""
    platform: Literal["linux", "windows"] = "linux"
    windows_vss: bool = False
    """Has AWS Backup make the backup with Volume Shadow Copy; needs no document."""
    when_pre_fails: Literal["skip", "crash_consistent"] = "crash_consistent"
    """Whether there is no backup then, or one of what lies on the volumes."""
    post_after: Literal["snapshots", "completed"] = "snapshots"
    """snapshots: as soon as they exist, pending is enough. completed: when the backup has ended,
    which takes hours."""
    freeze_seconds: Annotated[int, Field(strict=True, ge=5, le=86_400)] = 60
    """What the script before has begun ends by itself after that."""
    timeout_seconds: Annotated[int, Field(strict=True, ge=10, le=120)] = 30
    """Of a script's run."""
    retries: Annotated[int, Field(strict=True, ge=0, le=3)] = 0
    """Of a script that failed."""
    at_once: Annotated[int, Field(strict=True, ge=1, le=100)] = 10
    """Instances backed up at the same time."""


class VpcEndpoints(Model):
    """Ways to AWS for the instances of a VPC that has none: Systems Manager, its message channels,
    KMS, CloudWatch Logs and S3."""

    region: Region
    vpc: VpcId
    subnets: Annotated[tuple[SubnetId, ...], Field(min_length=1)]
    """One an Availability Zone."""
    security_groups: Annotated[tuple[SecurityGroupId, ...], Field(min_length=1)]
    """They must let the instances in at port 443."""
    route_tables: tuple[RouteTableId, ...] = ()
    """Of the instances' subnets; they lead to S3. None: no endpoint for S3."""


class SystemsManager(Model):
    """What Run Command needs in this account for the scripts."""

    output_bucket: BucketName | None = None
    """Where the output of scripts is kept whole, in each Region; it must exist."""
    output_prefix: KeyPrefix = "scripts"
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 90
    """Of the log group <customer>-backup-scripts, which has the output too."""
    instance_profile: bool = True
    """Makes the instance profile <customer>-backup-instances: with it an instance is managed by
    Systems Manager, and may write its output. False: the instances have one that may."""
    vpc_endpoints: tuple[VpcEndpoints, ...] = ()
