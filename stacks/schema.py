"""The JSON schema of settings files: completion and warnings in editors."""

import json
from typing import Any

from pydantic import TypeAdapter

from stacks.load import KEY, Settings


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
    for role in ("ManagementSettings", "AuditSettings", "MemberSettings"):
        definitions[role]["properties"]["extends"] = {"type": "string"}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of a stack of backup-org, or of a customer",
        "$defs": definitions,
        "anyOf": [
            {
                "properties": {"config": {"properties": {KEY: settings}}},
                "required": ["config"],
            },
            settings,
        ],
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
