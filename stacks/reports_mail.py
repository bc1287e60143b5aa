"""Scheduled reports: schedule → runbook → functions → bucket → mail, and who may read for them."""

from __future__ import annotations

from pathlib import Path

import pulumi

from components.digests_bucket import DigestsBucket, DigestsBucketArgs
from components.function import FunctionHome
from components.layer import Layer, LayerArgs
from components.reader_role import (
    ReadableLake,
    ReaderRole,
    ReaderRoleArgs,
    reads_lake,
    what_reports_read,
)
from components.report_functions import Lake, ReportFunctions, ReportFunctionsArgs
from components.report_link_signer import ReportLinkSigner, ReportLinkSignerArgs
from components.report_runbook import report_runbook, report_runbook_permissions
from components.report_sender import ReportSender, ReportSenderArgs
from components.runbook import Runbook
from components.runbook_role import RunbookRole, RunbookRoleArgs
from components.runbook_schedules import (
    RunbookSchedule,
    RunbookSchedules,
    RunbookSchedulesArgs,
)
from components.ticketing import Ledger
from reports.digest.definition import Definition
from reports.digest.runs import definition_key, run_status_key
from stacks import names
from stacks.contracts import ReportsMailContract
from stacks.load import Settings
from stacks.report_definitions import definitions, lake_account
from stacks.report_mail_settings import ReportsMail
from stacks.settings import AuditSettings, ManagementSettings

_READERS: tuple[names.DigestFunction, ...] = ("find_vaults", "collate_jobs", "make_report")
_HANDLERS: tuple[names.DigestFunction, ...] = (*_READERS, "mail_report")

Central = ManagementSettings | AuditSettings


def let_reports_read(
    settings: Settings, lake: ReadableLake | None, opts: pulumi.ResourceOptions
) -> None:
    """Where the customer has scheduled reports, their functions may read this account too."""
    if settings.reports_mail_in is None:
        return
    central = getattr(settings.organization, f"{settings.reports_mail_in}_account")
    ReaderRole(
        names.reader_role(settings),
        ReaderRoleArgs(
            partition=settings.partition,
            trusted_account=central,
            trusted_roles=[
                names.role_arn(settings, central, names.digest_function(settings, handler))
                for handler in _READERS
            ],
            reads=[
                *what_reports_read(settings.partition, settings.account),
                *(reads_lake(lake) if lake else []),
            ],
        ),
        opts,
    )


