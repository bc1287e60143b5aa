"""Documents: their versions, and what is refused when one is written."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from sandbox.tests.systems_manager.conftest import Commands, Runbooks, mark, shell, step


def content(*steps: Mapping[str, Any], **rest: Any) -> str:
    return json.dumps({"schemaVersion": "0.3", "mainSteps": list(steps), **rest})


def test_a_new_version_is_the_default_one_only_when_it_is_made_that(runbooks: Runbooks) -> None:
    ssm, name = runbooks.ssm, runbooks.create(mark("First"))
    updated = ssm.update_document(
        Name=name,
        Content=content(mark("Second")),
        DocumentVersion="$LATEST",
        VersionName="second",
    )["DocumentDescription"]
    assert (updated["DocumentVersion"], updated["DefaultVersion"]) == ("2", "1")
    assert "First" in ssm.get_document(Name=name)["Content"]
    assert "Second" in ssm.get_document(Name=name, VersionName="second")["Content"]
    ssm.update_document_default_version(Name=name, DocumentVersion="2")
    assert "Second" in ssm.get_document(Name=name, DocumentVersion="$DEFAULT")["Content"]
    versions = ssm.list_document_versions(Name=name)["DocumentVersions"]
    assert [(v["DocumentVersion"], v["IsDefaultVersion"]) for v in versions] == [
        ("2", True),
        ("1", False),
    ]


def test_content_that_another_version_has_is_refused(runbooks: Runbooks) -> None:
    name = runbooks.create(mark("First"))
    same = runbooks.ssm.get_document(Name=name)["Content"]
    with pytest.raises(ClientError, match="DuplicateDocumentContent"):
        runbooks.ssm.update_document(Name=name, Content=same, DocumentVersion="$LATEST")


def test_documents_are_listed_by_name_type_and_tag(runbooks: Runbooks, commands: Commands) -> None:
    runbook, script = runbooks.create(mark("First")), commands.create(shell("true"))
    runbooks.ssm.add_tags_to_resource(
        ResourceType="Document", ResourceId=script, Tags=[{"Key": "agreed", "Value": script}]
    )
    for key, value, found in (
        ("Name", runbook, runbook),
        ("tag:agreed", script, script),
    ):
        filters = [{"Key": key, "Values": [value]}, {"Key": "Owner", "Values": ["Self"]}]
        listed = runbooks.ssm.list_documents(Filters=filters)["DocumentIdentifiers"]
        assert [each["Name"] for each in listed] == [found]


def test_yaml_is_taken_as_json_is(runbooks: Runbooks) -> None:
    name = runbooks.aws.name("runbook")
    runbooks.ssm.create_document(
        Name=name,
        Content=yaml.safe_dump(json.loads(content(mark("First")))),
        DocumentType="Automation",
        DocumentFormat="YAML",
    )
    assert json.loads(runbooks.ssm.get_document(Name=name)["Content"])["schemaVersion"] == "0.3"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        (content(mark("A"), schemaVersion="2.2"), "has the schemaVersion 0.3"),
        (content(), "at least one step"),
        (content(mark("A"), mark("A")), "two steps have the name A"),
        (content(mark("A", onfailure="Abort")), "unknown onfailure"),
        (content(mark("A", onFailure="step:B")), "goes to B, which is no step"),
        (content(mark("A", nextStep="B")), "goes to B, which is no step"),
        (content(mark("A", onFailure="Retry")), "onFailure is Abort, Continue"),
        (content(mark("A", timeoutSeconds="{{ x }}")), "timeoutSeconds is a whole number"),
        (content(mark("A", isEnd="perhaps")), "isEnd is true or false"),
        (content(step("A", "invokeLambdaFunction")), "needs the inputs FunctionName"),
        (content(step("A", "explode")), "unknown action"),
        (content(mark("A", inputs={"X": "{{ wait }}"})), "neither a parameter"),
        (content(mark("A", inputs={"X": "{{ ssm:/wait }}"})), "neither a parameter"),
        (
            content(mark("A", outputs=[{"Name": "x", "Selector": "$.[", "Type": "String"}])),
            "no JSONPath",
        ),
        (content(mark("A"), outputs=["A.Nothing"]), "neither a parameter"),
        (content(mark("A"), parameters={"a b": {"type": "String"}}), "no name of a parameter"),
        (content(mark("A"), parameters={"a": {"type": "Text"}}), "has the type 'Text'"),
    ],
)
def test_a_runbook_that_is_none_is_refused(runbooks: Runbooks, text: str, reason: str) -> None:
    with pytest.raises(ClientError, match="InvalidDocumentContent") as error:
        runbooks.ssm.create_document(
            Name=runbooks.aws.name("runbook"), Content=text, DocumentType="Automation"
        )
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        ({**shell("true"), "action": "aws:runShell"}, "unknown plugin"),
        ({**shell("true"), "inputs": {}}, "needs runCommand"),
        ({**shell("true"), "when": "now"}, "unknown when"),
        (shell("true", platform="Linus"), "platformType is one of"),
    ],
)
def test_a_command_document_that_is_none_is_refused(
    commands: Commands, plugin: Mapping[str, Any], reason: str
) -> None:
    with pytest.raises(ClientError, match="InvalidDocumentContent") as error:
        commands.create(plugin)
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("Automation", [step("A", "approve", {"Approvers": ["x"]})]),
        ("Automation", [step("A", "assertAwsResourceProperty")]),
        ("Automation", [step("A", "branch")]),
        ("Automation", [step("A", "pause")]),
        (
            "Automation",
            [
                step(
                    "A",
                    "executeScript",
                    {"Runtime": "PowerShell 7.0"} | {"Handler": "x", "Script": "y"},
                )
            ],
        ),
        ("Command", [{**shell("true"), "action": "aws:downloadContent"}]),
        ("Session", []),
    ],
)
def test_what_aws_knows_and_the_sandbox_does_not_is_refused_by_name(
    runbooks: Runbooks, kind: str, steps: list[Any]
) -> None:
    version = {"Automation": "0.3", "Command": "2.2"}.get(kind, "1.0")
    text = json.dumps({"schemaVersion": version, "mainSteps": steps})
    with pytest.raises(ClientError, match="the sandbox does not carry out"):
        runbooks.ssm.create_document(
            Name=runbooks.aws.name("other"), Content=text, DocumentType=kind
        )
