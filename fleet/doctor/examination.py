"""What a stack's account should have and settings alone cannot tell: looked up, with the cure.

Reads only; nothing that is deployed hangs on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.exceptions import ClientError

from components.iam import Statement
from components.reports_bucket import (
    reports_are_decrypted,
    reports_are_delivered,
    reports_are_encrypted,
    reports_are_read,
)
from fleet import access
from fleet.doctor.alerts import alerts
from fleet.doctor.deliveries import deliveries
from fleet.doctor.findings import Answer, Finding, code, looked_up
from fleet.doctor.instances import instances
from fleet.doctor.link_signer import link_signer
from fleet.doctor.organization import accounts_without_stack, organization
from fleet.doctor.protection import opt_ins, sources_of_copies
from fleet.doctor.recovery import configuration_recorders, restore_tests
from reports.aws_partition import aws_partition
from reports.plans import REPORTS_ROLE
from stacks import load
from stacks.load import Settings
from stacks.report_settings import ReportsBucket
from stacks.settings import CentralSettings

_IAM_DECIDES = "IAM_ALLOWED_PRINCIPALS"


def findings_of(stack: str, root: Path) -> list[Finding]:
    """What keeps from looking is a finding as well: other stacks' findings stand beside it."""
    try:
        settings = load.from_files(stack, root)
        session = access.session(settings)
    except load.SettingsError as error:
        cure = "write it as it says"
        return [Finding(about="its settings", found=text, cure=cure) for text in error.problems]
    except access.NoSession as error:
        return [Finding(about="its account", found=error.found, cure=error.cure)]
    return list(examine(stack, settings, session, root))


def examine(
    stack: str, settings: Settings, session: boto3.Session, root: Path
) -> Iterator[Finding]:
    """Looks at everything that concerns a stack, in its own account."""
    reports = settings.reports
    if reports is not None:
        yield looked_up(f"the role {REPORTS_ROLE}", lambda: _service_role(stack, session))
        if reports.bucket.existing:
            yield from _bucket(reports.bucket, settings.account, session)
        yield from deliveries(settings, reports, session)
        yield looked_up("Lake Formation's defaults", lambda: _lake_formation(session))
        if reports.scope != "account":
            yield from organization(settings, reports, session)
    if settings.plans:
        yield from opt_ins(settings, session)
        yield from sources_of_copies(settings, session)
        yield from restore_tests(settings, session)
    yield from configuration_recorders(settings, session)
    if settings.scripts:
        yield from instances(settings, session)
    yield from alerts(settings, session, root)
    if isinstance(settings, CentralSettings):
        yield from link_signer(settings, session)
    if settings.role == "management":
        yield from accounts_without_stack(settings, session, root)
    if settings.role == settings.alerts_in:
        yield _alarm_topics(settings)


def _service_role(stack: str, session: boto3.Session) -> Answer:
    iam = session.client("iam")
    try:
        iam.get_role(RoleName=REPORTS_ROLE)
    except iam.exceptions.NoSuchEntityException:
        return "does not exist", f"backup-org prepare {stack}"
    return "exists", ""


def _bucket(bucket: ReportsBucket, account: str, session: boto3.Session) -> Iterator[Finding]:
    """One that exists already; what another account has, only that account can look up."""
    assert bucket.name is not None
    partition = aws_partition(session.region_name)
    name, key = bucket.name, bucket.key_arn
    if bucket.account in (None, account):
        exists = looked_up(f"the bucket {name}", lambda: _exists(name, account, session))
        yield exists
        if not exists.cure:
            yield looked_up(f"the policy of {name}", lambda: _bucket_policy(name, account, session))
            yield looked_up(f"events of {name}", lambda: _events(name, session))
            yield looked_up(f"encryption of {name}", lambda: _encryption(name, key, session))
    else:
        yield from _bucket_of_another(name, bucket.account, account, partition)
    owner = key.split(":")[4] if key is not None else bucket.account or account
    if owner != account:
        wanted = (
            reports_are_encrypted(account, partition),
            reports_are_decrypted(account, partition),
        )
        yield _not_looked_at("the policy of its key, where it has one of its own", owner, *wanted)
    elif key is not None:
        yield looked_up("the policy of its key", lambda: _key_policy(key, account, session))


def _bucket_of_another(name: str, owner: str, account: str, partition: str) -> Iterator[Finding]:
    arn = f"arn:{partition}:s3:::{name}"
    yield Finding(
        about=f"the bucket {name}",
        found=f"not looked at: it is {owner}'s",
        needs=[
            "AWS Backup's guide says that reports reach only buckets of the report plan's own "
            f"account, {account}",
            f"its events reach {owner}'s EventBridge alone: a rule there must forward them to this "
            f"account's default bus, which must admit {owner}; or run `backup-org backfill` after "
            "each delivery",
        ],
    )
    wanted = (
        reports_are_delivered(arn, account, partition),
        reports_are_read(arn, account, partition),
    )
    yield _not_looked_at(f"the policy of {name}", owner, *wanted)


