"""Commands over reports that people read: made on this machine, made by the runbook, linked to."""

from __future__ import annotations

import dataclasses
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer
from botocore.exceptions import ClientError

from fleet.deploy.deployment import engine_here
from fleet.deploy.order import settings_of
from fleet.deploy.selection import chosen
from fleet.errors import ToldError
from fleet.project import current_project
from fleet.report.gathering import make_here
from fleet.report.scheduled import NoScheduledReports, deployed, scheduled
from fleet.runbooks.following import succeeded
from fleet.terminal import console
from reports.digest import link as links
from reports.digest.definition import Definition

Customer = Annotated[
    str | None, typer.Option(help="Whose report; needed where several customers have any.")
]
Period = Annotated[
    str, typer.Option(help="daily, weekly or monthly; or with its first day: weekly/2026-06-01.")
]


def preview(
    customer: Customer = None,
    period: Period = "daily",
    from_: Annotated[
        Literal["api", "lake"] | None,
        typer.Option("--from", help="Whence jobs come; by default as the settings say."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where to write it; by default below build/reports/.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Show it in a browser.")] = True,
) -> None:
    """Make a report on this machine, as the deploy role of each stack, and open it."""
    project = current_project()
    found = scheduled(customer, period, project)
    definition = dataclasses.replace(found.definition, source=from_ or found.definition.source)
    found = dataclasses.replace(found, definition=definition)
    now = datetime.now(UTC)
    run = found.run("preview", now)
    target = folder or Path("build/reports") / found.customer / run.period_name
    stacks = settings_of(chosen([found.customer], project), project)
    make_here(definition, run, stacks, target, project=project, now=now, tell=console.print)
    page = target / "index.html"
    console.print(f"written to {page}, with {len(list(target.glob('*.csv*')))} CSV files beside it")
    if open_:
        webbrowser.open(page.resolve().as_uri())


def run(
    customer: Customer = None,
    period: Period = "daily",
    resend: Annotated[
        bool, typer.Option("--resend", help="Mail it even if it may have been mailed before.")
    ] = False,
) -> None:
    """Have the runbook make, store and mail a report, and follow it to its end."""
    engine = engine_here()
    found = scheduled(customer, period, engine.project)
    here = deployed(engine, found)
    ssm = here.session.client("ssm")
    execution = ssm.start_automation_execution(
        DocumentName=here.outputs["report_runbook"],
        Parameters={
            "Cadence": [found.cadence],
            "At": [f"{found.period.end:%Y-%m-%dT%H:%M:%SZ}"],
            "Resend": [str(resend).lower()],
        },
    )["AutomationExecutionId"]
    console.print(f"started {execution}")
    succeeded(ssm, execution)
    console.print("the report is stored, and mailed unless it was before; for a link run:")
    console.print(
        f"  backup-org report link --customer {found.customer} "
        f"--period {found.run('', found.period.end).period_name}"
    )


def link(customer: Customer = None, period: Period = "daily") -> None:
    """Print a fresh link to a stored report, and how long it lives."""
    engine = engine_here()
    found = scheduled(customer, period, engine.project)
    here = deployed(engine, found)
    now = datetime.now(UTC)
    about = found.run("", now)
    bucket, wanted = here.outputs["digests_bucket"], found.definition.link_seconds
    try:
        here.session.client("s3").head_object(Bucket=bucket, Key=about.page_key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "404":
            raise ToldError(f"{bucket} cannot be read: {error}") from error
        raise NoScheduledReports(
            f"there is no report {about.period_name}; make it with: backup-org report run "
            f"--customer {found.customer} --period {about.period_name}"
        ) from error
    secret = found.mail.link.secret
    try:
        signer = (
            links.user_signer(here.session.client("secretsmanager"), secret)
            if secret
            else links.session_signer(
                here.session.client("sts"), here.outputs["report_link_role_arn"], wanted
            )
        )
    except (ClientError, links.NoSigner) as error:
        raise ToldError(f"nobody signs the link: {error}") from error
    made = links.signed(
        here.session, signer, bucket=bucket, key=about.page_key, wanted_seconds=wanted, now=now
    )
    console.print(made.url)
    console.print(f"works until {_moments(made.expires_at, found.definition)}")


def _moments(time: datetime, definition: Definition) -> str:
    there = time.astimezone(ZoneInfo(definition.timezone))
    return f"{time:%Y-%m-%d %H:%M} UTC, which is {there:%Y-%m-%d %H:%M} {definition.timezone}"
