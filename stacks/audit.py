"""The audit account's stack: by default the alert bus and ticketing."""

from collections.abc import Sequence

import pulumi

from components.reports_copy_bucket import ReportsCopyBucket, ReportsCopyBucketArgs
from stacks import names
from stacks.alerts import deploy_alerts, forward_alerts
from stacks.backup_policies import deploy_backup_policies
from stacks.contracts import Contract, ReportsCopyContract
from stacks.evidence import deploy_evidence
from stacks.functions import duckdb_layer, function_home, reads_in_bulk
from stacks.organization import OrganizationReader
from stacks.proof import prove_recovery
from stacks.protection import deploy_protection
from stacks.providers import account_provider
from stacks.reports import deploy_reports
from stacks.reports_mail import deploy_reports_mail, let_reports_read
from stacks.scripts import deploy_scripts
from stacks.settings import AuditSettings, ReportsCopy
from stacks.vaults import deploy_vaults


def deploy(settings: AuditSettings) -> Sequence[Contract]:
    provider = account_provider(settings)
    opts = pulumi.ResourceOptions(provider=provider)
    organization = OrganizationReader(provider)
    home = function_home(settings, opts)
    alerts = deploy_alerts(settings, organization, home, opts)
    forwarding = forward_alerts(settings, alerts.bus_arn, opts)
    vaults = deploy_vaults(settings, organization, opts)
    protection = deploy_protection(settings, vaults, opts)
    scripts = (
        deploy_scripts(settings, protection, opts)
        if protection is not None and settings.scripts
        else None
    )
    proof = prove_recovery(settings, vaults, protection, opts)
    deploy_backup_policies(settings, opts)
    evidence = deploy_evidence(settings, settings.evidence, opts) if settings.evidence else None
    duckdb = duckdb_layer(settings, home, opts) if reads_in_bulk(settings) else None
    reports = (
        deploy_reports(
            settings,
            settings.reports,
            organization,
            opts,
            home=home,
            duckdb=duckdb,
            frameworks=proof.frameworks.get(settings.region, {}),
        )
        if settings.reports is not None and duckdb is not None
        else None
    )
    let_reports_read(settings, reports.lake if reports else None, opts)
    mails = (
        deploy_reports_mail(
            settings,
            settings.reports_mail,
            opts,
            home=home,
            duckdb=duckdb,
            ledger=alerts.ledger,
        )
        if settings.reports_mail is not None and duckdb is not None
        else None
    )
    copies = (
        _bucket_for_copies(settings, settings.reports_copy, opts)
        if settings.reports_copy is not None
        else None
    )
    contracts = (
        *alerts.contracts,
        forwarding,
        protection.contract if protection else None,
        scripts,
        proof.restore_checks,
        evidence,
        reports.contract if reports else None,
        mails,
        copies,
    )
    return [contract for contract in contracts if contract is not None]


def _bucket_for_copies(
    settings: AuditSettings, wanted: ReportsCopy, opts: pulumi.ResourceOptions
) -> ReportsCopyContract:
    source = settings.organization.management_account
    assert source is not None  # beside an audit account, as a rule of the settings demands
    copies = ReportsCopyBucket(
        f"{names.prefix(settings)}-reports-copy",
        ReportsCopyBucketArgs(
            bucket_name=names.bucket(
                settings.customer, "copies", settings.account, settings.region
            ),
            account=settings.account,
            partition=settings.partition,
            source_account=source,
            source_role_arn=names.role_arn(
                settings,
                source,
                names.replication_role(settings),
            ),
            expire_after_days=wanted.expire_after_days,
            force_destroy=wanted.force_destroy,
        ),
        opts,
    )
    return ReportsCopyContract(
        reports_copy_bucket_arn=copies.arn, reports_copy_key_arn=copies.key_arn
    )
