"""Calls that are throttled because somebody asked for it: nothing else here is ever too much."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from aws_sandbox.aws.api_calls import ApiCall, AwsError
from aws_sandbox.control import ControlApi

_REFUSALS: Mapping[str, tuple[str, str, int]] = {
    "json": ("ThrottlingException", "Rate exceeded", 400),
    "rest-json": ("ThrottlingException", "Rate exceeded", 400),
    "query": ("Throttling", "Rate exceeded", 400),
    "ec2": ("RequestLimitExceeded", "Request limit exceeded.", 503),
    "rest-xml": ("SlowDown", "Please reduce your request rate.", 503),
}


class Throttling:
    """How many of the next calls of an operation are refused."""

    def __init__(self) -> None:
        self._left = Counter[str]()
        self._lock = threading.Lock()

    def check(self, call: ApiCall) -> None:
        """Raises AwsError as the protocol says that there are too many calls."""
        with self._lock:
            if not self._left[call.name]:
                return
            self._left[call.name] -= 1
        code, message, status = _REFUSALS[call.protocol]
        raise AwsError(code, message, status)

    def add_controls(self, control: ControlApi) -> None:
        """Offers `throttle` (`{"operation": "backup:ListBackupJobs", "times": 3}`)."""
        control.add("throttle", self._throttle)

    def _throttle(self, given: Mapping[str, Any]) -> Mapping[str, int]:
        """Gives how often each operation is still to be throttled."""
        operation, times = given.get("operation"), given.get("times")
        if set(given) != {"operation", "times"} or not isinstance(times, int) or times < 1:
            raise ValueError(f"throttle takes operation and times, 1 or more, not {given}")
        if ":" not in str(operation):
            raise ValueError(f"operation is as in backup:ListBackupJobs, not {operation!r}")
        with self._lock:
            self._left[str(operation)] += times
            return {name: left for name, left in self._left.items() if left}
