"""Which permissions each API call needs: the table that the authorizer asks.

Here is what deployed roles and the tools of the product call, and what a resource's policy can deny
an administrator. A call that is not here is refused to everybody but an administrator of the
account.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.utils import parseaddr
from functools import partial
from typing import Any

from moto.backends import get_backend
from moto.core.request import Request
from moto.secretsmanager.models import FakeSecret

from aws_sandbox.aws.api_calls import ApiCall
from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.state import backend_of
from aws_sandbox.aws.membership import organization_backend
from aws_sandbox.aws.resources import EncryptionKey, find_key
from aws_sandbox.iam.requests import ContextValue
from aws_sandbox.systems_manager.documents import assumed_role, document_tags
from aws_sandbox.systems_manager.instances import tags_of


@dataclass(frozen=True, kw_only=True)
class Need:
    """One action on one resource, or the use of a KMS key by way of the called service."""

    action: str
    resource: str
    context: Mapping[str, ContextValue] = field(default_factory=dict[str, ContextValue])
    """Condition keys of this action (`s3:x-amz-acl`)."""
    key: EncryptionKey | None = None
    """For a `kms:` action on the key that encrypts the resource."""
    policies_of: str = ""
    """The ARN of what carries the resource's policy, where that is not the resource itself."""


@dataclass(frozen=True, kw_only=True)
class AccountCall:
    """A call with the account that makes it."""

    api_call: ApiCall
    account: str

    @property
    def params(self) -> Mapping[str, Any]:
        return self.api_call.params

    @property
    def region(self) -> str:
        return self.api_call.region

    @property
    def request(self) -> Request:
        return self.api_call.request

    def arn(self, resource: str, service: str = "") -> str:
        """The ARN of a resource of the called service in the caller's account and Region."""
        name = service or self.api_call.service
        return f"arn:aws:{name}:{self.region}:{self.account}:{resource}"

    def text(self, name: str) -> str:
        """A parameter as text, "" when it is not there."""
        value = self.params.get(name)
        return "" if value is None else str(value)


Mapper = Callable[[AccountCall], Iterable[Need]]
"""What a call needs; nothing at all for a call that is open to everybody."""


def _one(resource: Callable[[AccountCall], str]) -> Callable[[str], Mapper]:
    """Mappers of calls that need the action of their name on one resource."""

    def mapper(action: str) -> Mapper:
        return lambda call: [Need(action=action, resource=resource(call))]

    return mapper


def _text(name: str) -> Callable[[AccountCall], str]:
    """The resource whose ARN is a parameter."""
    return lambda call: call.text(name)


anywhere = _one(lambda _call: "*")
"""Actions that IAM knows on no particular resource."""


# Athena: everything about a query is a matter of its workgroup.


def _workgroup(call: AccountCall) -> str:
    return call.arn(f"workgroup/{call.text('WorkGroup') or 'primary'}")


def _executions_workgroup(call: AccountCall) -> str:
    executions = get_backend("athena")[call.account][call.region].executions
    execution = executions.get(call.text("QueryExecutionId"))
    group = execution.workgroup if execution else None
    return call.arn(f"workgroup/{group.name if group else 'primary'}")


def _named_querys_workgroup(call: AccountCall) -> str:
    queries = get_backend("athena")[call.account][call.region].named_queries
    query = queries.get(call.text("NamedQueryId"))
    return call.arn(f"workgroup/{query.workgroup.name if query else 'primary'}")


# AWS Backup: what its readers and validators call, and what the policies of vaults guard.


def _vault(call: AccountCall) -> str:
    return call.arn(f"backup-vault:{call.text('BackupVaultName')}")


def _plan(call: AccountCall) -> str:
    return call.arn(f"backup-plan:{call.text('BackupPlanId')}")


