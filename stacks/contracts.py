"""What stacks tell each other, typed: published as exports, consumed through stack references.

A contract is a capability (alerts, reports, …), not a role, because the central parts may stand in
either central account: a role's stack publishes the contracts of what stands in it.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import pulumi

from stacks.names import full_stack_name


class Contract(Protocol):
    """A frozen dataclass of outputs, none of them secret. VERSION rises when a field changes."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    NAME: ClassVar[str]
    VERSION: ClassVar[int]
    SETTING: ClassVar[str | None]
    """The publishing stack's setting without which it does not publish it; None: it always does,
    or a setting of the customer's says of both stacks where it is."""


C = TypeVar("C", bound=Contract)


@dataclass(frozen=True, kw_only=True)
class ReportsContract:
    """Published by the stack in which report plans, reports bucket and lake stand."""

    NAME: ClassVar[str] = "reports"
    VERSION: ClassVar[int] = 2
    SETTING: ClassVar[str | None] = "reports"

    reports_bucket: pulumi.Output[str]
    reports_database: pulumi.Output[str]
    reports_workgroup: pulumi.Output[str]
    reports_lake_bucket: pulumi.Output[str]
    """For curated reports and the results of queries."""
    report_plans: pulumi.Output[Mapping[str, Mapping[str, Any]]]
    """Of each report plan that the lake holds, by its name: reports.plans.Plan."""
    report_queues: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """Of each function that takes reports in, curation and partitions: the URLs of its queue and
    of its dead_letters, and the name of its function."""


@dataclass(frozen=True, kw_only=True)
class ReportsCopyContract:
    """Published by the audit stack, where reports are copied to it."""

    NAME: ClassVar[str] = "reports_copy"
    VERSION: ClassVar[int] = 1
    SETTING: ClassVar[str | None] = "reports_copy"

    reports_copy_bucket_arn: pulumi.Output[str]
    reports_copy_key_arn: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class AlertsContract:
    """Published by the stack in which the alert bus stands."""

    NAME: ClassVar[str] = "alerts"
    VERSION: ClassVar[int] = 1
    SETTING: ClassVar[str | None] = None

    alert_bus_arn: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class ForwardingContract:
    """Published by every stack: each forwards its account's events to the alert bus."""

    NAME: ClassVar[str] = "forwarding"
    VERSION: ClassVar[int] = 1
    SETTING: ClassVar[str | None] = None

    alert_dead_letters: pulumi.Output[Mapping[str, str]]
    """By Region, the URL of the queue in which events rest that could not be forwarded."""


@dataclass(frozen=True, kw_only=True)
class TicketingContract:
    """Published by the stack in which ticketing stands."""

    NAME: ClassVar[str] = "ticketing"
    VERSION: ClassVar[int] = 2
    SETTING: ClassVar[str | None] = "ticketing"

    ticket_topic_arn: pulumi.Output[str]
    ticket_queue: pulumi.Output[str]
    ticket_dead_letters: pulumi.Output[str]
    """The queues' URLs."""
    ticket_function: pulumi.Output[str]
    ticket_ledger: pulumi.Output[str]
    """Name of the table of what was done about each correlation id."""


@dataclass(frozen=True, kw_only=True)
class ReportsMailContract:
    """Published by the stack that makes and mails scheduled reports."""

    NAME: ClassVar[str] = "reports_mail"
    VERSION: ClassVar[int] = 2
    SETTING: ClassVar[str | None] = "reports_mail"

    digests_bucket: pulumi.Output[str]
    """For runs, stored reports, and what mails were sent."""
    report_runbook: pulumi.Output[str]
    """Name of the Automation document."""
    report_schedules: pulumi.Output[Mapping[str, str]]
    """By cadence, the name of the schedule that starts the runbook."""
    report_functions: pulumi.Output[Mapping[str, str]]
    """Names of functions, by their handlers."""
    report_link_role_arn: pulumi.Output[str]
    """Of the role whose session signs links; where a user signs too, for a link on demand."""
    report_mail_dns: pulumi.Output[Sequence[Mapping[str, str]]]
    """Records (name, type, value) by which SES verifies the sender's domain; none, where its
    identity existed."""
    digest_queues: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """Of collation: the URLs of its queue and of its dead_letters, and the name of its function."""
    report_schedule_dead_letters: pulumi.Output[Mapping[str, str]]
    """By Region, the URL of the queue with requests of schedules that could not start the
    runbook."""


