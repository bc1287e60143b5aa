"""Which resources a plan's selection means, of those that moto has, and the keys they lie under."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from moto.backends import get_backend
from moto.s3.models import s3_backends

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.api import BackupApi
from aws_sandbox.aws.backup.settings import describe_region, resource_type
from aws_sandbox.aws.principals import PARTITION
from aws_sandbox.aws.resources import EncryptionKey, find_key
from aws_sandbox.iam.conditions import arn_matches, matches

Tags = Mapping[str, str]


def resources(api: BackupApi) -> Iterator[tuple[str, Tags]]:
    """Instances, volumes, tables and buckets of the account in the Region: ARNs and tags."""
    ec2: Any = get_backend("ec2")[api.account][api.region]
    of_ec2 = f"arn:aws:ec2:{api.region}:{api.account}"
    for instance in ec2.all_instances():
        if instance.state != "terminated":
            yield f"{of_ec2}:instance/{instance.id}", _tags(instance.get_tags())
    for volume in ec2.volumes.values():
        yield f"{of_ec2}:volume/{volume.id}", _tags(volume.get_tags())
    for table in get_backend("dynamodb")[api.account][api.region].tables.values():
        yield table.table_arn, _tags(table.tags)
    storage = s3_backends[api.account][PARTITION]
    for bucket in storage.buckets.values():
        if bucket.region_name == api.region:
            yield bucket.arn, storage.tagger.get_tag_dict_for_resource(bucket.arn)


def _tags(listed: Iterable[Mapping[str, str]]) -> Tags:
    """Of EC2's (`key`) and DynamoDB's (`Key`) lists."""
    return {tag.get("Key") or tag["key"]: tag.get("Value") or tag["value"] for tag in listed}


def selected(api: BackupApi, selection: Mapping[str, Any]) -> Mapping[str, Tags]:
    """The tags of the resources, by ARN: a pattern of Resources or a tag of ListOfTags matches,
    all Conditions do, none of NotResources does. A type that is not opted in for the Region is
    left out, but where a pattern names it.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources-json.html
    """
    opt_ins: Mapping[str, bool] = describe_region(api, {})["ResourceTypeOptInPreference"]
    listed: Sequence[Mapping[str, str]] = selection.get("ListOfTags") or []
    found: dict[str, Tags] = {}
    for arn, tags in resources(api):
        patterns = _matching(selection.get("Resources"), arn)
        tagged = any(tags.get(tag["ConditionKey"]) == tag["ConditionValue"] for tag in listed)
        opted_in = opt_ins[resource_type(arn)] and (tagged or patterns)
        if (
            (opted_in or any(map(_names_a_type, patterns)))
            and not _matching(selection.get("NotResources"), arn)
            and meets(selection.get("Conditions") or {}, tags)
        ):
            found[arn] = tags
    return found


def _matching(patterns: Sequence[str] | None, arn: str) -> Sequence[str]:
    return [pattern for pattern in patterns or [] if arn_matches(pattern, arn)]


def _names_a_type(pattern: str) -> bool:
    """`arn:aws:ec2:*:*:instance/*` does, `arn:aws:ec2:*` and `*` do not."""
    resource = pattern.split(":", 5)[5:]
    return bool(resource) and not resource[0].startswith("*")


def meets(conditions: Mapping[str, Sequence[Mapping[str, str]]], tags: Tags) -> bool:
    """A tag that is missing equals nothing and is like nothing."""
    for operator, entries in conditions.items():
        for entry in entries:
            value = tags.get(entry["ConditionKey"].removeprefix("aws:ResourceTag/"))
            wildcards = operator.endswith("Like")
            met = value is not None and matches(entry["ConditionValue"], value, wildcards=wildcards)
            if met == operator.startswith("StringNot"):
                return False
    return True


def own_key(api: BackupApi, resource_arn: str) -> EncryptionKey | None:
    """The key of a volume, or of an instance's volumes: one of AWS's own where one of them has it.

    None where nothing is encrypted, and for what moto does not have.
    """
    ec2: Any = get_backend("ec2")[api.account][api.region]
    kind, _, resource_id = Arn.parse(resource_arn).resource.partition("/")
    keys = [
        find_key(volume.kms_key_id, Arn.parse(resource_arn))
        for volume in ec2.volumes.values()
        if volume.encrypted
        and resource_id == (volume.id if kind == "volume" else _instance_of(volume))
    ]
    return min(filter(None, keys), key=lambda key: not key.aws_managed, default=None)


def _instance_of(volume: Any) -> str:
    return volume.attachment.instance.id if volume.attachment else ""