def _report_plan(call: AccountCall) -> str:
    name = call.text("ReportPlanName")
    plans = backend_of(call.account, call.region).report_plan_documents
    return plans.get(name, {}).get("ReportPlanArn", call.arn(f"report-plan:{name}-"))


def _recovery_point(action: str) -> Mapper:
    """The vault's access policy speaks of the recovery points in it."""
    return lambda call: [
        Need(action=action, resource=call.text("RecoveryPointArn"), policies_of=_vault(call))
    ]


def _job(resource: Callable[[AccountCall], str]) -> Callable[[str], Mapper]:
    """A job acts in a role that the caller must be allowed to pass."""

    def needs(action: str, call: AccountCall) -> Iterator[Need]:
        yield Need(action=action, resource=resource(call))
        if call.text("IamRoleArn"):
            yield Need(
                action="iam:PassRole",
                resource=call.text("IamRoleArn"),
                context={"iam:PassedToService": "backup.amazonaws.com"},
            )

    return lambda action: partial(needs, action)


# Glue's catalog: a table's action needs its table, its database and the catalog.


def _catalog(call: AccountCall, action: str, *resources: str) -> Iterator[Need]:
    account = call.text("CatalogId") or call.account
    for resource in ("catalog", *resources):
        arn = f"arn:aws:glue:{call.region}:{account}:{resource}"
        yield Need(action=action, resource=arn)


def _on_database(action: str) -> Mapper:
    return lambda call: _catalog(call, action, f"database/{call.text('Name') or '*'}")


def _on_table(action: str, table: str = "TableName") -> Mapper:
    """The table is named by a parameter; without one the call is about all of the database's."""

    def needs(call: AccountCall) -> Iterator[Need]:
        database = call.text("DatabaseName")
        named = call.params.get("TableInput") if table == "TableInput" else None
        name = str(named["Name"]) if named else call.text(table) or "*"
        return _catalog(call, action, f"database/{database}", f"table/{database}/{name}")

    return needs


# SQS, SNS and Lambda


def _queue(call: AccountCall) -> str:
    """The queue of a URL `https://…/<account>/<name>`."""
    *_, account, name = call.text("QueueUrl").split("/")
    return f"arn:aws:sqs:{call.region}:{account}:{name}"


def _function(call: AccountCall) -> str:
    """A function by name, by ARN, or by account and name (`222222222222:function:x`)."""
    named, qualifier = call.text("FunctionName"), call.text("Qualifier")
    if not named.startswith("arn:"):
        account, _, name = named.rpartition(":function:")
        named = f"arn:aws:lambda:{call.region}:{account or call.account}:function:{name}"
    return f"{named}:{qualifier}" if qualifier else named


def _put_events(call: AccountCall) -> Iterator[Need]:
    for entry in call.params.get("Entries") or ():
        yield Need(
            action="events:PutEvents",
            resource=call.arn(f"event-bus/{entry.get('EventBusName') or 'default'}"),
            context={
                "events:source": str(entry.get("Source")),
                "events:detail-type": str(entry.get("DetailType")),
            },
        )


# Databases and file systems: described by name, or all of them.


def _database(kind: str, parameter: str) -> Callable[[AccountCall], str]:
    return lambda call: call.arn(f"{kind}:{call.text(parameter) or '*'}")


def _file_system(call: AccountCall) -> str:
    name = call.text("FileSystemId") or "*"
    return call.arn(f"file-system/{name}", service="elasticfilesystem")


# DynamoDB, Secrets Manager, KMS and Systems Manager


def _trail(call: AccountCall) -> str:
    name = call.text("TrailName") or call.text("Name")
    return name if name.startswith("arn:") else call.arn(f"trail/{name}")


