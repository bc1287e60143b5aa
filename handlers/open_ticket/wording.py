"""What an incident says."""

from collections.abc import Sequence

from handlers.open_ticket.events import Alert, Kind
from handlers.open_ticket.lookup import Looked
from handlers.open_ticket.settings import TicketSettings
from reports.correlation import DISPLAY
from reports.restore_tests import MISSED_START, NOT_JUDGED

_SAID = {"TIMEDOUT": "timed out", "CANCELLED": "was cancelled", "SUCCESS": "ended well"}
_HEADLINE_LIMIT = 160
_TEXT_LIMIT = 4000
"""Characters of ServiceNow's fields, which cuts off what is longer without a word."""


def incident_fields(
    job: Alert,
    settings: TicketSettings,
    looked: Looked | None = None,  # noqa: ARG001
) -> dict[str, str]:
    """A new incident's fields, as ServiceNow's Table API names them; `looked`: what its account
    tells of the job."""
    fields = {
        "short_description": _cut(_headline(job), _HEADLINE_LIMIT),
        "description": _facts(job),
        "urgency": settings.urgency,
        "impact": settings.impact,
        "category": settings.category,
        "correlation_display": DISPLAY,
    }
    if settings.assignment_group:
        fields["assignment_group"] = settings.assignment_group
    return fields


def note_fields(
    job: Alert,
    settings: TicketSettings,  # noqa: ARG001
    looked: Looked | None = None,  # noqa: ARG001
    count: int = 1,
    surplus: Sequence[str] = (),
) -> dict[str, str]:
    """What is added to an incident when it fails again, for so many times in all; `surplus`:
    numbers of incidents that were one too many."""
    times = f" ({count} times by now)" if count > 1 else ""
    too_many = f"\n\nOne incident too many was resolved: {', '.join(surplus)}" if surplus else ""
    return {"work_notes": _facts(job, f"Again{times}: {_headline(job)}{too_many}")}


def duplicate_fields(number: str, settings: TicketSettings) -> dict[str, str]:
    """What resolves an incident that says what another says."""
    return {
        "state": "6",
        "close_code": settings.duplicate_close_code,
        "close_notes": f"{number} tells of this as well; see there.",
    }


def resolution_fields(
    job: Alert,
    settings: TicketSettings,
    looked: Looked | None = None,  # noqa: ARG001
) -> dict[str, str]:
    """What resolves an incident: its state, and the two fields that the state demands."""
    return {
        "state": "6",
        "close_code": settings.close_code,
        "close_notes": _facts(job, _headline(job)),
    }


def _headline(job: Alert) -> str:
    resource = (job.resource or job.recovery_point or job.resource_type).rpartition(":")[2]
    if job.kind is Kind.ALARM:
        return f"AWS Backup: {resource} in {job.account} {'goes off' if job.failed else 'is over'}"
    if job.kind is Kind.RUNBOOK:
        document = resource.rpartition("/")[2]
        return f"AWS Backup: runbook {document} {_SAID.get(job.state, 'failed')} in {job.account}"
    if job.testing_plan:
        return f"AWS Backup: {_of_test(job, f'{resource} in {job.account}')}"
    return f"AWS Backup: {job.kind} {job.state.lower()} for {resource} in {job.account}"


def _of_test(job: Alert, what: str) -> str:
    """How a restore test ended, or what was found of what it restored."""
    if job.kind is Kind.RESTORE:
        if _never_started(job):
            return f"restore test did not start in its window for {what}"
        return f"restore test {job.state.lower()} for {what}"
    if job.state == "TIMED_OUT":
        return f"nobody judged in time what a restore test restored of {what}"
    if not job.failed:
        return f"what a restore test restored of {what} is good: {job.message}"
    if job.message.startswith(NOT_JUDGED):
        reason = job.message.removeprefix(NOT_JUDGED)
        return f"nobody could judge what a restore test restored of {what}: {reason}"
    return f"what a restore test restored of {what} is not good: {job.message}"


def _never_started(job: Alert) -> bool:
    return job.failed and MISSED_START in job.message


def _facts(job: Alert, headline: str = "") -> str:
    """The message comes last, so that a long one costs nothing but its own end."""
    facts = {
        "State": job.state,
        "Job": job.job_id,
        "Resource": job.resource,
        "Resource type": job.resource_type,
        "Recovery point": job.recovery_point,
        "Restored as": job.created,
        "Restore testing plan": job.testing_plan,
        "Tried": "no restore was tried, so this says nothing of the backup"
        if job.testing_plan and _never_started(job)
        else "",
        "Vault": job.destination or job.vault,
        "Account": job.account,
        "Region": job.region,
        "Time": job.time.isoformat(),
        "Message": job.message,
    }
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    return _cut("\n".join([headline, "", *lines] if headline else lines), _TEXT_LIMIT)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
