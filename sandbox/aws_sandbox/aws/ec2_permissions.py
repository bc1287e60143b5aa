"""Which permissions calls of EC2 need: what they act on, by its tags and the request's."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from aws_sandbox.aws.permissions import AccountCall, Mapper, Need, anywhere, named
from aws_sandbox.iam.requests import ContextValue
from aws_sandbox.systems_manager.instances import tags_of

_KINDS = {"ami": "image", "i": "instance", "snap": "snapshot", "vol": "volume"}


def _create_tags(call: AccountCall) -> Iterator[Need]:
    """An image and a snapshot are named without an account."""
    tags: Mapping[str, str] = {tag["Key"]: tag["Value"] for tag in call.params.get("Tags") or ()}
    for resource in call.params.get("Resources") or ():
        kind = _KINDS.get(resource.partition("-")[0], "*")
        arn = call.arn(f"{kind}/{resource}")
        if kind in ("image", "snapshot"):
            arn = f"arn:aws:ec2:{call.region}::{kind}/{resource}"
        yield Need(action="ec2:CreateTags", resource=arn, context=_asked_tags(tags))


def _asked_tags(tags: Mapping[str, str]) -> dict[str, ContextValue]:
    asked = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return {"aws:TagKeys": list(tags), **asked}


def _run_instances(call: AccountCall) -> Iterator[Need]:
    """Asked of all that an instance is made of, and of what is made with it: that carries the
    request's tags, which to give is a permission of its own."""
    image = f"arn:aws:ec2:{call.region}::image/{call.text('ImageId')}"
    yield Need(action="ec2:RunInstances", resource=image, context={"ec2:Owner": "amazon"})
    groups: Sequence[str] = call.params.get("SecurityGroupIds") or ["*"]
    subnet = f"subnet/{call.text('SubnetId') or '*'}"
    for there in (subnet, "network-interface/*", *(f"security-group/{group}" for group in groups)):
        yield Need(action="ec2:RunInstances", resource=call.arn(there))
    options: Mapping[str, str] = call.params.get("MetadataOptions") or {}
    about: Mapping[str, Mapping[str, ContextValue]] = {
        "instance": {
            "ec2:InstanceType": call.text("InstanceType"),
            "ec2:MetadataHttpTokens": options.get("HttpTokens", "optional"),
        },
        "volume": {},
    }
    specifications: Sequence[Mapping[str, Any]] = call.params.get("TagSpecifications") or ()
    tags = {
        each["ResourceType"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        for each in specifications
    }
    for kind, known in about.items():
        made = call.arn(f"{kind}/*")
        context = {**known, **_asked_tags(tags.get(kind, {}))}
        yield Need(action="ec2:RunInstances", resource=made, context=context)
        if kind in tags:
            by = {**context, "ec2:CreateAction": "RunInstances"}
            yield Need(action="ec2:CreateTags", resource=made, context=by)


def _by_its_tags(kind: str, parameter: str) -> Callable[[str], Mapper]:
    """Each of the instances or volumes that a parameter names."""

    def needs(action: str, call: AccountCall) -> Iterator[Need]:
        given: str | Sequence[str] = call.params.get(parameter) or ()
        for resource in [given] if isinstance(given, str) else given:
            tags = tags_of(call.account, call.region, resource)
            context = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
            yield Need(action=action, resource=call.arn(f"{kind}/{resource}"), context=context)

    return lambda action: partial(needs, action)


MAPPERS: Mapping[str, Mapper] = {
    **named(
        "ec2",
        anywhere,
        "CreateVolume",
        "DescribeImages",
        "DescribeInstanceStatus",
        "DescribeInstances",
        "DescribeRegions",
        "DescribeSnapshots",
        "DescribeVolumes",
    ),
    "ec2:CreateTags": _create_tags,
    "ec2:RunInstances": _run_instances,
    **named("ec2", _by_its_tags("instance", "InstanceIds"), "TerminateInstances"),
    **named("ec2", _by_its_tags("volume", "VolumeId"), "DeleteVolume"),
}