def _of_organization(action: str) -> Mapper:
    """An account's, a unit's or the root's ARN names the organization and its management account;
    who may ask there at all is known elsewhere, and no policy of the account is asked."""

    def needs(call: AccountCall) -> Iterator[Need]:
        backend = organization_backend(call.account)
        asked = call.text("AccountId") or call.text("ResourceId") or call.text("ParentId")
        kind = {"r": "root", "o": "ou"}.get(asked[:1], "account")
        found = f"*:{kind}/*"
        if backend is not None and backend.org is not None:
            found = f"{backend.account_id}:{kind}/{backend.org.id}"
        arn = f"arn:aws:organizations::{found}/{asked}"
        own = f"arn:aws:organizations::{call.account}:{kind}/*"
        yield Need(action=action, resource=arn, policies_of=own)

    return needs


def _table(call: AccountCall) -> str:
    name = call.text("TableName")
    return name if name.startswith("arn:") else call.arn(f"table/{name}")


def _queried(call: AccountCall) -> str:
    index = call.text("IndexName")
    return f"{_table(call)}/index/{index}" if index else _table(call)


def _transact_write_items(call: AccountCall) -> Sequence[Need]:
    """Each part needs what it needs alone:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""
    parts = [next(iter(item.items())) for item in call.params["TransactItems"]]
    return [
        Need(action=f"dynamodb:{name}Item", resource=call.arn(f"table/{asked['TableName']}"))
        for name, asked in parts
    ]


def _secret(call: AccountCall) -> str:
    """A secret by ARN, part of an ARN, or name; IAM sees its whole ARN with the random suffix."""
    named = call.text("SecretId")
    arn = named if named.startswith("arn:") else call.arn(f"secret:{named}")
    at = Arn.parse(arn)
    found = get_backend("secretsmanager")[at.account][at.region].secrets.get(named)
    return found.arn if isinstance(found, FakeSecret) else arn


def _on_key(action: str) -> Mapper:
    """A key by id, alias or ARN; of what is decrypted, the one that the ciphertext names."""

    def needs(call: AccountCall) -> Iterator[Need]:
        named = call.text("KeyId") or _key_of(call.params.get("CiphertextBlob", b""))
        key = find_key(named, Arn.parse(call.arn("key")))
        context = {"kms:CallerAccount": call.account}
        yield Need(action=action, resource=key.arn if key else call.arn("key/"), context=context)

    return needs


def _key_of(ciphertext: bytes) -> str:
    """The id that moto writes before it, 36 characters; something else of what is no ciphertext."""
    return ciphertext[:36].decode(errors="replace")


def _automation(call: AccountCall) -> str:
    document = call.text("DocumentName")
    version = call.text("DocumentVersion") or "$DEFAULT"
    owner = Arn.parse(document).account if document.startswith("arn:") else call.account
    name = document.rpartition("/")[2]
    return f"arn:aws:ssm:{call.region}:{owner}:automation-definition/{name}:{version}"


def _start_automation(call: AccountCall) -> Iterator[Need]:
    """The runbook's role must be passed by whoever starts it."""
    yield Need(action="ssm:StartAutomationExecution", resource=_automation(call))
    at = Arn.parse(call.arn("document"))
    role = assumed_role(at.account, at.region, call.params)
    if role:
        yield Need(
            action="iam:PassRole",
            resource=role,
            context={"iam:PassedToService": "ssm.amazonaws.com"},
        )


def _document(call: AccountCall) -> str:
    name = call.text("Name") or call.text("DocumentName")
    return name if name.startswith("arn:") else call.arn(f"document/{name}")


def _command_document(call: AccountCall) -> str:
    """AWS's own documents are nobody's."""
    name = call.text("DocumentName")
    if name.startswith("AWS-"):
        return f"arn:aws:ssm:{call.region}::document/{name}"
    return _document(call)


