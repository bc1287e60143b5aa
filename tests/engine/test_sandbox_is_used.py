"""The sandbox has what the product reaches, and nothing else.

Reached is what a component, a handler, a command, a page of docs or a test of this folder names;
the sandbox's own tests do not count. What an open issue will need is in sandbox/awaited.yaml.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlglot

from aws_sandbox.athena.sql import CLAUSES, FUNCTIONS, parse
from aws_sandbox.aws.authorizer import MAPPERS
from aws_sandbox.events import alarms
from aws_sandbox.moto_changes import events, lambda_, s3, sns
from aws_sandbox.moto_changes.backup import OPERATIONS
from aws_sandbox.plugin.fields import Fields
from aws_sandbox.plugin.invokes import DATA_SOURCES
from aws_sandbox.plugin.resource import Resource
from aws_sandbox.plugin.resources import REGISTRY
from aws_sandbox.plugin.values import is_array, is_object
from aws_sandbox.systems_manager.runbooks import ACTIONS
from components.lake.curated_report_tables import newest_view, plans_view
from components.lake.query_library import queries
from fleet.project import PROJECT
from reports.templates import TEMPLATES
from tests.support.api_calls import calls_by_boto3, calls_by_the_product, names_in, operations
from tests.support.awaited import complaints
from tests.support.examples import ROOT, recordings
from tests.support.pages import commands, pages
from tests.support.plan_variants import all_of_plans
from tests.support.proof_variants import with_proof
from tests.support.recorder import Recording
from tests.support.report_variants import VARIANTS, recorded, variant
from tests.support.role_variants import with_path_and_boundary
from tests.support.script_variants import with_needs
from tests.support.vault_variants import with_vaults


def test_each_function_and_clause_of_athenas_sql_is_reached() -> None:
    reached: set[str] = set()
    for sql in _sql():
        tokens = sqlglot.tokenize(sql, read="trino")
        reached |= {one.text.lower() for one, two in pairwise(tokens) if two.text == "("}
        reached |= {node.key for node in parse(sql).walk() if type(node) in CLAUSES}
    there = FUNCTIONS.keys() | {kind.key for kind in CLAUSES}
    assert complaints("sql", there, reached) == []


def _sql() -> Iterator[str]:
    """The lake's queries and views, and what pages and tests of this folder ask."""
    yield from (query.sql() for query in queries("eu-west-1").values())
    yield from (newest_view(template, "lake").sql for template in TEMPLATES.values())
    yield from (plans_view(plans, "lake").sql for plans in ({}, {"jobs": "backup_job"}))
    for page in pages():
        for block in commands(page):
            yield from re.findall(r'backup-org query "(SELECT [^"]+)"', block.script)
    for path in Path(__file__).parent.rglob("test_*.py"):
        if path != Path(__file__):
            yield from (text for text in _texts(path) if text.startswith("SELECT "))


def _texts(path: Path) -> Iterator[str]:
    """A module's whole texts, with a name for what is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    formatted = [node.values for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for values in formatted for part in values}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in parts:
                yield re.sub(r"\{\w+\}", "x", text)
            case _:
                pass


def test_each_type_property_and_invoke_of_the_stand_in_is_reached() -> None:
    """By the resources of the example stacks and their variants, and the programs' own invokes.

    A property is `type path`; those of a type that nothing reaches yet are awaited with it.
    """
    reached = {*_invokes(PROJECT / "stacks"), *_invokes(PROJECT / "components")}
    scripts = with_needs(instance_profile=True)
    for recording in (
        *recordings().values(),
        *map(recorded, VARIANTS),
        scripts,
        with_vaults(),
        with_proof(),
        all_of_plans(),
        *with_path_and_boundary().values(),
    ):
        for resource in recording.resources:
            reached |= {resource.type, *_set(resource.type, resource.inputs)}
    there = {*REGISTRY, *DATA_SOURCES}
    for token in REGISTRY.keys() & reached:
        there |= {*_declared(token, REGISTRY[token].properties)}
    assert complaints("resource_types", there, reached) == []


def _declared(owner: str, fields: Fields) -> Iterator[str]:
    """The names of a table's properties, nested ones too."""
    separator = "." if " " in owner else " "
    for name, field in fields.items():
        path = f"{owner}{separator}{name}"
        yield path
        yield from _declared(path, field.fields or {})


