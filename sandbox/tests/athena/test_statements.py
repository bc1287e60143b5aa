"""Statements that are no queries."""

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.athena.sql.errors import SyntaxRefusedError
from aws_sandbox.athena.statements.reading import read

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import Lake

CREATE = """\
-- the raw table
CREATE EXTERNAL TABLE IF NOT EXISTS `lake`.`{t}` (`AWS Region` string, `size` STRING COMMENT 'x')
PARTITIONED BY (`year` string, `day` int)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
WITH SERDEPROPERTIES ('separatorChar' = ',')
STORED AS TEXTFILE
LOCATION 's3://lake-data/{t}/'
TBLPROPERTIES ('skip.header.line.count' = '1')
"""


def test_a_table_is_created_filled_with_partitions_and_dropped(lake: "Lake") -> None:
    name = lake.name()
    created = lake.ended(CREATE, t=name)
    assert (created["StatementType"], created["SubstatementType"]) == ("DDL", "CREATE_TABLE")
    assert created["ResultConfiguration"]["OutputLocation"].endswith(".txt")
    assert lake.rows(CREATE, t=name) == []
    assert "already exists" in lake.reason(CREATE.replace("IF NOT EXISTS ", ""), t=name)
    assert lake.rows("SHOW COLUMNS IN {t}", t=name) == [
        ("aws region",), ("size",), ("year",), ("day",),
    ]  # fmt: skip
    assert lake.rows("DESCRIBE lake.{t}", t=name)[0][0] == f"{'aws region':<20}\t{'string':<20}\t"
    for folder in ("year=2026/day=1", "year=2026/day=2", "other"):
        lake.put(f"{name}/{folder}/f.csv", b'"h","h"\n"eu-west-1","5"\n')
    add = "ALTER TABLE {t} ADD {x} PARTITION (year = '2025', day = 9) LOCATION '{l}'"
    lake.rows(add, t=name, x="", l=f"s3://lake-data/{name}/other/")
    assert "already exists" in lake.reason(add, t=name, x="", l="s3://lake-data/x/")
    lake.rows(add, t=name, x="IF NOT EXISTS", l="s3://lake-data/x/")
    (found,) = lake.rows("MSCK REPAIR TABLE {t}", t=name)
    assert f"{name}:year=2026/day=1" in (found[0] or "")
    assert lake.rows("MSCK REPAIR TABLE {t}", t=name) == []
    assert lake.rows("SHOW PARTITIONS {t}", t=name) == [
        ("year=2025/day=9",), ("year=2026/day=1",), ("year=2026/day=2",),
    ]  # fmt: skip
    sizes = 'SELECT "aws region", sum(cast(size AS bigint)) FROM {t} GROUP BY 1'
    assert lake.rows(sizes, t=name) == [("eu-west-1", "15")]
    lake.rows("ALTER TABLE {t} DROP PARTITION (year = '2025', day = 9)", t=name)
    assert len(lake.rows("SHOW PARTITIONS {t}", t=name)) == 2
    lake.rows("DROP TABLE {t}", t=name)
    assert "TABLE_NOT_FOUND" in lake.reason("DROP TABLE {t}", t=name)
    lake.rows("DROP TABLE IF EXISTS {t}", t=name)


def test_parquet_tables_are_created_too(lake: "Lake") -> None:
    name = lake.name()
    lake.rows(
        "CREATE EXTERNAL TABLE {t} (a bigint, b array<string>, c decimal(10,2)) "
        "STORED AS PARQUET LOCATION 's3://lake-data/{t}/'",
        t=name,
    )
    assert lake.rows("SELECT a, b, c FROM {t}", t=name) == []
    assert name in {row[0] for row in lake.rows("SHOW TABLES")}
    assert lake.rows("SHOW TABLES IN lake '{t}*'", t=name) == [(name,)]


