"""What a resource is imported by, of each type that stacks have: made of what a program gave to the
aws provider, or looked up in the account where AWS itself chose it.

The forms are those of the provider's own documentation (`pulumi import` in each type's docstring).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A resource that a stack set out to make."""

    type: str
    inputs: Mapping[str, Any]
    """As the provider was given them."""
    session: boto3.Session
    account: str
    partition: str
    region: str
    """Of the stack's provider; an input `region` goes before it."""
    tags: Mapping[str, str]
    """That everything carries that this customer's stacks made."""
    known: Collection[str] = ()
    """Ids of what the stack has already: another is looked for."""

    @property
    def its_region(self) -> str:
        return str(self.inputs.get("region", self.region))

    def client(self, service: Any) -> Any:
        made: Any = self.session.client
        return made(service, region_name=self.its_region)


Look = Callable[[Wanted], Iterable[str]]


def import_ids(wanted: Wanted) -> Sequence[str]:
    """What may be this resource, the newest first: at most one but for what AWS lets stand twice.
    Of what is made of inputs alone, whether it stands is not known yet."""
    if wanted.type in _FORMS:
        given = {"account": wanted.account, "partition": wanted.partition} | dict(wanted.inputs)
        return [_FORMS[wanted.type].format_map(given | {"region": wanted.its_region})]
    look = _NAMED.get(wanted.type) or _LOOKS[wanted.type]
    return [*look(wanted)]


def types() -> Collection[str]:
    """Every type that can be imported."""
    return {*_FORMS, *_NAMED, *_LOOKS}


def is_named(type_: str) -> bool:
    """Whether there is one of a name, so that an id tells which, and not which of several."""
    return type_ not in _LOOKS


def delete_command(type_: str, id_: str, region: str) -> str:
    """How one that stands beside the stack's own is deleted by hand."""
    first, _, second = id_.partition("|")
    name, _, version = id_.rpartition(":")
    words = {"id": id_, "first": first, "second": second, "name": name, "version": version}
    return f"aws {_DELETES[type_].format_map(words)} --region {region}"


_FORMS: Mapping[str, str] = {
    "aws:athena/workgroup:Workgroup": "{name}",
    "aws:backup/framework:Framework": "{name}",
    "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault": "{name}",
    "aws:backup/reportPlan:ReportPlan": "{name}",
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": "{name}",
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": "{name}:{restoreTestingPlanName}",
    "aws:backup/vault:Vault": "{name}",
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": "{backupVaultName}",
    "aws:backup/vaultNotifications:VaultNotifications": "{backupVaultName}",
    "aws:backup/vaultPolicy:VaultPolicy": "{backupVaultName}",
    "aws:cloudwatch/eventBus:EventBus": "{name}",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "{eventBusName}",
    "aws:cloudwatch/logGroup:LogGroup": "{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "{name}",
    "aws:dynamodb/table:Table": "{name}",
    "aws:glue/catalogDatabase:CatalogDatabase": "{account}:{name}",
    "aws:glue/catalogTable:CatalogTable": "{account}:{databaseName}:{name}",
    "aws:iam/instanceProfile:InstanceProfile": "{name}",
    "aws:iam/role:Role": "{name}",
    "aws:iam/rolePolicy:RolePolicy": "{role}:{name}",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "{role}/{policyArn}",
    "aws:iam/user:User": "{name}",
    "aws:iam/userPolicy:UserPolicy": "{user}:{name}",
    "aws:kms/alias:Alias": "{name}",
    "aws:lambda/function:Function": "{name}",
    "aws:lambda/permission:Permission": "{function}/{statementId}",
    "aws:organizations/policyAttachment:PolicyAttachment": "{targetId}:{policyId}",
    "aws:ram/principalAssociation:PrincipalAssociation": "{resourceShareArn},{principal}",
    "aws:ram/resourceAssociation:ResourceAssociation": "{resourceShareArn},{resourceArn}",
    "aws:s3/bucket:Bucket": "{bucket}",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "{bucket}",
    "aws:s3/bucketLogging:BucketLogging": "{bucket}",
    "aws:s3/bucketNotification:BucketNotification": "{bucket}",
    "aws:s3/bucketObjectv2:BucketObjectv2": "{bucket}/{key}",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "{bucket}",
    "aws:s3/bucketPolicy:BucketPolicy": "{bucket}",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "{bucket}",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "{bucket}",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "{bucket}"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "{bucket}",
    "aws:scheduler/schedule:Schedule": "default/{name}",
    "aws:sesv2/configurationSet:ConfigurationSet": "{configurationSetName}",
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": (
        "{configurationSetName}|{eventDestinationName}"
    ),
    "aws:sesv2/emailIdentity:EmailIdentity": "{emailIdentity}",
    "aws:sns/topic:Topic": "arn:{partition}:sns:{region}:{account}:{name}",
    "aws:sns/topicPolicy:TopicPolicy": "{arn}",
    "aws:sqs/queuePolicy:QueuePolicy": "{queueUrl}",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": "{queueUrl}",
    "aws:ssm/document:Document": "{name}",
}
"""Of inputs."""


