"""Settings as files: what extends what, what is no YAML, and which stacks there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stacks import load
from stacks.load import SettingsError
from stacks.settings import AuditSettings, ManagementSettings, MemberSettings
from tests.unit.stacks.conftest import ACME, MEMBER, problems


def test_what_was_inherited_is_blamed_on_the_customers_file(root: Path) -> None:
    (root / load.CUSTOMERS / "acme.yaml").write_text(json.dumps({**ACME, "region": "Frankfurt"}))
    (found,) = problems("acme-member-web", MEMBER, root)
    assert found.startswith("stacks/customers/acme.yaml: region: 'Frankfurt' does not fit")


def test_a_stacks_own_values_win_and_objects_merge(root: Path) -> None:
    own = {
        "extends": "acme",
        "role": "management",
        "organization": {"audit_account": None},
        "alerts_in": "management",
        "region": "us-east-1",
    }
    settings = load.parse("acme-management", own, root)
    assert isinstance(settings, ManagementSettings)
    assert settings.region == "us-east-1"
    assert settings.organization.management_account == "111111111111"
    assert settings.organization.audit_account is None


def test_two_stacks_of_a_customer_are_not_in_one_account(root: Path) -> None:
    for name in ("shop", "web"):
        settings = {"config": {load.KEY: {**MEMBER, "name": name}}}
        file = root / load.CUSTOMERS / f"Pulumi.acme-member-{name}.yaml"
        file.write_text(json.dumps(settings))
    for name, other in (("shop", "web"), ("web", "shop")):
        with pytest.raises(SettingsError) as caught:
            load.from_files(f"acme-member-{name}", root)
        assert caught.value.problems == [
            f"stacks/customers/Pulumi.acme-member-{name}.yaml: account: is that of "
            f"stacks/customers/Pulumi.acme-member-{other}.yaml too; write each its own"
        ]


def test_an_account_of_another_customer_is_refused_though_its_name_is_like_this_ones(
    root: Path,
) -> None:
    other = {"config": {load.KEY: {**MEMBER, "extends": "acme-labs"}}}
    (root / load.CUSTOMERS / "Pulumi.acme-labs-member-web.yaml").write_text(json.dumps(other))
    (found,) = problems("acme-member-web", MEMBER, root)
    account, file = MEMBER["account"], "stacks/customers/Pulumi.acme-labs-member-web.yaml"
    assert f"account: {account} is an account of acme-labs, by {file}; a stack of acme" in found


@pytest.mark.parametrize("extends", [None, ["acme"], 5])
def test_what_is_extended_is_a_customers_name(extends: object, root: Path) -> None:
    (found,) = problems("acme-member-web", {**MEMBER, "extends": extends}, root)
    assert f"extends: is {extends!r}; write the customer's name" in found


def test_extending_a_customer_without_a_file_is_refused(root: Path) -> None:
    found = problems("acme-member-web", {**MEMBER, "extends": "acne"}, root)
    assert found == [
        "stacks/customers/Pulumi.acme-member-web.yaml: extends: there is no "
        "stacks/customers/acne.yaml"
    ]


def test_a_stack_without_settings_is_refused(root: Path) -> None:
    with pytest.raises(SettingsError, match="config holds no object backup-org:settings"):
        load.parse("acme-member-web", None, root)


@pytest.mark.parametrize("text", ["", "config:", "config: []", "config:\n  backup-org:settings:"])
def test_a_file_without_settings_is_refused(text: str, root: Path) -> None:
    (root / load.CUSTOMERS / "Pulumi.acme-audit.yaml").write_text(text)
    with pytest.raises(SettingsError, match="config holds no object backup-org:settings"):
        load.from_files("acme-audit", root)


def test_a_file_that_only_the_engine_wrote_to_is_told_what_becomes_of_it(root: Path) -> None:
    (root / load.CUSTOMERS / "Pulumi.acme-member-left.yaml").write_text("encryptionsalt: v1:x\n")
    with pytest.raises(SettingsError, match="or remove the file, if its stack is gone"):
        load.from_files("acme-member-left", root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"customer: acme\nregion: [eu-central-1\ntags: {}\n", "line 3: expected ',' or ']'"),
        (b"customer: acme: x\n", "line 1: mapping values are not allowed here"),
        (b"customer: acme\n\tregion: x\n", "line 2: "),
        (b"customer: *acme\n", "line 1: found undefined alias 'acme'"),
        ("customer: ü\nregion: \x07\n".encode(), "line 2: special characters are not allowed"),
        ("customer: acme\nregion: ü\n".encode("latin-1"), "line 2: is no UTF-8"),
        (b"customer: 2026-02-30\n", "day is out of range for month"),
        (b"- customer\n", "is no object"),
        (b"tags:\n  a: x\n  b: y\n  a: z\n", "line 4: 'a' stands there twice"),
        (b"region: x\ntags: {}\nregion: y\n", "line 3: 'region' stands there twice"),
    ],
)
@pytest.mark.parametrize("name", ["acme", "Pulumi.acme-member-web"])
def test_a_file_that_is_no_yaml_is_named_with_line_and_cure(
    text: bytes, said: str, name: str, root: Path
) -> None:
    folder = root / load.CUSTOMERS
    (folder / "Pulumi.acme-member-web.yaml").write_text(json.dumps({"config": {load.KEY: MEMBER}}))
    (folder / f"{name}.yaml").write_bytes(text)
    with pytest.raises(SettingsError) as caught:
        load.from_files("acme-member-web", root)
    (found,) = caught.value.problems
    assert found.startswith(f"stacks/customers/{name}.yaml: {said}")
    assert "YAML in UTF-8" in found or said == "is no object"


def test_a_stack_without_a_file_names_those_that_there_are(root: Path) -> None:
    (root / load.CUSTOMERS / "Pulumi.acme-audit.yaml").write_text("config: {}")
    with pytest.raises(SettingsError, match=r"there are: acme-audit$"):
        load.from_files("acme-management", root)


def test_a_wrong_key_is_blamed_on_the_file_that_has_it(root: Path) -> None:
    tagged = {**ACME, "tags": {"aws:cost": "x"}}
    (root / load.CUSTOMERS / "acme.yaml").write_text(json.dumps(tagged))
    (found,) = problems("acme-member-web", MEMBER, root)
    assert found.startswith("stacks/customers/acme.yaml: tags.aws:cost: ")


def test_keys_that_a_merge_brings_may_be_overridden(root: Path) -> None:
    own = json.dumps({**MEMBER, "tags": None}).removesuffix('"tags": null}')
    text = "config:\n  base: &a {b: x, c: y}\n  more: &d {<<: *a, b: z}\n"
    text += f"  {load.KEY}: {own} tags: {{<<: *d, c: w}}}}\n"
    (root / load.CUSTOMERS / "Pulumi.acme-member-web.yaml").write_text(text)
    assert load.from_files("acme-member-web", root).tags == {"b": "z", "c": "w"}


def test_every_example_stack_is_valid() -> None:
    root = Path(__file__).resolve().parents[3]
    roles = {type(load.from_files(stack, root)) for stack in load.stacks_in(root)}
    assert roles == {ManagementSettings, AuditSettings, MemberSettings}
