"""Whether an instance and the scripts' document are such that a script may be run: nothing has been
done yet when this fails."""

from collections.abc import Mapping
from typing import Any

import boto3


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Raises RuntimeError with every reason against it."""
    problems = [*_of_instance(events), *_of_document(events)]
    if problems:
        raise RuntimeError("; ".join(problems))
    return {}


def _of_instance(events: Mapping[str, Any]) -> list[str]:
    instance, platform = events["InstanceId"], events["Platform"]
    found = boto3.client("ssm").describe_instance_information(
        Filters=[{"Key": "InstanceIds", "Values": [instance]}]
    )["InstanceInformationList"]
    if not found:
        return [f"{instance} is not managed by Systems Manager in this Region"]
    problems: list[str] = []
    if found[0].get("PingStatus") != "Online":
        problems.append(f"the agent of {instance} does not answer: {found[0].get('PingStatus')}")
    if found[0].get("PlatformType") != platform:
        problems.append(f"{instance} runs {found[0].get('PlatformType')}, the script {platform}")
    return problems


def _of_document(events: Mapping[str, Any]) -> list[str]:
    document, key, value = events["Document"], events["TagKey"], events["TagValue"]
    if not document:
        return []
    tags = boto3.client("ssm").list_tags_for_resource(ResourceType="Document", ResourceId=document)[
        "TagList"
    ]
    if not any(tag["Key"] == key and tag["Value"] == value for tag in tags):
        return [f"the document {document} does not carry the tag {key}={value}"]
    return []
