"""What an incident says."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from handlers.open_ticket.events import Alert, Kind
from handlers.open_ticket.facts import HEADLINE_LIMIT, Facts, cut, facts_of, last_part
from handlers.open_ticket.lookup import Looked
from handlers.open_ticket.service_now import RESOLVED
from handlers.open_ticket.settings import TicketSettings
from reports.correlation import DISPLAY
from reports.restore_tests import MISSED_START

_TEXT_LIMIT = 4000
"""Characters of ServiceNow's texts, which it cuts off without a word."""


def incident_fields(
    job: Alert,
    settings: TicketSettings,
    looked: Looked | None = None,
    *,
    account_name: str = "",
    configuration_item: str = "",
) -> dict[str, str]:
    """A new incident's fields, as ServiceNow's Table API names them, but for its correlation id.
    `looked` is what its account tells of the job, `configuration_item` a sys_id."""
    facts = facts_of(job, settings, looked, account_name)
    return _new(facts, _lines(facts, job), settings, configuration_item)


def group_fields(
    job: Alert,
    settings: TicketSettings,
    resources: Sequence[str],
    *,
    account_name: str = "",
) -> dict[str, str]:
    """A new incident that stands for many of one cause: `resources` are what is not well, by
    their ARNs, and the job one of theirs."""
    facts = facts_of(job, settings, None, account_name)
    facts["headline"] = (
        f"{facts['customer']} {facts['account_name']}: {facts['what']} for {len(resources)} "
        f"resources in {facts['region']}: {facts['message']}"
    )
    of_one = ("resource_name", "resource", "resource_type", "recovery_point")
    lines = _lines({**facts, **dict.fromkeys(of_one, "")}, job)
    return _new(facts, f"{lines}\n\n{listed(resources)}", settings, "")


def listed(resources: Sequence[str]) -> str:
    """One a line."""
    return "\n".join((f"Resources ({len(resources)}):", *resources))


def _new(
    facts: Facts, description: str, settings: TicketSettings, configuration_item: str
) -> dict[str, str]:
    texts = settings.texts
    urgency, impact = _priority(facts, settings)
    fields = {
        "short_description": cut(
            _filled(texts.short_description, facts, facts["headline"]), HEADLINE_LIMIT
        ),
        "description": cut(_filled(texts.description, facts, description), _TEXT_LIMIT),
        "urgency": urgency,
        "impact": impact,
        "category": settings.category,
        "correlation_display": DISPLAY,
        "assignment_group": settings.assignment_group or "",
        "caller_id": settings.caller or "",
        "cmdb_ci": configuration_item,
    }
    return {**{name: value for name, value in fields.items() if value}, **settings.fields}


def _priority(facts: Facts, settings: TicketSettings) -> tuple[str, str]:
    """Of the first row that fits. A test has nobody called."""
    if facts["kind"] == Kind.TEST:
        return "3", "3"
    for row in settings.priorities:
        if row.kinds and facts["kind"] not in row.kinds:
            continue
        if not row.tiers or facts["tier"] in row.tiers:
            return row.urgency, row.impact
    return settings.urgency, settings.impact


def sought_item(
    job: Alert, settings: TicketSettings, looked: Looked | None = None
) -> tuple[str, str, str] | None:
    """Table, field and value by which the resource is found in ServiceNow's CMDB; None where it
    is not to be, or nothing is known of it."""
    item = settings.configuration_item
    if item is None:
        return None
    told = looked or Looked()
    arn = job.resource or told.resource
    value = {
        "arn": arn,
        "id": last_part(job) if arn else "",
        "tag": told.tags.get(item.tag or "", ""),
    }[item.by]
    return (item.table, item.field, value) if value else None


