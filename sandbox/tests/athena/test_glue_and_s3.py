"""Tables, partitions and objects as they stand in Glue and S3."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import Lake


def test_a_folder_without_a_partition_gives_no_rows_until_it_has_one(lake: "Lake") -> None:
    name = lake.table(lake.name(), ["a"], keys={"day": "string"})
    size = lake.put(f"{name}/deep/er/file name+1~.csv", b"1\n2\n")
    query = "SELECT * FROM {t} ORDER BY a"
    assert lake.rows(query, t=name) == []
    assert lake.scanned(query, t=name) == 0
    lake.partition(name, "2026-11-22", folder=f"{name}/deep")
    assert lake.rows(query, t=name) == [("1", "2026-11-22"), ("2", "2026-11-22")]
    assert lake.scanned(query, t=name) == size


def test_hidden_and_empty_objects_are_not_read(lake: "Lake") -> None:
    name = lake.table(lake.name(), ["a"])
    for key in ("_SUCCESS", ".hidden.csv", "_temporary/0.csv", "folder/"):
        lake.put(f"{name}/{key}", b"" if key.endswith("/") else b"no\n")
    lake.put(f"{name}/a/b.csv", b"yes\n")
    assert lake.rows("SELECT a FROM {t}", t=name) == [("yes",)]


def test_many_partitions_are_listed_at_once_and_found_again(lake: "Lake") -> None:
    name = lake.table(lake.name(), ["a"], keys={"day": "string"})
    for day in range(9):
        lake.put(f"{name}/{day}/{day}.csv", f"{day}\n".encode())
        lake.partition(name, str(day), folder=f"{name}/{day}/")
    lake.put(f"{name}/8/_8.csv", b"hidden\n")
    lake.put(f"{name}/99/99.csv", b"unregistered\n")
    assert lake.rows("SELECT count(*), count_if(a = day) FROM {t}", t=name) == [("9", "9")]


def test_a_changed_object_is_read_anew(lake: "Lake") -> None:
    name = lake.table(lake.name(), ["a"])
    for text in ("first", "second"):
        lake.put(f"{name}/f.csv", text.encode())
        assert lake.rows("SELECT a FROM {t}", t=name) == [(text,)]


@pytest.mark.parametrize(
    ("columns", "serde", "reason"),
    [
        ({"n": "bigint"}, {}, "reads columns of OpenCSVSerde as string only"),
        ({"a": "int"}, {}, "does not read columns of type 'int'"),
        ({"a": "string"}, {"separatorChar": '"'}, "must differ"),
    ],
)
def test_tables_that_cannot_be_read_fail_with_the_reason(
    lake: "Lake", columns: dict[str, str], serde: dict[str, str], reason: str
) -> None:
    name = lake.table(lake.name(), columns, serde=serde)
    lake.put(f"{name}/f.csv", b"1\n")
    assert reason in lake.reason("SELECT * FROM {t}", t=name)


@pytest.mark.parametrize(
    "storage",
    [
        {"SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}},
        {"InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"},
    ],
)
def test_other_formats_are_refused_by_name(lake: "Lake", storage: dict[str, str]) -> None:
    name = lake.name()
    described = {**lake.storage("x/", {"a": "string"}), **storage}
    lake.glue.create_table(
        DatabaseName=lake.database, TableInput={"Name": name, "StorageDescriptor": described}
    )
    assert "HIVE_UNSUPPORTED_FORMAT" in lake.reason("SELECT * FROM {t}", t=name)


def test_a_partition_whose_columns_do_not_fit_the_table_fails_the_query(lake: "Lake") -> None:
    name = lake.table(lake.name(), ["a", "b"], keys={"day": "string"})
    fewer = [{"Name": "other", "Type": "string"}]
    lake.partition(name, "1", folder=f"{name}/1", Columns=fewer)
    lake.put(f"{name}/1/f.csv", b"1,2\n")
    assert lake.rows("SELECT a, b FROM {t}", t=name) == [("1", "2")]
    wrong = [{"Name": "a", "Type": "int"}]
    lake.partition(name, "2", folder=f"{name}/2", Columns=wrong)
    reason = lake.reason("SELECT a FROM {t}", t=name)
    assert "HIVE_PARTITION_SCHEMA_MISMATCH" in reason
    assert "partition 'day=2' declared column 'a' as type 'int'" in reason


def test_a_location_that_is_no_bucket_fails_the_query(lake: "Lake") -> None:
    name = lake.table(lake.name(), ["a"], keys={"day": "string"})
    lake.partition(name, "1", folder="", Location="s3://no-such-bucket/x/")
    assert "NoSuchBucket" in lake.reason("SELECT * FROM {t}", t=name)
