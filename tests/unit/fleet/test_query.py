"""A query as it runs in Athena."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from fleet.lake.query import Lake, run_query


class Athena:
    """A client whose query runs until it is stopped."""

    def __init__(self) -> None:
        self.state = "RUNNING"

    def close(self) -> None:
        pass

    def start_query_execution(self, **_: Any) -> dict[str, Any]:
        return {"QueryExecutionId": "one"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        status = {"State": self.state}
        return {
            "QueryExecution": {"QueryExecutionId": "one", "Query": "SELECT 1", "Status": status}
        }

    def stop_query_execution(self, *, QueryExecutionId: str) -> None:  # noqa: N803 - boto3's
        assert QueryExecutionId == "one"
        self.state = "CANCELLED"


def test_ctrl_c_stops_the_query_at_athena() -> None:
    athena = Athena()
    session = mock.Mock(**{"client.return_value": athena, "region_name": "eu-central-1"})
    lake = Lake(session=session, region="eu-central-1", database="lake", workgroup="reports")
    with (
        mock.patch("pyathena.common.time.sleep", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        run_query(lake, "SELECT 1")
    assert athena.state == "CANCELLED"
