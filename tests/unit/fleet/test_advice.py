"""What policies advise is told of a stack that comes through, and what they refuse is not in it."""

from __future__ import annotations

from pulumi.automation import EngineEvent
from pulumi.automation.events import PolicyEvent

from fleet.deploy.events import advice

URN = "urn:pulumi:s::p::backup-org:components:Vault$aws:backup/vault:Vault::daily"


def told(level: str, message: str, urn: str | None = URN) -> list[str]:
    violation = PolicyEvent(
        resource_urn=urn,
        message=message,
        color="never",
        policy_name="vault_is_locked",
        policy_pack_name="backup-org",
        policy_pack_version="0.0.1",
        policy_pack_version_tag="0.0.1",
        enforcement_level=level,
    )
    return list(advice(EngineEvent(sequence=0, timestamp=0, policy_event=violation)))


def test_advice_is_a_line_without_the_policy_s_description() -> None:
    assert told("advisory", "A vault is locked.\n\nWhy.\nit has no lock; set lock\n") == [
        "policy vault_is_locked: aws:backup/vault:Vault daily: it has no lock; set lock"
    ]
    assert told("advisory", "", None) == ["policy vault_is_locked: "]


def test_what_is_refused_is_no_advice() -> None:
    assert told("mandatory", "it has no lock") == []
    assert list(advice(EngineEvent(sequence=0, timestamp=0))) == []
