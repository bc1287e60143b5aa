"""Runs deployed functions exactly as they are deployed."""

from sandbox.functions.runner import Functions

__all__ = ["Functions"]
