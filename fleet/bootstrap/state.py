"""Where the state of a customer's stacks lies: a bucket of its own, and the keys of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from components.iam import Conditions, Statement
from fleet.bootstrap.template import ACCOUNT, Resource, Template, document, tags
from stacks.settings import Settings

_ADMINISTERS = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey*",
    "kms:EnableKey*",
    "kms:Get*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_USES = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")
_OBJECTS = ("s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions")


def state_templates(settings: Settings) -> Mapping[str, Template]:
    """By Region, of any of a customer's stacks, which share their state; none where settings name
    neither a bucket nor a key by its alias."""
    customer = settings.customer
    backend = urlsplit(settings.state.backend or "")
    secrets = urlsplit(settings.state.secrets_provider or "")
    made: dict[str, dict[str, Resource]] = {}
    if backend.scheme == "s3":
        made[_region(backend) or settings.region] = dict(_bucket(settings, backend.netloc))
    alias = f"{secrets.netloc}{secrets.path}".lstrip("/")
    if secrets.scheme == "awskms" and alias.startswith("alias/"):
        there = made.setdefault(_region(secrets) or settings.region, {})
        if all(each.properties.get("AliasName") != alias for each in there.values()):
            why = "Encrypts the secrets in the state, of which the engine keeps the encrypted key."
            there |= _key(settings, "Secrets", alias, why)
    return {
        region: Template(
            name="state" if number == 0 else "state-secrets",
            description=f"Where the state of the stacks of {customer} lies, and its keys.",
            resources=resources,
        )
        for number, (region, resources) in enumerate(made.items())
    }


def _region(url: SplitResult) -> str | None:
    return next(iter(parse_qs(url.query).get("region", [])), None)


def _who(settings: Settings) -> Conditions:
    """Whoever runs deployments, where settings say who that is."""
    role = settings.access and settings.access.role
    return {"ArnEquals": {"aws:PrincipalArn": role}} if role else {}


def _but(conditions: Conditions) -> Conditions:
    return {kind.replace("Equals", "NotEquals"): held for kind, held in conditions.items()}


def _key(settings: Settings, name: str, alias: str, why: str) -> dict[str, Resource]:
    """Its account's administrators may change it and not use it, where settings say who may."""
    who = _who(settings)
    root = {"AWS": f"arn:{settings.partition}:iam::{ACCOUNT}:root"}
    statements = [
        Statement(
            sid="AccountAdministers",
            actions=_ADMINISTERS if who else ["kms:*"],
            resources=["*"],
            principal=root,
        )
    ]
    if who:
        statements.append(
            Statement(
                sid="WhoeverDeploys",
                actions=_USES,
                resources=["*"],
                principal={"AWS": "*"},
                conditions=who,
            )
        )
    return {
        f"{name}Key": Resource(
            type="AWS::KMS::Key",
            why=why,
            retained=True,
            properties={
                "Description": f"{name} of the stacks of {settings.customer}",
                "EnableKeyRotation": True,
                "PendingWindowInDays": 30,
                "KeyPolicy": document(*statements),
                "Tags": tags(settings.customer),
            },
        ),
        f"{name}Alias": Resource(
            type="AWS::KMS::Alias",
            why="The name by which settings and people know it.",
            properties={"AliasName": alias, "TargetKeyId": {"Ref": f"{name}Key"}},
        ),
    }


def _bucket(settings: Settings, name: str) -> Iterator[tuple[str, Resource]]:
    why = "Encrypts the state."
    yield from _key(settings, "State", f"alias/{settings.customer}-backup-state", why).items()
    encryption = {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": ["StateKey", "Arn"]},
    }
    lifecycle: dict[str, Any] = {
        "Id": "old-versions",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    yield (
        "Bucket",
        Resource(
            type="AWS::S3::Bucket",
            why="The engine writes a stack's whole state anew: an older version brings it back.",
            retained=True,
            properties={
                "BucketName": name,
                "VersioningConfiguration": {"Status": "Enabled"},
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}
                    ]
                },
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "LifecycleConfiguration": {"Rules": [lifecycle]},
                "Tags": tags(settings.customer),
            },
        ),
    )
    yield (
        "BucketPolicy",
        Resource(
            type="AWS::S3::BucketPolicy",
            why="Encrypted connections alone; the state is read and written by whoever deploys, "
            "and by nobody else.",
            retained=True,
            properties={
                "Bucket": {"Ref": "Bucket"},
                "PolicyDocument": document(*_bucket_statements(settings, name)),
            },
        ),
    )


def _bucket_statements(settings: Settings, name: str) -> Sequence[Statement]:
    bucket = f"arn:{settings.partition}:s3:::{name}"
    objects = f"{bucket}/*"
    statements = [
        Statement(
            sid="EncryptedConnectionsAlone",
            effect="Deny",
            actions=["s3:*"],
            resources=[bucket, objects],
            principal="*",
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        )
    ]
    if who := _who(settings):
        statements += [
            Statement(
                sid="WhoeverDeploysListsIt",
                actions=_BUCKET,
                resources=[bucket],
                principal={"AWS": "*"},
                conditions=who,
            ),
            Statement(
                sid="WhoeverDeploysReadsAndWritesIt",
                actions=_OBJECTS,
                resources=[objects],
                principal={"AWS": "*"},
                conditions=who,
            ),
            Statement(
                sid="NobodyElse",
                effect="Deny",
                actions=[*_OBJECTS, "s3:DeleteObjectVersion", "s3:ListBucketVersions"],
                resources=[bucket, objects],
                principal="*",
                conditions=_but(who),
            ),
        ]
    return statements
