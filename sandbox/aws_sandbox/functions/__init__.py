"""Runs deployed functions exactly as they are deployed."""

from aws_sandbox.functions.runner import Functions

__all__ = ["Functions"]