def _send_command(call: AccountCall) -> Iterator[Need]:
    """Asked of the document and of each instance, whose tags conditions can name, and of the bucket
    for the output."""
    document = _command_document(call)
    tags = document_tags(call.account, call.region, document)
    yield Need(action="ssm:SendCommand", resource=document, context=_tag_keys(tags))
    for instance in call.params.get("InstanceIds") or ():
        yield Need(
            action="ssm:SendCommand",
            resource=call.arn(f"instance/{instance}", service="ec2"),
            context=_tag_keys(tags_of(call.account, call.region, instance)),
        )
    if call.text("OutputS3BucketName"):
        bucket = f"arn:aws:s3:::{call.text('OutputS3BucketName')}"
        yield Need(action="ssm:SendCommand", resource=bucket)


def _tag_keys(tags: Mapping[str, str]) -> Mapping[str, ContextValue]:
    return {
        f"{prefix}/{key}": value
        for key, value in tags.items()
        for prefix in ("aws:ResourceTag", "ssm:resourceTag")
    }


def _tagged_document(call: AccountCall) -> str:
    """AddTagsToResource and its like name a resource by type and id."""
    return call.arn(f"{call.text('ResourceType').lower()}/{call.text('ResourceId')}")


def _parameter(call: AccountCall) -> str:
    """AWS's own public parameters are nobody's."""
    name = call.text("Name").removeprefix("/")
    owner = "" if name.startswith("aws/service/") else call.account
    return f"arn:aws:ssm:{call.region}:{owner}:parameter/{name}"


def _automation_execution(call: AccountCall) -> str:
    return call.arn(f"automation-execution/{call.text('AutomationExecutionId')}")


def _schedule(action: str) -> Mapper:
    """A schedule, and the role that it acts in: the caller must be allowed to pass that."""

    def needs(call: AccountCall) -> Iterator[Need]:
        name = f"schedule/{call.text('GroupName') or 'default'}/{call.text('Name')}"
        yield Need(action=action, resource=call.arn(name))
        target: Mapping[str, Any] = call.params.get("Target") or {}
        if target.get("RoleArn"):
            yield Need(
                action="iam:PassRole",
                resource=str(target["RoleArn"]),
                context={"iam:PassedToService": "scheduler.amazonaws.com"},
            )

    return needs


# Sessions, logs and mail


def _log_group(call: AccountCall) -> str:
    """IAM sees a log group as its streams: `log-group:<name>:log-stream:<stream>`."""
    group = call.text("logGroupName") or call.text("logGroupNamePrefix")
    return call.arn(f"log-group:{group}:log-stream:{call.text('logStreamName')}")


def _assume_role(call: AccountCall) -> Iterator[Need]:
    context: dict[str, ContextValue] = {"sts:RoleSessionName": call.text("RoleSessionName")}
    if call.text("ExternalId"):
        context["sts:ExternalId"] = call.text("ExternalId")
    yield Need(action="sts:AssumeRole", resource=call.text("RoleArn"), context=context)


def _send_mail(call: AccountCall) -> Iterator[Need]:
    """The sender's identity: the verified address if it is one, else its domain's; and the
    configuration set. For a raw message IAM's actions of both names are asked for, since AWS's
    guides tell of the one and of the other."""
    sender = parseaddr(_sender(call.params))[1]
    identities = get_backend("ses")[call.account][call.region].email_identities
    identity = sender if sender in identities else sender.rpartition("@")[2]
    content: Mapping[str, Any] = call.params.get("Content") or {}
    actions = ["ses:SendEmail", *(["ses:SendRawEmail"] if "Raw" in content else [])]
    resources = [f"identity/{identity}"]
    if call.text("ConfigurationSetName"):
        resources.append(f"configuration-set/{call.text('ConfigurationSetName')}")
    for action, resource in itertools.product(actions, resources):
        yield Need(
            action=action,
            resource=call.arn(resource, service="ses"),
            context={"ses:FromAddress": sender},
        )


def _sender(params: Mapping[str, Any]) -> str:
    """From the parameter, or from the raw message."""
    if params.get("FromEmailAddress"):
        return str(params["FromEmailAddress"])
    content: Mapping[str, Any] = params.get("Content") or {}
    raw: Mapping[str, Any] = content.get("Raw") or {}
    data = raw.get("Data", b"")
    return str(message_from_bytes(data if isinstance(data, bytes) else data.encode())["From"])


