"""Report plans, reports bucket, lake and functions, in whatever account the settings place them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pulumi

from components.function import FunctionHome
from components.lake.raw_report_tables import Projection
from components.lake.report_lake import ReportLake, ReportLakeArgs
from components.layer import Layer
from components.reader_role import ReadableLake
from components.report_compaction import ReportCompaction, ReportCompactionArgs
from components.report_intake import ReportIntake, ReportIntakeArgs
from components.report_plans import ReportPlan, ReportPlans, ReportPlansArgs
from components.report_watch import ReportWatch, ReportWatchArgs
from components.reports_bucket import ReportsBucket, ReportsBucketArgs
from reports.plans import ORGANIZATION, Plan, Plans, described
from stacks import names
from stacks.contracts import ReportsContract
from stacks.load import Settings
from stacks.organization import OrganizationReader
from stacks.providers import after
from stacks.report_columns import raw_columns
from stacks.report_scopes import lake_plans, own_plans
from stacks.report_settings import Reports
from stacks.report_volumes import volumes_of
from stacks.reports_role import require_reports_role

_FIRST_YEAR = 2019
"""AWS Backup's own; Athena computes partitions from here on."""

_ByTemplate = Mapping[str, Sequence[ReportPlan]]
"""The lake's report plans, those that exist already too."""


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """The reports bucket, ours or not."""

    name: pulumi.Input[str]
    arn: pulumi.Input[str]
    key_arn: pulumi.Input[str] | None
    deliverable: Sequence[pulumi.Resource] = ()
    """What must stand before a report can be delivered."""
    replicable: Sequence[pulumi.Resource] = ()
    """What must stand for as long as the bucket is replicated."""


@dataclass(frozen=True, kw_only=True)
class ReportParts:
    bucket: Bucket
    lake: ReadableLake
    contract: ReportsContract


def deploy_reports(
    settings: Settings,
    reports: Reports,
    organization: OrganizationReader,
    opts: pulumi.ResourceOptions,
    *,
    home: FunctionHome,
    duckdb: Layer,
    frameworks: Mapping[str, pulumi.Output[str]],
) -> ReportParts:
    """`frameworks`: ARNs of the stack's own in its Region."""
    name = names.reports(settings)
    seen = volumes_of(names.own_stack(settings), Path(pulumi.get_root_directory() or "."))
    by_template = lake_plans(reports, settings.customer, organization, seen)
    plans = _plans(settings, reports, by_template)
    firsts = {of_it[0].name: plans[of_it[0].name] for of_it in by_template.values()}

    bucket = _bucket(name, settings, reports, opts)
    ReportPlans(
        name,
        _plan_args(settings, reports, by_template, bucket, frameworks),
        after(bucket.deliverable, opts),
    )
    lake = ReportLake(name, _lake_args(settings, reports, by_template, plans, bucket), opts)
    intake = ReportIntake(
        name,
        _intake_args(
            settings,
            reports,
            bucket,
            lake,
            plans=firsts,
            prefixes={plan.prefix or "" for of_it in by_template.values() for plan in of_it},
            home=home,
            duckdb=duckdb,
        ),
        # A process of the function keeps the columns that it finds when it starts.
        after([lake], opts),
    )
    ReportCompaction(
        names.report_compaction(settings),
        ReportCompactionArgs(
            lake_bucket_name=lake.bucket_name,
            lake_bucket_arn=lake.bucket_arn,
            lake_key_arn=lake.key_arn,
            expire_after_days=_lake_days(reports),
            home=home,
            duckdb_layer=duckdb.arn,
            alarm_topics=settings.alarm_topics_in(settings.region),
        ),
        opts,
    )
    parts = {of_it[0].name: len(of_it) for of_it in by_template.values()}
    ReportWatch(names.report_watch(settings), _watch_args(settings, parts, bucket, home), opts)
    contract = ReportsContract(
        reports_bucket=pulumi.Output.from_input(bucket.name),
        reports_database=lake.database,
        reports_workgroup=lake.workgroup,
        reports_lake_bucket=lake.bucket_name,
        report_plans=pulumi.Output.from_input(described(plans)),
        report_queues=intake.queues,
    )
    readable = ReadableLake(bucket_arn=lake.bucket_arn, key_arn=lake.key_arn)
    return ReportParts(bucket=bucket, lake=readable, contract=contract)


def _bucket(
    name: str, settings: Settings, reports: Reports, opts: pulumi.ResourceOptions
) -> Bucket:
    """Nothing of one that exists already is touched; what it lacks, the doctor says."""
    wanted = reports.bucket
    bucket_name = names.reports_bucket(settings, reports)
    if wanted.existing:
        arn = f"arn:{settings.partition}:s3:::{bucket_name}"
        return Bucket(name=bucket_name, arn=arn, key_arn=wanted.key_arn)
    require_reports_role(settings, opts)
    made = ReportsBucket(
        name,
        ReportsBucketArgs(
            bucket_name=bucket_name,
            account=settings.account,
            partition=settings.partition,
            encryption=wanted.encryption,
            expire_after_days=wanted.expire_after_days,
            transition_after_days=wanted.transition_to_infrequent_access_after_days,
            access_logs_bucket=wanted.access_logs_bucket,
            force_destroy=wanted.force_destroy,
        ),
        opts,
    )
    return Bucket(
        name=made.name,
        arn=made.arn,
        key_arn=made.key_arn,
        deliverable=made.deliverable,
        replicable=made.replicable,
    )


