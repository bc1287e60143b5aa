"""The `backup-org` command: a table of commands, each of which is imported once it is called."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from fleet.errors import ToldError, told_of
from fleet.interrupts import asked, end_in_order, exit_code, leave
from fleet.proxies import reach_this_machine_directly
from fleet.terminal import Detail, open_closed, set_detail, tell_error


def _tell_more(*, given: bool) -> None:
    if given:
        set_detail(Detail.VERBOSE)


def _tell_less(*, given: bool) -> None:
    if given:
        set_detail(Detail.QUIET)


def _print_version(*, given: bool) -> None:
    if given:
        from importlib.metadata import version  # noqa: PLC0415 - it takes a tenth of `--help`

        typer.echo(f"backup-org {version('backup-org')}")
        raise typer.Exit


def _of_every_command(
    *,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Tell all that the engine says.",
            callback=_tell_more,
            expose_value=False,
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Tell results and errors alone.",
            callback=_tell_less,
            expose_value=False,
        ),
    ] = False,
) -> None:
    """Options that typer makes of these."""


def _of_itself(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version.",
            is_eager=True,
            callback=_print_version,
            expose_value=False,
        ),
    ] = False,
) -> None:
    """Options of `backup-org` alone."""


def _parameters(function: Callable[..., None], *, completion: bool = False) -> list[Any]:
    app = typer.Typer(add_completion=completion)
    app.command()(function)
    return get_command(app).params


class Command(TyperCommand):
    """A command's name and help; `where` is its function, as module:name, whose docstring says the
    whole."""

    def __init__(self, name: str, where: str, help_: str) -> None:
        super().__init__(name, help=help_)
        self._where = where

    def loaded(self) -> Any:
        """The same with its arguments, imported."""
        module, _, function = self._where.partition(":")
        app = typer.Typer(add_completion=False)
        app.command(self.name)(getattr(import_module(module), function))
        command = get_command(app)
        command.params += _parameters(_of_every_command)
        return command


class Group(TyperGroup):
    """Commands, imported one by one. `unnamed` is the one that is meant where none is named."""

    def __init__(
        self, name: str, help_: str, *commands: TyperCommand | TyperGroup, unnamed: str = ""
    ) -> None:
        super().__init__(name=name, help=help_, commands=commands, no_args_is_help=True)
        self.unnamed = unnamed

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = args and args[0] in {*self.commands, *ctx.help_option_names}
        if self.unnamed and args and not named:
            args = [self.unnamed, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.loaded() if isinstance(command, Command) else command, rest


APP = Group(
    "backup-org",
    "AWS Backup for an organization of accounts",
    Command(
        "list",
        "fleet.deploy.listing:list_stacks",
        "List stacks: their accounts, and what became of them when a command last ran on them",
    ),
    Command("up", "fleet.deploy.commands:up", "Deploy stacks, each after those that it reads"),
    Command("preview", "fleet.deploy.commands:preview", "Show what `up` would change"),
    Command(
        "refresh",
        "fleet.deploy.commands:refresh",
        "Take into the stacks' states what stands in AWS",
    ),
    Command("destroy", "fleet.deploy.destroying:destroy", "Delete what stacks deployed"),
    Command("drift", "fleet.deploy.drift:drift", "Tell what somebody changed in AWS by hand"),
    Command(
        "adopt",
        "fleet.deploy.adopt:adopt",
        "Take vaults and plans into a stack that stand in its account already",
    ),
    Command(
        "orphans",
        "fleet.deploy.orphans_commands:orphans",
        "Tell what runs were cut off from",
    ),
    Command(
        "matrix",
        "fleet.deploy.matrix:matrix",
        "Print stacks as jobs in waves",
    ),
    Command("outputs", "fleet.deploy.listing:outputs", "Print what stacks export"),
    Group(
        "init",
        "Write settings files",
        Command(
            "customer",
            "fleet.init.commands:customer",
            "Write a new customer's settings, asked for on a terminal or given as flags",
        ),
        Command(
            "member",
            "fleet.init.commands:member",
            "Write a new member's settings, asked for on a terminal or given as flags",
        ),
    ),
    Command(
        "enrol",
        "fleet.enrol.commands:enrol",
        "Give each account of a customer's AWS Organization its row among the members",
    ),
    Command(
        "prepare",
        "fleet.deploy.prepare:prepare",
        "Make in the stacks' accounts what no stack may own",
    ),
    Command(
        "bootstrap",
        "fleet.bootstrap.commands:bootstrap",
        "Write CloudFormation templates for what accounts need before their stacks",
    ),
    Command(
        "deploy-role",
        "fleet.deploy_role.commands:deploy_role",
        "Make the policies of the role that deploys a customer's stacks",
    ),
    Command("env", "fleet.shell:env", "Print what a shell needs to work for one customer"),
    Command("status", "fleet.status.commands:status", "Show how well customers are"),
    Command("doctor", "fleet.doctor.commands:doctor", "Look up in AWS what settings cannot tell"),
    Command(
        "settings",
        "fleet.deploy.merged_settings:settings",
        "Print a stack's settings merged, each value with where it stands",
    ),
    Group(
        "policies",
        "What a deployment is refused for, and whether what is deployed keeps to it",
        Command("list", "fleet.policies.commands:list_rules", "List the rules"),
        Command(
            "explain",
            "fleet.policies.commands:explain",
            "Explain a rule",
        ),
        Command(
            "check",
            "fleet.policies.commands:check",
            "Run the policies over what is deployed",
        ),
    ),
    Command(
        "plan-calendar",
        "fleet.plans.commands:plan_calendar",
        "Show the next runs of backup plans, as a table and as a picture",
    ),
    Command("query", "fleet.lake.commands:query", "Ask the lake, through Athena"),
    Command(
        "queries",
        "fleet.lake.commands:list_queries",
        "List the queries that come with the lake, and their parameters",
    ),
    Command(
        "backfill",
        "fleet.lake.commands:backfill",
        "Make the partitions and curated files that reports already in the bucket need",
    ),
    Group(
        "lake",
        "Mend the report lake",
        Command(
            "learn-header",
            "fleet.lake.commands:learn_header",
            "Take the CSV headers of withheld reports into the settings",
        ),
        Command(
            "volume",
            "fleet.lake.volume:volume",
            "Tell how many jobs and evaluations a day the lake has seen of each account",
        ),
    ),
    Command(
        "replay",
        "fleet.replay.commands:replay",
        "Send what rests in dead-letter queues to be tried again, and tell what became of it",
    ),
    Group(
        "tickets",
        "What is not well, its incidents, and the way to them",
        Command("list", "fleet.tickets.commands:list_tickets", "List what is not well"),
        Command(
            "show",
            "fleet.tickets.commands:show",
            "Show all that the ledger has of an incident or a resource",
        ),
        Command(
            "test", "fleet.tickets.commands:try_way", "Try the way from an account to ServiceNow"
        ),
        Command(
            "forget",
            "fleet.tickets.commands:forget",
            "Forget that an account, or a Region of it, was heard of",
        ),
    ),
    Command(
        "recover",
        "fleet.recovery.commands:recover",
        "Bring back what an account lost from the central vault, and restore it",
    ),
    Group(
        "runbooks",
        "Scripts before and after backups, which support staff edit in AWS",
        Command(
            "list",
            "fleet.runbooks.commands:list_runbooks",
            "List the scripts of stacks: as here, edited in AWS, newer here",
        ),
        Command(
            "diff",
            "fleet.runbooks.commands:diff",
            "Show how the scripts of this checkout differ from what runs in AWS",
        ),
        Command(
            "adopt",
            "fleet.runbooks.commands:adopt",
            "Write what staff made of a script in AWS into the customer's file",
        ),
        Command(
            "publish",
            "fleet.runbooks.commands:publish",
            "Bring newer texts of this checkout to AWS",
        ),
    ),
    Group(
        "report",
        "Reports that people read: scheduled ones, and of your own making",
        Command("preview", "fleet.report.commands:preview", "Make a report on this machine"),
        Command(
            "run", "fleet.report.commands:run", "Have the runbook make, store and mail a report"
        ),
        Command("link", "fleet.report.commands:link", "Print a fresh link to a stored report"),
    ),
    Command(
        "drill",
        "fleet.drill.commands:drill",
        "Have an instance backed up and restored, and a backup cancelled that becomes an incident",
    ),
    Group(
        "evidence",
        "What auditors are given: `make` is meant where no command is named",
        Command(
            "make",
            "fleet.evidence.commands:make",
            "Write one signed archive of a customer's evidence",
        ),
        Command(
            "verify",
            "fleet.evidence.verification:verify",
            "Check an archive of evidence, without AWS",
        ),
        Command(
            "public-key",
            "fleet.evidence.commands:public_key",
            "Print the public key that checks a customer's evidence",
        ),
        unnamed="make",
    ),
    Group(
        "sandbox",
        "An AWS on this machine, to see all of it work",
        Command(
            "up",
            "fleet.sandbox.commands:up",
            "Start the sandbox, deploy a customer, deliver reports, ask the lake, open a ticket",
        ),
        Command("prepare", "fleet.sandbox.commands:prepare", "Get what `up` needs"),
        Command("down", "fleet.sandbox.commands:down", "Stop what `up` left running"),
        Command(
            "env", "fleet.sandbox.commands:env", "Print what a shell needs to work in the sandbox"
        ),
        Command("status", "fleet.sandbox.commands:status", "Print build/sandbox.json"),
    ),
    Command(
        "settings-schema",
        "fleet.deploy.commands:settings_schema",
        "Print the JSON schema of settings files",
    ),
)
APP.params += _parameters(_of_itself, completion=True)


def main() -> None:
    """Known errors are said in full and without a traceback."""
    open_closed()
    reach_this_machine_directly(os.environ)
    end_in_order()
    try:
        APP()
    except Exception as error:
        said = told_of(error)
        if said is None:
            raise
        tell_error(said)
        if isinstance(error, ToldError) and error.at_once:
            leave(exit_code() if asked() else 1)
        raise SystemExit(1) from error
    finally:
        if asked():
            tell_error("interrupted: what was under way has ended")
            leave(exit_code())
