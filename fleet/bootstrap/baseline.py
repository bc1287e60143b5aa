"""What organization backup policies need in an account before it has a stack: vaults with their
keys, the role of backups, and the way of its events to the alert bus."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.alert_forwarding import puts_on_bus
from components.backup_role import backup_role_policies
from components.encryption_key import account_administers
from components.iam import rule_may_send, service_trust_statement
from components.vault import VaultArgs, vault_key_grants, vault_policy_statements
from fleet.bootstrap.template import ACCOUNT, REGION, Resource, Template, document, tags
from fleet.errors import ToldError
from stacks import names
from stacks.alerts import forwarded_events
from stacks.backup_policy_content import accounts_copied_to_by_policies
from stacks.copies import accounts_copied_to, taken_back_from
from stacks.roles import permissions_boundary
from stacks.settings import CentralSettings, MemberSettings, Settings
from stacks.vaults import vault_args

_HOME = "IsHomeRegion"


def baseline_template(customer: Sequence[Settings]) -> Template | None:
    """Of all of a customer's stacks; None where settings ask for none. One text for all accounts
    and Regions: the backup role, which has no Region, is made in the customer's, or in the first
    where that is none of them."""
    members = [
        one for one in customer if isinstance(one, MemberSettings) and one.bootstrapped_regions
    ]
    if not members:
        return None
    anyone = members[0].model_copy(update={"account": ACCOUNT})
    assert anyone.bootstrap is not None
    regions = anyone.bootstrapped_regions
    home = anyone.region if anyone.region in regions else regions[0]
    vaults = [_vault(anyone, name, customer) for name in sorted(anyone.bootstrap.vaults)]
    if alike := _called_alike([vault.vault_name for vault in vaults]):
        raise ToldError(
            f"bootstrap.vaults: {', '.join(alike)} would be one to CloudFormation, whose names in "
            "a template are letters and digits; name them less alike"
        )
    return Template(
        name="baseline",
        description=f"What backup policies need in each account of {anyone.customer}.",
        conditions={_HOME: {"Fn::Equals": [{"Ref": "AWS::Region"}, home]}},
        resources={
            "BackupRole": _backup_role(anyone),
            **{name: made for vault in vaults for name, made in _vault_resources(anyone, vault)},
            **dict(_forwarding(anyone)),
        },
    )


def _role(settings: Settings) -> Mapping[str, Any]:
    """What every role has that a stack's roles have, too."""
    boundary = permissions_boundary(settings, ACCOUNT)
    return {
        "Path": settings.iam.role_path,
        **({"PermissionsBoundary": boundary} if boundary else {}),
        "Tags": tags(settings.customer),
    }


def _backup_role(settings: Settings) -> Resource:
    return Resource(
        type="AWS::IAM::Role",
        why="AWS Backup works in it, by policies of the organization and by plans of the stack.",
        condition=_HOME,
        properties={
            "RoleName": names.backup_role(settings),
            "AssumeRolePolicyDocument": document(
                service_trust_statement("backup.amazonaws.com", ACCOUNT)
            ),
            "ManagedPolicyArns": backup_role_policies(settings.partition),
            **_role(settings),
        },
    )


def _vault(settings: MemberSettings, name: str, customer: Sequence[Settings]) -> VaultArgs:
    """As a stack would make it, open to the accounts that any stack copies to and takes back
    from."""
    copied = {
        account
        for one in customer
        if isinstance(one, MemberSettings)
        for account in accounts_copied_to(one, name)
    }
    for one in customer:
        if isinstance(one, CentralSettings):
            copied |= accounts_copied_to_by_policies(one, name)
    back = {
        account
        for one in customer
        if isinstance(one, MemberSettings) and (account := taken_back_from(one))
    }
    if len(back) > 1:
        raise ToldError(
            f"members take copies back from {', '.join(sorted(back))}; a vault of bootstrap takes "
            "them from one account: name one as recovery.from_account"
        )
    made = vault_args(settings, name, settings.region, lambda: "")
    if made.guard is not None and made.guard.policy_writers:
        stack_sets = f"arn:{settings.partition}:iam::{ACCOUNT}:role/{names.STACK_SETS_ROLE}"
        writers = [*made.guard.policy_writers, stack_sets]
        made = dataclasses.replace(
            made, guard=dataclasses.replace(made.guard, policy_writers=writers)
        )
    return dataclasses.replace(
        made, copies_to=sorted(copied), takes_back_from=next(iter(back), None)
    )


def _logical_id(vault: str) -> str:
    return "".join(part.title() for part in vault.replace("_", "-").split("-"))


def _called_alike(vaults: Sequence[str]) -> Sequence[str]:
    by_id: dict[str, list[str]] = {}
    for vault in vaults:
        by_id.setdefault(_logical_id(vault), []).append(vault)
    return next((each for each in by_id.values() if len(each) > 1), list[str]())


