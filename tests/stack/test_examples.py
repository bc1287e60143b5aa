"""What holds for every stack, shown on the example stacks and on the variants of their reports."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from components.iam import SOURCE_MAY_BE_UNTOLD
from handlers import environment
from policies.name_limits import NAME_LIMITS
from policies.resource_types import DEMANDS
from policies.rules import RULES
from policies.services import TRUSTED_WITHOUT_SOURCE
from stacks import contracts
from stacks.load import Settings
from stacks.references import references
from tests.support.examples import EXAMPLES, Case, example, recordings
from tests.support.policies import refused
from tests.support.recorder import Recording
from tests.support.report_variants import VARIANTS, recorded

CONTRACTS: dict[str, type[contracts.Contract]] = {
    contract.NAME: contract for contract in contracts.CONTRACTS
}


@pytest.fixture(params=[*EXAMPLES, *VARIANTS])
def name(request: pytest.FixtureRequest) -> str:
    """Of a stack, or of a variant."""
    return request.param


@pytest.fixture
def recording(name: str) -> Recording:
    return recordings()[name] if name in EXAMPLES else recorded(name)


@pytest.fixture
def settings(name: str) -> Settings:
    return (example(name) if name in EXAMPLES else VARIANTS[name].case).settings


def test_each_resource_belongs_to_a_component(recording: Recording) -> None:
    strays = [
        r.urn
        for r in recording.resources
        if r.type.startswith("aws:") and "backup-org:components:" not in r.parent
    ]
    assert strays == []


def test_each_resource_has_its_accounts_provider(recording: Recording) -> None:
    provider = recording.one("pulumi:providers:aws")
    without = [
        r.urn
        for r in recording.resources
        if r.type.startswith("aws:") and not r.provider.startswith(provider.urn)
    ]
    assert without == []


def test_what_policies_are_told_comes_before_the_provider(recording: Recording) -> None:
    """And so before every resource of AWS: rules about one resource go by it too."""
    provider, demands = recording.one("pulumi:providers:aws"), recording.one(DEMANDS)
    assert recording.urns.index(demands.urn) < recording.urns.index(provider.urn)


def test_the_provider_refuses_other_accounts(settings: Settings, recording: Recording) -> None:
    provider = recording.one("pulumi:providers:aws").inputs
    assert json.loads(provider["allowedAccountIds"]) == [settings.account]
    if settings.deploy_role:
        roles = json.loads(provider["assumeRoles"])
        assert roles[0]["roleArn"] == f"arn:aws:iam::{settings.account}:role/{settings.deploy_role}"


def beyond_limits(recording: Recording) -> list[str]:
    return [
        f"{resource.type} {name!r}"
        for resource in recording.resources
        if (name := resource.inputs.get("name") or resource.inputs.get("bucket"))
        and resource.type in NAME_LIMITS
        and not re.fullmatch(NAME_LIMITS[resource.type], name)
    ]


def test_the_longest_names_of_settings_and_regions_keep_to_them_too() -> None:
    customer, region = "north-atlantic-bank1", "ap-southeast-5"
    assert len(customer) == 20
    vault, plan = "v" * 50, "p" * 50
    roles: Mapping[str, Mapping[str, Any]] = {
        "audit": {"reports_copy": {}},
        "management": {"reports": {"bucket": {"copy_to_audit": True}}},
        "member-" + "m" * 20: {
            "name": "m" * 20,
            "account": "121212121212",
            "regions": [region],
            "vaults": {vault: {}},
            "plans": {plan: {"vault": vault, "selection": {"value": "x"}}},
            "scripts": {"s" * 20: {"plan": plan, "document": "postgresql"}},
            "reports": {"scope": "account"},
        },
    }
    exports: dict[str, Mapping[str, Any]] = {}
    for name, own in roles.items():
        like = example("acme-member-payments" if name.startswith("member") else f"acme-{name}")
        case = Case(
            stack=f"{customer}-{name}",
            own={**like.own, "customer": customer, "region": region, **own},
        )
        found = case.run(exports)
        exports[case.stack] = found.exports
        assert beyond_limits(found) == []


def test_names_are_not_left_to_chance(recording: Recording) -> None:
    """A name that the provider makes up differs at each deployment and is hard to find."""
    unnamed = [
        resource.urn
        for resource in recording.resources
        if resource.type in NAME_LIMITS
        and not (resource.inputs.get("name") or resource.inputs.get("bucket"))
    ]
    assert unnamed == []


@pytest.mark.parametrize("rule", sorted(RULES))
def test_no_policy_is_violated(rule: str, recording: Recording) -> None:
    assert refused(recording, rule) == []


def test_exports_are_what_the_contracts_say(recording: Recording) -> None:
    published = recording.exports["contracts"]
    fields = {field.name for name in published for field in dataclasses.fields(CONTRACTS[name])}
    assert recording.exports.keys() - {"contracts"} == fields
    assert published == {name: str(CONTRACTS[name].VERSION) for name in published}


def test_references_are_those_that_give_the_order(settings: Settings, recording: Recording) -> None:
    assert recording.references == tuple(
        f"organization/backup-org/{stack}" for stack in references(settings)
    )


def test_each_function_gets_the_environment_that_its_handler_reads(recording: Recording) -> None:
    for function in recording.all("aws:lambda/function:Function"):
        module = _module(function.inputs["handler"])
        given = set(function.inputs["environment"]["variables"])
        reads = environment.variables(module.Environment)
        needed = {name for name, required in reads.items() if required}
        assert needed <= given <= reads.keys(), function.name


def test_each_functions_entry_point_is_in_its_archive(recording: Recording) -> None:
    for function in recording.all("aws:lambda/function:Function"):
        module, _, name = function.inputs["handler"].rpartition(".")
        assert f"{module.replace('.', '/')}.py" in function.inputs["code"].assets
        assert callable(getattr(_module(function.inputs["handler"]), name))


def test_each_queue_that_a_function_reads_outlasts_its_timeout(recording: Recording) -> None:
    timeouts = {
        f.inputs["name"]: f.inputs["timeout"] for f in recording.all("aws:lambda/function:Function")
    }
    for queue in recording.all("aws:sqs/queue:Queue"):
        if queue.inputs["name"] in timeouts:
            assert queue.inputs["visibilityTimeoutSeconds"] >= 6 * timeouts[queue.inputs["name"]]
            assert "redrivePolicy" in queue.inputs


def test_alarms_stand_in_the_accounts_that_have_functions(recording: Recording) -> None:
    functions = recording.all("aws:lambda/function:Function")
    alarms = recording.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert len(alarms) >= len(functions)


def _module(handler: str) -> Any:
    return importlib.import_module(handler.rpartition(".")[0])


def test_a_variant_is_of_an_example_stack() -> None:
    for wanted in VARIANTS.values():
        assert wanted.case.own.keys() >= example(wanted.case.stack).own.keys()


def test_services_act_in_roles_in_the_name_of_this_account_alone(
    settings: Settings, recording: Recording
) -> None:
    """Strictly, but for services that may not tell: those are listed with the reason."""
    for role in recording.all("aws:iam/role:Role"):
        for statement in json.loads(role.inputs["assumeRolePolicy"])["Statement"]:
            service = statement["Principal"].get("Service")
            untold = service in SOURCE_MAY_BE_UNTOLD
            equals = "StringEqualsIfExists" if untold else "StringEquals"
            if service is not None:
                assert statement["Condition"][equals]["aws:SourceAccount"] == settings.account


def test_services_that_may_not_tell_are_those_that_the_policies_let_pass() -> None:
    assert SOURCE_MAY_BE_UNTOLD.keys() == TRUSTED_WITHOUT_SOURCE.keys()
