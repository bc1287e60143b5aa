"""Command documents (schema 2.2), read and checked as CreateDocument does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aws_sandbox.systems_manager.parameters import (
    DocumentError,
    Parameter,
    UnsupportedError,
    read_parameters,
)
from aws_sandbox.systems_manager.references import resolved

SCHEMA = "2.2"
PLUGINS = frozenset({"aws:runShellScript", "aws:runPowerShellScript"})
DEFAULT_TIMEOUT_SECONDS = 3600
_OTHER_PLUGINS = frozenset(
    f"aws:{name}"
    for name in (
        *("applications", "cloudWatch", "configureDocker", "configurePackage", "domainJoin"),
        *("downloadContent", "psModule", "refreshAssociation", "runDockerAction"),
        *("runDocument", "softwareInventory", "updateAgent", "updateSsmAgent"),
    )
)
_PLATFORMS = ("Linux", "MacOS", "Windows")


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """One step: a script for a shell."""

    name: str
    action: str
    platform: str
    """The only platform that it runs on, by its precondition; "" for any."""
    inputs: Mapping[str, Any]

    def script(self, values: Mapping[str, Any]) -> "Script":
        """What runs, with the command's parameters filled in."""
        inputs = cast("Mapping[str, Any]", resolved(self.inputs, lambda name: _value(values, name)))
        lines = inputs["runCommand"]
        listed = cast("list[Any]", lines) if isinstance(lines, list) else [lines]
        return Script(
            text="\n".join(map(str, listed)) + "\n",
            timeout_seconds=float(inputs.get("timeoutSeconds") or DEFAULT_TIMEOUT_SECONDS),
            directory=str(inputs.get("workingDirectory") or ""),
        )


def _value(values: Mapping[str, Any], name: str) -> Any:
    """What is no parameter stays as it is: scripts have double braces of their own."""
    return values.get(name, f"{{{{ {name} }}}}")


@dataclass(frozen=True, kw_only=True)
class Script:
    """A script as an instance runs it."""

    text: str
    timeout_seconds: float
    directory: str
    """Its working directory; "" for the agent's own."""


@dataclass(frozen=True, kw_only=True)
class CommandDocument:
    """A document of the type Command."""

    plugins: Sequence[Plugin]
    parameters: Mapping[str, Parameter]


def read_command_document(content: Any) -> CommandDocument:
    """Raises DocumentError for what AWS refuses, UnsupportedError for what the sandbox does."""
    given = _object("the content", content)
    if str(given.get("schemaVersion")) != SCHEMA:
        raise DocumentError(
            f"a Command document here has the schemaVersion {SCHEMA}, not "
            f"{given.get('schemaVersion')!r}"
        )
    known = {"schemaVersion", "description", "parameters", "mainSteps"}
    if unknown := sorted(given.keys() - known):
        raise DocumentError(f"the document has unknown {', '.join(unknown)}")
    listed = given.get("mainSteps")
    if not isinstance(listed, list) or not listed:
        raise DocumentError("mainSteps needs at least one step")
    plugins = [_plugin(_object("a step", each)) for each in cast("list[Any]", listed)]
    names = [plugin.name for plugin in plugins]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DocumentError(f"two steps have the name {', '.join(twice)}")
    return CommandDocument(
        plugins=plugins, parameters=read_parameters(given.get("parameters") or {})
    )


def _object(place: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise DocumentError(f"{place} is no object")
    return cast("Mapping[str, Any]", given)


def _plugin(given: Mapping[str, Any]) -> Plugin:
    name, action = str(given.get("name") or ""), str(given.get("action") or "")
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", name):
        raise DocumentError(f"{name!r} is no name of a step")
    place = f"the step {name}"
    if unknown := sorted(given.keys() - {"name", "action", "inputs", "precondition"}):
        raise DocumentError(f"{place} has unknown {', '.join(unknown)}")
    if action in _OTHER_PLUGINS:
        raise UnsupportedError(f"the plugin {action} of {place}")
    if action not in PLUGINS:
        raise DocumentError(f"{place} has the unknown plugin {action!r}")
    inputs = _object(place, given.get("inputs"))
    if not inputs.get("runCommand"):
        raise DocumentError(f"{place}: {action} needs runCommand")
    if unsupported := sorted(inputs.keys() - {"runCommand", "timeoutSeconds", "workingDirectory"}):
        raise UnsupportedError(f"{', '.join(unsupported)} of {action}: {place}")
    return Plugin(
        name=name,
        action=action,
        platform=_platform(place, given.get("precondition")),
        inputs=inputs,
    )


def _platform(place: str, precondition: Any) -> str:
    """`{StringEquals: [platformType, Linux]}`, which is all that there is."""
    if precondition is None:
        return ""
    operands = _object(place, precondition).get("StringEquals")
    listed = cast("list[Any]", operands) if isinstance(operands, list) else []
    if len(listed) != 2 or "platformType" not in listed:
        raise UnsupportedError(f"the precondition {precondition!r} of {place}")
    platform = next(str(each) for each in listed if each != "platformType")
    if platform not in _PLATFORMS:
        raise DocumentError(f"{place}: platformType is one of {', '.join(_PLATFORMS)}")
    return platform


def _of_aws(action: str, platform: str) -> Mapping[str, Any]:
    """What AWS's own document for a shell does, by today's schema."""
    return {
        "schemaVersion": SCHEMA,
        "parameters": {
            "commands": {"type": "StringList"},
            "workingDirectory": {"type": "String", "default": ""},
            "executionTimeout": {"type": "String", "default": str(DEFAULT_TIMEOUT_SECONDS)},
        },
        "mainSteps": [
            {
                "name": platform,
                "action": action,
                "inputs": {
                    "runCommand": "{{ commands }}",
                    "workingDirectory": "{{ workingDirectory }}",
                    "timeoutSeconds": "{{ executionTimeout }}",
                },
            }
        ],
    }


OF_AWS: Mapping[str, CommandDocument] = {
    "AWS-RunShellScript": read_command_document(_of_aws("aws:runShellScript", "Shell")),
    "AWS-RunPowerShellScript": read_command_document(
        _of_aws("aws:runPowerShellScript", "PowerShell")
    ),
}
"""AWS's own documents that are carried out."""