def _plans(settings: Settings, reports: Reports, by_template: _ByTemplate) -> Plans:
    """Only what is numbered by this program is a part of another: theirs_2 may be anyone's, and one
    account is never too many for a plan."""
    several = reports.scope != "account"
    return {
        plan.name: Plan(
            template=template,
            account=_account_part(settings, reports),
            numbered=several and number == 0 and not _exists(reports, template),
        )
        for template, of_it in by_template.items()
        for number, plan in enumerate(of_it)
    }


def _account_part(settings: Settings, reports: Reports) -> str:
    """Of the keys of the lake's reports."""
    return settings.account if reports.scope == "account" else ORGANIZATION


def _exists(reports: Reports, template: str) -> bool:
    wanted = reports.plans.get(template)
    return wanted is not None and wanted.existing


def _plan_args(
    settings: Settings,
    reports: Reports,
    by_template: _ByTemplate,
    bucket: Bucket,
    frameworks: Mapping[str, pulumi.Output[str]],
) -> ReportPlansArgs:
    ours = [
        plan
        for template, plans in by_template.items()
        if not _exists(reports, template)
        for plan in plans
    ]
    return ReportPlansArgs(
        bucket_name=bucket.name,
        plans=[
            replace(plan, framework_arns=list(frameworks.values()))
            if _names_frameworks(plan, settings.region)
            else plan
            for plan in (*ours, *own_plans(reports))
        ],
    )


def _names_frameworks(plan: ReportPlan, region: str) -> bool:
    """Whether the stack's frameworks are what the plan reports on: AWS refuses them elsewhere, and
    then all of the accounts' count."""
    elsewhere = plan.accounts or plan.organizational_units or plan.regions not in ((), (region,))
    compliance = plan.template.endswith("COMPLIANCE_REPORT")
    return compliance and not elsewhere and not plan.framework_arns


def _lake_args(
    settings: Settings, reports: Reports, by_template: _ByTemplate, plans: Plans, bucket: Bucket
) -> ReportLakeArgs:
    force_destroy = reports.lake.force_destroy
    if force_destroy is None:
        force_destroy = reports.bucket.force_destroy
    return ReportLakeArgs(
        account=settings.account,
        region=settings.region,
        database=names.reports_database(settings, reports),
        reports_bucket_name=bucket.name,
        lake_bucket_name=names.bucket(settings.customer, "lake", settings.account, settings.region),
        plans={name: plan.template for name, plan in plans.items()},
        raw_columns=raw_columns(reports),
        projections=_projections(settings, reports, by_template),
        expire_after_days=_lake_days(reports),
        results_expire_after_days=reports.lake.results_expire_after_days,
        scan_limit_gib=reports.lake.scan_limit_gib,
        force_destroy=force_destroy,
    )


def _lake_days(reports: Reports) -> int | None:
    """How long curated reports stay: as the reports do, unless it is set; those of a bucket that is
    not ours are kept by rules that we do not know."""
    if "expire_after_days" in reports.lake.model_fields_set:
        return reports.lake.expire_after_days
    return None if reports.bucket.existing else reports.bucket.expire_after_days


def _projections(
    settings: Settings, reports: Reports, by_template: _ByTemplate
) -> dict[str, Projection]:
    if reports.lake.partitions == "function":
        return {}
    regions = reports.regions
    region = regions[0] if len(regions) == 1 and regions != ("*",) else "crossregion"
    account = _account_part(settings, reports)
    return {
        template: Projection(
            plans=[plan.name for plan in plans],
            scope="/".join(part for part in (plans[0].prefix, "Backup", account, region) if part),
            first_year=_FIRST_YEAR,
        )
        for template, plans in by_template.items()
    }


def _intake_args(
    settings: Settings,
    reports: Reports,
    bucket: Bucket,
    lake: ReportLake,
    *,
    plans: Plans,
    prefixes: Collection[str],
    home: FunctionHome,
    duckdb: Layer,
) -> ReportIntakeArgs:
    return ReportIntakeArgs(
        account=settings.account,
        region=settings.region,
        bucket_name=bucket.name,
        bucket_arn=bucket.arn,
        bucket_key_arn=bucket.key_arn,
        lake_bucket_name=lake.bucket_name,
        lake_bucket_arn=lake.bucket_arn,
        lake_key_arn=lake.key_arn,
        database=lake.database,
        plans=plans,
        raw_columns=raw_columns(reports),
        adds_partitions=reports.lake.partitions == "function",
        prefixes=prefixes,
        maximum_concurrency=reports.lake.maximum_concurrency,
        home=home,
        duckdb_layer=duckdb.arn,
        alarm_topics=settings.alarm_topics_in(settings.region),
    )


def _watch_args(
    settings: Settings, parts: Mapping[str, int], bucket: Bucket, home: FunctionHome
) -> ReportWatchArgs:
    return ReportWatchArgs(
        parts=parts,
        bucket_name=bucket.name,
        bucket_arn=bucket.arn,
        bucket_key_arn=bucket.key_arn,
        home=home,
        alarm_topics=settings.alarm_topics_in(settings.region),
    )
