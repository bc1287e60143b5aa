"""What a stack's account tells of how well its customer is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fleet import access
from fleet.deploy.deployment import Deployment, Engine
from fleet.doctor.deliveries import reports_late
from fleet.doctor.stack_account import StackAccount
from fleet.runs import recorded
from fleet.status.figures import Drift, StackStatus
from fleet.tickets.ledger import Ledger
from reports.digest.collation import SUPPORTED
from stacks import load, names

_FORGOTTEN = timedelta(days=35)
"""A resource of which nothing was saved for so long, and that no plan's tag names, is gone: its
recovery points are still listed."""
_AT_WORK = {"CREATED", "PENDING", "RUNNING", "ABORTING"}


def looked_at(stack: str, root: Path, *, days: int, recent_days: int) -> StackStatus:
    """Raises ToldError and SettingsError where there is no way into its account, and what boto3
    raises. `days`: of jobs; `recent_days`: how old a recovery point may be."""
    settings = load.from_files(stack, root)
    here = StackAccount(settings=settings, session=access.session(settings), root=root)
    if not here.is_deployed:
        return StackStatus(stack=stack, deployed=False)
    should, recent, jobs = set[str](), set[str](), list[str]()
    for region in settings.protected_regions:
        saved = dict(_saved(here, region))
        known = {arn for arn, last in saved.items() if last > here.now - _FORGOTTEN}
        should |= known | set(_tagged(here, region))
        late = here.now - timedelta(days=recent_days)
        recent |= {arn for arn, last in saved.items() if last >= late}
        jobs += _ended(here, region, here.now - timedelta(days=days))
    return StackStatus(
        stack=stack,
        resources=len(should),
        protected=len(should & recent),
        jobs=len(jobs),
        completed=jobs.count("COMPLETED"),
        incidents=_incidents(here),
        missing_reports=reports_late(here),
    )


def drift_now(engine: Engine, stack: str, now: datetime) -> Drift:
    """Raises ToldError where the engine cannot look."""
    return Drift(resources=len(Deployment(engine, stack).drifted().drift), looked_at=now)


def drift_recorded(root: Path) -> Mapping[str, Drift]:
    """By stack, what `backup-org drift` found when it last came through there."""
    found: dict[str, Drift] = {}
    for run in recorded(root, "drift"):
        at = datetime.fromisoformat(run["began"])
        for row in run["stacks"]:
            if "drift" in row:
                found.setdefault(row["stack"], Drift(resources=len(row["drift"]), looked_at=at))
    return found


def _saved(here: StackAccount, region: str) -> Iterator[tuple[str, datetime]]:
    """Resources with recovery points, and when AWS Backup last saved each."""
    backup = here.session.client("backup", region_name=region)
    for page in backup.get_paginator("list_protected_resources").paginate():
        for resource in page["Results"]:
            if "ResourceArn" in resource and "LastBackupTime" in resource:
                yield resource["ResourceArn"], resource["LastBackupTime"]


def _tagged(here: StackAccount, region: str) -> Iterator[str]:
    """Resources that carry a plan's tag there, or one of its scripts'."""
    settings = here.settings
    tags = {
        settings.tag_of(plan) for plan in settings.plans if region in settings.plan_regions(plan)
    } | {settings.scripted_tag_of(name) for name in settings.scripts}
    tagging = here.session.client("resourcegroupstaggingapi", region_name=region)
    for key, value in sorted(tags):
        if not key:
            continue
        pages = tagging.get_paginator("get_resources").paginate(
            TagFilters=[{"Key": key, "Values": [value]}], ResourceTypeFilters=list(SUPPORTED)
        )
        for page in pages:
            yield from (each.get("ResourceARN", "") for each in page["ResourceTagMappingList"])


def _ended(here: StackAccount, region: str, since: datetime) -> Iterator[str]:
    """How backup jobs ended; of those of an application's parts, the whole alone counts."""
    backup: Any = here.session.client("backup", region_name=region)
    for page in backup.get_paginator("list_backup_jobs").paginate(ByCreatedAfter=since):
        for job in page["BackupJobs"]:
            if job["State"] not in _AT_WORK and not job.get("ParentJobId"):
                yield job["State"]


def _incidents(here: StackAccount) -> int | None:
    """Of all the accounts whose alerts come here."""
    if here.settings.ticketing is None:
        return None
    table = names.tickets(here.settings)
    ledger = Ledger(dynamodb=here.session.client("dynamodb"), table=table)
    return sum(subject.troubled for subject in ledger.not_well())
