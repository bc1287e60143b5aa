"""A target's retry policy and dead-letter queue, around each attempt to deliver."""

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from moto.events.models import Rule

from aws_sandbox.events.endpoints import Endpoints, Message
from aws_sandbox.events.senders import DeliveryError
from aws_sandbox.events.targets import Delivery, Targets
from aws_sandbox.events.work import Work
from aws_sandbox.functions.metrics import Metric, put_metric
from aws_sandbox.journal import Hop, Journal

_DEFAULT_RETRIES = 185
_DEFAULT_AGE_SECONDS = 86_400
_FIRST_WAIT_SECONDS, _WAIT_LIMIT_SECONDS = 1.0, 600.0
"""EventBridge documents an exponential back-off, but not its figures."""


class Deliveries:
    """Tries, tries again where that may help, and keeps what is given up as a dead letter."""

    def __init__(
        self, *, targets: Targets, endpoints: Endpoints, journal: Journal, work: Work
    ) -> None:
        self._targets = targets
        self._endpoints = endpoints
        self._journal = journal
        self._work = work
        self._lock = threading.Lock()
        self._faults: defaultdict[str, list[str]] = defaultdict(list)

    def submit(self, delivery: Delivery) -> None:
        label = f"an event of {delivery.rule.arn} for {delivery.target_arn}"
        self._work.submit(label, lambda: self._attempt(delivery))

    def fail_next(self, request: Mapping[str, Any]) -> Mapping[str, int]:
        """The control handler: lets the next deliveries to a target fail, to be retried.

        `{"target": "arn:…", "times": 2, "code": "THROTTLING"}`; the answer is how many are to come.
        """
        unknown = sorted(set(request) - {"target", "times", "code"})
        if unknown or "target" not in request:
            raise ValueError(f"events.fail_next takes target, times and code, not {unknown}")
        with self._lock:
            faults = self._faults[str(request["target"])]
            faults += [str(request.get("code", "THROTTLING"))] * int(request.get("times", 1))
            return {"pending": len(faults)}

    def _attempt(self, delivery: Delivery) -> None:
        _count(delivery.rule, "Invocations")
        try:
            self._fail_if_told(delivery)
            self._targets.carry(delivery)
        except DeliveryError as error:
            exhausted = _exhausted(delivery) if error.retriable else ""
            if error.retriable and not exhausted:
                self._retry(delivery)
                return
            _count(delivery.rule, "FailedInvocations")
            self._dead_letter(delivery, error, exhausted)

    def _fail_if_told(self, delivery: Delivery) -> None:
        with self._lock:
            faults = self._faults[delivery.target_arn]
            code = faults.pop() if faults else ""
        if code:
            self._record(delivery, f"{code}, as the sandbox was told to fail")
            raise DeliveryError(code, "the sandbox was told to fail", retriable=True)

    def _retry(self, delivery: Delivery) -> None:
        wait = _wait_seconds(delivery)
        again = replace(
            delivery, retries=delivery.retries + 1, age_seconds=delivery.age_seconds + wait
        )
        label = f"retry {again.retries} of an event of {again.rule.arn} for {again.target_arn}"
        self._work.later(wait, label, lambda: self._attempt(again))

    def _dead_letter(self, delivery: Delivery, error: DeliveryError, exhausted: str) -> None:
        queue_arn = delivery.settings("DeadLetterConfig").get("Arn")
        if not queue_arn:
            self._record(delivery, "dropped: the target has no dead-letter queue")
            return
        facts = {
            "RULE_ARN": delivery.rule.arn,
            "TARGET_ARN": delivery.target_arn,
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": str(error),
            "RETRY_ATTEMPTS": str(delivery.retries),
        }
        if exhausted:
            facts["EXHAUSTED_RETRY_CONDITION"] = exhausted
        message = Message(
            body=delivery.event.text,
            about=delivery.event.id,
            attributes={
                name: {"DataType": "String", "StringValue": value} for name, value in facts.items()
            },
        )
        try:
            # It is the queue's policy that admits the rule; the target's role does not count here.
            self._endpoints.send(replace(delivery.sender, role_arn=""), queue_arn, message)
            _count(delivery.rule, "InvocationsSentToDlq")
        except DeliveryError:
            _count(delivery.rule, "InvocationsFailedToBeSentToDlq")
            self._record(delivery, "dropped: the dead-letter queue does not take it either")

    def _record(self, delivery: Delivery, reason: str) -> None:
        self._journal.record(
            Hop(
                source=delivery.rule.arn,
                target=delivery.target_arn,
                outcome="failed",
                reason=reason,
                detail={"about": delivery.event.id},
            )
        )


def _wait_seconds(delivery: Delivery) -> float:
    return min(_FIRST_WAIT_SECONDS * 2**delivery.retries, _WAIT_LIMIT_SECONDS)


def _exhausted(delivery: Delivery) -> str:
    """Which limit of the target's retry policy forbids another attempt; "" when none does."""
    policy = delivery.settings("RetryPolicy")
    if delivery.retries >= policy.get("MaximumRetryAttempts", _DEFAULT_RETRIES):
        return "MaximumRetryAttempts"
    limit = policy.get("MaximumEventAgeInSeconds", _DEFAULT_AGE_SECONDS)
    too_old = delivery.age_seconds + _wait_seconds(delivery) > limit
    return "MaximumEventAgeInSeconds" if too_old else ""


def _count(rule: Rule, name: str) -> None:
    put_metric(
        rule.account_id,
        rule.region_name,
        Metric(namespace="AWS/Events", name=name, values=[1], dimensions={"RuleName": rule.name}),
    )
