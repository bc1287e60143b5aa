"""What a backup of an EC2 instance makes in EC2: a snapshot of each volume, and an image of them.

Both are there, pending, as soon as the job runs, and complete with it. Only instances that moto's
EC2 has make them. A restore makes an instance of the image again.
https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-ec2.html
"""

import json
from collections.abc import Mapping
from copy import copy
from typing import Any

from moto.backends import get_backend
from moto.ec2.models.amis import Ami
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.models.instances import Instance
from moto.ec2.utils import random_snapshot_id

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.api import BackupApi
from aws_sandbox.aws.backup.state import Document

_DESCRIPTION = "This image is created by the AWS Backup service."
_SOURCE = "aws:backup:source-resource"
_METADATA = frozenset(
    name.lower()
    for name in (
        *("Architecture", "BlockDeviceMappings", "CapacityReservationSpecification", "CpuOptions"),
        *(
            "CreditSpecification",
            "DisableApiTermination",
            "EbsOptimized",
            "ElasticGpuSpecification",
        ),
        *("EnaSupport", "HibernationOptions", "IamInstanceProfileName"),
        *("InstanceInitiatedShutdownBehavior", "InstanceMarketOptions", "InstanceType", "KernelId"),
        *("KeyName", "LicenseSpecifications", "Monitoring", "NetworkInterfaces", "Placement"),
        *("Platform", "RamdiskId", "RequireIMDSv2", "RootDeviceType", "SecurityGroupIds"),
        *("SubnetId", "UserData", "VirtualizationType", "VpcId", "aws:backup:request-id"),
    )
)
"""What a restore takes, in any case of letters."""
_CARRIED_OUT = frozenset(
    {"instancetype", "subnetid", "securitygroupids", "requireimdsv2", "vpcid"}
    | {"disableapitermination", "ebsoptimized", "instanceinitiatedshutdownbehavior"}
    | {"aws:backup:request-id"}
)
_INSTANCE_LEVEL = {"subnetid": "subnet ID", "securitygroupids": "security group ID"}


class BackupImage(Ami):
    """An image of all volumes of an instance; moto's own has one volume of its own."""

    def __init__(
        self, backend: Any, instance: Instance, image_id: str, tags: dict[str, str]
    ) -> None:
        super().__init__(
            backend,
            image_id,
            instance=instance,
            name=f"AwsBackup_{instance.id}_{image_id.removeprefix('ami-')}",
            description=_DESCRIPTION,
            state="pending",
            root_device_type="ebs",
            root_device_name=instance.root_device_name,
            tags={_SOURCE: instance.id, **tags},
        )
        del backend.snapshots[self.ebs_snapshot.id]
        self.source: str = instance.id
        self.restore_metadata = _metadata_of(instance, image_id)
        self.snapshots: dict[str, Snapshot] = {
            device: _snapshot(backend, mapping.volume_id, instance.id)
            for device, mapping in instance.block_device_mapping.items()
        }

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        return [
            {
                "DeviceName": device,
                "Ebs": {
                    "SnapshotId": snapshot.id,
                    "VolumeSize": snapshot.volume_size,
                    "DeleteOnTermination": True,
                    "VolumeType": "gp3",
                },
            }
            for device, snapshot in self.snapshots.items()
        ]


def _snapshot(backend: Any, volume_id: str, instance_id: str) -> Snapshot:
    snapshot: Snapshot = backend.create_snapshot(volume_id, _DESCRIPTION)
    snapshot.status = "pending"
    snapshot.add_tags({**_own_tags(backend.volumes[volume_id]), _SOURCE: instance_id})
    return snapshot


def _own_tags(resource: Any) -> dict[str, str]:
    tags = {tag["key"]: tag["value"] for tag in resource.get_tags()}
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def tags_of_instance(instance: Instance) -> dict[str, str]:
    """Those that its recovery points get."""
    return _own_tags(instance)


def _metadata_of(instance: Instance, image_id: str) -> Mapping[str, str]:
    """Of EC2's many the ones that a restore cannot go without, and some that it cannot have."""
    subnet, groups = instance.subnet_id or "", [group.id for group in instance.security_groups]
    interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": groups}
    return {
        "DisableApiTermination": "false",
        "EbsOptimized": "false",
        "InstanceInitiatedShutdownBehavior": instance.instance_initiated_shutdown_behavior,
        "InstanceType": instance.instance_type,
        "NetworkInterfaces": json.dumps([interface]),
        "SecurityGroupIds": json.dumps(groups),
        "SubnetId": subnet,
        "VpcId": instance.vpc_id or "",
        "aws:backup:request-id": image_id,
    }


def unknown_metadata(metadata: Mapping[str, str]) -> list[str]:
    """The keys that a restore of an instance does not take."""
    return sorted(name for name in metadata if name.lower() not in _METADATA)


