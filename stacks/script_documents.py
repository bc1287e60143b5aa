"""The SSM Command documents of a member's scripts, as this program and its customer's files have
them: what staff changed in AWS is not known here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from components.scripts import texts
from stacks import names
from stacks.settings import Settings
from stacks.settings_files import CUSTOMERS
from stacks.values import BUILT_IN_SCRIPTS

COMMANDS = ("pre-script", "post-script", "dry-run")
FILLED_IN = ("command", "executionId", "freezeSeconds", "executionTimeout")
"""Parameters that the runbook gives; a document must take the first two."""
_PLUGINS = {"linux": "aws:runShellScript", "windows": "aws:runPowerShellScript"}
_LONGEST = 64_000
"""Characters of a document: https://docs.aws.amazon.com/general/latest/gr/ssm.html"""


def script_documents(settings: Settings, root: Path) -> Mapping[str, str]:
    """The text of each script's document by the document's name; `root` holds Pulumi.yaml."""
    return {
        names.script_document(settings, name): path_of(
            settings.customer, script.document, root
        ).read_text(encoding="utf-8")
        for name, script in settings.scripts.items()
        if script.document is not None
    }


def path_of(customer: str, document: str, root: Path) -> Path:
    """The file of a script's document."""
    if document in BUILT_IN_SCRIPTS:
        return texts.FOLDER / f"{document}.yaml"
    return root / CUSTOMERS / customer / "scripts" / document


def parameters_of(text: str) -> frozenset[str]:
    """Those that a document takes."""
    return frozenset(_object(_object(yaml.safe_load(text)).get("parameters")))


def problems_of(text: str, platform: str) -> Iterator[str]:
    """What keeps a text from being a script's document, and what to write."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        yield f"is no YAML: {error}"
        return
    if _object(document).get("schemaVersion") != "2.2":
        yield "is no SSM Command document; write schemaVersion: '2.2', parameters and mainSteps"
        return
    if len(text) > _LONGEST:
        yield f"has {len(text)} characters; Systems Manager takes {_LONGEST}"
    parameters = _object(document.get("parameters"))
    command = _object(parameters.get("command"))
    allowed = cast(list[object], command.get("allowedValues") or [])
    if command.get("default") != "dry-run" or sorted(map(str, allowed)) != sorted(COMMANDS):
        yield (
            "must take a parameter command with default: dry-run and allowedValues: "
            f"[{', '.join(COMMANDS)}]"
        )
    if _object(parameters.get("executionId")).get("type") != "String":
        yield "must take a parameter executionId with type: String"
    steps = cast(list[object], document.get("mainSteps") or [])
    if not any(_object(step).get("action") == _PLUGINS[platform] for step in steps):
        yield f"has no step for {platform}: write one with action: {_PLUGINS[platform]}"


def _object(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}