def _rule(wanted: Wanted) -> Iterable[str]:
    return [_on_bus(wanted, wanted.inputs["name"])]


def _target(wanted: Wanted) -> Iterable[str]:
    return [_on_bus(wanted, f"{wanted.inputs['rule']}/{wanted.inputs['targetId']}")]


def _on_bus(wanted: Wanted, name: str) -> str:
    bus = wanted.inputs.get("eventBusName", "default")
    return name if bus == "default" else f"{bus}/{name}"


def _queue(wanted: Wanted) -> Iterable[str]:
    """Its URL, whose host is not the same in each partition."""
    sqs = wanted.client("sqs")
    try:
        return [sqs.get_queue_url(QueueName=wanted.inputs["name"])["QueueUrl"]]
    except sqs.exceptions.QueueDoesNotExist:
        return []


def _key(wanted: Wanted) -> Iterable[str]:
    """By its tags and description: a key has no name."""
    kms: KMSClient = wanted.client("kms")
    pages = kms.get_paginator("list_keys").paginate()
    ids = [key.get("KeyId", "") for page in pages for key in page["Keys"]]
    keys = [kms.describe_key(KeyId=id_)["KeyMetadata"] for id_ in ids if id_ not in wanted.known]
    ours = [
        key
        for key in keys
        if key.get("KeyManager") == "CUSTOMER"
        and key.get("KeyState") != "PendingDeletion"
        and key.get("Description") == wanted.inputs.get("description")
        and _has(wanted.tags, _key_tags(kms, key["KeyId"]))
    ]
    return [key["KeyId"] for key in sorted(ours, key=lambda k: str(k.get("CreationDate")))][::-1]


def _key_tags(kms: KMSClient, id_: str) -> Mapping[str, str]:
    pages = kms.get_paginator("list_resource_tags").paginate(KeyId=id_)
    return {tag["TagKey"]: tag["TagValue"] for page in pages for tag in page["Tags"]}


def _plan(wanted: Wanted) -> Iterable[str]:
    """By its name, which several may have."""
    return _newest(
        wanted,
        _pages(wanted, "backup", "list_backup_plans", "BackupPlansList"),
        named=("BackupPlanName", "name"),
        id_="BackupPlanId",
    )


def _selection(wanted: Wanted) -> Iterable[str]:
    plan = wanted.inputs["planId"]
    found = _newest(
        wanted,
        _pages(
            wanted, "backup", "list_backup_selections", "BackupSelectionsList", BackupPlanId=plan
        ),
        named=("SelectionName", "name"),
        id_="SelectionId",
    )
    return [f"{plan}|{selection}" for selection in found]


def _share(wanted: Wanted) -> Iterable[str]:
    given = {"resourceOwner": "SELF", "resourceShareStatus": "ACTIVE"}
    return _newest(
        wanted,
        _pages(wanted, "ram", "get_resource_shares", "resourceShares", **given),
        named=("name", "name"),
        id_="resourceShareArn",
        made="creationTime",
    )


def _policy(wanted: Wanted) -> Iterable[str]:
    return _newest(
        wanted,
        _pages(wanted, "organizations", "list_policies", "Policies", Filter=wanted.inputs["type"]),
        named=("Name", "name"),
        id_="Id",
    )


def _named_query(wanted: Wanted) -> Iterable[str]:
    group = wanted.inputs.get("workgroup", "primary")
    ids = _pages(wanted, "athena", "list_named_queries", "NamedQueryIds", WorkGroup=group)
    athena = wanted.client("athena")
    for id_ in ids:
        if id_ not in wanted.known:
            query = athena.get_named_query(NamedQueryId=id_)["NamedQuery"]
            if all(query[member] == wanted.inputs[name] for member, name in _NAMED_QUERY):
                yield id_


_NAMED_QUERY = (("Name", "name"), ("Database", "database"))


def _mapping(wanted: Wanted) -> Iterable[str]:
    """By the function and the queue, of which it is the only one."""
    given = {
        "FunctionName": wanted.inputs["functionName"],
        "EventSourceArn": wanted.inputs["eventSourceArn"],
    }
    found = _pages(wanted, "lambda", "list_event_source_mappings", "EventSourceMappings", **given)
    return [mapping["UUID"] for mapping in found if mapping["UUID"] not in wanted.known]


