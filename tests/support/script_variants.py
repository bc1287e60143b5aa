"""The example member with scripts and what their instances need, in a Region where a VPC has no way
to AWS."""

from __future__ import annotations

from functools import cache

from tests.support.examples import Case, example, recordings
from tests.support.recorder import Recording


@cache
def with_needs(*, instance_profile: bool) -> Recording:
    """With endpoints, a bucket for output, and an instance profile or none."""
    like = example("acme-member-payments")
    own = {
        **like.own,
        "scripts": {"files": {"plan": "standard", "document": "filesystem_freeze"}},
        "systems_manager": {
            "instance_profile": instance_profile,
            "output_bucket": "acme-output",
            "vpc_endpoints": [
                {
                    "region": "eu-west-1",
                    "vpc": "vpc-0123456789abcdef0",
                    "subnets": ["subnet-0123456789abcdef0"],
                    "security_groups": ["sg-0123456789abcdef0"],
                    "route_tables": ["rtb-0123456789abcdef0"],
                }
            ],
        },
    }
    return Case(stack=like.stack, own=own).run({n: r.exports for n, r in recordings().items()})
