"""Rules about who hears of jobs that fail."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.backup_vaults import is_about
from policies.citations import aws_guide, nist, well_architected
from policies.event_patterns import matches
from policies.resource_types import (
    AIR_GAPPED_VAULT,
    EVENT_RULE,
    EVENT_TARGET,
    VAULT,
    VAULT_NOTIFICATIONS,
)
from policies.resources import Resource, Stack, names, those
from policies.rule import Aspects, Config, Setting, over_stack

_FIELD = {"Restore": "status"}
"""Where a job's state stands in its event, if not under `state`."""


@over_stack(
    VAULT,
    AIR_GAPPED_VAULT,
    severity="high",
    cites=[
        well_architected("REL06-BP03"),
        nist("CP-9"),
        aws_guide(
            "Monitoring AWS Backup events using Amazon EventBridge",
            "aws-backup/latest/devguide/eventbridge.html",
        ),
    ],
    settings={
        "states": Setting(
            what="By kind of job (Backup, Copy, Restore), the states that somebody must hear of",
            schema={
                "type": "object",
                "propertyNames": {"enum": ["Backup", "Copy", "Restore", "Scan"]},
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
            default={
                "Backup": ["FAILED", "EXPIRED", "ABORTED"],
                "Copy": ["FAILED", "ABORTED"],
                "Restore": ["FAILED", "ABORTED"],
            },
        ),
        "forwarded_regions": Setting(
            what="Regions whose events rules of another deployment send on",
            schema={"type": "array", "items": {"type": "string"}},
            default=[],
        ),
    },
)
def failed_jobs_are_monitored(vault: Resource, stack: Stack, config: Config) -> Aspects:
    """In each Region with a vault, rules send on the events of jobs that did not end well.

    Events of AWS Backup stay in their Region, on its default bus. A rule counts that is enabled,
    has a target, and leaves out no vault; a backup that nobody misses cannot be made good.
    """
    for kind, states in config["states"].items():
        if vault.region not in config["forwarded_regions"]:
            yield _are_missed(kind, states, vault, stack)


def _are_missed(kind: str, states: Sequence[str], vault: Resource, stack: Stack) -> Iterator[str]:
    rules = _rules(vault, stack)
    missed = [
        state
        for state in states
        if not those(rules, lambda rule: _matches(rule, _event(kind, state, vault)))  # noqa: B023
    ]
    if missed:
        yield (
            f"no rule in {vault.region} sends on {kind} jobs that are {', '.join(missed)}; add one "
            "with a target on the default bus"
        )


def _rules(vault: Resource, stack: Stack) -> list[Resource]:
    return [rule for rule in stack.of(EVENT_RULE) if _stands(rule, vault, stack)]


def _stands(rule: Resource, vault: Resource, stack: Stack) -> bool:
    return (
        rule.region == vault.region
        and rule.get("eventBusName") in (None, "default")
        and rule.get("state") != "DISABLED"
        and rule.get("isEnabled") is not False
        and bool(
            those(
                stack.of(EVENT_TARGET), lambda target: names(stack, target, ("rule",), rule, "name")
            )
        )
    )


def _matches(rule: Resource, event: Mapping[str, Any]) -> bool:
    return matches(rule.get("eventPattern"), event)


def _event(kind: str, state: str, vault: Resource) -> Mapping[str, Any]:
    """What AWS Backup tells at least."""
    return {
        "source": "aws.backup",
        "detail-type": f"{kind} Job State Change",
        "region": vault.region,
        "detail": {_FIELD.get(kind, "state"): state, "backupVaultName": vault.get("name")},
    }


@over_stack(
    VAULT,
    severity="medium",
    cites=[
        well_architected("REL06-BP03"),
        aws_guide(
            "Notification options with AWS Backup",
            "aws-backup/latest/devguide/backup-notifications.html",
        ),
    ],
    baseline="advisory",
    settings={
        "events": Setting(
            what="Events that a vault's notifications must have to count",
            schema={"type": "array", "items": {"type": "string", "pattern": "^[A-Z0-9_]+$"}},
            default=["BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "RESTORE_JOB_COMPLETED"],
        )
    },
)
def vault_notifies_of_failures(vault: Resource, stack: Stack, config: Config) -> Aspects:
    """A backup vault notifies of failed jobs: by a topic of its own, or by a rule in its Region.

    BACKUP_JOB_COMPLETED and RESTORE_JOB_COMPLETED tell of every end, also of a bad one. A topic
    hears of no job that was aborted, so what `failed_jobs_are_monitored` asks for is more.
    """
    yield _notifies_nobody(vault, stack, config["events"])


def _notifies_nobody(vault: Resource, stack: Stack, events: Sequence[str]) -> Iterator[str]:
    told = those(stack.of(VAULT_NOTIFICATIONS), lambda one: is_about(one, vault, stack))
    if any({*events} <= {*(one.get("backupVaultEvents") or ())} for one in told):
        return
    failed = _event("Backup", "FAILED", vault)
    if not those(_rules(vault, stack), lambda rule: _matches(rule, failed)):
        yield (
            f"the vault {vault.name} has no VaultNotifications with {', '.join(events)}, and no "
            f"rule in {vault.region} sends on backup jobs that are FAILED; add one of them"
        )
