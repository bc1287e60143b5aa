"""What is refused before anything is made, and what a preview knows, for every type."""

from typing import Any

from aws_sandbox.plugin.resources import declaration
from aws_sandbox.plugin.values import UNKNOWN, Props, is_object


def known_inputs(case: Any) -> Props:
    """The example's inputs, with something plausible for what they take from other resources."""
    texts = {
        "arn": "arn:aws:sqs:eu-west-1:555555555555:something",
        "url": "http://127.0.0.1/555555555555/something",
        "id": "09176296-0dc6-412d-8412-8ced212c7be1",
    }
    outputs = {name: texts.get(name, "something") for name in ("bucket", "keyId", "name", *texts)}
    return case.resolved(case.inputs, dict.fromkeys(case.needs, outputs))


def test_values_that_aws_would_refuse_are_refused(plugin: Any, case: Any) -> None:
    for path, change in case.bad.items():
        inputs = {k: v for k, v in (known_inputs(case) | change).items() if v is not None}
        failures = plugin.check(case.type, inputs).failures
        assert path in failures, (path, failures)


def test_properties_that_the_table_lacks_are_refused(plugin: Any, case: Any) -> None:
    resource = declaration(case.type)
    owner = case.type.rpartition(":")[2]
    failures = plugin.check(case.type, known_inputs(case) | {"nonsense": 1}).failures
    assert "has no property 'nonsense'" in failures["nonsense"]
    for name in [*resource.schema.inputs.keys() - resource.fields.keys()][:1]:
        failures = plugin.check(case.type, known_inputs(case) | {name: UNKNOWN}).failures
        assert failures == {name: f"the sandbox's stand-in does not support {name!r} of {owner}"}


def test_a_value_of_another_type_is_refused(plugin: Any, case: Any) -> None:
    inputs = known_inputs(case)
    wrong: Props = {n: ["no"] if is_object(value) else {"no": 1} for n, value in inputs.items()}
    policies = {name for name, field in declaration(case.type).fields.items() if field.json}
    failures = plugin.check(case.type, wrong).failures
    assert {path.partition("[")[0] for path in failures} >= {*inputs} - policies


def test_a_required_property_that_is_missing_is_named(plugin: Any, case: Any) -> None:
    required = {n for n, m in declaration(case.type).schema.inputs.items() if m.required}
    assert {*plugin.check(case.type, {}).failures} >= required


def test_what_is_unknown_in_a_preview_is_not_refused(plugin: Any, case: Any) -> None:
    inputs = dict.fromkeys(known_inputs(case), UNKNOWN)
    checked = plugin.check(case.type, inputs)
    assert not checked.failures
    previewed = plugin.create(case.type, checked.inputs, preview=True)
    assert previewed.id == ""
    outputs = previewed.outputs.values
    assert all(outputs[name] is UNKNOWN for name in [*inputs, *declaration(case.type).outputs])


def test_what_is_secret_stays_secret(plugin: Any, case: Any) -> None:
    inputs = known_inputs(case)
    checked = plugin.check(case.type, inputs, secrets=[(name,) for name in inputs])
    assert checked.inputs.secrets >= {(name,) for name in inputs}
    previewed = plugin.create(case.type, checked.inputs, preview=True)
    assert previewed.outputs.secrets >= {(name,) for name in inputs}
