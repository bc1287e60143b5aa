"""What a stack's account should have and settings alone cannot tell: looked up, with the cure.

Reads only; nothing that is deployed hangs on it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from components.iam import Statement
from components.reports_bucket import reports_are_delivered, reports_are_encrypted
from handlers.report_templates import TEMPLATES
from stacks import names
from stacks.load import Settings
from stacks.settings import CentralSettings, Reports

_SERVICE_ROLE = "AWSServiceRoleForBackupReports"
_BACKUP = "backup.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at; `cure` is empty where all is well."""

    about: str
    found: str
    cure: str = ""


def examine(settings: Settings, session: boto3.Session) -> list[Finding]:
    """Looks at everything that concerns a stack, in its own account."""
    findings: list[Finding] = []
    if settings.reports is not None:
        findings += _service_role(settings.reports, session)
        findings += _bucket(settings, settings.reports, session)
        if settings.reports.scope != "account":
            findings += _organization(settings, session)
            findings += _coverage(settings, settings.reports, session)
    if isinstance(settings, CentralSettings) and settings.ticketing is not None:
        findings += _secret(settings.ticketing.secret, session)
    return findings


def _service_role(reports: Reports, session: boto3.Session) -> Iterator[Finding]:
    iam = session.client("iam")
    try:
        role = iam.get_role(RoleName=_SERVICE_ROLE)["Role"]
    except iam.exceptions.NoSuchEntityException:
        exists = made_here = False
    else:
        exists = True
        made_here = any(tag["Key"] == "managed-by" for tag in role.get("Tags", []))
    about = f"the role {_SERVICE_ROLE}"
    if exists and reports.create_service_role and not made_here:
        yield Finding(
            about=about,
            found="exists, and was not made by backup-org",
            cure="set reports.create_service_role: false",
        )
    elif not exists and not reports.create_service_role:
        yield Finding(
            about=about, found="does not exist", cure="set reports.create_service_role: true"
        )
    else:
        yield Finding(about=about, found="exists" if exists else "will be created")