def deploy_reports_mail(
    settings: Central,
    mail: ReportsMail,
    opts: pulumi.ResourceOptions,
    *,
    home: FunctionHome,
    duckdb: Layer,
    ledger: Ledger | None,
) -> ReportsMailContract:
    root = Path(pulumi.get_root_directory() or ".")
    prefix = names.prefix(settings)
    defined = definitions(settings, mail, root)
    for definition in defined.values():
        _tell_what_it_covers(definition)
    bucket = DigestsBucket(
        f"{prefix}-digests",
        DigestsBucketArgs(
            bucket_name=names.bucket(
                settings.customer, "digests", settings.account, settings.region
            ),
            account=settings.account,
            partition=settings.partition,
            definitions={definition_key(c): one.dumped() for c, one in defined.items()},
            expire_after_days=mail.expire_after_days,
            link_seconds=mail.link.valid_minutes * 60,
            force_destroy=mail.force_destroy,
        ),
        opts,
    )
    sender = ReportSender(f"{prefix}-report-sender", _sender(settings, mail), opts)
    links = ReportLinkSigner(names.link_role(settings), _links(settings, mail, bucket), opts)
    digest = Layer(f"{prefix}-digest", LayerArgs(layer="digest", platform=home.platform), opts)
    functions = ReportFunctions(
        f"{prefix}-report",
        ReportFunctionsArgs(
            account=settings.account,
            region=settings.region,
            names={handler: names.digest_function(settings, handler) for handler in _HANDLERS},
            bucket=bucket,
            finder_role_arn=names.role_arn(
                settings, settings.account, names.digest_function(settings, "find_vaults")
            ),
            reader_role_arn=names.role_arn(settings, "*", names.reader_role(settings)),
            lake=_lake(settings.customer, root),
            ledger=ledger,
            sender=sender,
            links=links,
            link_secret=mail.link.secret,
            home=home,
            digest_layer=digest.arn,
            duckdb_layer=duckdb.arn,
            alarm_topics=settings.alarm_topics_in(settings.region),
        ),
        opts,
    )
    runbook_name = names.report_runbook(settings)
    role = RunbookRole(
        runbook_name,
        RunbookRoleArgs(
            role_name=runbook_name,
            account=settings.account,
            partition=settings.partition,
            permissions=report_runbook_permissions(functions.by_handler, bucket, run_status_key),
        ),
        opts,
    )
    runbook = Runbook(
        runbook_name,
        report_runbook(
            runbook_name,
            functions.by_handler,
            bucket,
            role_arn=role.arn,
            status_key=run_status_key,
        ),
        opts,
    )
    schedules = _schedules(settings, mail, runbook.name)
    started = RunbookSchedules(
        f"{prefix}-report-schedules",
        RunbookSchedulesArgs(
            role_name=f"{prefix}-report-schedules",
            account=settings.account,
            runbook_role_arn=role.arn,
            schedules=list(schedules.values()),
            alarm_topics={settings.region: settings.alarm_topics_in(settings.region)},
        ),
        opts,
    )
    collation = functions.by_handler["collate_jobs"]
    queue = {
        "queue": functions.queue.url,
        "dead_letters": functions.queue.dead_letters_url,
        "function": collation.name,
    }
    return ReportsMailContract(
        digests_bucket=bucket.name,
        report_runbook=runbook.name,
        report_schedules=pulumi.Output.from_input({c: one.name for c, one in schedules.items()}),
        report_functions=pulumi.Output.all(
            **{handler: one.name for handler, one in functions.by_handler.items()}
        ),
        report_link_role_arn=links.role_arn,
        report_mail_dns=sender.dns_records,
        digest_queues=pulumi.Output.all(collation=pulumi.Output.all(**queue)),
        report_schedule_dead_letters=pulumi.Output.all(**started.dead_letter_urls),
    )


def _tell_what_it_covers(definition: Definition) -> None:
    if definition.cadence == "monthly" and definition.source == "api":
        pulumi.log.warn(
            "reports_mail.monthly: AWS Backup's list calls go back 30 days, which is less than a "
            "month and its next day: the report says so. For all of it, let one of the customer's "
            "stacks have reports, and write source: lake"
        )


def _sender(settings: Central, mail: ReportsMail) -> ReportSenderArgs:
    return ReportSenderArgs(
        account=settings.account,
        region=settings.region,
        address=mail.sender.address,
        identity_exists=mail.sender.existing,
        alarm_topics=settings.alarm_topics_in(settings.region),
    )


def _links(settings: Central, mail: ReportsMail, bucket: DigestsBucket) -> ReportLinkSignerArgs:
    """Without a deploy role it is not known who calls for a fresh link: IAM decides."""
    mails = names.role_arn(
        settings, settings.account, names.digest_function(settings, "mail_report")
    )
    deploys = names.deploy_role_arn(settings)
    return ReportLinkSignerArgs(
        account=settings.account,
        partition=settings.partition,
        bucket=bucket,
        trusted_roles=[mails, deploys] if deploys else [],
        has_user=mail.link.signer == "user",
    )


def _lake(customer: str, root: Path) -> Lake | None:
    found = lake_account(customer, root)
    if found is None:
        return None
    return Lake(
        account=found.account,
        bucket=names.bucket(customer, "lake", found.account, found.region),
    )


def _schedules(
    settings: Central, mail: ReportsMail, runbook: pulumi.Input[str]
) -> dict[str, RunbookSchedule]:
    return {
        cadence: RunbookSchedule(
            name=f"{names.prefix(settings)}-report-{cadence}",
            schedule=report.schedule,
            timezone=report.timezone,
            runbook=runbook,
            # Scheduler puts its time there: a late start is of the right period.
            parameters={"Cadence": cadence, "At": "<aws.scheduler.scheduled-time>"},
            region=settings.region,
        )
        for cadence, report in mail.scheduled.items()
    }
