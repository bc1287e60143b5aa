"""Whether what was restored is good, by what AWS answers of it: a function a type.

What a test compares with is the recovery point, never the live resource, which has gone on since.
docs/restore-tests.md has the table of what each of these looks at, and what it does not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from handlers.check_restore.core import Bad, Finding, Good, NotYet, RestoreJob, Unjudgeable

Answer = Mapping[str, Any]
"""One resource, as its service's Describe call tells it."""

EMPTY_FILE_SYSTEM_BYTES = 6144
"""What EFS meters of a file system without files: efs/latest/ug/metered-sizes.html."""

_DATABASE_IS_GOOD = {"available", "backing-up", "storage-optimization", "storage-initialization"}
_DATABASE_IS_BAD = (
    "deleting", "failed", "inaccessible-encryption-credentials", "incompatible-", "insufficient-",
    "restore-error", "stopped", "stopping", "storage-full",
)  # fmt: skip
"""What a state starts with: AmazonRDS/latest/UserGuide/accessing-monitoring.html."""
_INSTANCE_CHECKS = (("SystemStatus", "system"), ("InstanceStatus", "instance"))


def instance(found: Answer, status: Answer) -> Finding:
    """Of EC2: it runs, EC2's two checks of it pass, and its volumes are attached.

    `status` is empty as long as EC2 has none.
    """
    state = found["State"]["Name"]
    if state not in ("pending", "running"):
        return Bad(f"the instance is {state}")
    volumes = [mapping.get("Ebs", {}) for mapping in found.get("BlockDeviceMappings", ())]
    attached = sum(volume.get("Status") == "attached" for volume in volumes)
    checks = {said: status.get(name, {}).get("Status", "") for name, said in _INSTANCE_CHECKS}
    if bad := [said for said, result in checks.items() if result == "impaired"]:
        return Bad(f"the instance's {' and '.join(bad)} status check is impaired")
    if state == "pending" or attached < len(volumes) or set(checks.values()) != {"ok"}:
        told = ", ".join(f"{said} check {result or 'none'}" for said, result in checks.items())
        return NotYet(f"the instance is {state}; {told}; {attached} of {len(volumes)} volumes")
    if not volumes:
        return Bad("the instance runs without any volume")
    return Good(f"runs, both status checks are ok, {attached} volumes are attached")


def volume(found: Answer, snapshot: Answer | None) -> Finding:
    """Of EBS: it is available, or in use, and no smaller than the snapshot."""
    state, size = found["State"], found["Size"]
    if state == "creating":
        return NotYet("the volume is creating")
    if state not in ("available", "in-use"):
        return Bad(f"the volume is {state}")
    if snapshot is None:
        return Good(f"{state}, {size} GiB; the snapshot cannot be seen to compare with")
    if size < snapshot["VolumeSize"]:
        return Bad(f"the volume has {size} GiB, its snapshot {snapshot['VolumeSize']} GiB")
    return Good(f"{state}, {size} GiB, no smaller than its snapshot")


def database(found: Answer, snapshot: Answer | None) -> Finding:
    """Of RDS: it is available, with the engine and no less storage than the snapshot."""
    finding = _database_state(found["DBInstanceStatus"], "database")
    if not isinstance(finding, Good):
        return finding
    if snapshot is None:
        return Good(f"{finding.reason}; there is no snapshot to compare with")
    return _compared(found, snapshot) or Good(f"{finding.reason}, as its snapshot")


def _compared(found: Answer, snapshot: Answer) -> Bad | None:
    if found["Engine"] != snapshot["Engine"]:
        return Bad(f"the database's engine is {found['Engine']}, its snapshot's is "
                   f"{snapshot['Engine']}")  # fmt: skip
    if found["AllocatedStorage"] < snapshot["AllocatedStorage"]:
        return Bad(
            f"the database has {found['AllocatedStorage']} GiB, its snapshot "
            f"{snapshot['AllocatedStorage']} GiB"
        )
    return None


def cluster(found: Answer) -> Finding:
    """Of Aurora, DocumentDB, Neptune, and RDS: it is available. AWS Backup restores some without
    an instance, so nothing is asked of those."""
    finding = _database_state(found["Status"], "cluster")
    if not isinstance(finding, Good):
        return finding
    members = len(found.get("DBClusterMembers", ()))
    return Good(f"{finding.reason}, {members} instances")


def _database_state(state: str, what: str) -> Finding:
    if state in _DATABASE_IS_GOOD:
        return Good(f"{state}")
    if state.startswith(_DATABASE_IS_BAD):
        return Bad(f"the {what} is {state}")
    return NotYet(f"the {what} is {state}")


def table(found: Answer, count: Callable[[], tuple[int, bool]], job: RestoreJob) -> Finding:
    """Of DynamoDB: it is active, and holds items if the recovery point does.

    `count` gives the items that were counted, and whether those are all. No count was taken when
    it was backed up, so there is none to compare with.
    """
    state = found["TableStatus"]
    if state == "CREATING":
        return NotYet("the table is CREATING")
    if state not in ("ACTIVE", "UPDATING"):
        return Bad(f"the table is {state}")
    items, all_ = count()
    if items:
        return Good(f"{state}, {'' if all_ else 'at least '}{items} items")
    return _emptiness(job, f"the table is {state} and has no items")


def bucket(objects: Sequence[str], job: RestoreJob) -> Finding:
    """Of S3: it holds objects if the recovery point does; `objects` could be read."""
    if objects:
        return Good(f"it holds objects, {len(objects)} of which were read: {objects[0]}…")
    return _emptiness(job, "the bucket holds no objects")


def _emptiness(job: RestoreJob, said: str) -> Finding:
    if job.size_bytes is None:
        return Unjudgeable(f"{said}, and AWS Backup does not say how large the backup is")
    if job.size_bytes:
        return Bad(f"{said}, but the backup has {job.size_bytes} bytes")
    return Good(f"{said}, as the backup has none")


def elastic_file_system(found: Answer, job: RestoreJob) -> Finding:
    """Of EFS: it is available, and metered as holding something if the recovery point does."""
    state, metered = found["LifeCycleState"], found["SizeInBytes"]["Value"]
    if state in ("creating", "updating"):
        return NotYet(f"the file system is {state}")
    if state != "available":
        return Bad(f"the file system is {state}")
    if metered > EMPTY_FILE_SYSTEM_BYTES:
        return Good(f"available, {metered} bytes metered")
    if job.size_bytes is not None and job.size_bytes <= EMPTY_FILE_SYSTEM_BYTES:
        return Good("available, and as empty as the backup")
    # EFS meters at times of its own, so that one that is restored just now may look empty.
    return NotYet(f"the file system is available, {metered} bytes metered as if it were empty")


def fsx(found: Answer) -> Finding:
    """Of FSx: the file system, or the volume of one, is available."""
    state = found["Lifecycle"]
    if state in ("AVAILABLE", "CREATED", "UPDATING"):
        return Good(state)
    if state in ("CREATING", "PENDING"):
        return NotYet(f"it is {state}")
    return Bad(f"it is {state}")
