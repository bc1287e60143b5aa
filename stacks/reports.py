"""Report plans, reports bucket, lake and functions, in whatever account the settings place them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.function import FunctionHome
from components.layer import Layer, LayerArgs
from components.queue_worker import QueueWorker
from components.raw_report_tables import Projection
from components.report_intake import ReportIntake, ReportIntakeArgs
from components.report_lake import ReportLake, ReportLakeArgs
from components.report_plans import ReportPlan, ReportPlans, ReportPlansArgs
from components.report_watch import ReportWatch, ReportWatchArgs
from components.reports_bucket import (
    ReportsBucket,
    ReportsBucketArgs,
    reports_are_decrypted,
    reports_are_delivered,
    reports_are_encrypted,
    reports_are_read,
)
from components.reports_service_role import ReportsServiceRole, ReportsServiceRoleArgs
from reports.plans import ORGANIZATION, Plan, Plans, described
from stacks import names
from stacks.contracts import ReportsContract
from stacks.load import Settings
from stacks.organization import OrganizationReader
from stacks.report_columns import raw_columns
from stacks.report_scopes import lake_plans, own_plans
from stacks.settings import Reports


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """The reports bucket, ours or not."""

    name: pulumi.Input[str]
    arn: pulumi.Input[str]
    key_arn: pulumi.Input[str] | None
    deliverable: Sequence[pulumi.Resource]
    replicable: Sequence[pulumi.Resource]


class ReportParts:
    """Deploys reports; `contract` is what that publishes."""

    contract: ReportsContract
    bucket: Bucket

    def __init__(
        self,
        settings: Settings,
        reports: Reports,
        organization: OrganizationReader,
        home: FunctionHome,
        opts: pulumi.ResourceOptions,
    ) -> None:
        self._settings = settings
        self._reports = reports
        self._home = home
        self._opts = opts
        self._name = f"{names.prefix(settings.customer)}-reports"
        by_template = lake_plans(reports, settings.customer, organization)
        plans = self._plans(by_template)
        self.bucket = bucket = self._reports_bucket()
        self._deploy_plans(by_template, bucket)
        lake = self._lake(by_template, plans, bucket)
        firsts = {name: plans[name] for name in (of_it[0].name for of_it in by_template.values())}
        intake = self._intake(firsts, bucket, lake)
        ReportWatch(
            f"{self._name}-watch",
            ReportWatchArgs(
                plans=list(plans),
                bucket_name=bucket.name,
                bucket_arn=bucket.arn,
                bucket_key_arn=bucket.key_arn,
                home=home,
                alarm_topics=settings.alarm_topics_in(settings.region),
            ),
            opts,
        )
        self.contract = ReportsContract(
            reports_bucket=pulumi.Output.from_input(bucket.name),
            reports_database=lake.database,
            reports_workgroup=lake.workgroup,
            reports_lake_bucket=lake.bucket_name,
            report_plans=pulumi.Output.from_input(described(plans)),
            report_queues=_queues(intake),
        )

    def _reports_bucket(self) -> Bucket:
        wanted, settings = self._reports.bucket, self._settings
        if wanted.existing:
            assert wanted.name is not None
            arn = f"arn:aws:s3:::{wanted.name}"
            self._say_what_a_bucket_needs(arn)
            return Bucket(
                name=wanted.name,
                arn=arn,
                key_arn=wanted.key_arn,
                deliverable=[],
                replicable=[],
            )
        role_stands: list[pulumi.Resource] = []
        if self._reports.create_service_role:
            role_stands.append(ReportsServiceRole(self._name, ReportsServiceRoleArgs(), self._opts))
        made = ReportsBucket(
            self._name,
            ReportsBucketArgs(
                bucket_name=wanted.name
                or names.bucket(settings.customer, "reports", settings.account, settings.region),
                account=settings.account,
                encryption=wanted.encryption,
                expire_after_days=wanted.expire_after_days,
                transition_after_days=wanted.transition_to_infrequent_access_after_days,
                access_logs_bucket=wanted.access_logs_bucket,
                force_destroy=wanted.force_destroy,
            ),
            self._after(role_stands),
        )
        return Bucket(
            name=made.name,
            arn=made.arn,
            key_arn=made.key_arn,
            deliverable=made.deliverable,
            replicable=made.replicable,
        )

    def _say_what_a_bucket_needs(self, arn: str) -> None:
        account = self._settings.account
        pulumi.log.info(
            f"nothing of {arn} is touched; it must send its events to EventBridge, and "
            "`backup-org doctor` says which of the following statements it lacks"
        )
        policy, key = "its policy", "the policy of its key, where it has one of its own"
        needs = [
            (policy, reports_are_delivered(arn, account)),
            (key, reports_are_encrypted(account)),
        ]
        owner = self._reports.bucket.account
        if owner not in (None, account):
            needs += [
                (policy, reports_are_read(arn, account)),
                (key, reports_are_decrypted(account)),
            ]
            pulumi.log.warn(
                f"{arn} belongs to {owner}: AWS Backup's guide says that reports reach only "
                f"buckets of the report plan's own account, {account}. Its events reach {owner}'s "
                f"EventBridge alone: a rule there must forward them to this account's default bus, "
                f"which must admit {owner}; or have `backup-org backfill` run after each delivery"
            )
        for what, statement in needs:
            pulumi.log.info(f"in {what}: {json.dumps(statement.render())}")

    def _deploy_plans(
        self, by_template: Mapping[str, Sequence[ReportPlan]], bucket: Bucket
    ) -> None:
        ours = [
            plan
            for template, plans in by_template.items()
            if not self._exists(template)
            for plan in plans
        ]
        ReportPlans(
            self._name,
            ReportPlansArgs(bucket_name=bucket.name, plans=[*ours, *own_plans(self._reports)]),
            self._after(bucket.deliverable),
        )

    def _lake(
        self, by_template: Mapping[str, Sequence[ReportPlan]], plans: Plans, bucket: Bucket
    ) -> ReportLake:
        settings, reports = self._settings, self._reports
        force_destroy = reports.lake.force_destroy
        if force_destroy is None:
            force_destroy = reports.bucket.force_destroy
        return ReportLake(
            self._name,
            ReportLakeArgs(
                account=settings.account,
                region=settings.region,
                database=reports.lake.database or names.database(settings.customer),
                reports_bucket_name=bucket.name,
                lake_bucket_name=names.bucket(
                    settings.customer, "lake", settings.account, settings.region
                ),
                plans={name: plan.template for name, plan in plans.items()},
                raw_columns=raw_columns(reports),
                projections=self._projections(by_template),
                expire_after_days=_lake_days(reports),
                results_expire_after_days=reports.lake.results_expire_after_days,
                scan_limit_gib=reports.lake.scan_limit_gib,
                force_destroy=force_destroy,
            ),
            self._opts,
        )

    def _projections(
        self, by_template: Mapping[str, Sequence[ReportPlan]]
    ) -> dict[str, Projection]:
        if self._reports.lake.partitions == "function":
            return {}
        regions = self._reports.regions
        region = regions[0] if len(regions) == 1 and regions != ("*",) else "crossregion"
        return {
            template: Projection(
                plans=[plan.name for plan in plans],
                scope="/".join(
                    part for part in (plans[0].prefix, "Backup", self._account_part, region) if part
                ),
                first_year=_FIRST_YEAR,
            )
            for template, plans in by_template.items()
        }

    @property
    def _account_part(self) -> str:
        """Of the keys of the lake's reports."""
        return self._settings.account if self._reports.scope == "account" else ORGANIZATION

    def _plans(self, by_template: Mapping[str, Sequence[ReportPlan]]) -> Plans:
        """Only what is numbered by this program is a part of another: theirs_2 may be anyone's, and
        one account is never too many for a plan."""
        several = self._reports.scope != "account"
        return {
            plan.name: Plan(
                template=template,
                account=self._account_part,
                numbered=several and number == 0 and not self._exists(template),
            )
            for template, of_it in by_template.items()
            for number, plan in enumerate(of_it)
        }

    def _exists(self, template: str) -> bool:
        wanted = self._reports.plans.get(template)
        return wanted is not None and wanted.existing

    def _intake(self, plans: Plans, bucket: Bucket, lake: ReportLake) -> ReportIntake:
        settings = self._settings
        duckdb = Layer(
            f"{names.prefix(settings.customer)}-duckdb",
            LayerArgs(layer="duckdb", platform=self._home.platform),
            self._opts,
        )
        return ReportIntake(
            self._name,
            ReportIntakeArgs(
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
                raw_columns=raw_columns(self._reports),
                adds_partitions=self._reports.lake.partitions == "function",
                home=self._home,
                duckdb_layer=duckdb.arn,
                alarm_topics=settings.alarm_topics_in(settings.region),
            ),
            # A process of the function keeps the columns that it finds when it starts.
            self._after([lake]),
        )

    def _after(self, resources: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(
            self._opts, pulumi.ResourceOptions(depends_on=list(resources))
        )


_FIRST_YEAR = 2019
"""AWS Backup's own; Athena computes partitions from here on."""


def _lake_days(reports: Reports) -> int | None:
    """How long curated reports stay: as the reports do, unless it is set; those of a bucket that is
    not ours are kept by rules that we do not know."""
    if "expire_after_days" in reports.lake.model_fields_set:
        return reports.lake.expire_after_days
    return None if reports.bucket.existing else reports.bucket.expire_after_days


def _queues(intake: ReportIntake) -> pulumi.Output[Mapping[str, Mapping[str, str]]]:
    workers = {"curation": intake.curation}
    if intake.partitions is not None:
        workers["partitions"] = intake.partitions
    return pulumi.Output.all(**{name: _queue(worker) for name, worker in workers.items()})


def _queue(worker: QueueWorker) -> pulumi.Output[Mapping[str, str]]:
    return pulumi.Output.all(
        queue=worker.queue_url,
        dead_letters=worker.dead_letters_url,
        function=worker.function_name,
    )
