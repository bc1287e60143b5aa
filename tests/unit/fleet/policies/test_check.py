"""`backup-org policies check` over a state, without an engine: what it finds, tells and writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import typer
from pydantic import BaseModel
from sarif_pydantic import Sarif  # pyright: ignore[reportMissingTypeStubs]  # it is typed

from fleet.errors import ToldError
from fleet.policies.commands import check
from policies.resource_types import DEMANDS, KEY, VAULT
from policies.rules import RULES

SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
CIPHERTEXT = "v1:kzVgXyzT0xTmLb:oQ=="
PROVIDER = "urn:pulumi:prod::shop::pulumi:providers:aws::account"
KEY_ARN = "arn:aws:kms:eu-central-1:333333333333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OWN_KEY = "vault_has_its_own_key"


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:prod::shop::{type_}::{name}"


def deployed(type_: str, name: str, **more: Any) -> dict[str, Any]:
    """A resource as a state has it; `more` beside what all have."""
    return {
        "urn": urn(type_, name),
        "custom": True,
        "type": type_,
        "inputs": {},
        "outputs": {},
        "provider": f"{PROVIDER}::0123",
        **more,
    }


SECRET_WORD = {SIGNATURE: SECRET, "ciphertext": CIPHERTEXT}
RESOURCES = [
    {
        "urn": PROVIDER,
        "custom": True,
        "type": "pulumi:providers:aws",
        "inputs": {"region": "eu-central-1", "allowedAccountIds": '["333333333333"]'},
    },
    deployed(KEY, "own", inputs={"description": SECRET_WORD}, outputs={"arn": KEY_ARN}),
    deployed(VAULT, "kept", outputs={"kmsKeyArn": KEY_ARN}),
    deployed(VAULT, "legacy", inputs={"kmsKeyArn": SECRET_WORD}),
    deployed(VAULT, "going", delete=True),
]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return written(tmp_path, RESOURCES)


def written(folder: Path, resources: Sequence[Mapping[str, Any]]) -> Path:
    file = folder / "state.json"
    file.write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))
    return file


def found(
    capsys: pytest.CaptureFixture[str], state: Path, rule: str = OWN_KEY, **options: Any
) -> list[tuple[str, str]]:
    """Name and level of what a rule is violated by."""
    _ended(state, output="json", **options)
    told = json.loads(capsys.readouterr().out)
    return [(one["name"], one["level"]) for one in told["violations"] if one["rule"] == rule]


def _ended(state: Path, **options: Any) -> int:
    try:
        check(state=state, **options)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def config(folder: Path, content: Any) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps(content))
    return file


def test_a_state_is_looked_at_as_it_stands(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By outputs beside inputs; what is on its way out is no more."""
    assert found(capsys, state) == [("legacy", "advisory")]


def test_the_bundle_and_a_file_say_how_rules_count(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert found(capsys, state, bundle="regulated") == [("legacy", "mandatory")]
    off = config(tmp_path, {OWN_KEY: "disabled"})
    assert found(capsys, state, bundle="regulated", config=off) == []
    all_off = config(tmp_path, {"all": "disabled", OWN_KEY: {"enforcementLevel": "mandatory"}})
    assert found(capsys, state, config=all_off) == [("legacy", "mandatory")]
    assert _ended(state, config=all_off) == 1
    assert _ended(state, config=config(tmp_path, {"all": "advisory"})) == 0


def test_an_exception_of_a_file_lets_one_resource_pass_until_its_day(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exception = {"name": "legacy", "reason": "is emptied by the summer", "until": "2999-01-01"}
    file = config(tmp_path, {OWN_KEY: {"exceptions": [exception]}})
    assert found(capsys, state, config=file) == []
    file = config(tmp_path, {OWN_KEY: {"exceptions": [{**exception, "until": "2020-01-01"}]}})
    assert found(capsys, state, config=file) == [("legacy", "advisory")]


def test_a_stack_that_tells_what_it_chooses_is_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = deployed(DEMANDS, "policies", outputs={"demands": {"bundle": "regulated"}})
    state = written(tmp_path, [*RESOURCES, told])
    assert found(capsys, state) == [("legacy", "mandatory")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"vault_has_its_own_kee": "mandatory"}, "is unknown; did you mean vault_has_its_own_key?"),
        ({OWN_KEY: "must"}, f"{OWN_KEY}.enforcementLevel: 'must'; there are: advisory"),
        ({OWN_KEY: {"known_keys": 1}}, f"{OWN_KEY}.known_keys: 1 is not of type 'array'"),
        ([], "should be an object of rules"),
    ],
)
def test_a_file_that_no_rule_understands_is_refused_with_the_cure(
    state: Path, tmp_path: Path, content: Any, said: str
) -> None:
    with pytest.raises(ToldError, match=re.escape(said)):
        check(state=state, config=config(tmp_path, content))


def test_what_is_no_state_is_refused_with_the_cure(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text("{}")
    with pytest.raises(ToldError, match="write it by: pulumi stack export --file"):
        check(state=file)


@pytest.mark.parametrize("output", ["text", "json", "sarif"])
def test_nothing_that_is_secret_is_told(
    state: Path, output: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    _ended(state, output=output)
    told = capsys.readouterr().out
    assert "legacy" in told
    assert CIPHERTEXT not in told


def test_people_read_what_is_wrong_its_cure_and_how_much_there_is(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _ended(state)
    told = capsys.readouterr().out
    assert "advisory, high: vault_has_its_own_key" in told
    assert f"by {len(RULES)} rules over 1 stack" in told


def test_sarif_is_of_its_form_and_has_every_rule(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "found.sarif"
    _ended(state, bundle="regulated", sarif_file=file)
    log = Sarif.model_validate_json(file.read_text())
    assert [*_unknown(log)] == []
    (run,) = log.runs
    assert [rule.id for rule in run.tool.driver.rules or ()] == [*RULES]
    result = next(one for one in run.results or () if one.rule_id == OWN_KEY)
    assert result.level is not None
    assert result.level.value == "error"
    told = json.loads(file.read_text())["runs"][0]
    assert told["tool"]["driver"]["rules"][result.rule_index]["id"] == OWN_KEY
    assert _place(result) == (state.as_posix(), urn(VAULT, "legacy"))


def _place(result: Any) -> tuple[str, str]:
    (location,) = result.locations
    (logical,) = location.logical_locations
    return location.physical_location.artifact_location.uri, logical.fully_qualified_name


def _unknown(model: BaseModel, path: str = "") -> list[str]:
    """Properties that the form does not have; $schema is of JSON."""
    found = [f"{path}.{name}" for name in model.model_extra or {} if name != "$schema"]
    for name in type(model).model_fields:
        value = getattr(model, name)
        for inner in cast("list[Any]", value if isinstance(value, list) else [value]):
            if isinstance(inner, BaseModel):
                found += _unknown(inner, f"{path}.{name}")
    return found


def test_a_finding_is_known_again_by_its_fingerprint(state: Path, tmp_path: Path) -> None:
    prints: list[set[str]] = []
    for _ in range(2):
        file = tmp_path / "found.sarif"
        _ended(state, sarif_file=file)
        results = json.loads(file.read_text())["runs"][0]["results"]
        prints.append({value for one in results for value in one["partialFingerprints"].values()})
        assert len(prints[-1]) == len(results) > 1
    assert prints[0] == prints[1]
