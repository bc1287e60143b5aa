"""What may be set for report plans, the bucket that they deliver to, and the lake over it."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from stacks.model import Model
from stacks.values import (
    AccountId,
    BucketName,
    DatabaseName,
    Days,
    FrameworkArn,
    KeyArn,
    KeyPrefix,
    OrganizationalUnitId,
    RegionOrAll,
    ReportPlanName,
    ReportTemplate,
    TagKey,
    TagValue,
)


class ReportScope(Model):
    """Parts of an organization: units and accounts, at least one of either."""

    organizational_units: tuple[OrganizationalUnitId, ...] = ()
    """Each with all units below it, and so those that will be made there."""
    accounts: tuple[AccountId, ...] = ()


WORD, PARTS = "[word]", "[parts]"
"""What a scope is written as; told apart first, so that a mistake is told once."""
Scope = Annotated[
    Annotated[Literal["organization", "account"], Tag(WORD)] | Annotated[ReportScope, Tag(PARTS)],
    Discriminator(lambda given: WORD if isinstance(given, str) else PARTS),
]
"""organization: all accounts, new ones included. account: the stack's own. Or parts."""


class ReportPlan(Model):
    """One report plan of AWS Backup Audit Manager, whose reports are the lake's."""

    refused: ClassVar[Mapping[str, str]] = {
        "formats": "the lake reads CSV, and AWS delivers nothing else for several accounts or "
        "Regions; for JSON too, add a plan to reports.own_plans",
        "framework_arns": "AWS refuses frameworks where a plan covers several accounts or Regions, "
        "since all of theirs count; for some of this account's, add a plan to reports.own_plans",
        "regions": "they are all plans' alike: write reports.regions",
        "scope": "it is all plans' alike: write reports.scope",
    }

    name: ReportPlanName | None = None
    """By default `<customer>_<template>_report`; a number is added where plans are sharded."""
    description: str | None = Field(default=None, max_length=1024)
    tags: dict[TagKey, TagValue] = Field(default_factory=dict, max_length=50)
    prefix: KeyPrefix | None = None
    """Of the keys in the bucket; none: they start at Backup/. What lies elsewhere is never looked
    at."""
    existing: bool = False
    """The plan stands already, under `name`, and delivers under `prefix`, which `backup-org doctor`
    compares: only the lake is deployed over it."""


class OwnReportPlan(Model):
    """A report plan on this account alone, beside the lake: its reports stay out of the tables."""

    template: ReportTemplate
    name: ReportPlanName
    prefix: KeyPrefix
    """Its own, so that its reports never lie among those of the lake's plans."""
    formats: frozenset[Literal["CSV", "JSON"]] = Field(default=frozenset({"CSV"}), min_length=1)
    regions: tuple[RegionOrAll, ...] = ()
    """None: the stack's own Region."""
    framework_arns: tuple[FrameworkArn, ...] = ()
    description: str | None = Field(default=None, max_length=1024)
    tags: dict[TagKey, TagValue] = Field(default_factory=dict, max_length=50)


class Sharding(Model):
    """What is assumed where an organization may be too large for one report plan a template."""

    refused: ClassVar[Mapping[str, str]] = {
        "daily_volume": "it was of one account in one Region; write account_daily_volume, of an "
        "account over all its Regions, or let `backup-org lake volume --write` say what is seen",
    }

    account_daily_volume: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 100
    """Jobs and control evaluations a day, in one account over all its Regions, of which the table
    of `backup-org lake volume --write` has nothing."""
    accounts_times_regions: Annotated[int, Field(strict=True, ge=1)] | None = None
    """What one report plan takes of them. AWS's older page of quotas says 300, the newer has no
    such quota; null: as many as there are."""
    report_plan_quota: Annotated[int, Field(strict=True, ge=1)] = 20
    """Report plans an account may have; AWS raises it on request."""


class ReportsBucket(Model):
    """Where the report plans deliver to."""

    name: BucketName | None = None
    """By default `<customer>-backup-reports-<account>-<region>`."""
    existing: bool = False
    """The bucket stands already, under `name`: nothing of it is touched, and what its policies
    lack is printed."""
    account: AccountId | None = None
    """Another account's bucket, which must exist. AWS's guide says that reports reach only a
    bucket of the report plan's own account; its blog says that CloudFormation can name another's.
    Prefer `copy_to_audit`."""
    key_arn: KeyArn | None = None
    """Of the key that an existing bucket encrypts with, for the functions that read it."""
    copy_to_audit: bool = False
    """Replicates every report to a bucket of the audit account (its `reports_copy`)."""
    encryption: Literal["own_key", "s3_managed"] = "own_key"
    expire_after_days: Days | None = 400
    transition_to_infrequent_access_after_days: Annotated[int, Field(strict=True, ge=30)] | None = (
        None
    )
    """S3 Standard-IA; S3 takes nothing younger than 30 days."""
    access_logs_bucket: BucketName | None = None
    """Where S3 writes this bucket's access logs; it must exist and let S3's log service write."""
    force_destroy: bool = False
    """Lets `destroy` delete the reports with the bucket."""


class Lake(Model):
    """The Glue database and Athena workgroup over the reports."""

    database: DatabaseName | None = None
    """By default `<customer>_backup_reports`, with underscores for hyphens."""
    partitions: Literal["function", "projection"] = "function"
    """`function` adds a partition when its report arrives and withholds what raw tables cannot
    read; `projection` computes them, needs no function, and withholds nothing."""
    headers: dict[ReportTemplate, tuple[str, ...]] = Field(default_factory=dict)
    """The CSV header that AWS really writes, by template; `backup-org lake learn-header` fills it
    in. By default the order of AWS's guide."""
    scan_limit_gib: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 100
    """A query that would read more is stopped."""
    maximum_concurrency: Annotated[int, Field(strict=True, ge=2, le=1000)] = 10
    """How many runs of each of its functions at once, 2 to 1,000: of the concurrency that all of
    the account's functions share, a backfill of many reports takes no more."""
    expire_after_days: Days | None = None
    """Of curated reports, which queries see as far back; null: never. By default as
    `reports.bucket.expire_after_days` says, and never over a bucket that exists already."""
    results_expire_after_days: Days = 30
    force_destroy: bool | None = None
    """Lets `destroy` delete the curated files and the history of queries; by default as
    `reports.bucket.force_destroy` says, which a bucket that exists already does not have."""


class Reports(Model):
    """Report plans, the bucket that they deliver to, and the lake over it."""

    scope: Scope = "organization"
    regions: tuple[RegionOrAll, ...] = Field(default=("*",), min_length=1)
    """["*"]: every Region, those that AWS will add included."""
    plans: dict[ReportTemplate, ReportPlan | None] = Field(default_factory=dict)
    """What differs from the defaults, by template; null: no plan of this template."""
    own_plans: tuple[OwnReportPlan, ...] = ()
    sharding: Sharding = Sharding()
    bucket: ReportsBucket = ReportsBucket()
    lake: Lake = Lake()