def _layer(wanted: Wanted) -> Iterable[str]:
    """The newest version: each publication is one more."""
    given = {"LayerName": wanted.inputs["layerName"]}
    found = _pages(wanted, "lambda", "list_layer_versions", "LayerVersions", **given)
    said = wanted.inputs.get("description")
    return [
        version["LayerVersionArn"]
        for version in sorted(found, key=lambda version: -version["Version"])
        if version.get("Description") == said and version["LayerVersionArn"] not in wanted.known
    ]


def _subscription(wanted: Wanted) -> Iterable[str]:
    """By its endpoint, of which it is the only one."""
    given = {"TopicArn": wanted.inputs["topic"]}
    found = _pages(wanted, "sns", "list_subscriptions_by_topic", "Subscriptions", **given)
    ends = (wanted.inputs["protocol"], wanted.inputs["endpoint"])
    ours = [s["SubscriptionArn"] for s in found if (s["Protocol"], s["Endpoint"]) == ends]
    return [arn for arn in ours if arn not in wanted.known]


def _vpc_endpoint(wanted: Wanted) -> Iterable[str]:
    filters = [
        {"Name": "vpc-id", "Values": [wanted.inputs["vpcId"]]},
        {"Name": "service-name", "Values": [wanted.inputs["serviceName"]]},
        *({"Name": f"tag:{key}", "Values": [value]} for key, value in wanted.tags.items()),
    ]
    found = _pages(wanted, "ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
    return [e["VpcEndpointId"] for e in found if e["VpcEndpointId"] not in wanted.known]


_NAMED: Mapping[str, Look] = {
    "aws:cloudwatch/eventRule:EventRule": _rule,
    "aws:cloudwatch/eventTarget:EventTarget": _target,
    "aws:sqs/queue:Queue": _queue,
}
"""Of inputs likewise, by more than a form."""
_LOOKS: Mapping[str, Look] = {
    "aws:athena/namedQuery:NamedQuery": _named_query,
    "aws:backup/plan:Plan": _plan,
    "aws:backup/selection:Selection": _selection,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _vpc_endpoint,
    "aws:kms/key:Key": _key,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _mapping,
    "aws:lambda/layerVersion:LayerVersion": _layer,
    "aws:organizations/policy:Policy": _policy,
    "aws:ram/resourceShare:ResourceShare": _share,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
}
"""By what AWS tells: it chooses the ids itself."""

_DELETES: Mapping[str, str] = {
    "aws:athena/namedQuery:NamedQuery": "athena delete-named-query --named-query-id {id}",
    "aws:backup/plan:Plan": "backup delete-backup-plan --backup-plan-id {id}",
    "aws:backup/selection:Selection": (
        "backup delete-backup-selection --backup-plan-id {first} --selection-id {second}"
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": "ec2 delete-vpc-endpoints --vpc-endpoint-ids {id}",
    "aws:kms/key:Key": "kms schedule-key-deletion --key-id {id}",
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        "lambda delete-event-source-mapping --uuid {id}"
    ),
    "aws:lambda/layerVersion:LayerVersion": (
        "lambda delete-layer-version --layer-name {name} --version-number {version}"
    ),
    "aws:organizations/policy:Policy": "organizations delete-policy --policy-id {id}",
    "aws:ram/resourceShare:ResourceShare": "ram delete-resource-share --resource-share-arn {id}",
    "aws:sns/topicSubscription:TopicSubscription": "sns unsubscribe --subscription-arn {id}",
}
"""Of what is not the only one of its name."""


def _pages(wanted: Wanted, service: str, operation: str, items: str, **given: Any) -> list[Any]:
    pages = wanted.client(service).get_paginator(operation).paginate(**given)
    return [item for page in pages for item in page[items]]


def _newest(
    wanted: Wanted,
    found: Iterable[Mapping[str, Any]],
    *,
    named: tuple[str, str],
    id_: str,
    made: str = "CreationDate",
) -> list[str]:
    """The ids of those of the wanted name (`named`: the member of the answer, the input)."""
    member, name = named
    ours = [one for one in found if one[member] == wanted.inputs[name]]
    ids = [one[id_] for one in sorted(ours, key=lambda one: str(one.get(made)), reverse=True)]
    return [found_id for found_id in ids if found_id not in wanted.known]


def _has(tags: Mapping[str, str], there: Mapping[str, str]) -> bool:
    return tags.items() <= there.items()
