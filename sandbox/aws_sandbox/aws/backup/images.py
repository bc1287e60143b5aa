"""What a backup of an EC2 instance makes in EC2: a snapshot of each volume, and an image of them.

Both are there, pending, as soon as the job runs, and complete with it. Only instances that moto's
EC2 has make them.
"""

from typing import Any

from moto.backends import get_backend
from moto.ec2.models.amis import Ami
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.models.instances import Instance

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.api import BackupApi
from aws_sandbox.aws.backup.state import Document

_DESCRIPTION = "This image is created by the AWS Backup service."
_SOURCE = "aws:backup:source-resource"


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
    snapshot.add_tags({_SOURCE: instance_id})
    return snapshot


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
        backend: Any = get_backend("ec2")[api.account][api.region]
        del backend.amis[image.id]
        for snapshot in image.snapshots.values():
            del backend.snapshots[snapshot.id]


def _image(api: BackupApi, job: Document) -> BackupImage | None:
    found = get_backend("ec2")[api.account][api.region].amis.get(job.get("ImageId", ""))
    return found if isinstance(found, BackupImage) else None
