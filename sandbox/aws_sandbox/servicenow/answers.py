"""Requests and answers of the stand-in, and its one envelope for what is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Call:
    """One HTTP request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content_type: str = "application/json;charset=UTF-8"


def json_answer(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    return Answer(status=status, body=json.dumps(content).encode(), headers=headers or {})


class RefusedError(Exception):
    """What the instance refuses, in its envelope `{"error": {message, detail}, "status"}`."""

    def __init__(
        self,
        status: int,
        message: str,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {message}: {detail}")
        self.answer = json_answer(
            {"error": {"message": message, "detail": detail}, "status": "failure"},
            status,
            headers,
        )