def test_a_view_is_created_replaced_and_dropped(lake: "Lake") -> None:
    view = lake.name("view")
    created = lake.ended("CREATE VIEW {v} AS SELECT 'a' AS x, 1.5 AS y", v=view)
    assert created["SubstatementType"] == "CREATE_VIEW"
    assert lake.rows("SELECT * FROM {v}", v=view) == [("a", "1.5")]
    assert lake.rows("SHOW VIEWS IN lake '{v}'", v=view) == [(view,)]
    assert "already exists" in lake.reason("CREATE VIEW {v} AS SELECT 1 AS one", v=view)
    lake.rows("CREATE OR REPLACE VIEW {v} AS SELECT 1 AS one", v=view)
    assert lake.rows("SELECT one FROM {v}", v=view) == [("1",)]
    unnamed = lake.reason("CREATE OR REPLACE VIEW {v} AS SELECT 2", v=view)
    assert "Column name not specified at position 1" in unnamed
    twice = lake.reason("CREATE OR REPLACE VIEW {v} AS SELECT 2 AS a, 3 AS A", v=view)
    assert "DUPLICATE_COLUMN_NAME" in twice
    lake.rows("DROP VIEW {v}", v=view)
    assert "does not exist" in lake.reason("SELECT * FROM {v}", v=view)
    assert "VIEW_NOT_FOUND" in lake.reason("DROP VIEW {v}", v=view)
    lake.rows("DROP VIEW IF EXISTS {v}", v=view)


def test_databases_are_created_listed_and_dropped(lake: "Lake") -> None:
    lake.rows("CREATE DATABASE IF NOT EXISTS other COMMENT 'more'")
    assert "already exists" in lake.reason("CREATE SCHEMA other")
    assert ("other",) in lake.rows("SHOW DATABASES")
    assert lake.rows("SHOW SCHEMAS LIKE 'oth*'") == [("other",)]
    assert lake.athena.get_database(CatalogName="AwsDataCatalog", DatabaseName="other")["Database"]
    lake.rows("CREATE VIEW other.v AS SELECT 1 AS one")
    assert "is not empty" in lake.reason("DROP DATABASE other")
    lake.rows("DROP DATABASE other CASCADE")
    assert "does not exist" in lake.reason("DROP DATABASE other")
    assert lake.rows("DROP DATABASE IF EXISTS other") == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE EXTERNAL TABLE x (a string) STORED AS ORC LOCATION 's3://b/'", "NOT_SUPPORTED"),
        ("CREATE EXTERNAL TABLE x (a string) STORED AS PARQUET", "needs a LOCATION"),
        ("CREATE EXTERNAL TABLE x (a map<string>) STORED AS PARQUET LOCATION 's3://b/'",
         "does not read columns of type"),
        ("CREATE EXTERNAL TABLE x (a int) CLUSTERED BY (a) INTO 2 BUCKETS STORED AS PARQUET "
         "LOCATION 's3://b/'", "does not know CLUSTERED BY"),
        ("SHOW PARTITIONS nowhere", "Table not found: lake.nowhere"),
        ("SHOW TABLES IN nowhere", "Database nowhere not found"),
        ("DESCRIBE nowhere", "Table not found"),
        ("CREATE VIEW v AS SELECT * FROM nowhere", "TABLE_NOT_FOUND"),
    ],
)  # fmt: skip
def test_statements_that_cannot_be_carried_out_fail_with_the_reason(
    lake: "Lake", sql: str, reason: str
) -> None:
    assert reason in lake.reason(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x AS SELECT 1 AS a",
        "SHOW CREATE TABLE x",
        "ALTER TABLE x ADD COLUMNS (b string)",
        "ALTER TABLE x ADD PARTITION",
        "VACUUM x",
        "CREATE VIEW v AS SELECT",
    ],
)
def test_statements_that_the_sandbox_does_not_know_are_refused_at_once(sql: str) -> None:
    with pytest.raises(SyntaxRefusedError):
        read(sql)


def test_table_metadata_is_glues(lake: "Lake") -> None:
    name = lake.table(lake.name(), ["a"], keys={"day": "string"})
    found = lake.athena.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName="lake", TableName=name
    )["TableMetadata"]
    assert found["Columns"] == [{"Name": "a", "Type": "string"}]
    assert found["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    listed = lake.athena.list_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName="lake", Expression=name
    )["TableMetadataList"]
    assert [one["Name"] for one in listed] == [name]
    with pytest.raises(ClientError, match="MetadataException"):
        lake.athena.get_table_metadata(
            CatalogName="AwsDataCatalog", DatabaseName="lake", TableName="nowhere"
        )
    names = lake.athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert "lake" in {one["Name"] for one in names}
