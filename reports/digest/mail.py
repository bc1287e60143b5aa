"""The mail about a report: its headline, the link and how long it lives; or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from reports.digest import wording
from reports.digest.colours import text_on
from reports.digest.definition import Definition
from reports.digest.figures import Figures
from reports.digest.runs import Run
from reports.digest.templates import render

_CURES: Mapping[str, str] = {
    "FindVaults": "See whether the read role is there in each account that the settings name: "
    "every stack of the customer deploys it.",
    "StartCollation": "See the log of the function that finds vaults, and the collation queue's "
    "policy.",
    "WaitForCollation": "See the collation queue and its dead-letter queue: a part that is never "
    "done keeps the report waiting. Take in fewer accounts, or raise the time limit.",
    "GenerateReport": "See the log of the function that makes reports; out of memory or time, "
    "give it more.",
    "StoreReport": "See the log of the function that makes reports, and the digests bucket's "
    "policy and key.",
    "MailReport": "See the log of the function that mails reports. The report is stored: only its "
    "mail is missing. If the mail is said to be unknown, ask a recipient before it is sent again.",
}
"""By the runbook's step that failed."""
_LIMITS = 5
"""What a report cannot tell is told in full on its page."""
_ELSE = "Open the execution in the Systems Manager console: its failed step has the error."


def report_message(
    figures: Figures,
    definition: Definition,
    run: Run,
    *,
    url: str,
    expires_at: datetime,
    page: str | None,
) -> EmailMessage:
    """To all recipients of the report; with the page where `page` is given, for the link dies."""
    said = {
        "cadence": definition.cadence,
        "period": wording.period(run.period, run.timezone),
        "verdict": wording.verdict(figures),
        "tiles": tuple(wording.tiles(figures)),
        "causes": figures.causes[:3],
        "limits": figures.limits[:_LIMITS],
        "more_limits": max(0, len(figures.limits) - _LIMITS),
        "url": url,
        "expires_utc": wording.moment(expires_at, "UTC"),
        "expires_here": wording.moment(expires_at, run.timezone),
        "fresh": f"backup-org report link --customer {definition.customer} "
        f"--period {run.period_name}",
        "attachment": attachment_name(definition, run) if page is not None else None,
    }
    message = _message(
        definition,
        definition.recipients,
        subject=subject(figures, definition, run),
        template="mail",
        said=said,
    )
    if page is not None:
        message.add_attachment(
            page.encode(),
            maintype="text",
            subtype="html",
            filename=attachment_name(definition, run),
            params={"charset": "utf-8"},
        )
    return message


def subject(figures: Figures, definition: Definition, run: Run) -> str:
    head = figures.headline
    return (
        f"{definition.brand.name} backups, {wording.period(run.period, run.timezone)}: "
        f"{wording.percent(head.success_rate.percent)} succeeded, "
        f"{wording.counted(head.failures, 'failure')}, "
        f"{wording.count(head.unprotected)} unprotected"
    )


def attachment_name(definition: Definition, run: Run) -> str:
    return f"{definition.customer}-{run.period_name.replace('/', '-')}.html"


def failure_message(definition: Definition, *, run_id: str, step: str, reason: str) -> EmailMessage:
    """That a report could not be made: in which step of the runbook, why, and what to do."""
    said = {
        "cadence": definition.cadence,
        "run_id": run_id,
        "step": step,
        "reason": reason,
        "cure": _CURES.get(step, _ELSE),
        "again": f"backup-org report run --customer {definition.customer} "
        f"--period {definition.cadence}",
    }
    return _message(
        definition,
        definition.failures_to,
        subject=f"{definition.brand.name}: the {definition.cadence} backup report could not be "
        f"made, {step} failed",
        template="failure",
        said=said,
    )


def _message(
    definition: Definition,
    to: tuple[str, ...],
    *,
    subject: str,
    template: str,
    said: Mapping[str, object],
) -> EmailMessage:
    brand = {"brand": definition.brand, "on_accent": text_on(definition.brand.accent)}
    message = EmailMessage(policy=SMTP)
    message["From"] = definition.sender
    message["To"] = ", ".join(to)
    message["Subject"] = wording.one_line(subject)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(render(f"{template}.txt.j2", **brand, **said), cte="quoted-printable")
    message.add_alternative(
        render(f"{template}.html.j2", **brand, **said), subtype="html", cte="quoted-printable"
    )
    return message
