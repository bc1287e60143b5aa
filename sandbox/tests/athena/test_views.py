"""Views that a program put into Glue, in Presto's form."""

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.tests.athena.conftest import ACCOUNT

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import Lake


PARAMETERS = {"presto_view": "true", "comment": "Presto View"}
ONE = [("n", "bigint")]


def encode(sql: str, columns: list[tuple[str, str]]) -> str:
    """A definition as Athena keeps it."""
    definition: Any = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": "lake",
        "columns": [{"name": name, "type": type_} for name, type_ in columns],
        "owner": ACCOUNT,
        "runAsInvoker": False,
        "properties": {},
    }
    text = base64.b64encode(json.dumps(definition).encode()).decode()
    return f"/* Presto View: {text} */"


def store(
    lake: "Lake",
    text: str,
    parameters: dict[str, str] | None = None,
    *,
    name: str | None = None,
    serde: bool = True,
    description: str = "",
    owner: str = ACCOUNT,
) -> str:
    name = name or lake.name("view")
    lake.glue.create_table(
        DatabaseName=lake.database,
        TableInput={
            "Name": name,
            "Description": description,
            **({"Owner": owner} if owner else {}),
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


def test_athenas_own_form_of_the_definition_is_understood(lake: "Lake") -> None:
    name = store(lake, encode("SELECT\n  3000000000 n\n", [("N", "bigint")]))
    assert lake.rows("SELECT n FROM {v} WHERE n > 1", v=name) == [("3000000000",)]


def test_a_view_without_a_serde_is_refused_as_by_athena(lake: "Lake") -> None:
    name = store(lake, encode("SELECT 3000000000 AS n", ONE), serde=False)
    assert "missing SerDe info" in lake.reason("SELECT n FROM {v}", v=name)


def test_a_view_that_trino_would_not_find_is_refused(lake: "Lake") -> None:
    text = encode("SELECT 3000000000 AS n", ONE)
    described = store(lake, text, description="Presto View")
    assert "TABLE_NOT_FOUND" in lake.reason("SELECT n FROM {v}", v=described)
    nobodys = store(lake, text, owner="")
    assert "must be present" in lake.reason("SELECT n FROM {v}", v=nobodys)


def test_a_view_whose_query_gives_other_columns_now_is_stale(lake: "Lake") -> None:
    for columns in ([("n", "varchar")], [("m", "bigint")], [*ONE, ("o", "bigint")]):
        name = store(lake, encode("SELECT 3000000000 AS n", columns))
        assert "VIEW_IS_STALE" in lake.reason("SELECT * FROM {v}", v=name)


@pytest.mark.parametrize(
    "text", ["", "SELECT 1", "/* Presto View: !!! */", "/* Presto View: e30= */"]
)
def test_what_is_no_view_definition_is_refused(lake: "Lake", text: str) -> None:
    assert "INVALID_VIEW" in lake.reason("SELECT * FROM {v}", v=store(lake, text))


def test_without_presto_view_in_its_parameters_a_view_is_one_of_hives(lake: "Lake") -> None:
    name = store(lake, encode("SELECT 3000000000 AS n", ONE), {})
    assert "Parameters lack presto_view=true" in lake.reason("SELECT * FROM {v}", v=name)


def test_a_view_of_itself_is_recursive(lake: "Lake") -> None:
    name = lake.name("view")
    assert store(lake, encode(" ".join(("SELECT n FROM", name)), ONE), name=name)
    assert "VIEW_IS_RECURSIVE" in lake.reason("SELECT * FROM {v}", v=name)
