"""PyAthena, unmodified, against the sandbox."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pyathena
import pytest
from pyathena.cursor import DictCursor
from pyathena.error import OperationalError

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import Lake


@pytest.fixture(scope="module")
def connection(lake: "Lake") -> Any:
    connect: Any = cast("Any", pyathena).connect  # its keyword arguments have no types
    return connect(
        session=lake.session, work_group="reports", schema_name="lake", region_name="eu-west-1"
    )


def test_values_come_back_as_pythons_own(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(
        "SELECT 'x' AS text, 3000000000 AS big, 1.5e0 AS d, 1.50 AS e, true AS f, "
        "date '2026-11-22' AS g, timestamp '2026-11-22 10:20:30.500' AS h, NULL AS i"
    )
    assert cursor.fetchall() == [
        ("x", 3_000_000_000, 1.5, Decimal("1.50"), True, date(2026, 11, 22),
         datetime(2026, 11, 22, 10, 20, 30, 500_000), None)  # noqa: DTZ001 - it has no zone
    ]  # fmt: skip
    assert [column[1] for column in cursor.description] == [
        "varchar", "bigint", "double", "decimal", "boolean", "date", "timestamp", "varchar",
    ]  # fmt: skip


def test_parameters_and_dictionaries_work(connection: Any) -> None:
    cursor = connection.cursor(DictCursor)
    cursor.execute("SELECT %(x)s AS a, 1 AS b", {"x": "it's"})
    assert cursor.fetchall() == [{"a": "it's", "b": 1}]


def test_more_rows_than_a_page_are_fetched(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(
        "SELECT n FROM UNNEST(sequence(date '2020-01-01', date '2026-12-31', interval '1' day)) "
        "AS t (n) ORDER BY n DESC"
    )
    rows = cursor.fetchall()
    assert (len(rows), rows[0], rows[-1]) == (2557, (date(2026, 12, 31),), (date(2020, 1, 1),))
    assert cursor.data_scanned_in_bytes == 0


def test_a_failed_query_raises_its_reason(connection: Any) -> None:
    with pytest.raises(OperationalError, match="COLUMN_NOT_FOUND"):
        connection.cursor().execute("SELECT nothing")
