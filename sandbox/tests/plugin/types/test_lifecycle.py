"""Every type through its whole life, as the engine leads it."""

import fnmatch
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pulumi.runtime.proto import provider_pb2

from aws_sandbox.aws.server import AwsServer
from aws_sandbox.plugin.resource import REGISTRY
from aws_sandbox.plugin.values import UNKNOWN, Props, children, is_array, is_object

NONE, SOME = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME
Look = Callable[[Any, Props], bool]


def has(found: Any, wanted: Any) -> bool:
    """Whether everything wanted is found; `*` in a text, and UNKNOWN, stand for anything."""
    if wanted is UNKNOWN:
        return True
    if is_object(wanted):
        return all(has(dict(children(found)).get(key), child) for key, child in wanted.items())
    if is_array(wanted) and is_array(found):
        pairs = zip(found, wanted, strict=False)
        return len(found) == len(wanted) and all(has(*pair) for pair in pairs)
    if isinstance(wanted, str) and isinstance(found, str):
        return found == wanted or fnmatch.fnmatchcase(found, wanted)
    return found == wanted


def changed(inputs: Props, change: Props) -> Props:
    return {key: value for key, value in (inputs | change).items() if value is not None}


@pytest.fixture(scope="module")
def looked(aws: AwsServer) -> Iterator[Look]:
    """Whether any client of AWS sees what the example says."""
    clients: dict[tuple[str, str], Any] = {}

    def look(case: Any, known: Props) -> bool:
        service, _, operation = case.seen["call"].partition(".")
        key = (case.account, service)
        if key not in clients:
            clients[key] = aws.session(case.account, "eu-west-1").client(service)
        try:
            answer = getattr(clients[key], operation)(**case.resolved(case.seen["with"], known))
        except ClientError:
            return False
        return has(answer, case.resolved(case.seen["has"], known))

    yield look
    for client in clients.values():
        client.close()


def test_every_type_that_is_known_has_an_example(every_case: Any) -> None:
    assert {*every_case} == {*REGISTRY}


def test_a_resource_lives_from_its_creation_to_its_end(
    acting: Any, looked: Look, needed: Any, case: Any, request: pytest.FixtureRequest
) -> None:
    if case.type.startswith("aws:athena/"):
        request.getfixturevalue("athena")
    plugin, known = acting(case.account), needed(case)
    inputs = case.resolved(case.inputs, known)
    made = plugin.make(case.type, inputs)
    known["it"] = made.outputs.values
    assert fnmatch.fnmatchcase(made.id, case.resolved(case.id, known))
    assert has(made.outputs.values, case.resolved(case.outputs, known)), made.outputs.values
    assert has(made.outputs.values, inputs), made.outputs.values
    assert looked(case, known)

    _reads_as_it_was_made(plugin, made)
    if case.update:
        made = _changes_in_place(plugin, made, inputs, case.resolved(case.update, known))
        _reads_as_it_was_made(plugin, made)
    if case.replace:
        replaced = changed(inputs, case.resolved(case.replace, known))
        checked = plugin.check(case.type, replaced, olds=made.inputs.values)
        assert not checked.failures
        assert next(iter(case.replace)) in plugin.diff(made, checked.inputs.values).replaces

    plugin.delete(made)
    if not case.stays:
        assert plugin.read(made) is None
        assert not looked(case, known)


def test_every_property_of_the_table_reaches_aws_and_comes_back(
    acting: Any, needed: Any, case: Any, request: pytest.FixtureRequest
) -> None:
    if case.type.startswith("aws:athena/"):
        request.getfixturevalue("athena")
    plugin, known = acting(case.account), needed(case)
    for inputs in case.also:
        made = plugin.make(case.type, case.resolved(inputs, known))
        _reads_as_it_was_made(plugin, made)
        plugin.delete(made)
    tried = {name for inputs in (case.inputs, case.update, *case.also) for name in inputs}
    assert tried >= REGISTRY[case.type].properties.keys()


def _reads_as_it_was_made(plugin: Any, made: Any) -> None:
    read = plugin.read(made)
    assert read.outputs.values == made.outputs.values
    assert read.inputs.values == made.inputs.values
    assert plugin.diff(read, made.inputs.values).changes == NONE


def _changes_in_place(plugin: Any, made: Any, inputs: Props, update: Props) -> Any:
    checked = plugin.check(made.type, changed(inputs, update), olds=made.inputs.values)
    assert not checked.failures
    diff = plugin.diff(made, checked.inputs.values)
    assert diff.changes == SOME
    assert not diff.replaces
    assert {*diff.diffs} >= {*update}
    previewed = plugin.update(made, checked.inputs, preview=True)
    updated = plugin.update(made, checked.inputs)
    assert has(updated.outputs.values, previewed.outputs.values), previewed.outputs.values
    assert has(updated.outputs.values, checked.inputs.values), updated.outputs.values
    return updated
