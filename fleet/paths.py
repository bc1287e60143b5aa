"""Where things lie on this machine."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: Pulumi.yaml and __main__.py."""
