"""The JSON schema of settings files: completion and warnings in editors."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from policies.rules import RULES
from policies.validation import rule_schema
from stacks.enrolment_settings import Enrolment
from stacks.load import KEY, Settings
from stacks.settings_layers import IMPLIED


def schema_text() -> str:
    """What stacks/settings.schema.json holds.

    Nothing is required in it: a value may come from the customer's file that a stack extends. What
    is missing in the end, the program says.
    """
    described = TypeAdapter[Any](Settings).json_schema()
    definitions = described["$defs"]
    settings = {"anyOf": described["anyOf"]}
    for definition in definitions.values():
        definition.pop("required", None)
    definitions["Policy"]["properties"]["rules"] |= _rules(definitions)
    roles = [
        definitions[role] for role in ("ManagementSettings", "AuditSettings", "MemberSettings")
    ]
    definitions["Member"] = _without(definitions["MemberSettings"], *IMPLIED)
    definitions["MemberDefaults"] = _without(definitions["Member"], "account")
    definitions |= _enrolment()
    definitions["Customer"] = _customer([role["properties"] for role in roles])
    for role in roles:
        role["properties"]["extends"] = {"type": "string"}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of a stack of backup-org, or of a customer",
        "$defs": definitions,
        "if": {"required": ["config"]},
        "then": {"properties": {"config": {"properties": {KEY: settings}}}},
        "else": {"$ref": "#/$defs/Customer"},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _customer(roles: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a customer's file may hold: what its stacks may, whichever they are, and the table."""
    shared = {name: value for role in roles for name, value in role.items() if name != "role"}
    return {
        "description": "What a customer's stacks share, and the table of its members.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **shared,
            "enrolment": {
                "$ref": "#/$defs/Enrolment",
                "description": "Which accounts of the organization become members, and what their "
                "rows begin with.",
            },
            "member_defaults": {
                "$ref": "#/$defs/MemberDefaults",
                "description": "Lies under the values of all members.",
            },
            "members": {
                "description": "Members by name, in place of a file each; what a member's own file "
                "holds lies over its row.",
                "type": "object",
                "additionalProperties": {"anyOf": [{"$ref": "#/$defs/Member"}, {"type": "null"}]},
            },
        },
    }


def _enrolment() -> dict[str, Any]:
    """Definitions of what stands in a customer's file for `backup-org enrol`."""
    described = Enrolment.model_json_schema(ref_template="#/$defs/{model}")
    definitions = described.pop("$defs")
    definitions["RowTemplate"]["properties"]["values"] = {"$ref": "#/$defs/MemberDefaults"}
    return {**definitions, "Enrolment": described}


def _rules(definitions: dict[str, Any]) -> Mapping[str, Any]:
    """What may be chosen of each rule of the policy pack; exceptions as settings have them."""
    exceptions = definitions.pop("PolicyRule")["properties"]["exceptions"]
    rules = {name: rule_schema(rule) for name, rule in RULES.items()}
    for rule in rules.values():
        rule["properties"]["exceptions"] = exceptions
    return {"properties": rules, "additionalProperties": False}


def _without(definition: Mapping[str, Any], *names: str) -> dict[str, Any]:
    kept = {name: what for name, what in definition["properties"].items() if name not in names}
    title = {"title": "One of a customer's members"}
    return {**definition, **title, "description": title["title"], "properties": kept}
