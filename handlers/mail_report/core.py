"""What a mail is known by, and what an execution of the runbook says of its failure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reports.digest.runs import Run

LARGEST_MAIL = 40_000_000
"""Bytes: SES v2 takes no larger message, its attachments encoded."""

_ERROR_MESSAGE = re.compile(r'"errorMessage":\s*("(?:[^"\\]|\\.)*")')
_FAILED = ("Failed", "TimedOut", "Cancelled")


class MailUnknown(Exception):
    """Somebody began to send a mail, and it is not known whether it went out."""

    def __init__(self, key: str, run_id: str) -> None:
        super().__init__(
            f"mail unknown: run {run_id} began to send it and did not say that it went out "
            f"({key}); ask a recipient, then run: backup-org report run --resend"
        )


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """One mail, from the intent to send it on; it lies in the digests bucket as JSON."""

    run_id: str
    state: Literal["intended", "sent"]
    message_id: str = ""
    link_expires_at: str = ""
    """ISO 8601; empty in a mail without a link."""

    def dumped(self) -> str:
        return json.dumps(vars(self), sort_keys=True)


def load(text: str | bytes) -> Mailing:
    return Mailing(**json.loads(text))


def mailing_key(run: Run, recipients: Sequence[str], *, resend: bool) -> str:
    """One a report and list of recipients, whichever run makes the report; and one more for each
    run that is told to send it again."""
    to = hashlib.sha256("\n".join(sorted(recipients)).encode()).hexdigest()[:16]
    attempt = run.run_id if resend else "first"
    return f"mails/{run.period_name}/{to}/{attempt}.json"


def failure_key(run_id: str) -> str:
    return f"mails/failures/{run_id}.json"


def failed_step(execution: Mapping[str, Any]) -> tuple[str, str]:
    """The name of the step that failed, and why, as GetAutomationExecution tells it."""
    for step in execution.get("StepExecutions", []):
        if step.get("StepStatus") in _FAILED:
            reason = step.get("FailureMessage") or f"it is {step['StepStatus']}"
            return str(step.get("StepName", "")), _said(str(reason))
    return "unknown", str(execution.get("FailureMessage") or "the execution names no step")


def _said(reason: str) -> str:
    """Of a function's error what it says, without its stack trace."""
    found = _ERROR_MESSAGE.search(reason)
    return str(json.loads(found[1])) if found else reason