def refused_metadata(metadata: Mapping[str, str]) -> str:
    """Why EC2 would not launch that; "" where it does."""
    given = {name.lower() for name in metadata}
    both = [words for name, words in _INSTANCE_LEVEL.items() if name in given]
    if "networkinterfaces" in given and both:
        return (
            f"Network interfaces and an instance-level {both[0]} may not be specified on the same "
            "request. (Service: Ec2, Status Code: 400)"
        )
    ignored = sorted(given - _CARRIED_OUT)
    return f"the sandbox does not carry out {', '.join(ignored)} of a restore" if ignored else ""


def restore_image(
    api: BackupApi, image: BackupImage, metadata: Mapping[str, str], tags: Mapping[str, str]
) -> str:
    """The ARN of an instance like the one that was backed up; `tags` are its volumes' too."""
    given = {name.lower(): value for name, value in metadata.items()}
    imds = given.get("requireimdsv2", "").lower() == "true"
    devices = [
        {"DeviceName": each["DeviceName"], "Ebs": {**each["Ebs"]}}
        for each in image.block_device_mappings
    ]
    backend: Any = get_backend("ec2")[api.account][api.region]
    (made,) = backend.run_instances(
        image.id,
        1,
        None,
        [],
        instance_type=given.get("instancetype", image.restore_metadata["InstanceType"]),
        is_instance_type_default=False,
        subnet_id=given.get("subnetid") or None,
        disable_api_termination=given.get("disableapitermination") == "true",
        ebs_optimized=given.get("ebsoptimized") == "true",
        instance_initiated_shutdown_behavior=given.get("instanceinitiatedshutdownbehavior"),
        security_group_ids=json.loads(given.get("securitygroupids") or "[]"),
        metadata_options={"HttpTokens": "required"} if imds else {},
        block_device_mappings=devices,
        region_name=api.region,
        tags={"instance": {**tags, _SOURCE: image.source}, "volume": dict(tags)},
    ).instances
    return f"arn:aws:ec2:{api.region}:{api.account}:instance/{made.id}"


def image_of(api: BackupApi, recovery_point_arn: str) -> BackupImage | None:
    """What a recovery point is in EC2; None where it is no image of an instance of moto's."""
    image_id = recovery_point_arn.rpartition(":image/")[2]
    found = get_backend("ec2")[api.account][api.region].amis.get(image_id)
    return found if isinstance(found, BackupImage) else None


def copy_image(target: BackupApi, image: BackupImage, image_id: str) -> None:
    """The same image in another account or Region, with snapshots of its own."""
    backend: Any = get_backend("ec2")[target.account][target.region]
    made = copy(image)
    made.id, made.ec2_backend, made.owner_id = image_id, backend, target.account
    made.snapshots = {}
    for device, snapshot in image.snapshots.items():
        own = copy(snapshot)
        own.id, own.ec2_backend, own.owner_id = (
            random_snapshot_id(),
            backend,
            target.account,
        )
        backend.snapshots[own.id] = made.snapshots[device] = own
    backend.amis[image_id] = made


def delete_image(api: BackupApi, image: BackupImage) -> None:
    """With its snapshots."""
    backend: Any = get_backend("ec2")[api.account][api.region]
    del backend.amis[image.id]
    for snapshot in image.snapshots.values():
        del backend.snapshots[snapshot.id]


def instance_of(api: BackupApi, resource_arn: str) -> Instance | None:
    """The instance that moto's EC2 has; None for another resource."""
    arn = Arn.parse(resource_arn)
    kind, _, instance_id = arn.resource.partition("/")
    if (arn.service, kind) != ("ec2", "instance"):
        return None
    found = get_backend("ec2")[api.account][api.region].all_instances()
    return next((each for each in found if each.id == instance_id), None)


def begin_image(api: BackupApi, job: Document) -> None:
    """The image and its snapshots, pending; nothing where there is no such instance."""
    instance = instance_of(api, job["ResourceArn"])
    if instance is None or "ImageId" in job:
        return
    backend: Any = get_backend("ec2")[api.account][api.region]
    image_id = f"ami-{job['BackupJobId'].replace('-', '')[:17]}"
    tags: dict[str, str] = job.get("RecoveryPointTags") or {}
    backend.amis[image_id] = BackupImage(backend, instance, image_id, tags)
    job["ImageId"] = image_id


def complete_image(api: BackupApi, job: Document) -> str:
    """The ARN of the image, which is available now; "" where the job makes none."""
    begin_image(api, job)
    image = _image(api, job)
    if image is None:
        return ""
    image.state = "available"
    for snapshot in image.snapshots.values():
        snapshot.status = "completed"
    return f"arn:aws:ec2:{api.region}::image/{image.id}"


def drop_image(api: BackupApi, job: Document) -> None:
    """Of a job that came to nothing."""
    image = _image(api, job)
    if image is not None:
        delete_image(api, image)


def _image(api: BackupApi, job: Document) -> BackupImage | None:
    return image_of(api, f":image/{job.get('ImageId', '')}")
