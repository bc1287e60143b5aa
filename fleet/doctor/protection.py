"""Whether what plans select can be backed up, and copied to where their rules copy it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from components.backup_plan import BackupSelection
from fleet.deploy.organization import copies_across_accounts
from fleet.doctor.findings import (
    Answer,
    Finding,
    State,
    by_hand,
    finding,
    ill,
    looked_up,
    unanswered,
)
from fleet.doctor.source_keys import judged
from fleet.doctor.stack_account import StackAccount
from reports.aws_partition import aws_partition
from stacks.copies import account_of
from stacks.load import Settings
from stacks.plans import backup_selection
from stacks.resource_types import SHARING_ARNS


def opt_ins(here: StackAccount) -> Iterator[Finding]:
    """In each Region of the stack: AWS Backup passes over the resources of a service that is off,
    and no job tells of it."""
    for region in here.settings.protected_regions if here.settings.plans else ():
        about = f"services of AWS Backup in {region}"
        backup = here.session.client("backup", region_name=region)
        try:
            on = backup.describe_region_settings()["ResourceTypeOptInPreference"]
        except (BotoCoreError, ClientError) as error:
            yield unanswered(about, error)
            continue
        yield from _opt_ins(here, about, region, on)


def _opt_ins(
    here: StackAccount, about: str, region: str, on: Mapping[str, bool]
) -> Iterator[Finding]:
    settings = here.settings
    plans = [
        plan.selection
        for name, plan in settings.plans.items()
        if region in settings.plan_regions(name)
    ]
    named = {kind for selection in plans for kind in selection.resource_types}
    named |= {kind for kind, wanted in settings.opt_ins.items() if wanted}
    off = {kind for kind, is_on in on.items() if not is_on}
    missing = sorted(named & off)
    if missing:
        cure = f"set opt_ins: {{{_each(missing, 'true')}}}, then:"
        found = f"off, and selected: {', '.join(missing)}"
        yield finding(about, ill(found, cure, here.run("prepare")))
    else:
        yield finding(about, "all that settings name are on")
    by_tag = any(not (s.resource_types or s.arns) for s in plans)
    passed_over = sorted(off - named - settings.opt_ins.keys()) if by_tag else []
    if passed_over:
        found = f"off, so that no tag gets them backed up: {', '.join(passed_over)}"
        cure = (
            f"switch on what is in use (opt_ins and `{here.run('prepare')}`), or say that it is "
            f"meant: opt_ins: {{{_each(passed_over, 'false')}}}"
        )
        yield finding(about, by_hand(found, cure))


def _each(kinds: Sequence[str], value: str) -> str:
    return ", ".join(f"{kind}: {value}" for kind in kinds)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A resource whose recovery points lie under its own key."""

    arn: str
    kind: str
    """As AWS Backup's opt-ins call it."""
    key: str
    """The key's ARN; empty where it is not encrypted."""
    tags: Mapping[str, str]


def sources_of_copies(here: StackAccount) -> Iterator[Finding]:
    """Volumes and databases that rules copy to another account: a key of AWS's cannot be shared,
    and one of the account's own must let the other account use it, or each such copy fails."""
    settings = here.settings
    for region in settings.protected_regions:
        selections = {
            name: backup_selection(settings, name)
            for name in settings.plans
            if region in settings.plan_regions(name) and copies_across_accounts(settings, name)
        }
        if not selections:
            continue
        about = f"sources of copies across accounts in {region}"
        try:
            yield from _sources(
                about, settings, selections, _Region(region, settings.account, here.session)
            )
        except (BotoCoreError, ClientError) as error:
            yield unanswered(about, error)


def _sources(
    about: str, settings: Settings, selections: Mapping[str, BackupSelection], region: _Region
) -> Iterator[Finding]:
    on, found = region.opt_ins(), set[str]()
    keys: dict[str, set[str]] = {}
    """By key, the plans that copy what lies under it."""
    bound: set[str] = set()
    for source in region.sources():
        plans = [name for name, each in selections.items() if is_selected(source, each, on)]
        if not plans:
            continue
        found.add(source.arn)
        if region.is_managed_by_aws(source.key):
            bound.add(source.arn)
        elif source.key:
            keys.setdefault(source.key, set()).update(plans)
    if bound:
        yield Finding(
            about=about,
            found=f"under a key of AWS's, so that their copies fail: {', '.join(sorted(bound))}",
            state=State.CURE,
            cure="encrypt each anew with a key of your own, whose policy lets the other account "
            "use it (docs/organization.md, Keys of sources)",
        )
    else:
        yield finding(about, f"{len(found)} found, none under a key of AWS's")
    for key, plans in sorted(keys.items()):
        accounts = {account for plan in plans for account in _copied_to(settings, plan)}
        yield looked_up(
            f"the key {key} of such sources",
            lambda key=key, accounts=accounts: region.judged(key, accounts),
        )


