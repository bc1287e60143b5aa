"""Two lakes for all tests of a worker, in which they keep apart by the names they use.

`memory` runs queries over tables and objects in memory; `lake` is the whole of it, by HTTP.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from aws_sandbox.athena.duckdb_run import Database, Runner
from aws_sandbox.athena.glue_catalog import (
    Catalog,
    Format,
    GlueCatalog,
    Partition,
    Table,
    TableColumn,
    View,
)
from aws_sandbox.athena.results import Result
from aws_sandbox.athena.s3_objects import (
    ObjectReader,
    ObjectStore,
    Staging,
    StoredObject,
    split_location,
)
from aws_sandbox.athena.sql import QueryError, parse
from aws_sandbox.athena.sql_types import glue_type
from aws_sandbox.athena.table_scans import Budget
from aws_sandbox.aws.organization import Account, Organization
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.moto_changes.athena import install
from aws_sandbox.moto_changes.replacements import Replacements
from sandbox.tests.moto_state import forget_everything

ACCOUNT, MANAGEMENT, REGION = "666666666666", "111111111111", "eu-west-1"
CSV_SERDE = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"

Row = tuple[str | None, ...]


class Runs:
    """Queries run without Athena's API."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder)
        self._staging = Staging(folder, self._database.connect)

    def result(self, sql: str, catalog: Catalog, store: ObjectReader) -> tuple[Result, int]:
        """The result, and the bytes read."""
        budget = Budget(limit=None)
        runner = Runner(
            catalog=catalog,
            store=store,
            database=self._database,
            staging=self._staging,
            budget=budget,
        )
        return runner.run(parse(sql), "lake"), budget.scanned

    def run(self, sql: str, catalog: Catalog, store: ObjectReader) -> tuple[list[Row], int]:
        result, scanned = self.result(sql, catalog, store)
        return [tuple(row) for row in result.rows], scanned


class MemoryLake:
    """A catalog and a store of objects as queries need them, in memory."""

    def __init__(self, folder: Path) -> None:
        self.tables: dict[str, Table | View] = {}
        self.registered: dict[str, list[Partition]] = {}
        self.objects: dict[str, bytes] = {}
        self._runs = Runs(folder)
        self._names = itertools.count()

    def name(self) -> str:
        return f"table_{next(self._names)}"

    def make(
        self,
        name: str,
        columns: Sequence[str] | Mapping[str, str],
        *,
        keys: Mapping[str, str] | None = None,
        parquet: bool = False,
        serde: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> str:
        """Creates a table over the folder of its name; gives the name."""
        typed = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, "string")
        self.tables[name] = Table(
            database="lake",
            name=name,
            columns=columns_of(typed),
            partition_keys=columns_of(keys or {}),
            location=f"s3://data/{name}/",
            format=Format.PARQUET if parquet else Format.CSV,
            serde=serde or {},
            parameters=parameters or {},
        )
        return name

    def view(self, name: str, sql: str, columns: Mapping[str, str]) -> None:
        typed = [(column.name, column.type) for column in columns_of(columns)]
        self.tables[name] = View(database="lake", name=name, sql=sql, schema="lake", columns=typed)

    def partition(self, name: str, *values: str, folder: str) -> None:
        table = self.tables[name]
        assert isinstance(table, Table)
        made = Partition(
            values=values,
            location=f"s3://data/{folder}",
            serde=table.serde,
            parameters=table.parameters,
        )
        self.registered.setdefault(name, []).append(made)

    def put(self, key: str, content: bytes) -> int:
        self.objects[key] = content
        return len(content)

    def run(self, sql: str, **names: str) -> tuple[list[Row], int]:
        """Rows and bytes read; `{name}` in the text stands for what is given as name."""
        return self._runs.run(filled(sql, names), self, self)

    def result(self, sql: str, **names: str) -> Result:
        return self._runs.result(filled(sql, names), self, self)[0]

    def rows(self, sql: str, **names: str) -> list[Row]:
        return self.run(sql, **names)[0]

    def scanned(self, sql: str, **names: str) -> int:
        return self.run(sql, **names)[1]

    def reason(self, sql: str, **names: str) -> str:
        """Why a query fails."""
        with pytest.raises(QueryError) as failure:
            self.run(sql, **names)
        return str(failure.value)

    # what a runner asks for

    def table(self, database: str, name: str) -> Table | View | None:
        return self.tables.get(name) if database == "lake" else None

    def partitions(self, table: Table) -> Iterator[Partition]:
        return iter(self.registered.get(table.name, []))

    def under(self, locations: Sequence[str]) -> Mapping[str, Sequence[StoredObject]]:
        folders = {location: split_location(location)[1] for location in locations}
        return {
            location: [
                StoredObject(bucket="data", key=key, etag=sha256(text).hexdigest(), size=len(text))
                for key, text in self.objects.items()
                if key.startswith(folder)
            ]
            for location, folder in folders.items()
        }

    def content(self, item: StoredObject) -> bytes:
        return self.objects[item.key]


def filled(sql: str, names: Mapping[str, str]) -> str:
    """The text with what is given as a name in place of `{name}`."""
    for name, value in names.items():
        sql = sql.replace(f"{{{name}}}", value)
    return sql


def columns_of(columns: Mapping[str, str]) -> Sequence[TableColumn]:
    return [
        TableColumn(name=name, type=glue_type(type_), declared=type_)
        for name, type_ in columns.items()
    ]


