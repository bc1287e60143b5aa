"""What an invocation came to, as Lambda's Invoke answers it."""

import json
from dataclasses import dataclass
from typing import Any

from aws_sandbox.functions.exchange import End, Outcome

RESPONSE_LIMIT = 6_291_556
"""Bytes of a synchronous response, as Lambda's own error names the limit."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """A handler's response, or the error that took its place."""

    request_id: str
    version: str
    payload: bytes
    """The response as JSON, or Lambda's error object."""
    error: str = ""
    """`Unhandled` when the payload is an error."""
    log: str = ""
    """What was printed, with the platform's own lines."""
    duration_ms: float = 0.0
    max_memory_mb: int | None = None
    """Of the process until now; not enforced. None where the system does not say."""

    @property
    def content(self) -> Any:
        return json.loads(self.payload or b"null")

    @property
    def reason(self) -> str:
        """Why it failed, in one line; "" when it did not."""
        if not self.error:
            return ""
        return f"{self.content.get('errorType', '')}: {self.content.get('errorMessage', '')}"


def error_object(outcome: Outcome, request_id: str, timeout_seconds: int) -> bytes | None:
    """The error that Lambda answers with; None when the outcome is a response."""
    if outcome.end is End.RESPONSE:
        size = len(outcome.body)
        if size <= RESPONSE_LIMIT:
            return None
        error = {
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": f"Response payload size ({size} bytes) exceeded maximum allowed "
            f"payload size ({RESPONSE_LIMIT} bytes).",
        }
    elif outcome.end is End.ERROR:
        error = json.loads(outcome.body) | {"requestId": request_id}
    elif outcome.end is End.EXIT:
        error = {
            "errorType": "Runtime.ExitError",
            "errorMessage": f"RequestId: {request_id} Error: {outcome.body.decode()}",
        }
    else:
        error = {
            "errorType": "Sandbox.Timedout",
            "errorMessage": f"RequestId: {request_id} Error: Task timed out after "
            f"{timeout_seconds:.2f} seconds",
        }
    return json.dumps(error).encode()
