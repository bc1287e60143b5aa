"""Every policy document of the recorded stacks: by kind, and by the name of what it governs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from stacks import names
from stacks.load import Settings
from tests.support import plan_variants, proof_variants, script_variants, vault_variants
from tests.support.examples import EXAMPLES, Case, example, recordings
from tests.support.recorder import Recorded, Recording
from tests.support.report_variants import VARIANTS, recorded
from tests.support.role_variants import case as role_case
from tests.support.role_variants import with_path_and_boundary
from tests.support.shared import shared

Facts = Mapping[str, str | list[str]]
"""By placeholder: one value, or several."""
ORGANIZATION = "o-exampleorg1"
GOVERNED: Mapping[str, tuple[str, str, str]] = {
    "aws:iam/role:Role": ("trusts", "assumeRolePolicy", ""),
    "aws:iam/rolePolicy:RolePolicy": ("identity", "policy", "role"),
    "aws:iam/userPolicy:UserPolicy": ("identity", "policy", "user"),
    "aws:kms/key:Key": ("keys", "policy", ""),
    "aws:s3/bucketPolicy:BucketPolicy": ("buckets", "policy", "bucket"),
    "aws:sqs/queuePolicy:QueuePolicy": ("queues", "policy", "queueUrl"),
    "aws:sns/topicPolicy:TopicPolicy": ("topics_and_buses", "policy", "arn"),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": (
        "topics_and_buses",
        "policy",
        "eventBusName",
    ),
    "aws:backup/vaultPolicy:VaultPolicy": ("vaults", "policy", "backupVaultName"),
    "aws:lambda/permission:Permission": ("functions", "", "function"),
}
"""By type: the kind of document, the property that holds it, and the one that says what it governs
where that is another resource."""
_REGION = re.compile(r"\b[a-z]{2}-[a-z]+-\d\b")


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A policy document of one recorded stack."""

    kind: str
    name: str
    """Of what it governs, with `~` for what a customer's names start with, and `<region>`."""
    recording: str
    content: Mapping[str, Any]
    facts: Facts

    @property
    def is_identity(self) -> bool:
        return self.kind == "identity"

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of {self.recording}"


def deployed() -> tuple[Deployed, ...]:
    """Of the example stacks and of every variant."""
    return shared("policy-documents", lambda: tuple(_all()))


@cache
def all_recordings() -> tuple[tuple[str, Settings, Recording], ...]:
    """Each stack by a name, with its settings."""
    return tuple(_recordings())


def _recordings() -> Iterator[tuple[str, Settings, Recording]]:
    for stack in EXAMPLES:
        yield stack, example(stack).settings, recordings()[stack]
    for name, variant in VARIANTS.items():
        yield name, variant.case.settings, recorded(name)
    for stack, recording in with_path_and_boundary().items():
        yield f"roles of {stack}", role_case(stack).settings, recording
    member: Case = example(vault_variants.MEMBER)
    yield "vaults", member.settings, vault_variants.with_vaults()
    yield "proof", member.settings, proof_variants.with_proof()
    payments = example(plan_variants.MEMBER)
    yield "plans", payments.settings, plan_variants.all_of_plans()
    for profile in (True, False):
        name = f"scripts {'with' if profile else 'without'} an instance profile"
        yield name, payments.settings, script_variants.with_needs(instance_profile=profile)


def _all() -> Iterator[Deployed]:
    for name, settings, recording in all_recordings():
        yield from documents_of(name, settings, recording)


def documents_of(name: str, settings: Settings, recording: Recording) -> Iterator[Deployed]:
    by_urn = {resource.urn: resource for resource in recording.resources}
    for resource in recording.resources:
        if resource.type not in GOVERNED:
            continue
        kind, holds, governs = GOVERNED[resource.type]
        governed = _governed(resource, governs, by_urn)
        yield Deployed(
            kind=kind,
            name=generic_name(governed.name, settings),
            recording=name,
            content=json.loads(resource.inputs[holds]) if holds else _permission(resource.inputs),
            facts=_facts(settings, governed),
        )


def _governed(resource: Recorded, governs: str, by_urn: Mapping[str, Recorded]) -> Recorded:
    """What a policy says it is of, by the resource that the property's value came from."""
    if not governs:
        return resource
    sources = [by_urn[urn] for urn in resource.sources.get(governs, ()) if by_urn[urn].custom]
    if len(sources) != 1:
        raise AssertionError(f"{resource.urn}: {governs} is of {len(sources)} resources, not one")
    return sources[0]


def _permission(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """As the statement that Lambda's AddPermission writes into the policy of the function."""
    conditions: dict[str, Any] = {}
    if "sourceArn" in inputs:
        conditions["ArnLike"] = {"AWS:SourceArn": inputs["sourceArn"]}
    if "sourceAccount" in inputs:
        conditions["StringEquals"] = {"AWS:SourceAccount": inputs["sourceAccount"]}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": inputs["principal"]},
        "Action": inputs["action"],
        "Resource": "*",
        "Condition": conditions,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def generic_name(name: str, settings: Settings) -> str:
    """A name without its customer and Region: acme-backup-alerts-eu-central-1 is
    ~alerts-<region>; a function of the published names is called as elsewhere."""
    if name == names.ticket_function(settings):
        return "~tickets"
    return _REGION.sub("<region>", name.replace(f"{names.prefix(settings)}-", "~"))


def _facts(settings: Settings, governed: Recorded) -> Facts:
    """What the placeholders of the tables stand for, from the stack's settings."""
    in_name = _REGION.search(governed.name)
    central = settings.organization
    facts: dict[str, str | list[str]] = {
        "account": settings.account,
        "region": in_name[0] if in_name else settings.region,
        "regions": list(settings.regions or (settings.region,)),
        "customer": settings.customer,
        "prefix": names.prefix(settings),
        "tickets": names.ticket_function(settings),
        "alerts": names.alerts_account(settings),
        "path": settings.iam.role_path,
        "deploy_role": settings.deploy_role or [],
        "management": central.management_account or [],
        "audit": central.audit_account or [],
        "organization": ORGANIZATION,
        "foreign": "777777777777" if settings.account != "777777777777" else "555555555555",
        "lake": "of its own" if settings.reports else [],
        "self": str(governed.state["arn"]),
    }
    return {name: value for name, value in facts.items() if value != []}
