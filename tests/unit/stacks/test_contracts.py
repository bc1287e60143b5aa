"""Contracts: what a stack lacks is named, and so is a version that does not fit."""

from __future__ import annotations

import pulumi
import pytest

from stacks.contracts import (
    CONTRACTS,
    AlertsContract,
    Contract,
    ReportsCopyContract,
    TicketingContract,
    consume,
    publish,
)
from stacks.settings import AuditSettings, ManagementSettings, MemberSettings
from tests.support.recorder import record

PUBLISHED = {"alert_bus_arn": "arn:aws:events:x", "contracts": {"alerts": "1"}}


def test_what_one_stack_publishes_another_consumes() -> None:
    published = record(
        lambda: publish(AlertsContract(alert_bus_arn=pulumi.Output.from_input("arn:aws:events:x")))
    ).exports
    assert published == PUBLISHED

    def program() -> None:
        pulumi.export("seen", consume(AlertsContract, "acme-audit").alert_bus_arn)

    assert record(program, other_stacks={"acme-audit": published}).exports == {
        "seen": "arn:aws:events:x"
    }


def test_one_stack_may_publish_several_contracts_to_another() -> None:
    exports = {
        "alert_bus_arn": "arn:aws:events:x",
        "reports_copy_bucket_arn": "arn:aws:s3:::x",
        "reports_copy_key_arn": "arn:aws:kms:x",
        "contracts": {"alerts": "1", "reports_copy": "1"},
    }

    def program() -> None:
        pulumi.export("bus", consume(AlertsContract, "acme-audit").alert_bus_arn)
        copies = consume(ReportsCopyContract, "acme-audit")
        pulumi.export("bucket", copies.reports_copy_bucket_arn)

    found = record(program, other_stacks={"acme-audit": exports})
    assert found.exports == {"bus": "arn:aws:events:x", "bucket": "arn:aws:s3:::x"}
    assert found.references == ("organization/backup-org/acme-audit",)


def test_everything_that_a_stack_does_not_export_is_named_in_one_error() -> None:
    with pytest.raises(
        pulumi.RunError,
        match="acme-audit does not export ticket_topic_arn, ticket_queue, ticket_dead_letters, "
        "ticket_function, ticket_ledger; set ticketing there and deploy it first",
    ):
        record(
            lambda: pulumi.export("x", consume(TicketingContract, "acme-audit").ticket_queue),
            other_stacks={"acme-audit": PUBLISHED},
        )


def test_a_stack_that_copies_of_reports_were_not_set_in_is_told_to_set_them() -> None:
    def program() -> None:
        pulumi.export("x", consume(ReportsCopyContract, "acme-audit").reports_copy_bucket_arn)

    with pytest.raises(
        pulumi.RunError,
        match="acme-audit does not export reports_copy_bucket_arn, reports_copy_key_arn; "
        "set reports_copy there and deploy it first",
    ):
        record(program, other_stacks={"acme-audit": PUBLISHED})


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.NAME)
def test_the_setting_that_a_contract_needs_is_one_of_a_stack(contract: type[Contract]) -> None:
    models = (ManagementSettings, AuditSettings, MemberSettings)
    known = {name for model in models for name in model.model_fields}
    assert contract.SETTING is None or contract.SETTING in known


def test_a_stack_that_was_never_deployed_is_to_be_deployed_first() -> None:
    with pytest.raises(pulumi.RunError, match="acme-audit does not export alert_bus_arn; deploy"):
        record(
            lambda: pulumi.export("x", consume(AlertsContract, "acme-audit").alert_bus_arn),
            other_stacks={"acme-audit": {}},
        )


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        (
            {"alerts": "0", "ticketing": "1", "scripts": "1"},
            r"acme-audit was deployed by an older program than this one: it exports alerts in "
            r"version 0 \(here 1\), ticketing in version 1 \(here 2\); run first: backup-org up "
            r"acme-audit$",
        ),
        (
            {"alerts": "2"},
            r"acme-audit was deployed by a newer program than this one: it exports alerts in "
            r"version 2 \(here 1\); upgrade this checkout to the release that deployed it$",
        ),
    ],
)
def test_a_stack_of_another_program_is_told_once_for_all_contracts_with_the_cure(
    versions: dict[str, str], said: str
) -> None:
    with pytest.raises(pulumi.RunError, match=said):
        record(
            lambda: pulumi.export("x", consume(AlertsContract, "acme-audit").alert_bus_arn),
            other_stacks={"acme-audit": {"contracts": versions}},
        )


def test_another_version_of_a_contract_that_is_not_read_matters_to_nobody() -> None:
    seen = record(
        lambda: pulumi.export("x", consume(AlertsContract, "acme-audit").alert_bus_arn),
        other_stacks={"acme-audit": {**PUBLISHED, "contracts": {"alerts": "1", "ticketing": "1"}}},
    )
    assert seen.exports == {"x": "arn:aws:events:x"}
