"""The partition of AWS that an account is in, with which all of its ARNs begin."""

from __future__ import annotations

_BY_PREFIX = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


def aws_partition(region: str) -> str:
    """aws, aws-cn or aws-us-gov, by any of the account's Regions: it has none in another."""
    return next((name for prefix, name in _BY_PREFIX.items() if region.startswith(prefix)), "aws")