def _set(owner: str, value: Any) -> Iterator[str]:
    """The names of the properties that are set in an object, or in the objects of a list."""
    separator = "." if " " in owner else " "
    for each in value if is_array(value) else [value]:
        for name, child in each.items() if is_object(each) else ():
            path = f"{owner}{separator}{name}"
            yield path
            yield from _set(path, child)


def _invokes(folder: Path) -> Iterator[str]:
    """The tokens of what is called as `aws.<module>.get_…` or `aws.get_…`."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            package, *module, name = _dotted(node)
            if package == "aws" and name.startswith("get_"):
                get, *words = name.removesuffix("_output").split("_")
                camel = get + "".join(map(str.capitalize, words))
                yield f"aws:{'.'.join(module) or 'index'}/{camel}:{camel}"


def _dotted(node: ast.AST) -> list[str]:
    return ast.unparse(node).split(".") if isinstance(node, ast.Attribute) else ["", ""]


def calls_for_resources() -> AbstractSet[str]:
    """What the stand-in for the aws plugin calls for the types that stacks are made of."""
    recordings_ = [*recordings().values(), *map(recorded, VARIANTS), with_vaults()]
    types = {resource.type for recording in recordings_ for resource in recording.resources}
    return {call for token in types & set(REGISTRY) for call in _calls_for(REGISTRY[token])}


def _calls_for(resource: Resource) -> Iterator[str]:
    source = textwrap.dedent(inspect.getsource(type(resource)))
    names = set(names_in(ast.parse(source)))
    tagging = resource.tagging
    if tagging is not None:
        names |= {tagging.listing, tagging.adding, tagging.removing}
    for operation in names & operations(resource.service):
        yield f"{resource.service}:{operation}"


_OF_RUN_COMMAND = ("ListCommandInvocations", "ListCommands", "SendCommand")


def _steps_of_runbooks() -> Iterator[Mapping[str, Any]]:
    """The steps of the example stacks' Automation documents."""
    for recording in recordings().values():
        for document in recording.all("aws:ssm/document:Document"):
            if document.inputs["documentType"] == "Automation":
                yield from json.loads(document.inputs["content"])["mainSteps"]


def calls_of_runbooks() -> Iterator[str]:
    """What the steps of the example stacks' Automation documents call."""
    for step in _steps_of_runbooks():
        yield f"{step['inputs'].get('Service')}:{step['inputs'].get('Api')}"
        if step["action"] == "aws:runCommand":
            yield from (f"ssm:{operation}" for operation in _OF_RUN_COMMAND)


def test_each_action_of_automation_is_a_step_of_an_example() -> None:
    reached = {step["action"] for step in _steps_of_runbooks()}
    assert complaints("automation_actions", ACTIONS, reached) == []


_OF_THE_ENGINE = {"kms:Decrypt", "kms:Encrypt"}
"""For stacks whose secrets are under a key (`state.secrets_provider`)."""


@pytest.fixture(scope="module")
def calls() -> AbstractSet[str]:
    """`service:Operation` of every call of AWS's API that the product makes."""
    by_others = {*calls_of_runbooks(), *_OF_THE_ENGINE}
    return calls_by_the_product() | calls_for_resources() | by_others


def test_every_operation_of_aws_backup_is_called(calls: AbstractSet[str]) -> None:
    called = {call.removeprefix("backup:") for call in calls if call.startswith("backup:")}
    assert complaints("backup_operations", OPERATIONS, called & OPERATIONS.keys()) == []


