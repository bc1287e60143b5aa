"""The key that signs evidence, and the bucket for what drills leave."""

import pulumi

from stacks.contracts import EvidenceContract
from stacks.recovery_settings import Evidence
from stacks.settings import CentralSettings


def deploy_evidence(
    settings: CentralSettings, evidence: Evidence, opts: pulumi.ResourceOptions
) -> EvidenceContract:
    raise NotImplementedError
