"""The audit account's stack: by default the alert bus and ticketing."""

from collections.abc import Sequence

from components.reports_copy import ReportsCopyBucket, ReportsCopyBucketArgs
from stacks import names
from stacks.central import CentralParts
from stacks.contracts import Contract, ReportsCopyContract
from stacks.settings import AuditSettings


def deploy(settings: AuditSettings) -> Sequence[Contract]:
    parts = CentralParts(settings)
    if settings.reports_copy is None:
        return parts.contracts
    copies = ReportsCopyBucket(
        f"{names.prefix(settings.customer)}-reports-copy",
        ReportsCopyBucketArgs(
            bucket_name=names.bucket(
                settings.customer, "copies", settings.account, settings.region
            ),
            account=settings.account,
            source_account=settings.organization.management_account,
            source_role=names.replication_role(settings.customer),
            expire_after_days=settings.reports_copy.expire_after_days,
            force_destroy=settings.reports_copy.force_destroy,
        ),
        parts.opts,
    )
    contract = ReportsCopyContract(
        reports_copy_bucket_arn=copies.arn, reports_copy_key_arn=copies.key_arn
    )
    return [*parts.contracts, contract]
