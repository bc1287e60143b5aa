"""`backup-org drill`: the drill run and watched, and the record that auditors are given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleet import access
from fleet.deploy.deployment import Deployment, Engine, NeverDeployed, engine_here
from fleet.deploy.order import settings_of
from fleet.deploy.selection import chosen
from fleet.drill.execution import Execution, execution_of
from fleet.drill.incident import watched
from fleet.drill.page import page
from fleet.drill.place import Place, place_of
from fleet.drill.record import DrillRecord, Incident
from fleet.errors import ToldError
from fleet.evidence.scope import keeper_of
from fleet.runbooks.following import followed
from fleet.terminal import console
from fleet.tickets.ledger import ledger_of
from stacks import names
from stacks.names import stack_name
from stacks.settings import AuditSettings, ManagementSettings

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_FOLDER = Path("build")


def drill(
    name: Annotated[str, typer.Argument(help="The stack, or a customer that has one drill.")],
    execution: Annotated[
        str | None,
        typer.Option(
            "--from", help="Start none: the id of an execution that was started elsewhere."
        ),
    ] = None,
    minutes: Annotated[
        int, typer.Option(min=0, help="How long to wait for the incident after the drill.")
    ] = 20,
) -> None:
    """Have an instance backed up and restored, and a backup cancelled that becomes an incident;
    keep a page of it for auditors. Exits with 1 where the drill failed."""
    engine = engine_here()
    place = place_of(name, engine.project)
    ssm = access.session(place.settings).client("ssm", region_name=place.region)
    execution = execution or _started(ssm, place)
    followed(ssm, execution)
    ended = execution_of(ssm, execution, place.runbook)
    removed = _removed(ssm, ended, place)
    record = _record(engine, place, ended, removed, minutes)
    console.print(f"the page for auditors: {_kept(engine, record)}")
    for arn in record.left_behind:
        console.print(f"left behind: {arn}")
    if record.outcome == "FAILED":
        console.print(f"the drill failed: {record.reason}", style="red")
        raise typer.Exit(1)
    console.print("the drill passed, and nothing is left behind")


def _started(ssm: SSMClient, place: Place) -> str:
    try:
        answer = ssm.start_automation_execution(DocumentName=place.runbook)
    except ssm.exceptions.AutomationDefinitionNotFoundException as error:
        raise ToldError(
            f"{place.stack} has no drill deployed; run: backup-org up {place.stack}"
        ) from error
    execution = answer["AutomationExecutionId"]
    console.print(
        f"started {execution}; it takes an hour or more, and goes on without this "
        "command, which finds it again with:"
    )
    console.print(f"  backup-org drill {place.stack} --from {execution}")
    return execution


def _removed(ssm: SSMClient, ended: Execution, place: Place) -> Execution | None:
    """The clean-up that followed a drill, if one did, followed to its end."""
    if not ended.clean_up:
        return None
    console.print(f"what it left is removed by {ended.clean_up}")
    followed(ssm, ended.clean_up)
    return execution_of(ssm, ended.clean_up, names.drill_clean_up(place.settings))


def _record(
    engine: Engine, place: Place, ended: Execution, removed: Execution | None, minutes: int
) -> DrillRecord:
    incident, unseen = _incident(engine, place, ended, minutes)
    left = (removed or ended).left_behind
    reason = ended.failure or _fault(incident)
    if left and not reason:
        reason = "something is left behind"
    return DrillRecord(
        customer=place.settings.customer,
        account=place.settings.account,
        region=place.region,
        execution_id=ended.id,
        started_at=ended.started_at,
        ended_at=(removed or ended).ended_at,
        outcome="FAILED" if reason else "PASSED",
        reason=reason,
        steps=(*ended.steps, *(removed.steps if removed else ())),
        facts=dict(ended.facts()),
        incident=incident,
        unseen=unseen,
        left_behind=left,
    )


def _incident(
    engine: Engine, place: Place, ended: Execution, minutes: int
) -> tuple[Incident | None, str]:
    """With why none was looked for. That of a drill which failed is not waited for."""
    if not ended.output("StartBackupToCancel", "BackupJobId"):
        return None, "No backup came to be cancelled: the drill failed before."
    ledger = ledger_of(engine, place.settings)
    if ledger is None:
        return (
            None,
            "The customer has no ticketing: that the alert becomes an incident is not shown.",
        )
    instance = ended.output("CreateInstance", "InstanceId")
    partition, account = place.settings.partition, place.settings.account
    resource = f"arn:{partition}:ec2:{place.region}:{account}:instance/{instance}"
    console.print("watching the incident of the backup that was cancelled")
    return watched(ledger, place.settings, resource, 0 if ended.failure else minutes), ""


def _fault(incident: Incident | None) -> str:
    if incident is None:
        return ""
    if incident.opened_at is None:
        return "the alert of the cancelled backup did not become an incident in time"
    if incident.resolved_at is None:
        return f"the incident {incident.number} was not resolved in time"
    return ""


def _kept(engine: Engine, record: DrillRecord) -> str:
    """Where the record now lies: in the customer's evidence bucket, or in a folder here."""
    files = {
        "drill.json": (record.dumped(), "application/json"),
        "index.html": (page(record).encode(), "text/html; charset=utf-8"),
    }
    central = _evidence(engine, record.customer)
    if central is None:
        folder = _FOLDER / record.key.replace("drills/", f"drills/{record.customer}/", 1)
        folder.mkdir(parents=True, exist_ok=True)
        for name, (content, _) in files.items():
            (folder / name).write_bytes(content)
        console.print(f"{record.customer} has no evidence bucket: the record stays on this machine")
        return str(folder / "index.html")
    settings, bucket = central
    s3 = access.session(settings).client("s3")
    for name, (content, kind) in files.items():
        s3.put_object(Bucket=bucket, Key=f"{record.key}/{name}", Body=content, ContentType=kind)
    return f"s3://{bucket}/{record.key}/index.html"


def _evidence(
    engine: Engine, customer: str
) -> tuple[ManagementSettings | AuditSettings, str] | None:
    """The central stack that keeps evidence, and its bucket, once it is deployed."""
    settings = keeper_of(settings_of(chosen([customer], engine.project), engine.project))
    if settings is None:
        return None
    try:
        outputs = Deployment(engine, stack_name(customer, settings.role)).outputs()
    except NeverDeployed:
        return None
    bucket = outputs.get("evidence_bucket")
    return (settings, bucket) if bucket else None
