"""What judges restore tests, in each Region with a restore testing plan: rule → queue →
handlers/check_restore → verdict."""

import json
from collections.abc import Iterable, Iterator, Mapping

import pulumi

from components.alarm import Alarm
from components.function import Function, FunctionArgs, FunctionHome
from components.iam import Statement, rule_may_send
from components.layer import Layer, LayerArgs
from components.packaging.archives import Platform
from components.queue_rule import QueueRule, QueueRuleArgs
from components.work_queue import TRIES, WorkQueue, WorkQueueArgs
from reports.own_events import EVENT_SOURCE, RESTORE_TEST_VERDICT
from stacks import names
from stacks.contracts import RestoreChecksContract
from stacks.providers import after
from stacks.recovery_settings import RestoreTestingPlan
from stacks.restore_testing import RestoreTestingPlans
from stacks.settings import Settings

_TIMEOUT_SECONDS = 300
"""Longer than a customer's own check is waited for."""
_RESTORED = "awsbackup-restore-test"
"""What the names of restored tables, buckets and databases start with:
aws-backup/latest/devguide/restore-testing-inferred-metadata.html."""


def deploy_restore_checks(
    settings: Settings, plans: RestoreTestingPlans, opts: pulumi.ResourceOptions
) -> RestoreChecksContract:
    queues = {
        region: _deploy_in(settings, region, arns, opts) for region, arns in plans.items() if arns
    }
    return RestoreChecksContract(restore_check_queues=pulumi.Output.all(**queues))


def _deploy_in(
    settings: Settings,
    region: str,
    plan_arns: Mapping[str, pulumi.Output[str]],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[Mapping[str, str]]:
    """What there is of its queue, for the contract."""
    name = names.restore_check(settings, region)
    rule = f"arn:{settings.partition}:events:{region}:{settings.account}:rule/{name}"
    queue_args = WorkQueueArgs(
        senders=lambda queue: [rule_may_send(rule, queue)],
        dead_letter_senders=lambda queue: [rule_may_send(rule, queue)],
        function_timeout_seconds=_TIMEOUT_SECONDS,
        region=region,
    )
    queue = WorkQueue(name, queue_args, opts)
    platform = Platform(
        runtime=settings.functions.runtime, architecture=settings.functions.architecture
    )
    layer = Layer(name, LayerArgs(layer="base", platform=platform, region=region), opts)
    checked = [settings.restore_testing[plan] for plan in plan_arns]
    judge = FunctionArgs(
        handler="check_restore",
        description="Judges what restore tests restored",
        environment={
            "SELECTIONS": pulumi.Output.all(**plan_arns).apply(
                lambda arns: json.dumps(
                    {arns[plan]: settings.restore_testing[plan].judged for plan in arns}
                )
            ),
            "QUEUE_URL": queue.url,
            "TRIES_MOST": str(TRIES),
            "RETRY_SECONDS": str(queue_args.visibility_seconds),
        },
        permissions=[
            *_verdicts(settings.partition, f"{region}:{settings.account}"),
            *_looks(settings.partition, f"{region}:{settings.account}"),
            *_own_checks(settings.partition, f"{region}:{settings.account}", checked),
            *queue.permissions(puts_back=True),
        ],
        home=FunctionHome(
            account=settings.account,
            platform=platform,
            base_layer=layer.arn,
            log_retention_days=settings.functions.log_retention_days,
        ),
        queue_arn=queue.arn,
        batch_size=1,
        timeout_seconds=_TIMEOUT_SECONDS,
        region=region,
    )
    function = Function(name, judge, opts)
    Alarm(f"{name}-dead-letters", queue.alarm(settings.alarm_topics_in(region)), opts)
    QueueRule(
        name,
        QueueRuleArgs(
            description="Takes restore tests that completed to the function that judges them",
            event_pattern={
                "source": ["aws.backup"],
                "detail-type": ["Restore Job State Change"],
                "detail": {
                    "status": ["COMPLETED"],
                    "restoreTestingPlanArn": list(plan_arns.values()),
                },
            },
            queue_arn=queue.arn,
            dead_letters_arn=queue.dead_letters_arn,
            region=region,
        ),
        after([queue], opts),
    )
    return pulumi.Output.all(
        queue=queue.url, dead_letters=queue.dead_letters_url, function=function.name
    )


def _own_checks(
    partition: str, here: str, plans: Iterable[RestoreTestingPlan]
) -> Iterator[Statement]:
    own = {selection.check for plan in plans for selection in plan.selections.values()} - {None}
    if own:
        yield Statement(
            sid="AskOwnChecks",
            actions=["lambda:InvokeFunction"],
            resources=[
                f"arn:{partition}:lambda:{here}:function:{check}" for check in sorted(map(str, own))
            ],
        )


def _verdicts(partition: str, here: str) -> list[Statement]:
    return [
        Statement(
            sid="GiveVerdicts",
            actions=["backup:DescribeRestoreJob", "backup:PutRestoreValidationResult"],
            resources=["*"],
        ),
        Statement(
            sid="TellVerdicts",
            actions=["events:PutEvents"],
            resources=[f"arn:{partition}:events:{here}:event-bus/default"],
            conditions={
                "StringEquals": {
                    "events:source": EVENT_SOURCE,
                    "events:detail-type": RESTORE_TEST_VERDICT,
                }
            },
        ),
    ]


def _looks(partition: str, here: str) -> list[Statement]:
    """What is read of data is narrowed to what tests restored; the rest describes things."""
    region = here.partition(":")[0]
    services = [f"{service}.{region}.amazonaws.com" for service in ("dynamodb", "s3")]
    return [
        Statement(
            sid="SeeInstancesAndVolumes",
            actions=[
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceStatus",
                "ec2:DescribeSnapshots",
                "ec2:DescribeVolumes",
            ],
            resources=["*"],
        ),
        Statement(
            sid="SeeDatabases",
            actions=[
                "rds:DescribeDBClusters",
                "rds:DescribeDBInstances",
                "rds:DescribeDBSnapshots",
            ],
            resources=[
                f"arn:{partition}:rds:{here}:{kind}:*" for kind in ("cluster", "db", "snapshot")
            ],
        ),
        Statement(
            sid="SeeFileSystems",
            actions=["elasticfilesystem:DescribeFileSystems"],
            resources=[f"arn:{partition}:elasticfilesystem:{here}:file-system/*"],
        ),
        Statement(
            sid="SeeFsx",
            actions=["fsx:DescribeFileSystems", "fsx:DescribeVolumes"],
            resources=[
                f"arn:{partition}:fsx:{here}:file-system/*",
                f"arn:{partition}:fsx:{here}:volume/*",
            ],
        ),
        Statement(
            sid="CountItems",
            actions=["dynamodb:DescribeTable", "dynamodb:Scan"],
            resources=[f"arn:{partition}:dynamodb:{here}:table/{_RESTORED}-*"],
        ),
        Statement(
            sid="ListObjects",
            actions=["s3:ListBucket"],
            resources=[f"arn:{partition}:s3:::{_RESTORED}-*"],
        ),
        Statement(
            sid="ReadObjects",
            actions=["s3:GetObject"],
            resources=[f"arn:{partition}:s3:::{_RESTORED}-*/*"],
        ),
        Statement(
            sid="DecryptThem",
            actions=["kms:Decrypt"],
            resources=[f"arn:{partition}:kms:{here}:key/*"],
            conditions={"StringEquals": {"kms:ViaService": services}},
        ),
    ]
