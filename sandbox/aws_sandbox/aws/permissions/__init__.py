"""Which permissions each API call needs: the table that the authorizer asks.

A call that is not in it is refused to everybody but an administrator of the account.
"""

from collections.abc import Mapping

from aws_sandbox.aws.permissions import (
    athena,
    backup,
    glue,
    messaging,
    organizations,
    running,
    s3,
    stores,
)
from aws_sandbox.aws.permissions.needs import Mapper

MAPPERS: Mapping[str, Mapper] = {
    name: mapper
    for module in (s3, glue, messaging, stores, running, athena, backup, organizations)
    for name, mapper in module.MAPPERS.items()
}

SERVICES = {name.partition(":")[0] for name in MAPPERS} | {"cloudwatch", "iam", "sts"}
"""Those that the sandbox stands for. moto knows more, of which nobody has looked whether it does as
AWS does."""

_OF_OTHERS = {"ec2:DescribeRegions"}


def is_known(name: str) -> bool:
    """Whether a call, such as ec2:DescribeRegions, is one of a service that is looked after."""
    return name.partition(":")[0] in SERVICES or name in _OF_OTHERS