def _vault_resources(settings: Settings, vault: VaultArgs) -> Iterator[tuple[str, Resource]]:
    id_ = _logical_id(vault.vault_name)
    own_key = vault.key == "customer_managed"
    if own_key:
        here = dataclasses.replace(vault, region=REGION)
        policy = document(account_administers(ACCOUNT, settings.partition), *vault_key_grants(here))
        yield (
            f"Key{id_}",
            Resource(
                type="AWS::KMS::Key",
                why=f"Encrypts the vault {vault.vault_name}; recovery points outlive any stack.",
                retained=True,
                properties={
                    "Description": f"Recovery points in the vault {vault.vault_name}",
                    "EnableKeyRotation": True,
                    "PendingWindowInDays": 30,
                    "KeyPolicy": policy,
                    "Tags": tags(settings.customer),
                },
            ),
        )
        yield (
            f"Alias{id_}",
            Resource(
                type="AWS::KMS::Alias",
                why="Names the key for people.",
                properties={
                    "AliasName": f"alias/{names.prefix(settings)}-{vault.vault_name}",
                    "TargetKeyId": {"Ref": f"Key{id_}"},
                },
            ),
        )
    statements = vault_policy_statements(vault)
    yield (
        f"Vault{id_}",
        Resource(
            type="AWS::Backup::BackupVault",
            why="Policies of the organization fill it, and plans of the account's stack.",
            retained=True,
            properties={
                "BackupVaultName": vault.vault_name,
                **({"EncryptionKeyArn": {"Fn::GetAtt": [f"Key{id_}", "Arn"]}} if own_key else {}),
                **({"AccessPolicy": document(*statements)} if statements else {}),
                **_lock(vault),
                "BackupVaultTags": {t["Key"]: t["Value"] for t in tags(settings.customer)},
            },
        ),
    )


def _lock(vault: VaultArgs) -> Mapping[str, Any]:
    if vault.lock is None:
        return {}
    days = {
        "MinRetentionDays": vault.lock.min_retention_days,
        "MaxRetentionDays": vault.lock.max_retention_days,
        "ChangeableForDays": vault.lock.changeable_for_days,
    }
    return {"LockConfiguration": {key: value for key, value in days.items() if value is not None}}


def _forwarding(settings: Settings) -> Iterator[tuple[str, Resource]]:
    name, rule = names.forwarding(settings), names.monitoring_rule(settings)
    account = names.alerts_account(settings)
    bus = f"arn:{settings.partition}:events:{settings.region}:{account}:event-bus"
    bus_arn = f"{bus}/{names.alert_bus(settings)}"
    queue_arn = f"arn:{settings.partition}:sqs:{REGION}:{ACCOUNT}:{name}-dead-letters"
    patterns = forwarded_events(settings)
    rule_arns = [
        f"arn:{settings.partition}:events:{REGION}:{ACCOUNT}:rule/{rule}{suffix}"
        for suffix in patterns
    ]
    yield (
        "ForwardingRole",
        Resource(
            type="AWS::IAM::Role",
            why="In it rules put events on the alert bus; one in each Region, so that none waits "
            "for another's.",
            properties={
                "RoleName": f"{name}-{REGION}",
                "AssumeRolePolicyDocument": document(
                    service_trust_statement("events.amazonaws.com", ACCOUNT)
                ),
                "Policies": [
                    {"PolicyName": name, "PolicyDocument": document(puts_on_bus(bus_arn))}
                ],
                **_role(settings),
            },
        ),
    )
    yield (
        "DeadLetters",
        Resource(
            type="AWS::SQS::Queue",
            why="Events that could not be forwarded rest here.",
            properties={
                "QueueName": f"{name}-dead-letters",
                "MessageRetentionPeriod": 14 * 24 * 3600,
                "SqsManagedSseEnabled": True,
                "Tags": tags(settings.customer),
            },
        ),
    )
    yield (
        "DeadLettersPolicy",
        Resource(
            type="AWS::SQS::QueuePolicy",
            why="Lets the rules below, and nobody else, send there.",
            properties={
                "Queues": [{"Ref": "DeadLetters"}],
                "PolicyDocument": document(rule_may_send(rule_arns, queue_arn)),
            },
        ),
    )
    for suffix, pattern in patterns.items():
        target = {
            "Id": "alert-bus",
            "Arn": bus_arn,
            "RoleArn": {"Fn::GetAtt": ["ForwardingRole", "Arn"]},
            "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}},
        }
        yield (
            f"Rule{suffix.title().replace('-', '')}",
            Resource(
                type="AWS::Events::Rule",
                why="Forwards what concerns an operator to the alert bus.",
                after=["DeadLettersPolicy"],
                properties={
                    "Name": f"{rule}{suffix}",
                    "Description": "Forwards what concerns an operator to the alert bus",
                    "EventPattern": json.loads(pattern),
                    "State": "ENABLED",
                    "Targets": [target],
                },
            ),
        )
