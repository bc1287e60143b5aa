"""Calls of EC2 are judged by the tags of the request, and of what they act on."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

MEMBER, REGION = "333333333333", "eu-west-1"
LAMBDA = {"Service": "lambda.amazonaws.com"}
INSTANCES, VOLUMES = (f"arn:aws:ec2:{REGION}:{MEMBER}:{kind}/*" for kind in ("instance", "volume"))
DRILL = {"StringLike": {"aws:RequestTag/drill": "*"}}
BY_RUNNING = {"StringEquals": {"ec2:CreateAction": "RunInstances"}}
IMDS_V2 = {"StringEquals": {"ec2:MetadataHttpTokens": "required"}}


def allow(action: str, *resources: str, **condition: Any) -> Mapping[str, Any]:
    return {"Effect": "Allow", "Action": f"ec2:{action}", "Resource": list(resources), **condition}


RUN = (
    allow("RunInstances", INSTANCES, Condition={**DRILL, **IMDS_V2}),
    allow("RunInstances", VOLUMES, Condition=DRILL),
    allow(
        "RunInstances",
        *(f"arn:aws:ec2:{REGION}:{MEMBER}:{kind}/*" for kind in ("subnet", "security-group")),
        f"arn:aws:ec2:{REGION}:{MEMBER}:network-interface/*",
    ),
    allow("RunInstances", f"arn:aws:ec2:{REGION}::image/*"),
)
TAG = allow("CreateTags", INSTANCES, VOLUMES, Condition=BY_RUNNING)
TERMINATE = allow(
    "TerminateInstances", INSTANCES, Condition={"StringLike": {"aws:ResourceTag/drill": "*"}}
)


def ec2_of(aws: Any, *statements: Mapping[str, Any]) -> Any:
    """EC2, as a role with this policy."""
    role: str = aws.role(trusts=LAMBDA)
    aws.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="own", PolicyDocument=aws.policy(*statements)
    )
    return aws.acting(role, "ec2")


def run(ec2: Any, *, tags: bool = True, tokens: str = "required") -> str:
    """The id of an instance."""
    given = [{"Key": "drill", "Value": "1"}]
    kinds = ("instance", "volume")
    made = ec2.run_instances(
        ImageId="ami-0123456789abcdef0",
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        MetadataOptions={"HttpTokens": tokens},
        TagSpecifications=[{"ResourceType": kind, "Tags": given} for kind in kinds] if tags else [],
    )
    return made["Instances"][0]["InstanceId"]


def test_an_instance_is_run_with_the_tags_that_a_condition_asks_for_alone(aws: Any) -> None:
    ec2 = ec2_of(aws, *RUN, TAG)
    run(ec2)
    for tags, tokens in ((False, "required"), (True, "optional")):
        with pytest.raises(ClientError, match="not authorized to perform: ec2:RunInstances"):
            run(ec2, tags=tags, tokens=tokens)


def test_to_tag_what_is_run_is_a_permission_of_its_own(aws: Any) -> None:
    with pytest.raises(ClientError, match="not authorized to perform: ec2:CreateTags"):
        run(ec2_of(aws, *RUN))


def test_instances_and_volumes_are_removed_by_their_tags(aws: Any) -> None:
    ec2 = ec2_of(aws, TERMINATE)
    ours, other = run(aws.client("ec2")), run(aws.client("ec2"), tags=False)
    ec2.terminate_instances(InstanceIds=[ours])
    with pytest.raises(ClientError, match=f"ec2:TerminateInstances on resource: .*/{other}"):
        ec2.terminate_instances(InstanceIds=[other])
    volume = aws.client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    with pytest.raises(ClientError, match=f"ec2:DeleteVolume on resource: .*/{volume}"):
        ec2.delete_volume(VolumeId=volume)
