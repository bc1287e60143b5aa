"""Checks of what settings say of alerts and incidents; importing this registers them."""

from collections.abc import Iterator, Mapping

from reports.ticket_facts import FACTS, unknown_facts
from stacks.check import Problems, check
from stacks.settings import ProtectedSettings, Settings
from stacks.ticket_settings import QuietPeriod, Texts, Ticketing
from stacks.warnings import Warnings, warning

_OWN_FIELDS: Mapping[str, str] = {
    "short_description": "texts.short_description",
    "description": "texts.description",
    "work_notes": "texts.work_notes",
    "close_notes": "texts.close_notes",
    "close_code": "close_code",
    "urgency": "urgency, impact and priorities",
    "impact": "urgency, impact and priorities",
    "priority": "urgency and impact, of which ServiceNow computes it",
    "category": "category",
    "assignment_group": "assignment_group",
    "caller_id": "caller",
    "cmdb_ci": "configuration_item",
    "state": "",
    "correlation_id": "",
    "correlation_display": "",
    "sys_id": "",
    "number": "",
}
"""What incidents have anyhow, and the setting that says what; "": this system's alone."""


@warning
def _changes_outside_deployment_are_others_than_the_deploy_roles(s: Settings) -> Warnings:
    if s.monitoring.changes and s.deploy_role is None:
        yield (
            ("monitoring", "changes"),
            "tells of changes by others than the deploy role, and there is none here: each "
            "deployment of vaults and plans in this account is an incident; set deploy_role",
        )


@check(ProtectedSettings, "ticketing")
def _incidents_can_be_made_so(s: ProtectedSettings) -> Problems:
    if s.ticketing is not None:
        for (*place,), problem in _of_ticketing(s.ticketing):
            yield ("ticketing", *place), problem


def _of_ticketing(ticketing: Ticketing) -> Problems:
    yield from _of_fields(ticketing)
    yield from _of_texts(ticketing.texts)
    item = ticketing.configuration_item
    if item is not None and (item.tag is None) == (item.by == "tag"):
        cure = "names none; set tag" if item.tag is None else f"is {item.by}; leave tag out"
        yield ("configuration_item", "by"), f"looks for a tag where it is tag, and {cure}"
    for position, period in enumerate(ticketing.quiet_periods):
        for place, problem in _of_quiet_period(period):
            yield ("quiet_periods", position, *place), problem
    for account, name in ticketing.account_names.items():
        if not name.strip() or not name.isprintable():
            yield ("account_names", account), "is no name; write one line of text"


def _of_fields(ticketing: Ticketing) -> Problems:
    for name in ticketing.fields.keys() & _OWN_FIELDS.keys():
        setting = _OWN_FIELDS[name]
        cure = f"is set by {setting}" if setting else "is this system's own; leave it out"
        yield ("fields", name), cure


def _of_texts(texts: Texts) -> Problems:
    for name, text in texts.model_dump(exclude_none=True).items():
        try:
            unknown = list(unknown_facts(text))
        except ValueError as error:
            yield ("texts", name), f"has braces that do not match ({error}); write {{{{ for {{"
            continue
        for fact in unknown:
            yield (
                ("texts", name),
                f"names {{{fact}}}, which is no fact; there are {', '.join(FACTS)}",
            )


def _of_quiet_period(period: QuietPeriod) -> Problems:
    once = [period.starts, period.ends]
    weekly = [period.weekdays or None, period.start, period.end]
    if any(once) == any(weekly) or not (all(once) or all(weekly)):
        yield (), "is either once, with starts and ends, or weekly, with weekdays, start and end"
        return
    yield from _of_moments(period)
    if period.start is not None and period.start == period.end:
        yield ("end",), "is when it starts; a whole day is from 00:00 to 23:59"


def _of_moments(period: QuietPeriod) -> Iterator[tuple[tuple[str], str]]:
    moments = {"starts": period.starts, "ends": period.ends}
    without = [name for name, at in moments.items() if at is not None and at.tzinfo is None]
    for name in without:
        yield (name,), "has no zone; write one, such as 2026-12-24T20:00:00+01:00"
    if not without and period.starts and period.ends and period.starts >= period.ends:
        yield ("ends",), "is not after starts"
