"""The texts of scripts' documents, before they are deployed."""

import hashlib
from pathlib import Path

FOLDER = Path(__file__).parent
"""Of the examples: filesystem_freeze.yaml, postgresql.yaml."""


def version_name(content: str) -> str:
    """What a version with this content is called; one with another name was made by staff."""
    return f"sha256-{hashlib.sha256(content.encode()).hexdigest()[:32]}"
