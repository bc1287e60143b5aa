"""PyAthena, unmodified, against the sandbox."""

from datetime import UTC, date, datetime
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
        "date '2026-11-22' AS g, timestamp '2026-11-22 10:20:30.500' AS h, "
        "from_iso8601_timestamp('2026-11-22T02:00:00Z') AS i, ARRAY['a', 'b'] AS j, NULL AS k"
    )
    (row,) = cursor.fetchall()
    assert row[:7] == (
        "x", 3_000_000_000, 1.5, Decimal("1.50"), True, date(2026, 11, 22),
        datetime(2026, 11, 22, 10, 20, 30, 500_000),  # noqa: DTZ001 - a TIMESTAMP has no zone
    )  # fmt: skip
    assert row[7] == datetime(2026, 11, 22, 2, tzinfo=UTC)
    assert row[8:] == (["a", "b"], None)
    assert [column[1] for column in cursor.description] == [
        "varchar", "bigint", "double", "decimal", "boolean", "date", "timestamp",
        "timestamp with time zone", "array", "varchar",
    ]  # fmt: skip


def test_parameters_and_dictionaries_work(connection: Any) -> None:
    cursor = connection.cursor(DictCursor)
    cursor.execute("SELECT %(x)s AS a, 1 AS b", {"x": "it's"})
    assert cursor.fetchall() == [{"a": "it's", "b": 1}]
    cursor.execute("SELECT ? AS a", ["'q'"], paramstyle="qmark")
    assert cursor.fetchall() == [{"a": "q"}]


def test_more_rows_than_a_page_are_fetched(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT n FROM UNNEST(sequence(1, 2500)) AS t(n) ORDER BY n DESC")
    rows = cursor.fetchall()
    assert (len(rows), rows[0], rows[-1]) == (2500, (2500,), (1,))
    assert cursor.data_scanned_in_bytes == 0


def test_a_failed_query_raises_its_reason(connection: Any) -> None:
    with pytest.raises(OperationalError, match="COLUMN_NOT_FOUND"):
        connection.cursor().execute("SELECT nothing")