def _bucket(settings: Settings, reports: Reports, session: boto3.Session) -> Iterator[Finding]:
    if not reports.bucket.existing:
        return
    assert reports.bucket.name is not None
    name = reports.bucket.name
    s3 = session.client("s3")
    statement = reports_are_delivered(f"arn:aws:s3:::{name}", settings.account)
    try:
        policy = s3.get_bucket_policy(Bucket=name)["Policy"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NoSuchBucketPolicy":
            raise
        policy = "{}"
    yield _statement(f"the policy of {name}", policy, statement)
    notification = s3.get_bucket_notification_configuration(Bucket=name)
    told = "EventBridgeConfiguration" in notification
    yield Finding(
        about=f"events of {name}",
        found="go to EventBridge" if told else "do not go to EventBridge",
        cure="" if told else "switch on Amazon EventBridge in the bucket's event notifications",
    )
    if reports.bucket.key_arn is not None:
        key_policy = session.client("kms").get_key_policy(
            KeyId=reports.bucket.key_arn, PolicyName="default"
        )["Policy"]
        yield _statement(
            "the policy of its key", key_policy, reports_are_encrypted(settings.account)
        )


def _statement(about: str, policy: str, wanted: Statement) -> Finding:
    rendered = wanted.render()
    for statement in json.loads(policy).get("Statement", []):
        if _covers(statement, rendered):
            return Finding(about=about, found="lets reports through")
    return Finding(
        about=about,
        found="does not let reports through",
        cure=f"add to it: {json.dumps(rendered)}",
    )


def _covers(statement: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return (
        statement.get("Effect") == "Allow"
        and statement.get("Principal") == wanted["Principal"]
        and set(wanted["Action"]) <= set(_listed(statement.get("Action")))
        and set(wanted["Resource"]) <= set(_listed(statement.get("Resource")))
    )


def _listed(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else value or []


def _organization(settings: Settings, session: boto3.Session) -> Iterator[Finding]:
    organizations = session.client("organizations")
    if settings.role == "management":
        services = organizations.list_aws_service_access_for_organization()
        enabled = [s.get("ServicePrincipal") for s in services["EnabledServicePrincipals"]]
        trusted = _BACKUP in enabled
        yield Finding(
            about="trusted access of AWS Backup to the organization",
            found="is on" if trusted else "is off",
            cure=""
            if trusted
            else "switch it on in AWS Backup's settings, under cross-account monitoring",
        )
        return
    administrators = organizations.list_delegated_administrators(ServicePrincipal=_BACKUP)
    ids = [admin.get("Id") for admin in administrators["DelegatedAdministrators"]]
    registered = settings.account in ids
    yield Finding(
        about="this account as delegated administrator of AWS Backup",
        found="is registered" if registered else "is not registered",
        cure=""
        if registered
        else "in the management account: aws organizations register-delegated-administrator "
        f"--service-principal {_BACKUP} --account-id {settings.account}",
    )


def _coverage(settings: Settings, reports: Reports, session: boto3.Session) -> Iterator[Finding]:
    """An account in no report plan of a template, or in several, is never passed over."""
    accounts = _active_accounts(session)
    found = _plans(session)
    for template in names.report_templates(reports):
        base = reports.plans.get(template)
        name = (base.name if base else None) or names.report_plan(settings.customer, template)
        plans = [plan for plan in found if _is_shard(plan, name, TEMPLATES[template].api_name)]
        covered = Counter(
            account for plan in plans for account in _covered(plan, accounts, session)
        )
        missing = sorted(set(accounts) - covered.keys())
        twice = sorted(account for account, count in covered.items() if count > 1)
        about = f"accounts in the {template} plans"
        if not plans:
            yield Finding(about=about, found="there is no plan yet", cure="run: backup-org up")
        elif missing or twice:
            said = [f"{', '.join(missing)} in none"] if missing else []
            said += [f"{', '.join(twice)} in several"] if twice else []
            yield Finding(about=about, found="; ".join(said), cure="run: backup-org up")
        else:
            yield Finding(about=about, found=f"all {len(accounts)} in one of {len(plans)}")


def _active_accounts(session: boto3.Session) -> list[str]:
    pages = session.client("organizations").get_paginator("list_accounts").paginate()
    return [
        account.get("Id", "")
        for page in pages
        for account in page["Accounts"]
        if account.get("Status") == "ACTIVE"
    ]


def _plans(session: boto3.Session) -> list[Mapping[str, Any]]:
    backup = session.client("backup")
    page = backup.list_report_plans()
    plans: list[Mapping[str, Any]] = [*page["ReportPlans"]]
    while "NextToken" in page:
        page = backup.list_report_plans(NextToken=page["NextToken"])
        plans += page["ReportPlans"]
    return plans


def _is_shard(plan: Mapping[str, Any], name: str, template: str) -> bool:
    of_template = plan["ReportSetting"]["ReportTemplate"] == template
    number = str(plan["ReportPlanName"]).removeprefix(name)
    return of_template and (number == "" or (number[:1] == "_" and number[1:].isdigit()))


def _covered(
    plan: Mapping[str, Any], accounts: Sequence[str], session: boto3.Session
) -> Iterator[str]:
    setting = plan["ReportSetting"]
    if "ROOT" in setting.get("Accounts", []):
        yield from accounts
        return
    yield from setting.get("Accounts", [])
    organizations = session.client("organizations")
    for unit in setting.get("OrganizationUnits", []):
        pages = organizations.get_paginator("list_accounts_for_parent").paginate(ParentId=unit)
        for page in pages:
            yield from (account.get("Id", "") for account in page["Accounts"])


def _secret(name: str, session: boto3.Session) -> Iterator[Finding]:
    secrets = session.client("secretsmanager")
    try:
        secrets.describe_secret(SecretId=name)
    except secrets.exceptions.ResourceNotFoundException:
        yield Finding(
            about=f"the secret {name}",
            found="does not exist",
            cure=f"aws secretsmanager create-secret --name {name} --secret-string "
            '\'{"username": "…", "password": "…"}\'',
        )
    else:
        yield Finding(about=f"the secret {name}", found="exists")
