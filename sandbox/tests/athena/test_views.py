"""Views that a program put into Glue, in Presto's form."""

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from aws_sandbox.athena.catalog.views import PARAMETERS, encode
from aws_sandbox.athena.sql.types import BIGINT, VARCHAR, array, decimal

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import Lake


def store(
    lake: "Lake", text: str, parameters: dict[str, str] | None = None, *, serde: bool = True
) -> str:
    name = lake.name("view")
    lake.glue.create_table(
        DatabaseName=lake.database,
        TableInput={
            "Name": name,
            "TableType": "VIRTUAL_VIEW",
            "Parameters": PARAMETERS if parameters is None else parameters,
            "ViewOriginalText": text,
            "StorageDescriptor": {
                "Columns": [{"Name": "n", "Type": "bigint"}],
                **({"SerdeInfo": {"Name": "-", "SerializationLibrary": "-"}} if serde else {}),
            },
        },
    )
    return name


def test_a_stored_view_is_read_with_its_declared_types(lake: "Lake") -> None:
    columns = [("n", BIGINT), ("d", decimal(10, 2)), ("l", array(VARCHAR))]
    name = store(lake, encode("SELECT 1 AS n, 2.5 AS d, ARRAY['x'] AS l", "lake", columns))
    found = lake.rows("SELECT typeof(n), typeof(d), l, d FROM {v}", v=name)
    assert found == [("bigint", "decimal(10,2)", "[x]", "2.50")]


def test_athenas_own_form_of_the_definition_is_understood(lake: "Lake") -> None:
    definition: Any = {
        "originalSql": "SELECT\n  1 n\n",
        "catalog": "awsdatacatalog",
        "schema": "lake",
        "columns": [{"name": "N", "type": "integer"}],
        "owner": "111111111111",
        "runAsInvoker": False,
        "properties": {},
    }
    text = base64.b64encode(json.dumps(definition).encode()).decode()
    name = store(lake, f"/* Presto View: {text} */")
    assert lake.rows("SELECT n FROM {v}", v=name) == [("1",)]


def test_a_view_without_a_serde_is_refused_as_by_athena(lake: "Lake") -> None:
    name = store(lake, encode("SELECT BIGINT '1' AS n", "lake", [("n", BIGINT)]), serde=False)
    assert "missing SerDe info" in lake.reason("SELECT n FROM {v}", v=name)


def test_a_view_whose_query_gives_other_columns_now_is_stale(lake: "Lake") -> None:
    for columns in ([("n", VARCHAR)], [("m", BIGINT)], [("n", BIGINT), ("o", BIGINT)]):
        name = store(lake, encode("SELECT BIGINT '1' AS n", "lake", columns))
        assert "VIEW_IS_STALE" in lake.reason("SELECT * FROM {v}", v=name)


@pytest.mark.parametrize(
    "text", ["", "SELECT 1", "/* Presto View: !!! */", "/* Presto View: e30= */"]
)
def test_what_is_no_view_definition_is_refused(lake: "Lake", text: str) -> None:
    assert "INVALID_VIEW" in lake.reason("SELECT * FROM {v}", v=store(lake, text))


def test_without_presto_view_in_its_parameters_a_view_is_one_of_hives(lake: "Lake") -> None:
    name = store(lake, encode("SELECT 1 AS n", "lake", [("n", BIGINT)]), {})
    assert "Parameters lack presto_view=true" in lake.reason("SELECT * FROM {v}", v=name)


def test_a_view_of_itself_is_recursive(lake: "Lake") -> None:
    name = lake.name("view")
    lake.rows("CREATE VIEW {v} AS SELECT 1 AS n", v=name)
    lake.rows("CREATE OR REPLACE VIEW {v} AS SELECT n FROM {v}", v=name)
    assert "VIEW_IS_RECURSIVE" in lake.reason("SELECT * FROM {v}", v=name)
