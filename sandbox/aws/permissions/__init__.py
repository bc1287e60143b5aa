"""Which permissions each API call needs: the table that the authorizer asks.

A call that is not in it is refused to everybody but an administrator of the account.
"""

from collections.abc import Mapping

from sandbox.aws.permissions import (
    athena,
    backup,
    glue,
    messaging,
    organizations,
    running,
    s3,
    stores,
)
from sandbox.aws.permissions.needs import Mapper

MAPPERS: Mapping[str, Mapper] = {
    name: mapper
    for module in (s3, glue, messaging, stores, running, athena, backup, organizations)
    for name, mapper in module.MAPPERS.items()
}