def test_every_known_permission_is_of_a_call_that_is_made(calls: AbstractSet[str]) -> None:
    """Athena, AWS Backup's reports and Systems Manager call too, as whoever asked them."""
    names = ("athena", "reports", "systems_manager")
    services = (ROOT / "sandbox" / "aws_sandbox" / name for name in names)
    by_services = {call for folder in services for call in calls_by_boto3(folder.rglob("*.py"))}
    assert complaints("permissions", MAPPERS, (calls | by_services) & MAPPERS.keys()) == []


def test_each_feature_of_events_is_deployed_by_an_example_or_a_variant() -> None:
    kinds: Mapping[str, Iterable[str]] = {
        "action": alarms.ACTIONS,
        "comparison": alarms.COMPARISONS,
        "mapping": lambda_.MAPPING_MEMBERS,
        "missing data": alarms.MISSING_DATA,
        "pattern": events.PATTERN_OPERATORS,
        "protocol": sns.PROTOCOLS,
        "replication": _members(s3.REPLICATION_RULE),
        "source": lambda_.EVENT_SOURCES,
        "statistic": alarms.STATISTICS,
        "subscription": sns.SUBSCRIPTION_ATTRIBUTES,
        "target": events.TARGETS,
        "target member": events.TARGET_MEMBERS,
    }
    there = {f"{kind} {name}".lower() for kind, names in kinds.items() for name in names}
    reached = {name.lower() for recording in _deployed() for name in _event_features(recording)}
    assert complaints("events", there, reached) == []


def _deployed() -> Iterator[Recording]:
    """The example stacks, the variants of reports, and a member whose alarms tell a topic and whose
    changes are told."""
    yield from recordings().values()
    yield from map(recorded, VARIANTS)
    topic = "arn:aws:sns:eu-central-1:222222222222:on-call"
    exports = {stack: recording.exports for stack, recording in recordings().items()}
    told: dict[str, Any] = {"alarm_topics": [topic], "monitoring": {"changes": True}}
    yield variant("acme-member-payments", **told).case.run(exports)


def _event_features(recording: Recording) -> Iterator[str]:
    for target in recording.all("aws:cloudwatch/eventTarget:EventTarget"):
        yield f"target {_service(target.inputs['arn'])}"
        yield from (f"target member {name}" for name in target.inputs)
    for rule in recording.all("aws:cloudwatch/eventRule:EventRule"):
        pattern = json.loads(rule.inputs.get("eventPattern", "{}"))
        yield from (f"pattern {name}" for name in _members(pattern))
    for subscription in recording.all("aws:sns/topicSubscription:TopicSubscription"):
        yield f"protocol {subscription.inputs['protocol']}"
        yield from (f"subscription {name}" for name in subscription.inputs)
    for mapping in recording.all("aws:lambda/eventSourceMapping:EventSourceMapping"):
        yield f"source {_service(mapping.inputs['eventSourceArn'])}"
        yield from (f"mapping {name}" for name in mapping.inputs)
    for alarm in recording.all("aws:cloudwatch/metricAlarm:MetricAlarm"):
        yield f"statistic {alarm.inputs['statistic']}"
        yield f"comparison {alarm.inputs['comparisonOperator']}"
        yield f"missing data {alarm.inputs['treatMissingData']}"
        yield from (f"action {_service(arn)}" for arn in alarm.inputs.get("alarmActions", ()))
    for config in recording.all("aws:s3/bucketReplicationConfig:BucketReplicationConfig"):
        yield from (f"replication {name}" for name in _members(config.inputs["rules"]))


def _service(arn: str) -> str:
    """Of an ARN that the recorder made up, which names a bus by Pulumi's name of the service."""
    service = arn.split(":")[2]
    return {"cloudwatch": "event-bus", "events": "event-bus"}.get(service, service)


def _members(content: Any) -> Iterator[str]:
    """The names of all members, however deep."""
    for each in content if is_array(content) else [content]:
        for name, value in each.items() if is_object(each) else ():
            yield name
            yield from _members(value)
