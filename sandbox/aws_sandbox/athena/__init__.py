"""Athena, answered for real: DuckDB runs the queries over Glue's partitions and S3's objects."""

from pathlib import Path
from typing import Any, cast

from moto.athena.responses import AthenaResponse

from aws_sandbox.athena.api.metadata import MetadataOperations
from aws_sandbox.athena.api.queries import QueryOperations
from aws_sandbox.athena.api.workgroups import WorkgroupOperations
from aws_sandbox.athena.calling import Caller, Sessions, as_caller
from aws_sandbox.athena.metadata import Metadata
from aws_sandbox.athena.service import AthenaService

__all__ = ["AthenaService", "Caller", "Sessions", "install"]


def install(cache: Path, sessions: Sessions = as_caller) -> AthenaService:
    """Lets moto's Athena run queries, from now on and in every account of this process.

    `cache` is a folder for staged objects. `sessions` makes the session that reads a query's tables
    and writes its results: by default with the caller's credentials, at the address that the
    request came to. A second call takes the place of the first.
    """
    service = AthenaService(sessions, cache)

    class Response(QueryOperations, WorkgroupOperations, MetadataOperations):
        pass

    Response.service = service
    Response.metadata = Metadata(sessions)

    # Routes to moto's own class may be cached already, so the class itself gives way to ours.
    def instance(_class: type[AthenaResponse]) -> AthenaResponse:
        return object.__new__(Response)

    cast("Any", AthenaResponse).__new__ = instance
    return service
