"""The functions that make and mail scheduled reports, and the queue between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.alarm import Alarm, AlarmArgs
from components.digests_bucket import DEFINITIONS, MAILS, REPORTS, RUNS, DigestsBucket
from components.function import Function, FunctionArgs, FunctionHome
from components.iam import Statement
from components.report_link_signer import ReportLinkSigner
from components.report_sender import ReportSender
from components.ticketing import Ledger
from components.work_queue import WorkQueue, WorkQueueArgs
from reports.aws_partition import aws_partition

_STEP_SECONDS = 290
"""A runbook waits for a function for 300 seconds, and starts it again no sooner than it ended."""
_COLLATION_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Lake:
    """Of curated reports, in whichever account it stands."""

    account: str
    bucket: str


@dataclass(frozen=True, kw_only=True)
class ReportFunctionsArgs:
    account: str
    region: str
    names: Mapping[str, str]
    """Of the functions, by their handlers."""
    bucket: DigestsBucket
    finder_role_arn: str
    """Of the role of find_vaults, which is made after the queue that it sends to."""
    reader_role_arn: str
    """That it has in every account, with `*` for the account."""
    lake: Lake | None
    ledger: Ledger | None
    """Of ticketing, where that stands in the same account."""
    sender: ReportSender
    links: ReportLinkSigner
    link_secret: str | None
    """Name of the secret with the key of the user that signs links; None: a session does."""
    home: FunctionHome
    digest_layer: pulumi.Input[str]
    duckdb_layer: pulumi.Input[str]
    alarm_topics: Sequence[pulumi.Input[str]]


class ReportFunctions(pulumi.ComponentResource):
    by_handler: Mapping[str, Function]
    queue: WorkQueue
    """That collation works off."""

    def __init__(
        self, name: str, args: ReportFunctionsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportFunctions", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.queue = WorkQueue(
            args.names["collate_jobs"],
            WorkQueueArgs(
                senders=lambda queue: [_finder_sends(args, queue)],
                dead_letter_senders=lambda _: [],
                function_timeout_seconds=_COLLATION_SECONDS,
            ),
            child,
        )
        wanted = {
            "find_vaults": _finds_vaults(args, self.queue),
            "collate_jobs": _collates_jobs(args, self.queue),
            "make_report": _makes_report(args),
            "mail_report": _mails_report(args),
        }
        self.by_handler = {
            handler: Function(args.names[handler], function, child)
            for handler, function in wanted.items()
        }
        Alarm(f"{name}-dead-letters", self.queue.alarm(args.alarm_topics), child)
        for alarm, metric in _ALARMS.items():
            Alarm(
                f"{name}-{alarm}",
                AlarmArgs(
                    description=metric.description,
                    namespace="BackupOrg",
                    metric=metric.name,
                    dimensions={"service": "mail_report"},
                    statistic="Sum",
                    topics=args.alarm_topics,
                ),
                child,
            )
        Alarm(
            f"{name}-mail-errors",
            AlarmArgs(
                description="The function that mails reports, and tells that there is none, failed "
                "itself.",
                namespace="AWS/Lambda",
                metric="Errors",
                dimensions={"FunctionName": self.by_handler["mail_report"].name},
                statistic="Sum",
                topics=args.alarm_topics,
            ),
            child,
        )
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class _Metric:
    name: str
    description: str


_ALARMS = {
    "failed": _Metric(
        name="FailedReports",
        description="A report could not be made: the mail about it, and the runbook's execution, "
        "name the step and the reason.",
    ),
    "mail-unknown": _Metric(
        name="MailUnknown",
        description="It is not known whether a report's mail went out: ask a recipient, then run "
        "backup-org report run --resend.",
    ),
}


def _finder_sends(args: ReportFunctionsArgs, queue: pulumi.Output[str]) -> Statement:
    """The function is made after the queue: it is its account that is named."""
    return Statement(
        sid="FinderSends",
        actions=["sqs:SendMessage"],
        resources=[queue],
        principal={"AWS": f"arn:{aws_partition(args.region)}:iam::{args.account}:root"},
        conditions={"ArnEquals": {"aws:PrincipalArn": args.finder_role_arn}},
    )


def _reads_accounts(args: ReportFunctionsArgs) -> Statement:
    """Hundreds of accounts outgrow a role's policy: the role's name is the same in all of them, and
    each decides itself whom it trusts."""
    return Statement(
        sid="ReadAccounts",
        actions=["sts:AssumeRole"],
        resources=[args.reader_role_arn],
    )


def _finds_vaults(args: ReportFunctionsArgs, queue: WorkQueue) -> FunctionArgs:
    return FunctionArgs(
        handler="find_vaults",
        description="Finds the vaults that a report is about, and has their jobs collated",
        environment={
            "DIGESTS_BUCKET": args.bucket.name,
            "READER_ROLE": args.reader_role_arn.partition(":role/")[2],
            "QUEUE_URL": queue.url,
        },
        permissions=[
            _reads_accounts(args),
            args.bucket.may("ReadDefinitionsAndRuns", ["s3:GetObject"], DEFINITIONS, RUNS),
            args.bucket.may("WriteRuns", ["s3:PutObject"], RUNS),
            args.bucket.may_use_key(),
            Statement(sid="HaveJobsCollated", actions=["sqs:SendMessage"], resources=[queue.arn]),
        ],
        home=args.home,
        more_layers=[args.digest_layer],
        memory_mb=512,
        timeout_seconds=_STEP_SECONDS,
    )


def _collates_jobs(args: ReportFunctionsArgs, queue: WorkQueue) -> FunctionArgs:
    return FunctionArgs(
        handler="collate_jobs",
        description="Collates what AWS Backup tells of an account and Region",
        environment={
            "DIGESTS_BUCKET": args.bucket.name,
            "READER_ROLE": args.reader_role_arn.partition(":role/")[2],
        },
        permissions=[
            _reads_accounts(args),
            args.bucket.may("ReadDefinitionsAndRuns", ["s3:GetObject"], DEFINITIONS, RUNS),
            args.bucket.may("WriteRuns", ["s3:PutObject"], RUNS),
            args.bucket.may_list(RUNS),
            args.bucket.may_use_key(),
            *queue.permissions(),
        ],
        home=args.home,
        queue_arn=queue.arn,
        batch_size=1,
        more_layers=[args.digest_layer],
        memory_mb=512,
        timeout_seconds=_COLLATION_SECONDS,
        scratch_mb=2048,
    )


def _makes_report(args: ReportFunctionsArgs) -> FunctionArgs:
    lake = {"LAKE_ACCOUNT": args.lake.account, "LAKE_BUCKET": args.lake.bucket} if args.lake else {}
    return FunctionArgs(
        handler="make_report",
        description="Makes a report of what was collated, and stores it",
        environment={
            "DIGESTS_BUCKET": args.bucket.name,
            "READER_ROLE": args.reader_role_arn.partition(":role/")[2],
            "DUCKDB_MEMORY_MB": "256",  # the process has some 100 MB more
            **lake,
            **({"LEDGER_TABLE": args.ledger.name} if args.ledger else {}),
        },
        permissions=[
            _reads_accounts(args),
            args.bucket.may("ReadAll", ["s3:GetObject"], DEFINITIONS, RUNS, REPORTS),
            args.bucket.may("WriteReports", ["s3:PutObject"], RUNS, REPORTS),
            args.bucket.may_list(RUNS, REPORTS),
            args.bucket.may_use_key(),
            *(_counts_incidents(args.ledger) if args.ledger else []),
        ],
        home=args.home,
        more_layers=[args.digest_layer, args.duckdb_layer],
        memory_mb=1769,  # of which on Lambda comes a whole processor
        timeout_seconds=_STEP_SECONDS,
        scratch_mb=4096,
    )


def _counts_incidents(ledger: Ledger) -> list[Statement]:
    return [
        Statement(sid="CountIncidents", actions=["dynamodb:Query"], resources=[ledger.index_arn]),
        Statement(sid="ReadThem", actions=["kms:Decrypt"], resources=[ledger.key_arn]),
    ]


def _mails_report(args: ReportFunctionsArgs) -> FunctionArgs:
    here = f"{args.region}:{args.account}"
    partition = aws_partition(args.region)
    reads_key = (
        Statement(
            sid="ReadTheSignersKey",
            actions=["secretsmanager:GetSecretValue"],
            # Secrets Manager adds six characters to a secret's ARN.
            resources=[f"arn:{partition}:secretsmanager:{here}:secret:{args.link_secret}-??????"],
        )
        if args.link_secret
        else Statement(sid="SignLinks", actions=["sts:AssumeRole"], resources=[args.links.role_arn])
    )
    return FunctionArgs(
        handler="mail_report",
        description="Mails a report and the link to it, or that there is none",
        environment={
            "DIGESTS_BUCKET": args.bucket.name,
            "CONFIGURATION_SET": args.sender.configuration_set,
            "LINK_ROLE_ARN": args.links.role_arn,
            "LINK_SECRET": args.link_secret or "",
        },
        permissions=[
            args.bucket.may("ReadAll", ["s3:GetObject"], DEFINITIONS, RUNS, REPORTS, MAILS),
            args.bucket.may("KeepWhatWasMailed", ["s3:PutObject", "s3:DeleteObject"], MAILS),
            args.bucket.may_list(MAILS),
            args.bucket.may_use_key(),
            reads_key,
            *args.sender.permissions(),
            Statement(
                sid="SeeWhichStepFailed",
                actions=["ssm:GetAutomationExecution"],
                resources=[f"arn:{partition}:ssm:{here}:automation-execution/*"],
            ),
        ],
        home=args.home,
        more_layers=[args.digest_layer],
        memory_mb=512,
        timeout_seconds=_STEP_SECONDS,
    )
