"""The management account's stack: by default report plans, reports bucket and lake."""

from collections.abc import Sequence

import pulumi

from components.reports_replication import ReportsReplication, ReportsReplicationArgs
from stacks import names
from stacks.alerts import deploy_alerts, forward_alerts
from stacks.backup_policies import deploy_backup_policies
from stacks.contracts import Contract, ReportsCopyContract, consume
from stacks.evidence import deploy_evidence
from stacks.functions import duckdb_layer, function_home, reads_in_bulk
from stacks.guard_rails import deploy_guard_rails
from stacks.organization import OrganizationReader
from stacks.proof import prove_recovery
from stacks.protection import deploy_protection
from stacks.providers import account_provider, after
from stacks.references import audit_stack
from stacks.reports import Bucket, deploy_reports
from stacks.reports_mail import deploy_reports_mail, let_reports_read
from stacks.scripts import deploy_scripts
from stacks.settings import ManagementSettings
from stacks.vaults import deploy_vaults


def deploy(settings: ManagementSettings) -> Sequence[Contract]:
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
    if settings.guard_rails is not None:
        deploy_guard_rails(settings, settings.guard_rails, organization, opts)
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
    if reports is not None and settings.copies_reports_to is not None:
        _copy_reports(settings, reports.bucket, settings.copies_reports_to, opts)
    contracts = (
        *alerts.contracts,
        forwarding,
        protection.contract if protection else None,
        scripts,
        proof.restore_checks,
        evidence,
        reports.contract if reports else None,
        mails,
    )
    return [contract for contract in contracts if contract is not None]


def _copy_reports(
    settings: ManagementSettings, bucket: Bucket, account: str, opts: pulumi.ResourceOptions
) -> None:
    copies = consume(ReportsCopyContract, audit_stack(settings))
    ReportsReplication(
        f"{names.prefix(settings)}-reports-copy",
        ReportsReplicationArgs(
            account=settings.account,
            role_name=names.replication_role(settings),
            bucket_name=bucket.name,
            bucket_arn=bucket.arn,
            bucket_key_arn=bucket.key_arn,
            copy_account=account,
            copy_bucket_arn=copies.reports_copy_bucket_arn,
            copy_key_arn=copies.reports_copy_key_arn,
        ),
        after(bucket.replicable, opts),
    )
