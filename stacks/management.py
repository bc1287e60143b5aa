"""The management account's stack: by default report plans, reports bucket and lake."""

from collections.abc import Sequence

from components.reports_copy import ReportsReplication, ReportsReplicationArgs
from stacks import names
from stacks.central import CentralParts
from stacks.contracts import Contract, ReportsCopyContract, consume
from stacks.references import audit_stack
from stacks.settings import ManagementSettings


def deploy(settings: ManagementSettings) -> Sequence[Contract]:
    parts = CentralParts(settings)
    if settings.copies_reports:
        _copy_reports(settings, parts)
    return parts.contracts


def _copy_reports(settings: ManagementSettings, parts: CentralParts) -> None:
    bucket = parts.reports_bucket
    audit_account = settings.organization.audit_account
    assert bucket is not None
    assert audit_account is not None
    copies = consume(ReportsCopyContract, audit_stack(settings))
    ReportsReplication(
        f"{names.prefix(settings.customer)}-reports-copy",
        ReportsReplicationArgs(
            role_name=names.replication_role(settings.customer),
            bucket_name=bucket.name,
            bucket_arn=bucket.arn,
            bucket_key_arn=bucket.key_arn,
            copy_account=audit_account,
            copy_bucket_arn=copies.reports_copy_bucket_arn,
            copy_key_arn=copies.reports_copy_key_arn,
        ),
        parts.after(bucket.replicable),
    )
