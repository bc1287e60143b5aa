"""The texts of scripts' documents, before they are deployed."""

import hashlib
import json
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent
"""Of the examples: filesystem_freeze.yaml, postgresql.yaml."""


def version_name(content: str) -> str:
    """What a version with this content is called; one with another name was made by staff."""
    return f"sha256-{hashlib.sha256(canonical(content).encode()).hexdigest()[:32]}"


def canonical(content: str) -> str:
    """What a document says, whether in YAML or in JSON, and whoever has rewritten it in either."""
    return json.dumps(yaml.safe_load(content), sort_keys=True, default=str)
