"""On whose behalf something is delivered, and why it could not be."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_sandbox.aws.access import Access
from aws_sandbox.iam import Decision

_REFUSALS = frozenset(
    {"NO_PERMISSIONS", "FAILED_TO_ASSUME_ROLE", "UNKNOWN"}
    | {"THIRD_ACCOUNT_HOP_DETECTED", "THIRD_REGION_HOP_DETECTED"}
)


class DeliveryError(Exception):
    """A delivery that did not happen; `code` is one of EventBridge's documented error codes."""

    def __init__(self, code: str, message: str, *, retriable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retriable = retriable

    @property
    def refused(self) -> bool:
        """A policy or a rule of AWS's says no, rather than something being wrong or not there."""
        return self.code in _REFUSALS


@dataclass(frozen=True, kw_only=True)
class Sender:
    """An AWS service that acts for a resource, in a role when it was given one."""

    service: str
    """`events.amazonaws.com`"""
    source_arn: str
    """The resource for which it acts: the rule, topic, bucket, function."""
    source_account: str
    role_arn: str = ""

    @property
    def _context(self) -> Mapping[str, str]:
        """Alarms alone bring aws:SourceOwner: a topic's default policy admits them, and no other
        service."""
        alarm = self.service == "cloudwatch.amazonaws.com"
        return {"aws:SourceOwner": self.source_account} if alarm else {}

    def require(self, access: Access, action: str, resource_arn: str) -> None:
        """Raises DeliveryError unless the policies that AWS would ask allow it."""
        if not self.role_arn:
            decision = access.check_service(
                self.service,
                action,
                resource_arn,
                source_arn=self.source_arn,
                source_account=self.source_account,
                context=self._context,
            )
            _demand(decision, "NO_PERMISSIONS")
            return
        trust = access.check_trust(
            self.role_arn,
            self.service,
            source_arn=self.source_arn,
            source_account=self.source_account,
        )
        _demand(trust, "FAILED_TO_ASSUME_ROLE")
        _demand(access.check_role(self.role_arn, action, resource_arn), "NO_PERMISSIONS")


def _demand(decision: Decision, code: str) -> None:
    if not decision.allowed:
        raise DeliveryError(code, decision.reason)
