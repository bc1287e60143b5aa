"""Whether a bucket of reports that exists already lets reports in, and tells of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from botocore.exceptions import ClientError

from components.iam import Statement
from components.reports_bucket import (
    reports_are_decrypted,
    reports_are_delivered,
    reports_are_encrypted,
    reports_are_read,
)
from fleet.doctor.findings import Answer, Finding, State, by_hand, code, finding, ill, looked_up
from fleet.doctor.stack_account import StackAccount
from stacks.report_settings import ReportsBucket


def existing_bucket(here: StackAccount, bucket: ReportsBucket) -> Iterator[Finding]:
    """What another account has, only that account can look up."""
    assert bucket.name is not None
    account, partition = here.settings.account, here.settings.partition
    name, key = bucket.name, bucket.key_arn
    if bucket.account in (None, account):
        exists = looked_up(f"the bucket {name}", lambda: _exists(here, name))
        yield exists
        if exists.state is State.FINE:
            yield looked_up(f"the policy of {name}", lambda: _bucket_policy(here, name))
            yield looked_up(f"events of {name}", lambda: _events(here, name))
            yield looked_up(f"encryption of {name}", lambda: _encryption(here, name, key))
    else:
        yield from _bucket_of_another(name, bucket.account, account, partition)
    owner = key.split(":")[4] if key is not None else bucket.account or account
    if owner != account:
        wanted = (
            reports_are_encrypted(account, partition),
            reports_are_decrypted(account, partition),
        )
        yield from _not_looked_at(
            "the policy of its key, where it has one of its own", owner, *wanted
        )
    elif key is not None:
        yield looked_up("the policy of its key", lambda: _key_policy(here, key))


def _bucket_of_another(name: str, owner: str, account: str, partition: str) -> Iterator[Finding]:
    arn = f"arn:{partition}:s3:::{name}"
    yield finding(
        f"the bucket {name}",
        by_hand(
            f"not looked at: it is {owner}'s",
            "AWS Backup's guide says that reports reach only buckets of the report plan's own "
            f"account, {account}",
        ),
    )
    yield finding(
        f"events of {name}",
        by_hand(
            f"not looked at: they reach {owner}'s EventBridge alone",
            "a rule there must forward them to this account's default bus, which must admit "
            f"{owner}; or run `backup-org backfill` after each delivery",
        ),
    )
    wanted = (
        reports_are_delivered(arn, account, partition),
        reports_are_read(arn, account, partition),
    )
    yield from _not_looked_at(f"the policy of {name}", owner, *wanted)


def _not_looked_at(about: str, owner: str, *wanted: Statement) -> Iterator[Finding]:
    for each in map(Statement.render, wanted):
        cure = f"{owner} must have in it: {json.dumps(each)}"
        told = by_hand(f"not looked at: it is {owner}'s", cure)
        yield finding(f"{about} ({each['Sid']})", told)


def _exists(here: StackAccount, name: str) -> Answer | str:
    account = here.settings.account
    try:
        here.session.client("s3").head_bucket(Bucket=name, ExpectedBucketOwner=account)
    except ClientError as error:
        if code(error) == "404":
            return ill("does not exist", "create it, or leave out reports.bucket.existing")
        if code(error) == "403":
            return ill(
                f"is not {account}'s, or the role that deploys here may not list it",
                "write whose it is, reports.bucket.account, or let the role call HeadBucket",
            )
        raise
    return "exists"


def _bucket_policy(here: StackAccount, name: str) -> Answer | str:
    try:
        policy = here.session.client("s3").get_bucket_policy(Bucket=name)["Policy"]
    except ClientError as error:
        if code(error) != "NoSuchBucketPolicy":
            raise
        policy = "{}"
    account, partition = here.settings.account, here.settings.partition
    arn = f"arn:{partition}:s3:::{name}"
    return _statement(policy, reports_are_delivered(arn, account, partition))


def _events(here: StackAccount, name: str) -> Answer | str:
    found = here.session.client("s3").get_bucket_notification_configuration(Bucket=name)
    if "EventBridgeConfiguration" in found:
        return "go to EventBridge"
    cure = "switch on Amazon EventBridge in the bucket's event notifications"
    return ill("do not go to EventBridge", cure)


def _encryption(here: StackAccount, name: str, key_arn: str | None) -> Answer | str:
    """The functions may decrypt with the key that settings name, and with no other."""
    try:
        found = here.session.client("s3").get_bucket_encryption(Bucket=name)
    except ClientError as error:
        if code(error) != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        rules = []
    else:
        rules = found["ServerSideEncryptionConfiguration"]["Rules"]
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    ids = [default["KMSMasterKeyID"] for default in defaults if "KMSMasterKeyID" in default]
    if not ids:
        return "is by a key that S3 manages"
    key = here.session.client("kms").describe_key(KeyId=ids[0])["KeyMetadata"]
    arn = key.get("Arn", "")
    if arn == key_arn or key.get("KeyManager") == "AWS":
        return f"is by {arn}"
    cure = f"set reports.bucket.key_arn: {arn}"
    return ill(f"is by {arn}, which the functions may not use", cure)


def _key_policy(here: StackAccount, arn: str) -> Answer | str:
    kms = here.session.client("kms")
    try:
        policy = kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    except kms.exceptions.NotFoundException:
        return ill("does not exist", "set reports.bucket.key_arn to the key that the bucket has")
    account, partition = here.settings.account, here.settings.partition
    return _statement(policy, reports_are_encrypted(account, partition))


def _statement(policy: str, wanted: Statement) -> Answer | str:
    rendered = wanted.render()
    if any(_covers(statement, rendered) for statement in _listed(json.loads(policy), "Statement")):
        return "lets reports through"
    return ill("does not let reports through", f"add to it: {json.dumps(rendered)}")


def _covers(statement: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Word for word: whatever else would let reports through too is not understood."""
    principal = statement.get("Principal")
    return (
        statement.get("Effect") == "Allow"
        and isinstance(principal, dict)
        and wanted["Principal"]["AWS"] in _listed(cast(dict[str, Any], principal), "AWS")
        and set(wanted["Action"]) <= set(_listed(statement, "Action"))
        and set(wanted["Resource"]) <= set(_listed(statement, "Resource"))
        and statement.get("Condition") in (None, {}, wanted.get("Condition"))
    )


def _listed(document: Mapping[str, Any], member: str) -> list[Any]:
    """A member that may stand alone where a policy has one of it."""
    value = document.get(member, [])
    return cast(list[Any], value) if isinstance(value, list) else [value]