class Lake:
    """An account with a database, a bucket for data and one for results."""

    def __init__(self, server: AwsServer, folder: Path) -> None:
        self.server = server
        self.runs = Runs(folder)
        self.session: Any = server.session(ACCOUNT, REGION)  # typed for literal arguments alone
        lenient = Config(parameter_validation=False)
        self.athena = self.session.client("athena", config=lenient)
        self.glue = self.session.client("glue")
        self.s3 = self.session.client("s3")
        self._names = itertools.count()
        self.database, self.bucket, self.results = "lake", "lake-data", "lake-results"
        for bucket in (self.bucket, self.results):
            self.s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        self.glue.create_database(DatabaseInput={"Name": self.database})
        self.athena.create_work_group(
            Name="reports",
            Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{self.results}/all"}},
        )

    def name(self, prefix: str = "table") -> str:
        """A name that no other test has."""
        return f"{prefix}_{next(self._names)}"

    def start(self, sql: str, request: Mapping[str, Any] | None = None, **names: str) -> str:
        """The id of a started query; `{name}` in its text stands for what is given as name."""
        given = {
            "QueryString": filled(sql, names),
            "QueryExecutionContext": {"Database": self.database},
            "WorkGroup": "reports",
            **(request or {}),
        }
        return self.athena.start_query_execution(**given)["QueryExecutionId"]

    def ended(
        self, sql: str, request: Mapping[str, Any] | None = None, **names: str
    ) -> Mapping[str, Any]:
        """The execution of a query once it has ended."""
        return self.waited(self.start(sql, request, **names))

    def waited(self, execution_id: str) -> Mapping[str, Any]:
        while True:
            answer = self.athena.get_query_execution(QueryExecutionId=execution_id)
            execution: Mapping[str, Any] = dict(answer["QueryExecution"])
            if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
                return execution

    def answer(self, sql: str, request: Mapping[str, Any] | None = None, **names: str) -> list[Row]:
        """The rows of a query that succeeds, without its header."""
        execution = self.ended(sql, request, **names)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        return self.page(execution["QueryExecutionId"])[1:]

    def page(self, execution_id: str) -> list[Row]:
        answer = self.athena.get_query_results(QueryExecutionId=execution_id)
        found = answer["ResultSet"].get("Rows", [])
        return [tuple(item.get("VarCharValue") for item in row.get("Data", [])) for row in found]

    def failure(self, sql: str, request: Mapping[str, Any] | None = None, **names: str) -> str:
        """Why a query failed."""
        execution = self.ended(sql, request, **names)
        assert execution["Status"]["State"] == "FAILED", execution["Status"]
        return execution["Status"]["StateChangeReason"]

    # the same without Athena's API, which takes most of a small query's time

    def run(self, sql: str, **names: str) -> tuple[list[Row], int]:
        """Rows and bytes read."""
        catalog, store = GlueCatalog(client=self.glue), ObjectStore(client=self.s3)
        return self.runs.run(filled(sql, names), catalog, store)

    def rows(self, sql: str, **names: str) -> list[Row]:
        return self.run(sql, **names)[0]

    def scanned(self, sql: str, **names: str) -> int:
        return self.run(sql, **names)[1]

    def reason(self, sql: str, **names: str) -> str:
        """Why a query fails."""
        with pytest.raises((QueryError, ClientError)) as failure:
            self.run(sql, **names)
        return str(failure.value)

    def put(self, key: str, content: bytes) -> int:
        """Puts an object into the data bucket; gives its size."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return len(content)

    def table(
        self,
        name: str,
        columns: Sequence[str] | Mapping[str, str],
        *,
        keys: Mapping[str, str] | None = None,
        parquet: bool = False,
        serde: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> str:
        """Creates a table over the folder of its name; gives the name."""
        typed = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, "string")
        self.glue.create_table(
            DatabaseName=self.database,
            TableInput={
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": dict(parameters or {}),
                "PartitionKeys": [
                    {"Name": key, "Type": type_} for key, type_ in (keys or {}).items()
                ],
                "StorageDescriptor": self.storage(f"{name}/", typed, parquet=parquet, serde=serde),
            },
        )
        return name

    def storage(
        self,
        folder: str,
        columns: Mapping[str, str],
        *,
        parquet: bool = False,
        serde: Mapping[str, str] | None = None,
    ) -> Any:
        library = f"{PARQUET}.serde.ParquetHiveSerDe" if parquet else CSV_SERDE
        return {
            "Columns": [{"Name": key, "Type": type_} for key, type_ in columns.items()],
            "Location": f"s3://{self.bucket}/{folder}",
            "InputFormat": f"{PARQUET}.MapredParquetInputFormat" if parquet else TEXT_INPUT,
            "SerdeInfo": {"SerializationLibrary": library, "Parameters": dict(serde or {})},
        }

    def partition(self, table: str, *values: str, folder: str, **storage: Any) -> None:
        """Registers a partition over a folder."""
        described = self.glue.get_table(DatabaseName=self.database, Name=table)["Table"]
        own = described.get("StorageDescriptor", {})
        self.glue.create_partition(
            DatabaseName=self.database,
            TableName=table,
            PartitionInput={
                "Values": list(values),
                "StorageDescriptor": {
                    "Columns": own.get("Columns", []),
                    "InputFormat": own.get("InputFormat", ""),
                    "SerdeInfo": own.get("SerdeInfo", {}),
                    "Location": f"s3://{self.bucket}/{folder}",
                    **storage,
                },
            },
        )


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> MemoryLake:
    return MemoryLake(tmp_path_factory.mktemp("memory"))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    forget_everything()
    server = AwsServer(
        Organization(
            accounts=(
                Account(id=MANAGEMENT, name="management"),
                Account(id=ACCOUNT, name="lake"),
            )
        )
    )
    server.start()
    replacements = Replacements()
    service = install(replacements, tmp_path_factory.mktemp("staged"))
    yield Lake(server, tmp_path_factory.mktemp("direct"))
    service.stop()
    replacements.undo()
    server.stop()
