"""What may be said of a restore test's restores beside what AWS Backup infers, by type.

https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing-inferred-metadata.html
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

_CLUSTER = """
    availabilityZones databaseName dbClusterParameterGroupName dbSubnetGroupName
    enableCloudwatchLogsExports enableIamDatabaseAuthentication engine engineMode engineVersion
    kmsKeyId port optionGroupName scalingConfiguration vpcSecurityGroupIds
"""
OVERRIDES: Mapping[str, tuple[str, ...]] = {
    kind: tuple(keys.split())
    for kind, keys in {
        "Aurora": _CLUSTER,
        "DocumentDB": _CLUSTER,
        "DynamoDB": "encryptionType kmsMasterKeyArn",
        "EBS": "availabilityZone iops kmsKeyId throughput volumesize volumetype",
        "EC2": "iamInstanceProfileName instanceType requireImdsV2 securityGroupIds subnetId",
        "EFS": "kmsKeyId performanceMode",
        "FSx": """
            kmsKeyId lustreConfiguration ontapConfiguration openZfsConfiguration securityGroupIds
            subnetIds windowsConfiguration
        """,
        "Neptune": _CLUSTER,
        "RDS": """
            allocatedStorage availabilityZones dbInstanceClass dbName dbParameterGroupName
            dbSubnetGroupName domain domainIamRoleName enableCloudwatchLogsExports
            enableIamDatabaseAuthentication iops licensemodel multiAz optionGroupName port
            processorFeatures publiclyAccessible storageType vpcSecurityGroupIds
        """,
        "S3": "encryptionType kmsKey restoreACLs",
    }.items()
}
"""Keys that AWS takes; it does not mind their case."""
_LISTS = {
    "availabilityzones",
    "enablecloudwatchlogsexports",
    "securitygroupids",
    "subnetids",
    "vpcsecuritygroupids",
}
_NEEDED_WITHIN = {
    "ontapconfiguration": "storageVirtualMachineId",
    "windowsconfiguration": "activeDirectoryId",
}
_NEEDED_BESIDE = {"lustreconfiguration": "subnetIds", "windowsconfiguration": "subnetIds"}


def metadata_problems(kind: str, metadata: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Keys of a selection's metadata that AWS would refuse, or whose restores would fail, with what
    to write instead."""
    known = {key.lower() for key in OVERRIDES[kind]}
    given = {key.lower(): value for key, value in metadata.items()}
    for key, value in metadata.items():
        name = key.lower()
        if name not in known:
            yield key, f"cannot be set for {kind}; AWS Backup takes: {', '.join(OVERRIDES[kind])}"
        elif name in _LISTS and not isinstance(_parsed(value), list):
            yield key, f"is a list, and written as JSON: '[\"{value}\"]'"
        elif name == "iaminstanceprofilename" and value != "UseBackedUpValue":
            yield key, "is UseBackedUpValue, or left out: AWS Backup takes no other profile"
        else:
            yield from _of_fsx(key, value, given)


def _of_fsx(key: str, value: str, given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """AWS Backup infers no subnet, virtual machine or directory."""
    name = key.lower()
    if not name.endswith("configuration") or name == "scalingconfiguration":
        return
    content = _parsed(value)
    if not isinstance(content, dict):
        yield key, "is an object, and written as JSON: '{\"throughputCapacity\": 32}'"
        return
    within = {str(each).lower() for each in cast("dict[str, Any]", content)}
    needed, beside = _NEEDED_WITHIN.get(name), _NEEDED_BESIDE.get(name)
    if needed and needed.lower() not in within:
        yield key, f"needs {needed}, which AWS Backup cannot infer"
    if beside and beside.lower() not in given:
        yield key, f"needs {beside} beside it, which AWS Backup cannot infer"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