def _copied_to(settings: Settings, plan: str) -> set[str]:
    """Other accounts that a plan's rules copy to."""
    copies = (copy for rule in settings.rules_of(plan).values() for copy in rule.copies)
    return {account_of(settings, copy) for copy in copies} - {settings.account, ""}


def is_selected(source: Source, selection: BackupSelection, opt_ins: Mapping[str, bool]) -> bool:
    """As AWS Backup assigns resources: an ARN or a tag, and all of the conditions. A type that is
    not opted in is left out, unless a pattern names it and no other type.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html
    """
    tags, chosen = source.tags, selection
    patterns = [pattern for pattern in chosen.arns if _like(source.arn, pattern)]
    tagged = any(tags.get(key) == value for key, value in chosen.tags)
    named = any(pattern != "*" for pattern in patterns) and source.kind not in SHARING_ARNS
    return (
        (named or (opt_ins.get(source.kind, True) and bool(tagged or patterns)))
        and not any(_like(source.arn, arn) for arn in chosen.not_arns)
        and all(tags.get(key) == value for key, value in chosen.equals)
        and all(tags.get(key) != value for key, value in chosen.not_equals)
        and all(key in tags and _like(tags[key], like) for key, like in chosen.like)
        and not any(key in tags and _like(tags[key], like) for key, like in chosen.not_like)
    )


def _like(text: str, pattern: str) -> bool:
    """`*` stands for anything, and nothing else does."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


class _Region:
    """What lies there of EC2 and RDS. Aurora, DocumentDB and Neptune answer as RDS's clusters."""

    def __init__(self, name: str, account: str, session: boto3.Session) -> None:
        self._name, self._account = name, account
        self._ec2: Any = session.client("ec2", region_name=name)
        self._rds: Any = session.client("rds", region_name=name)
        self._kms: Any = session.client("kms", region_name=name)
        self._backup: Any = session.client("backup", region_name=name)

    def opt_ins(self) -> Mapping[str, bool]:
        return self._backup.describe_region_settings()["ResourceTypeOptInPreference"]

    @cache  # noqa: B019 - lives as long as one Region is looked at
    def is_managed_by_aws(self, key: str) -> bool:
        """No key of another account is."""
        if key.split(":")[4:5] != [self._account]:
            return False
        return self._kms.describe_key(KeyId=key)["KeyMetadata"]["KeyManager"] == "AWS"

    def judged(self, key: str, accounts: set[str]) -> Answer | str:
        """Whether a key lets accounts copy what lies under it."""
        owner = key.split(":")[4]
        if owner != self._account:
            return by_hand(f"is {owner}'s", f"have its policy let {', '.join(sorted(accounts))}")
        described = self._kms.describe_key(KeyId=key)["KeyMetadata"]
        policy = self._kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        return judged(described, policy, accounts)

    def sources(self) -> Iterator[Source]:
        yield from self._volumes()
        for database in self._pages(self._rds, "describe_db_instances", "DBInstances"):
            if "DBClusterIdentifier" not in database:
                yield self._database(database, "RDS", database["DBInstanceArn"])
        for cluster in self._pages(self._rds, "describe_db_clusters", "DBClusters"):
            kind = {"docdb": "DocumentDB", "neptune": "Neptune"}.get(cluster["Engine"], "Aurora")
            yield self._database(cluster, kind, cluster["DBClusterArn"])

    def _volumes(self) -> Iterator[Source]:
        """Each as a volume, and as a part of the instance that it is attached to."""
        reservations = self._pages(self._ec2, "describe_instances", "Reservations")
        instances = {i["InstanceId"]: i for each in reservations for i in each["Instances"]}
        for volume in self._pages(self._ec2, "describe_volumes", "Volumes"):
            key, arn = volume.get("KmsKeyId", ""), self._arn("volume", volume["VolumeId"])
            yield Source(arn=arn, kind="EBS", key=key, tags=_tags(volume.get("Tags", [])))
            for attached in volume.get("Attachments", []):
                id_ = attached["InstanceId"]
                tags = _tags(instances.get(id_, {}).get("Tags", []))
                yield Source(arn=self._arn("instance", id_), kind="EC2", key=key, tags=tags)

    def _arn(self, kind: str, id_: str) -> str:
        return f"arn:{aws_partition(self._name)}:ec2:{self._name}:{self._account}:{kind}/{id_}"

    @staticmethod
    def _pages(client: Any, operation: str, member: str) -> Iterator[Mapping[str, Any]]:
        for page in client.get_paginator(operation).paginate():
            yield from page[member]

    @staticmethod
    def _database(found: Mapping[str, Any], kind: str, arn: str) -> Source:
        key = found.get("KmsKeyId", "") if found.get("StorageEncrypted") else ""
        return Source(arn=arn, kind=kind, key=key, tags=_tags(found.get("TagList", [])))


def _tags(listed: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}
