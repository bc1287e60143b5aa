"""Names that the plugin makes, as the official one makes them."""

import re
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

Options = provider_pb2.CheckRequest.AutonamingOptions
VAULT = "aws:backup/vault:Vault"


@pytest.mark.parametrize(
    ("type_", "inputs", "key", "pattern"),
    [
        (VAULT, {}, "name", r"Reports-[0-9a-f]{7}"),
        ("aws:s3/bucket:Bucket", {}, "bucket", r"reports-[0-9a-f]{7}"),
        ("aws:kms/alias:Alias", {"targetKeyId": "k"}, "name", r"alias/Reports-[0-9a-f]{7}"),
        ("aws:sqs/queue:Queue", {}, "name", r"Reports-[0-9a-f]{7}"),
        ("aws:glue/catalogDatabase:CatalogDatabase", {}, "name", r"reports_[a-z]{8}"),
    ],
)
def test_a_resource_without_a_name_gets_one(
    plugin: Any, type_: str, inputs: dict[str, Any], key: str, pattern: str
) -> None:
    checked = plugin.check(type_, inputs, name="Reports")
    assert not checked.failures
    assert re.fullmatch(pattern, checked.inputs.values[key])
    assert checked.inputs.values["__defaults"] == [key]


def test_a_name_that_was_made_stays(plugin: Any) -> None:
    first = plugin.check(VAULT, {}, name="vault").inputs.values
    renamed = plugin.check(VAULT, {}, name="other", olds=first).inputs.values
    assert renamed["name"] == first["name"]


def test_a_name_that_is_taken_away_is_made_anew(plugin: Any) -> None:
    first = plugin.check(VAULT, {"name": "given"}).inputs.values
    assert "__defaults" not in first
    assert plugin.check(VAULT, {}, olds=first).inputs.values["name"].startswith("it-")


def test_a_name_that_would_be_too_long_is_refused(plugin: Any) -> None:
    failures = plugin.check("aws:sqs/queue:Queue", {}, name="q" * 75).failures
    assert "longer than 80 characters: set 'name'" in failures["name"]


@pytest.mark.parametrize(
    ("type_", "mode", "name"),
    [
        (VAULT, Options.PROPOSE, "Acme-Vault"),
        ("aws:s3/bucket:Bucket", Options.PROPOSE, "acme-vault"),
        (VAULT, Options.ENFORCE, "Acme-Vault"),
    ],
)
def test_the_engine_may_wish_for_a_name(plugin: Any, type_: str, mode: Any, name: str) -> None:
    wish = Options(proposed_name="Acme-Vault", mode=mode)
    values = plugin.check(type_, {}, autonaming=wish).inputs.values
    assert name in values.values()


def test_without_autonaming_a_name_must_be_given(plugin: Any) -> None:
    wish = Options(mode=Options.DISABLE)
    assert "switched off" in plugin.check(VAULT, {}, autonaming=wish).failures["name"]
    assert not plugin.check(VAULT, {"name": "given"}, autonaming=wish).failures


def test_a_fixed_name_is_freed_before_a_replacement_takes_it(plugin: Any) -> None:
    for inputs, first in (({"name": "fixed"}, True), ({}, False)):
        old = plugin.check(VAULT, inputs).inputs
        made = plugin.create(VAULT, old, preview=True)
        new = plugin.check(
            VAULT, inputs | {"region": "eu-central-1"}, olds=old.values
        ).inputs.values
        diff = plugin.diff(made, new)
        assert diff.replaces == ["region"]
        assert diff.deleteBeforeReplace is first