def named(service: str, mapper: Callable[[str], Mapper], *operations: str) -> dict[str, Mapper]:
    """Operations whose permission has their own name."""
    return {f"{service}:{name}": mapper(f"{service}:{name}") for name in operations}


ORGANIZATION_READS = (
    "DescribeOrganization",
    "ListAWSServiceAccessForOrganization",
    "ListAccounts",
    "ListDelegatedAdministrators",
    "ListRoots",
)
READS_OF_ONE = (
    "DescribeAccount",
    "ListAccountsForParent",
    "ListOrganizationalUnitsForParent",
    "ListTagsForResource",
)
DELEGATED_READS = (*ORGANIZATION_READS, *READS_OF_ONE)
"""What a delegated administrator may read of its organization too."""

MAPPERS: Mapping[str, Mapper] = {
    **named("athena", _one(_workgroup), "StartQueryExecution", "GetWorkGroup"),
    **named(
        "athena",
        _one(_executions_workgroup),
        "GetQueryExecution",
        "GetQueryResults",
        "StopQueryExecution",
    ),
    **named("athena", _one(_named_querys_workgroup), "DeleteNamedQuery", "GetNamedQuery"),
    **named("athena", anywhere, "ListWorkGroups"),
    **named(
        "backup",
        anywhere,
        "DescribeBackupJob",
        "DescribeCopyJob",
        "DescribeGlobalSettings",
        "DescribeRegionSettings",
        "DescribeReportJob",
        "DescribeRestoreJob",
        "ListBackupJobs",
        "ListBackupPlans",
        "ListBackupVaults",
        "ListCopyJobs",
        "ListProtectedResources",
        "ListReportJobs",
        "ListReportPlans",
        "ListRestoreJobs",
        "PutRestoreValidationResult",
        "StopBackupJob",
    ),
    **named(
        "backup",
        _one(_vault),
        "DescribeBackupVault",
        "DeleteBackupVault",
        "GetBackupVaultAccessPolicy",
        "PutBackupVaultAccessPolicy",
        "DeleteBackupVaultAccessPolicy",
        "GetBackupVaultNotifications",
        "PutBackupVaultNotifications",
        "DeleteBackupVaultNotifications",
        "PutBackupVaultLockConfiguration",
        "DeleteBackupVaultLockConfiguration",
        "ListRecoveryPointsByBackupVault",
    ),
    **named(
        "backup",
        _one(_plan),
        "GetBackupPlan",
        "UpdateBackupPlan",
        "DeleteBackupPlan",
        "CreateBackupSelection",
        "GetBackupSelection",
        "ListBackupSelections",
        "DeleteBackupSelection",
    ),
    **named(
        "backup",
        _one(_report_plan),
        "DescribeReportPlan",
        "UpdateReportPlan",
        "DeleteReportPlan",
        "StartReportJob",
    ),
    **named("backup", _one(_text("ResourceArn")), "ListTags", "TagResource"),
    **named(
        "backup",
        _recovery_point,
        "DeleteRecoveryPoint",
        "DescribeRecoveryPoint",
        "GetRecoveryPointRestoreMetadata",
    ),
    **named("backup", _job(_vault), "StartBackupJob"),
    **named("backup", _job(_text("RecoveryPointArn")), "StartCopyJob", "StartRestoreJob"),
    **named(
        "config",
        _one(lambda call: call.arn("configuration-recorder/*")),
        "DescribeConfigurationRecorders",
        "DescribeConfigurationRecorderStatus",
    ),
    "cloudtrail:DescribeTrails": anywhere("cloudtrail:DescribeTrails"),
    "cloudtrail:GetEventSelectors": _one(_trail)("cloudtrail:GetEventSelectors"),
    "cloudtrail:GetTrailStatus": _one(_trail)("cloudtrail:GetTrailStatus"),
    **named("dynamodb", _one(_table), "DescribeTable", "GetItem", "Scan", "UpdateItem"),
    "dynamodb:Query": _one(_queried)("dynamodb:Query"),
    "dynamodb:TransactWriteItems": _transact_write_items,
    "efs:DescribeFileSystems": _one(_file_system)("elasticfilesystem:DescribeFileSystems"),
    "events:PutEvents": _put_events,
    **named("glue", _on_database, "GetDatabase", "GetDatabases"),
    **named("glue", partial(_on_table, table="Name"), "GetTable", "GetTables", "DeleteTable"),
    **named("glue", partial(_on_table, table="TableInput"), "CreateTable", "UpdateTable"),
    **named(
        "glue",
        _on_table,
        "GetPartition",
        "GetPartitions",
        "CreatePartition",
        "BatchCreatePartition",
        "BatchUpdatePartition",
        "DeletePartition",
    ),
    **named("kms", _on_key, "Decrypt", "DescribeKey", "Encrypt", "GetPublicKey", "Sign"),
    "lakeformation:GetDataLakeSettings": anywhere("lakeformation:GetDataLakeSettings"),
    "lambda:Invoke": _one(_function)("lambda:InvokeFunction"),
    **named(
        "logs",
        _one(_log_group),
        "CreateLogGroup",
        "CreateLogStream",
        "DescribeLogGroups",
        "PutLogEvents",
    ),
    **named("organizations", anywhere, *ORGANIZATION_READS),
    **named("organizations", _of_organization, *READS_OF_ONE),
    **named("rds", _one(_database("cluster", "DBClusterIdentifier")), "DescribeDBClusters"),
    **named("rds", _one(_database("db", "DBInstanceIdentifier")), "DescribeDBInstances"),
    **named("rds", _one(_database("snapshot", "DBSnapshotIdentifier")), "DescribeDBSnapshots"),
    "resourcegroupstaggingapi:GetResources": anywhere("tag:GetResources"),
    **named("scheduler", _schedule, "CreateSchedule", "UpdateSchedule"),
    **named("secretsmanager", _one(_secret), "DescribeSecret", "GetSecretValue"),
    "service-quotas:ListServiceQuotas": anywhere("servicequotas:ListServiceQuotas"),
    "sesv2:SendEmail": _send_mail,
    "sqs:ChangeMessageVisibilityBatch": _one(_queue)("sqs:ChangeMessageVisibility"),
    **named(
        "sqs",
        _one(_queue),
        "DeleteMessage",
        "GetQueueAttributes",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
    ),
    "sqs:SendMessageBatch": _one(_queue)("sqs:SendMessage"),
    **named("sqs", anywhere, "ListQueues"),
    "ssm:StartAutomationExecution": _start_automation,
    **named(
        "ssm",
        _one(_automation_execution),
        "GetAutomationExecution",
        "StopAutomationExecution",
    ),
    **named(
        "ssm",
        anywhere,
        "DescribeAutomationExecutions",
        "DescribeInstanceInformation",
        "GetCommandInvocation",
        "ListCommandInvocations",
        "ListCommands",
    ),
    "ssm:SendCommand": _send_command,
    **named("ssm", _one(_parameter), "GetParameter"),
    **named(
        "ssm",
        _one(_document),
        "DescribeDocument",
        "GetDocument",
        "ListDocumentVersions",
        "UpdateDocument",
        "UpdateDocumentDefaultVersion",
    ),
    **named(
        "ssm",
        _one(_tagged_document),
        "AddTagsToResource",
        "ListTagsForResource",
        "RemoveTagsFromResource",
    ),
    "sts:AssumeRole": _assume_role,
    "sts:GetCallerIdentity": lambda _call: [],
}
