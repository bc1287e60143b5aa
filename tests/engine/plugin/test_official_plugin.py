"""The way to the official plugin, with one in its place that notes how it is configured."""

import json
import sys
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest
from pulumi import ResourceOptions, automation

from aws_sandbox.plugin import install_official
from aws_sandbox.plugin.install import NAME, plugin_folder

pytestmark = pytest.mark.engine

OFFICIAL = """#!{python}
import json
from pathlib import Path
from aws_sandbox.plugin import aws, processes, server

aws.KNOWN = aws.KNOWN | {{"s3UsePathStyle"}}
configured = server.configured

def noted(properties):
    Path({notes!r}).write_text(json.dumps(properties.values))
    return configured(properties)

server.configured = noted
processes.serve()
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Where the plugin notes its configuration."""
    return tmp_path / "notes.json"


@pytest.fixture
def official_engine(tmp_path: Path, plain_engine: Any, notes: Path) -> Any:
    """An engine that finds the way to a plugin in the user's own Pulumi home."""
    executable = plugin_folder(tmp_path / "users") / NAME
    executable.parent.mkdir(parents=True)
    executable.write_text(OFFICIAL.format(python=sys.executable, notes=str(notes)))
    executable.chmod(0o755)
    install_official(tmp_path / "home", "no-pulumi", users_home=tmp_path / "users")
    return plain_engine


def test_it_deploys_and_is_told_of_the_sandbox_without_a_word_in_the_state(
    official_engine: Any, member: Any, state: Any, notes: Path
) -> None:
    def program() -> None:
        aws.sqs.Queue("queue", name="official", opts=ResourceOptions(provider=member()))

    stack = official_engine.stack(program)
    stack.up()
    told = json.loads(notes.read_text())
    assert told["s3UsePathStyle"] == told["skipCredentialsValidation"] == "true"
    assert told["region"] == "eu-west-1"
    provider = state(stack)["member"]
    assert "s3UsePathStyle" not in {**provider["inputs"], **provider["outputs"]}
    assert provider["inputs"]["skipCredentialsValidation"] == "false"
    assert stack.up().summary.resource_changes == {"same": 3}
    urls = official_engine.client("sqs").list_queues()["QueueUrls"]
    assert [url.rpartition("/")[2] for url in urls] == ["official"]
    stack.destroy()
    assert "QueueUrls" not in official_engine.client("sqs").list_queues()


def test_what_it_refuses_reaches_the_program(official_engine: Any, member: Any) -> None:
    def program() -> None:
        aws.ec2.Vpc("network", opts=ResourceOptions(provider=member()))

    with pytest.raises(automation.CommandError, match="does not know aws:ec2/vpc:Vpc"):
        official_engine.stack(program).preview()
