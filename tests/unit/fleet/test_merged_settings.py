"""`backup-org settings`: every value, where it stands, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from fleet import project
from fleet.deploy.merged_settings import lines, settings
from stacks import load
from stacks.settings_layers import values_of
from stacks.settings_origins import Setting, settings_with_origins

CUSTOMER = """
customer: acme
organization: {management_account: "111111111111", audit_account: "222222222222"}
region: eu-central-1
tiers:
  regulated: {rules: {daily: {schedule: "cron(0 5 ? * * *)", delete_after_days: 40}}}
exceptions:
  no second Region: {reason: comes with the next budget, until: 2027-06-30}
member_defaults:
  vaults: {standard: {}}
members:
  web:
    account: "333333333333"
    regions: [eu-central-1, eu-west-1]
    plans:
      regulated: {rules: {yearly: {schedule: "cron(0 5 1 1 ? *)", delete_after_days: 3650}}}
"""
OWN = 'config: {"backup-org:settings": {functions: {runtime: python3.13}}}'
STACK = "acme-member-web"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / load.CUSTOMERS
    folder.mkdir(parents=True)
    (folder / "acme.yaml").write_text(CUSTOMER)
    (folder / f"Pulumi.{STACK}.yaml").write_text(OWN)
    monkeypatch.setenv(project.PROJECT_VARIABLE, str(tmp_path))
    return tmp_path


def by_path(root: Path) -> dict[str, Setting]:
    found = settings_with_origins(load.from_files(STACK, root), values_of(STACK, root))
    return {".".join(map(str, each.path)): each for each in found}


@pytest.mark.parametrize(
    ("path", "value", "origin"),
    [
        ("region", "eu-central-1", "customer's file"),
        ("vaults.standard.force_destroy", False, "default"),
        ("account", "333333333333", "members"),
        ("exceptions.no second Region.until", "2027-06-30", "customer's file"),
        ("name", "web", "members"),
        ("regions", ["eu-central-1", "eu-west-1"], "members"),
        ("functions.runtime", "python3.13", "own file"),
        ("functions.architecture", "x86_64", "default"),
        ("plans.regulated.vault", "standard", "default"),
        ("plans.regulated.tier", None, "default"),
        ("plans.regulated.rules.yearly.delete_after_days", 3650, "members"),
        ("tiers.regulated.rules.daily.delete_after_days", 40, "customer's file"),
    ],
)
def test_a_value_is_told_with_its_origin(path: str, value: object, origin: str, root: Path) -> None:
    found = by_path(root)[path]
    assert (found.value, found.origin) == (value, origin)


def test_what_a_tier_gives_a_plan_is_told_as_the_tiers(root: Path) -> None:
    text = CUSTOMER.replace(
        "regulated: {rules: {yearly", "regulated: {tier: regulated, rules: {yearly"
    )
    (root / load.CUSTOMERS / "acme.yaml").write_text(text)
    found = by_path(root)
    assert found["plans.regulated.rules.daily.delete_after_days"].value == 40
    assert found["plans.regulated.rules.daily.delete_after_days"].origin == "tier regulated"
    assert found["plans.regulated.rules.yearly.delete_after_days"].origin == "members"


def test_for_machines_each_value_has_its_place(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings(STACK, as_json=True)
    data = json.loads(capsys.readouterr().out)
    account = next(each for each in data["settings"] if each["path"] == "account")
    assert account["place"] == "stacks/customers/acme.yaml: members.web.account"
    tags = next(each for each in data["settings"] if each["path"] == "tags")
    assert (tags["value"], tags["origin"], tags["place"]) == ({}, "default", None)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_what_is_printed_is_yaml_again_and_no_origin_runs_past_the_edge(
    width: int, root: Path
) -> None:
    found = list(by_path(root).values())
    printed = [line.plain for line in lines(found, width)]
    read = load.parse("acme-member-web", _yaml_of(printed), root)
    assert read.model_dump(exclude={"plans"}) == load.from_files(STACK, root).model_dump(
        exclude={"plans"}
    )
    assert all(len(line) <= width for line in printed if "#" in line)


def _yaml_of(printed: list[str]) -> object:
    return yaml.safe_load("\n".join(printed))


def test_settings_that_are_wrong_are_refused_with_every_problem(root: Path) -> None:
    own = 'config: {"backup-org:settings": {region: eu-centrl-1, regions: 5}}'
    (root / load.CUSTOMERS / f"Pulumi.{STACK}.yaml").write_text(own)
    with pytest.raises(load.SettingsError) as caught:
        settings(STACK)
    assert len(caught.value.problems) == 2
