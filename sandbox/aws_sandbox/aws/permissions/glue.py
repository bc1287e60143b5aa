"""Glue's catalog: a table's action needs its table, its database and the catalog."""

from collections.abc import Iterator, Mapping
from functools import partial

from aws_sandbox.aws.permissions.needs import Mapper, Need, Request


def _catalog(request: Request, action: str, *resources: str) -> Iterator[Need]:
    account = request.text("CatalogId") or request.account
    for resource in ("catalog", *resources):
        arn = f"arn:aws:glue:{request.call.region}:{account}:{resource}"
        yield Need(action=action, resource=arn)


def _on_databases(action: str, request: Request) -> Iterator[Need]:
    yield from _catalog(request, action, "database/*")


def _on_database(action: str, request: Request) -> Iterator[Need]:
    yield from _catalog(request, action, f"database/{request.text('Name')}")


def _on_table(action: str, request: Request, *, table: str = "TableName") -> Iterator[Need]:
    database = request.text("DatabaseName")
    name = request.text(table)
    if table == "TableInput":
        name = str(request.call.params["TableInput"]["Name"])
    yield from _catalog(request, action, f"database/{database}", f"table/{database}/{name}")


def _on_tables(action: str, request: Request) -> Iterator[Need]:
    database = request.text("DatabaseName")
    yield from _catalog(request, action, f"database/{database}", f"table/{database}/*")


_PARTITION_ACTIONS = (
    "GetPartition",
    "GetPartitions",
    "CreatePartition",
    "BatchCreatePartition",
    "BatchGetPartition",
    "UpdatePartition",
    "BatchUpdatePartition",
    "DeletePartition",
    "BatchDeletePartition",
)

MAPPERS: Mapping[str, Mapper] = {
    "glue:GetDatabases": partial(_on_databases, "glue:GetDatabases"),
    "glue:GetDatabase": partial(_on_database, "glue:GetDatabase"),
    "glue:GetTables": partial(_on_tables, "glue:GetTables"),
    "glue:GetTable": partial(_on_table, "glue:GetTable", table="Name"),
    "glue:DeleteTable": partial(_on_table, "glue:DeleteTable", table="Name"),
    "glue:CreateTable": partial(_on_table, "glue:CreateTable", table="TableInput"),
    "glue:UpdateTable": partial(_on_table, "glue:UpdateTable", table="TableInput"),
    **{f"glue:{name}": partial(_on_table, f"glue:{name}") for name in _PARTITION_ACTIONS},
}
