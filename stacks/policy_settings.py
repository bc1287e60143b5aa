"""What may be set of the policy pack, under `policy`; `policies/rules/` has the rules."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from stacks.model import Model
from stacks.recovery_settings import AcceptedException
from stacks.values import KeyArn


class PolicyException(AcceptedException):
    """A resource that a rule lets pass for a time; told to auditors (docs/evidence.md)."""

    name: str = Field(min_length=1)
    """Of the resource, as the violation names it."""
    stack: str | None = None
    """The only stack that it is for; null: each that has these settings."""


class PolicyRule(Model):
    """What is chosen of one rule of the policy pack, otherwise than its bundle has it."""

    model_config = ConfigDict(extra="allow")

    level: Literal["disabled", "advisory", "mandatory"] | None = None
    """`mandatory` refuses, `advisory` tells, `disabled` does neither."""
    exceptions: tuple[PolicyException, ...] = ()

    def exceptions_of(self, stack: str) -> list[PolicyException]:
        """Those that are for one stack."""
        return [one for one in self.exceptions if one.stack in (None, stack)]


class Policy(Model):
    """What the policy pack demands of this customer."""

    refused: ClassVar[Mapping[str, str]] = {
        "vault_key": "for customer_managed write rules: {vault_has_its_own_key: "
        "{level: mandatory}}, or bundle: regulated; for any leave it out"
    }

    bundle: Literal["baseline", "regulated"] = "baseline"
    """The levels and thresholds that all rules start from."""
    rules: dict[str, PolicyRule] = Field(default_factory=dict)
    """By rule: its level, its thresholds, and exceptions."""
    known_keys: tuple[KeyArn, ...] = ()
    """ARNs of the customer's own keys that no stack makes: an ARN does not tell whose a key is."""
