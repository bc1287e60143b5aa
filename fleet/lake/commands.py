"""Commands over a stack's reports: asked, completed and mended."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from components.lake.query_library import queries
from fleet.deploy.deployment import Deployment, engine_here
from fleet.errors import ToldError
from fleet.lake import headers
from fleet.lake.backfill import Backfill, Clients, Done
from fleet.lake.backfill_todo import BackfillTarget
from fleet.lake.partition_batches import standing
from fleet.lake.query import Result, lake_of, named_or_sql, queried
from fleet.lake.query_output import Output, lines, show
from fleet.lake.reports_stack import NoReports, ReportsStack, reports_settings, reports_stack
from fleet.lake.withheld_headers import observed
from fleet.project import current_project
from fleet.replay import dead_letters
from fleet.terminal import console, read_by_others, tell
from reports.curated_tables import table_name, view_name
from reports.templates import TEMPLATES
from stacks.report_columns import raw_columns

Stack = Annotated[
    str | None, typer.Option(help="The stack with the reports; needed where there are several.")
]
_TABLE_ROWS = 50


def query(
    text: Annotated[str, typer.Argument(help="The name of a query (see `queries`), or SQL.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the query: days=30")
    ] = None,
    output: Annotated[
        Output | None,
        typer.Option(help="How rows are written: on a terminal as a table, else as TSV."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help=f"How many rows to write: of a table {_TABLE_ROWS}, else all."),
    ] = None,
    stack: Stack = None,
) -> None:
    """Ask the lake, through Athena. What is told beside the rows goes to stderr."""
    here = reports_stack(engine_here(), stack)
    region, reports = here.settings.region, here.settings.reports
    if reports is None:
        raise NoReports(f"{here.deployment.stack} has reports deployed, and its settings have none")
    lake = lake_of(here)
    sql = named_or_sql(text, region, raw_columns(reports), **_parameters(set_ or []))
    with queried(lake, sql) as result, read_by_others():
        write(result, output or (Output.TABLE if sys.stdout.isatty() else Output.TSV), limit)


def write(result: Result, output: Output, limit: int | None) -> None:
    """Rows to stdout, and to stderr how many of how many they are."""
    rows = iter(result.rows)
    if output is Output.TABLE:
        first = list(islice(rows, limit or _TABLE_ROWS))
        show(console, result.columns, first)
        written = len(first)
    else:
        written = -output.has_header
        for line in lines(output, result.columns, islice(rows, limit)):
            sys.stdout.write(f"{line}\n")
            written += 1
    found = written + sum(1 for _ in rows)
    more = f" of {found:,}" if found > written else ""
    read = result.scanned_bytes / 1e6
    tell(f"{written:,}{more} rows, {read:,.2f} MB read, {result.seconds:.1f} s")
    if more:
        tell(f"all of them: --limit {found}")


def list_queries(stack: Stack = None) -> None:
    """List the queries that come with the lake, and their parameters."""
    settings, reports = reports_settings(current_project(), stack)
    there = raw_columns(reports)
    for name, known in queries(settings.region).items():
        parameters = ", ".join(f"{k}={v}" for k, v in known.parameters.items())
        console.print(f"{name} {parameters}", style="bold")
        console.print(f"  {known.description}")
        if lacks := known.lacks(there):
            console.print(f"  This lake cannot answer it: {lacks}.")


def backfill(
    recheck: Annotated[
        bool, typer.Option(help="Look again at partitions that are there, after a new header.")
    ] = False,
    stack: Stack = None,
) -> None:
    """Make the partitions and curated files that reports already in the bucket need."""
    _show(_backfilled(reports_stack(engine_here(), stack), recheck=recheck))


def learn_header(
    template: Annotated[
        str | None, typer.Option(help="Learn this template's alone: backup_job, …")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    stack: Stack = None,
) -> None:
    """Take the CSV headers of withheld reports into the settings, deploy, and let them follow."""
    here = reports_stack(engine_here(), stack)
    queue = here.queues.get("partitions")
    if queue is None:
        raise ToldError("Athena computes this stack's partitions: no report is ever withheld")
    sqs = here.session.client("sqs")
    letters = dead_letters.resting(sqs, queue["dead_letters"])
    found = [o for o in observed(letters) if template in (None, o.template)]
    if not found:
        console.print(f"of {len(letters)} dead letters none was withheld for its header")
        return
    for one in found:
        console.print(f"{one.template}, {len(one.keys)} reports such as {one.keys[-1]}")
        console.print(f"  expected {list(one.expected)}\n  found    {list(one.header)}")
    name = here.deployment.stack
    learnt = {one.template: one.header for one in found}
    path, text = headers.with_headers(current_project(), name, learnt)
    for line in _at_stake(here, learnt):
        console.print(line)
    if not yes:
        typer.confirm(
            "Take the last one of each template into the settings and deploy?", abort=True
        )
    path.write_text(text, encoding="utf-8")
    console.print(f"written to {path}")
    outcome = Deployment(engine_here(), name).up()
    console.print(f"{name}: {dict(outcome.changes)}")
    # Before what rests is sent back: a header that still does not fit would be put beside it.
    _show(_backfilled(here, recheck=True))
    count = dead_letters.replay(sqs, queue["dead_letters"], queue["queue"])
    console.print(f"{count} withheld reports sent back")


def _at_stake(here: ReportsStack, learnt: Iterable[str]) -> Iterator[str]:
    """What new headers of these templates may take out of raw tables, and where it is then."""
    glue = here.session.client("glue")
    for template in (TEMPLATES[name] for name in learnt):
        stand = standing(glue, here.outputs["reports_database"], template.table, with_columns=False)
        yield (
            f"{template.table} has {sum(1 for _ in stand)} partitions: those whose reports do not "
            "fit the new header are withdrawn; their rows can still be queried in "
            f"{table_name(template)} and {view_name(template)}, which go by header name"
        )


def _parameters(given: list[str]) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise ToldError(f"--set takes name=value, not {', '.join(wrong)}")
    return {name: value for name, _, value in pairs}


def _backfilled(here: ReportsStack, *, recheck: bool) -> Done:
    outputs = here.outputs
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=of or None)
            progress.update(tasks[what], completed=done, total=of or None)

        return Backfill(
            BackfillTarget(
                reports_bucket=outputs["reports_bucket"],
                lake_bucket=outputs["reports_lake_bucket"],
                database=outputs["reports_database"],
                plans=here.plans,
                curation_queue=here.queues["curation"]["queue"],
                dead_letters=here.queues.get("partitions", {}).get("dead_letters"),
            ),
            Clients(
                s3=here.session.client("s3"),
                glue=here.session.client("glue"),
                sqs=here.session.client("sqs"),
            ),
            tell,
        ).run(recheck=recheck)


def _show(done: Done) -> None:
    console.print(
        f"{done.objects} objects, {done.reports} of them reports: {done.partitions} partitions "
        f"added, {done.curations} reports handed to curation, {len(done.withheld)} withheld"
    )
    if done.updated or done.withdrawn:
        console.print(
            f"of partitions that were there {done.updated} got their table's new columns, and "
            f"{done.withdrawn} were withdrawn"
        )
    if done.headers:
        console.print(
            f"unknown headers put into the dead-letter queue: {done.headers}; see and learn them "
            "with: backup-org lake learn-header"
        )
    for folder, reason in done.withheld.items():
        console.print(f"  {folder}: {reason}")