def _not_looked_at(about: str, owner: str, *wanted: Statement) -> Finding:
    return Finding(
        about=about,
        found=f"not looked at: it is {owner}'s",
        needs=[f"{owner} must have in it: {json.dumps(each.render())}" for each in wanted],
    )


def _exists(name: str, account: str, session: boto3.Session) -> Answer:
    try:
        session.client("s3").head_bucket(Bucket=name, ExpectedBucketOwner=account)
    except ClientError as error:
        if code(error) == "404":
            return "does not exist", "create it, or leave out reports.bucket.existing"
        if code(error) == "403":
            return (
                f"is not {account}'s, or the role that deploys here may not list it",
                "write whose it is, reports.bucket.account, or let the role call HeadBucket",
            )
        raise
    return "exists", ""


def _bucket_policy(name: str, account: str, session: boto3.Session) -> Answer:
    try:
        policy = session.client("s3").get_bucket_policy(Bucket=name)["Policy"]
    except ClientError as error:
        if code(error) != "NoSuchBucketPolicy":
            raise
        policy = "{}"
    partition = aws_partition(session.region_name)
    arn = f"arn:{partition}:s3:::{name}"
    return _statement(policy, reports_are_delivered(arn, account, partition))


def _events(name: str, session: boto3.Session) -> Answer:
    found = session.client("s3").get_bucket_notification_configuration(Bucket=name)
    if "EventBridgeConfiguration" in found:
        return "go to EventBridge", ""
    cure = "switch on Amazon EventBridge in the bucket's event notifications"
    return "do not go to EventBridge", cure


def _encryption(name: str, key_arn: str | None, session: boto3.Session) -> Answer:
    """The functions may decrypt with the key that settings name, and with no other."""
    try:
        found = session.client("s3").get_bucket_encryption(Bucket=name)
    except ClientError as error:
        if code(error) != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        rules = []
    else:
        rules = found["ServerSideEncryptionConfiguration"]["Rules"]
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    ids = [default["KMSMasterKeyID"] for default in defaults if "KMSMasterKeyID" in default]
    if not ids:
        return "is by a key that S3 manages", ""
    key = session.client("kms").describe_key(KeyId=ids[0])["KeyMetadata"]
    arn = key.get("Arn", "")
    if arn == key_arn or key.get("KeyManager") == "AWS":
        return f"is by {arn}", ""
    return f"is by {arn}, which the functions may not use", f"set reports.bucket.key_arn: {arn}"


def _key_policy(arn: str, account: str, session: boto3.Session) -> Answer:
    kms = session.client("kms")
    try:
        policy = kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    except kms.exceptions.NotFoundException:
        return "does not exist", "set reports.bucket.key_arn to the key that the bucket has"
    return _statement(policy, reports_are_encrypted(account, aws_partition(session.region_name)))


def _statement(policy: str, wanted: Statement) -> Answer:
    rendered = wanted.render()
    if any(_covers(statement, rendered) for statement in _listed(json.loads(policy), "Statement")):
        return "lets reports through", ""
    return "does not let reports through", f"add to it: {json.dumps(rendered)}"


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


def _lake_formation(session: boto3.Session) -> Answer:
    """Of databases and tables that are made from now on; the functions have IAM permissions."""
    found = session.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    defaults = {
        "databases": found.get("CreateDatabaseDefaultPermissions", []),
        "tables": found.get("CreateTableDefaultPermissions", []),
    }
    shut = [
        kind
        for kind, permissions in defaults.items()
        if not any(
            each.get("Principal", {}).get("DataLakePrincipalIdentifier") == _IAM_DECIDES
            and "ALL" in each.get("Permissions", [])
            for each in permissions
        )
    ]
    if not shut:
        return "leave new databases and tables to IAM", ""
    return (
        f"shut out whoever has IAM permissions alone, of new {' and '.join(shut)}",
        "in Lake Formation's console, Data Catalog settings, tick `Use only IAM access control` "
        "for new databases and for new tables, before the lake is deployed; or grant the "
        "functions' roles what they need there",
    )


def _alarm_topics(settings: Settings) -> Finding:
    topics = ", ".join(settings.alarm_topics)
    if topics:
        return Finding(about="alarm_topics", found=topics)
    return Finding(
        about="alarm_topics",
        found="none: alarms become incidents at best",
        needs=[
            "name an SNS topic that people hear, for when the way to the incidents is what fails"
        ],
    )