def note_fields(
    job: Alert,
    settings: TicketSettings,
    looked: Looked | None = None,
    count: int = 1,
    surplus: Sequence[str] = (),
    *,
    account_name: str = "",
    resources: Sequence[str] = (),
) -> dict[str, str]:
    """What is added to an incident when it fails again, for so many times in all. `surplus`:
    numbers of incidents that were one too many; `resources`: of a group, what is not well now."""
    facts = {**facts_of(job, settings, looked, account_name), "count": str(count)}
    times = f" ({count} times by now)" if count > 1 else ""
    too_many = f"One incident too many was resolved: {', '.join(surplus)}" if surplus else ""
    own = _paragraphs(
        f"Again{times}: {facts['headline']}",
        too_many,
        _course(facts),
        listed(resources) if resources else "",
    )
    return {"work_notes": cut(_filled(settings.texts.work_notes, facts, own), _TEXT_LIMIT)}


def duplicate_fields(number: str, settings: TicketSettings) -> dict[str, str]:
    """What resolves an incident that says what another says."""
    return _resolved(f"{number} tells of this as well; see there.", settings.duplicate_close_code)


def resolution_fields(
    job: Alert,
    settings: TicketSettings,
    looked: Looked | None = None,
    *,
    account_name: str = "",
    since: datetime | None = None,
) -> dict[str, str]:
    """What resolves an incident: its state, and the two fields that the state demands. `since` is
    when it was first not well."""
    lasted = duration(job.time - since) if since is not None and job.time > since else ""
    facts = {**facts_of(job, settings, looked, account_name), "lasted": lasted}
    own = _paragraphs(
        f"Good again: {facts['headline']}",
        f"It was not well for {lasted}." if lasted else "",
        _course(facts),
    )
    return _resolved(
        cut(_filled(settings.texts.close_notes, facts, own), _TEXT_LIMIT), settings.close_code
    )


def _resolved(notes: str, code: str) -> dict[str, str]:
    return {"state": RESOLVED, "close_code": code, "close_notes": notes}


def duration(lasted: timedelta) -> str:
    """In its two largest units: 1 day 3 hours."""
    minutes = int(lasted.total_seconds()) // 60
    parts = {"day": minutes // 1440, "hour": minutes // 60 % 24, "minute": minutes % 60}
    told = [f"{n} {unit}{'' if n == 1 else 's'}" for unit, n in parts.items() if n]
    return " ".join(told[:2]) or "less than a minute"


def _filled(template: str | None, facts: Facts, own: str) -> str:
    """A fact that this text has none of is an empty text."""
    if template is None:
        return own
    return template.format_map({"count": "1", "lasted": "", **facts})


def _lines(facts: Facts, job: Alert) -> str:
    """The message comes last, so that a long one costs nothing but its own end."""
    untried = job.testing_plan and job.failed and MISSED_START in job.message
    named = facts["account_name"] != facts["account"]
    account = f"{facts['account_name']} ({facts['account']})" if named else facts["account"]
    told = {
        "Look first at": facts["first_look"],
        "Customer": facts["customer"],
        "Account": account,
        "Region": facts["region"],
        "Name": facts["resource_name"] if facts["resource"] else "",
        "Resource": facts["resource"],
        "Resource type": facts["resource_type"],
        "Vault": facts["destination"] or facts["vault"],
        "Plan": facts["plan_name"] or facts["plan"],
        "Rule": facts["rule"],
        "Recovery point": facts["recovery_point"],
        "Restored as": facts["restored_as"],
        "Restore testing plan": facts["testing_plan"],
        "Tried": "no restore was tried, so this says nothing of the backup" if untried else "",
        "Console": facts["console"],
        "Command": facts["command"],
    }
    return _paragraphs(facts["headline"], _list(told), _course(facts))


def _course(facts: Facts) -> str:
    return _list(
        {
            "State": facts["state"],
            "Job": facts["job"],
            "Ended": facts["ended"],
            "Message category": facts["category"],
            "Message": facts["message"],
        }
    )


def _list(told: Facts) -> str:
    return "\n".join(f"{name}: {value}" for name, value in told.items() if value)


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
