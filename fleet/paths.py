"""Where things lie on this machine."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: Pulumi.yaml and __main__.py."""


def cache_folder() -> Path:
    """What a user's checkouts share, such as the engine once it is built."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "backup-org"
