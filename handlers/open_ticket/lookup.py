"""What the account of a job tells of it, beyond its event: plan and rule by name, the resource's
name, when it ended, and with what message category.

Nothing of this is needed to tell of a failure: what cannot be had is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from handlers.member_clients import MemberClients
from handlers.open_ticket.events import Alert, Kind
from handlers.open_ticket.settings import TicketSettings

if TYPE_CHECKING:
    import boto3

logger = Logger(service="open_ticket", child=True)

_QUICK = Config(
    connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}
)
"""Nobody waits for what an incident can do without: at most 20 seconds of the function's 60."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """ "" and None: not told."""

    plan: str = ""
    """Id of the plan; "" where the job was started on demand."""
    plan_name: str = ""
    rule: str = ""
    """Id of the plan's rule."""
    rule_name: str = ""
    resource: str = ""
    """ARN of what was backed up; of a restore, whose event may not name it."""
    resource_name: str = ""
    ended: datetime | None = None
    """The job's completion date, in UTC."""
    category: str = ""
    """Its message category, SUCCESS where it completed without issues."""
    message: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the resource."""


class Lookup(Protocol):
    def of(self, alert: Alert) -> Looked | None:
        """None: it cannot be looked up; the reason is logged."""
        ...


class NoLookup:
    """Where the function may look into no account."""

    def of(self, alert: Alert) -> Looked | None:  # noqa: ARG002 - as the protocol has it
        return None


def member_lookup(session: boto3.Session, role: str, settings: TicketSettings) -> Lookup:
    """In the role that each account has for it."""
    item = settings.configuration_item
    return MemberLookup(
        MemberClients(session, role, session_name="backup-org-tickets", config=_QUICK),
        with_tags=item is not None and item.by == "tag",
    )


class MemberLookup:
    """Asks AWS Backup in the account and Region of the job."""

    def __init__(self, members: MemberClients, *, with_tags: bool) -> None:
        self._members = members
        self._with_tags = with_tags

    def of(self, alert: Alert) -> Looked | None:
        ask = _QUESTIONS.get(alert.kind)
        if ask is None:
            return None
        job = _unless_refused(alert, lambda: ask(self._members, alert))
        if job is None:
            return None
        tagged = _resource_of(job) if self._with_tags else ""
        tags = _unless_refused(alert, lambda: self._tags(tagged, alert)) if tagged else None
        return _looked(job, tags or {})

    def _tags(self, resource: str, alert: Alert) -> Mapping[str, str]:
        """None, where the resource is gone or of a type that the tagging API does not know."""
        found = self._members.tagging(alert.account, alert.region).get_resources(
            ResourceARNList=[resource]
        )
        return {
            tag["Key"]: tag["Value"]
            for each in found["ResourceTagMappingList"]
            for tag in each.get("Tags", ())
        }


T = TypeVar("T")


def _unless_refused(alert: Alert, ask: Callable[[], T]) -> T | None:
    """botocore has tried again what may be tried again."""
    try:
        return ask()
    except (BotoCoreError, ClientError) as error:
        logger.warning(
            "the account does not tell of its job",
            job=alert.job_id,
            account=alert.account,
            region=alert.region,
            error=str(error),
        )
        return None


Job = Mapping[str, Any]


def _backup_job(members: MemberClients, alert: Alert) -> Job:
    client = members.backup(alert.account, alert.region)
    return cast("Job", client.describe_backup_job(BackupJobId=alert.job_id))


def _copy_job(members: MemberClients, alert: Alert) -> Job:
    client = members.backup(alert.account, alert.region)
    return cast("Job", client.describe_copy_job(CopyJobId=alert.job_id)["CopyJob"])


def _restore_job(members: MemberClients, alert: Alert) -> Job:
    client = members.backup(alert.account, alert.region)
    return cast("Job", client.describe_restore_job(RestoreJobId=alert.job_id))


_QUESTIONS: Mapping[Kind, Callable[[MemberClients, Alert], Job]] = {
    Kind.BACKUP: _backup_job,
    Kind.ISSUES: _backup_job,
    Kind.COPY: _copy_job,
    Kind.RESTORE: _restore_job,
    Kind.VERDICT: _restore_job,
}


def _resource_of(job: Job) -> str:
    return job.get("SourceResourceArn") or job.get("ResourceArn") or ""


def _looked(job: Job, tags: Mapping[str, str]) -> Looked:
    made_by: Mapping[str, str] = job.get("CreatedBy") or {}
    ended: datetime | None = job.get("CompletionDate")
    return Looked(
        plan=made_by.get("BackupPlanId", ""),
        plan_name=made_by.get("BackupPlanName", ""),
        rule=made_by.get("BackupRuleId", ""),
        rule_name=made_by.get("BackupRuleName", ""),
        resource=_resource_of(job),
        resource_name=job.get("ResourceName") or "",
        ended=ended.astimezone(UTC) if ended else None,
        category=job.get("MessageCategory") or "",
        message=job.get("StatusMessage") or "",
        tags=tags,
    )
