"""Every rule: what passes, what is refused with its cure, and what a preview cannot know yet."""

from __future__ import annotations

import datetime
import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from policies.choice import BUNDLES, LEVELS, chosen_from
from policies.resources import Stack
from policies.rule import Rule
from policies.rules import RULES
from tests.unit.policies.case import Case

TODAY = datetime.date(2026, 11, 27)
THEMES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py"))
CASES: list[Case] = [
    case
    for theme in THEMES
    for case in importlib.import_module(f"tests.unit.policies.cases.{theme}").CASES
]
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.what}")
def test_rule(case: Case) -> None:
    rule = RULES[case.rule]
    config = rule.config("regulated", chosen_from(case.config))
    found = [*rule.violations(Stack(case.resources), config, today=TODAY)]
    if case.says is None:
        assert [message for _, message in found] == []
    else:
        ((resource, message),) = found
        assert case.says in message
        assert case.of in (None, resource.name)


def test_there_are_thirty_rules_at_least() -> None:
    assert len(RULES) >= 30


@every_rule
def test_every_rule_has_a_passing_a_failing_and_an_unknown_case(rule: Rule) -> None:
    cases = [case for case in CASES if case.rule == rule.name]
    assert any(case.says is None and not case.unknown for case in cases)
    assert any(case.says is not None for case in cases)
    assert any(case.says is None and case.unknown for case in cases)


@every_rule
def test_no_two_cases_of_a_rule_are_called_alike(rule: Rule) -> None:
    told = [case.what for case in CASES if case.rule == rule.name]
    assert sorted(told) == sorted(set(told))


@every_rule
def test_every_rule_says_first_what_it_wants_in_one_sentence(rule: Rule) -> None:
    sentence = rule.description.partition("\n\n")[0].replace("\n", " ")
    assert sentence.endswith(".")
    assert ". " not in sentence.replace("e.g. ", "")


@every_rule
def test_every_rule_cites_somebody_who_asks_for_it(rule: Rule) -> None:
    assert rule.citations
    assert len({*rule.citations}) == len(rule.citations)
    for citation in rule.citations:
        assert citation.url.startswith("https://")
        assert citation.name


@every_rule
def test_every_rule_has_a_level_in_each_bundle_and_is_no_weaker_where_more_is_asked(
    rule: Rule,
) -> None:
    assert rule.levels.keys() == {*BUNDLES}
    assert LEVELS.index(rule.levels["baseline"]) <= LEVELS.index(rule.levels["regulated"])


@every_rule
def test_every_setting_of_a_rule_is_told_and_has_a_value_of_its_schema(rule: Rule) -> None:
    assert not {"level", "exceptions", "enforcementLevel"} & rule.settings.keys()
    for name, setting in rule.settings.items():
        assert setting.what, name
        Draft202012Validator.check_schema({**setting.schema})
        for bundle in BUNDLES:
            value = json.loads(json.dumps(setting.value(bundle)))
            validator: Any = Draft202012Validator(setting.schema)
            validator.validate(value)
