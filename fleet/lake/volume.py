"""How many jobs and evaluations a day the lake has seen of each account."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated

import typer
from rich.table import Table

from fleet.deploy.deployment import engine_here
from fleet.errors import ToldError
from fleet.lake.query import Lake, lake_of, run_query
from fleet.lake.reports_stack import reports_settings, reports_stack
from fleet.organization import ListedOrganization
from fleet.project import current_project
from fleet.terminal import console
from reports.curated_tables import PARTITION_KEY, table_name
from reports.templates import TEMPLATES, Template
from stacks.report_scopes import lake_plans
from stacks.report_volumes import volumes_file, volumes_text
from stacks.sharding import FILLED_TO

DAYS = 30
"""How far back is looked."""
_SHOWN = 20
"""Accounts that are shown: the busiest."""


def volume(
    write: Annotated[
        bool, typer.Option("--write", help="Keep it beside the stack's settings, for `up`.")
    ] = False,
    stack: Annotated[
        str | None, typer.Option(help="The stack with the reports; needed where there are several.")
    ] = None,
) -> None:
    """Tell how many jobs and evaluations a day the lake has seen of each account, and how many
    report plans they come to."""
    here = reports_stack(engine_here(), stack)
    settings, reports = reports_settings(current_project(), here.deployment.stack)
    found = seen(lake_of(here))
    if not found:
        raise ToldError(f"the lake has no report of the last {DAYS} days")
    whole = sum(found.values())
    table = Table("account", "a day", "share")
    busiest = sorted(found, key=lambda account: (-found[account], account))
    for account in busiest[:_SHOWN]:
        table.add_row(account, f"{found[account]:,}", f"{found[account] / max(whole, 1):.1%}")
    console.print(table)
    if len(busiest) > _SHOWN:
        rest = sum(found[account] for account in busiest[_SHOWN:])
        console.print(f"and {len(busiest) - _SHOWN} more with {rest:,} a day")
    console.print(f"{len(found)} accounts, {whole:,} jobs and evaluations on their busiest days")
    if write:
        path = current_project() / volumes_file(here.deployment.stack)
        path.write_text(volumes_text(found), encoding="utf-8")
        console.print(f"written to {path}")
    if reports.scope != "account":
        plans = lake_plans(reports, settings.customer, ListedOrganization(here.session), found)
        count = max(map(len, plans.values()), default=0)
        console.print(
            f"report plans a template: {count}, each filled to {FILLED_TO:,} a day at most"
        )


def seen(lake: Lake) -> dict[str, int]:
    """By account: of each template's busiest day the rows, added up, as AWS's quota counts jobs and
    evaluations together. Raises QueryFailed."""
    found = Counter[str]()
    for template in TEMPLATES.values():
        for account, rows in run_query(lake, busiest_days(template)).rows:
            if re.fullmatch(r"\d{12}", str(account)):  # whatever a report has for one is a text
                found[str(account)] += int(rows)
    return dict(found)


def busiest_days(template: Template) -> str:
    """The SQL. A job, or a resource and control, counts once a day: a report on demand has it
    again."""
    day = f"current_date - INTERVAL '{DAYS}' DAY"
    identity = ", ".join(("report_date", *template.identity))
    return f"""\
SELECT account_id, max(volume) AS daily_volume
FROM (
  SELECT account_id, report_date, count(*) AS volume
  FROM (
    SELECT DISTINCT {identity}
    FROM {table_name(template)}
    WHERE {PARTITION_KEY} >= date_format({day}, '%Y-%m')
    AND report_date >= date_format({day}, '%Y-%m-%d')
  )
  GROUP BY account_id, report_date
)
GROUP BY account_id"""
