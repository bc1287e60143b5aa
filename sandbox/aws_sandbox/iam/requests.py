"""Who asks for what, and what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

ContextValue = str | Sequence[str]


class Effect(Enum):
    """What a set of policies says to a request; a deny wins over every allow."""

    ALLOW = "Allow"
    EXPLICIT_DENY = "Deny"
    IMPLICIT_DENY = "no Allow"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks: a role (also for its sessions), a user, or an AWS service."""

    arn: str
    """`arn:aws:iam::222222222222:role/x`, or "" for a service."""
    account: str
    """12 digits, "" for a service."""
    service: str = ""
    """`events.amazonaws.com` when an AWS service asks."""
    session_arn: str = ""
    """`arn:aws:sts::222222222222:assumed-role/x/session` of a role's session."""

    def __str__(self) -> str:
        return self.service or self.session_arn or self.arn

    @property
    def root(self) -> str:
        """The ARN by which a policy names this principal's whole account."""
        return f"arn:aws:iam::{self.account}:root"


@dataclass(frozen=True, kw_only=True)
class AccessRequest:
    """One action on one resource, with the condition keys (any case) known of the request."""

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, ContextValue] = field(default_factory=dict[str, ContextValue])

    @cached_property
    def keys(self) -> Mapping[str, ContextValue]:
        """Condition keys in lower case, with those that follow from the principal itself."""
        principal = self.principal
        derived: dict[str, ContextValue] = (
            {"aws:principalisawsservice": "true", "aws:principalservicename": principal.service}
            if principal.service
            else {
                "aws:principalisawsservice": "false",
                "aws:principalarn": principal.arn,
                "aws:principalaccount": principal.account,
                "aws:principaltype": "AssumedRole" if ":role/" in principal.arn else "User",
            }
        )
        return derived | {key.lower(): value for key, value in self.context.items()}


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The outcome, and the policy and statement that decided it."""

    effect: Effect
    reason: str
    through_account: bool = False
    """A resource policy's allow that names the whole account: it hands the question on to the
    account's own policies, so the principal's must allow as well."""

    @property
    def allowed(self) -> bool:
        return self.effect is Effect.ALLOW