@dataclass(frozen=True, kw_only=True)
class ScriptsContract:
    """Published by every stack with scripts around backups."""

    NAME: ClassVar[str] = "scripts"
    VERSION: ClassVar[int] = 1
    SETTING: ClassVar[str | None] = "scripts"

    script_schedule_dead_letters: pulumi.Output[Mapping[str, str]]
    """By Region, the URL of the queue with requests of schedules that could not start a
    runbook."""


@dataclass(frozen=True, kw_only=True)
class ProtectionContract:
    """Published by every stack that has vaults."""

    NAME: ClassVar[str] = "protection"
    VERSION: ClassVar[int] = 1
    SETTING: ClassVar[str | None] = "vaults"

    vault_arns: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """By Region, then by the vault's name in settings."""
    air_gapped_vault_arns: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """Of those that are logically air-gapped, likewise."""
    plan_ids: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """By Region, then by the plan's name in settings."""


@dataclass(frozen=True, kw_only=True)
class RestoreChecksContract:
    """Published by every stack whose restore tests are judged."""

    NAME: ClassVar[str] = "restore_checks"
    VERSION: ClassVar[int] = 1
    SETTING: ClassVar[str | None] = "restore_testing"

    restore_check_queues: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """By Region: the URLs of the judge's queue and of its dead_letters, and the name of its
    function."""


@dataclass(frozen=True, kw_only=True)
class EvidenceContract:
    """Published by the central stack in which evidence is signed and kept."""

    NAME: ClassVar[str] = "evidence"
    VERSION: ClassVar[int] = 1
    SETTING: ClassVar[str | None] = "evidence"

    evidence_bucket: pulumi.Output[str]
    """For drills' records (fleet/drill/record.py)."""
    evidence_key_arn: pulumi.Output[str]
    """Of the asymmetric key that signs manifests."""


CONTRACTS: tuple[type[Contract], ...] = (
    ReportsContract,
    ReportsCopyContract,
    AlertsContract,
    ForwardingContract,
    TicketingContract,
    ReportsMailContract,
    ScriptsContract,
    ProtectionContract,
    RestoreChecksContract,
    EvidenceContract,
)


def publish(*contracts: Contract) -> None:
    """Exports every field of the contracts under its own name, and their versions."""
    for contract in contracts:
        for field in dataclasses.fields(contract):
            pulumi.export(field.name, getattr(contract, field.name))
    pulumi.export("contracts", {contract.NAME: str(contract.VERSION) for contract in contracts})


def consume(contract: type[C], stack: str) -> C:
    """The contract as another stack of the customer published it.

    Raises RunError (when Pulumi resolves the outputs) naming everything that the stack does not
    export, or the version that it exports instead.
    """
    # The engine itself refuses a stack that was never deployed, and names this: it says the cure.
    # Of one stack several contracts may be consumed, and no two references may have one name.
    name = f"{contract.NAME} of {stack}, to be deployed before this stack"
    outputs = pulumi.StackReference(name, full_stack_name(stack)).outputs
    checked = outputs.apply(lambda exports: _checked(contract, stack, exports or {}))
    return contract(**{field.name: checked[field.name] for field in dataclasses.fields(contract)})


def _checked(contract: type[Contract], stack: str, exports: Mapping[str, Any]) -> Mapping[str, Any]:
    versions: Mapping[str, str] = exports.get("contracts") or {}
    published = int(versions.get(contract.NAME, contract.VERSION))
    if published != contract.VERSION:
        raise pulumi.RunError(
            _of_another_program(stack, versions, newer=published > contract.VERSION)
        )
    missing = [f.name for f in dataclasses.fields(contract) if exports.get(f.name) is None]
    if missing:
        cure = f"set {contract.SETTING} there and deploy it" if contract.SETTING else "deploy it"
        raise pulumi.RunError(
            f"{stack} does not export {', '.join(missing)}; {cure} first: backup-org up {stack}"
        )
    return exports


def _of_another_program(stack: str, versions: Mapping[str, str], *, newer: bool) -> str:
    """Everything in which the program that deployed a stack differs from this one, and the cure."""
    differing = [
        f"{contract.NAME} in version {versions[contract.NAME]} (here {contract.VERSION})"
        for contract in CONTRACTS
        if versions.get(contract.NAME, str(contract.VERSION)) != str(contract.VERSION)
    ]
    told = f"{stack} was deployed by {'a newer' if newer else 'an older'} program than this one: "
    cure = (
        "upgrade this checkout to the release that deployed it"
        if newer
        else f"run first: backup-org up {stack}"
    )
    return f"{told}it exports {', '.join(differing)}; {cure}"
