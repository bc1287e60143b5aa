"""Query executions and their results."""

import json
from collections.abc import Mapping
from typing import Any

from aws_sandbox.athena.api.base import Operations, answers
from aws_sandbox.athena.executions import QueryExecution
from aws_sandbox.athena.results import LARGEST_PAGE
from aws_sandbox.athena.service import ANSWER_WAIT_SECONDS
from aws_sandbox.athena.workgroups import InvalidRequestError


class QueryOperations(Operations):
    """Handlers by the names of Athena's operations."""

    @answers
    def start_query_execution(self) -> Mapping[str, Any]:
        request = json.loads(self.body)
        return {"QueryExecutionId": self.service.start(self.athena_backend, self.caller(), request)}

    @answers
    def get_query_execution(self) -> Mapping[str, Any]:
        execution = self._execution()
        execution.done.wait(ANSWER_WAIT_SECONDS)
        return {"QueryExecution": execution.described()}

    @answers
    def batch_get_query_execution(self) -> Mapping[str, Any]:
        found: list[Mapping[str, Any]] = []
        unknown: list[Mapping[str, str]] = []
        for execution_id in self._get_param("QueryExecutionIds"):
            try:
                found.append(self.service.find(self.athena_backend, execution_id).described())
            except InvalidRequestError as error:
                unknown.append(
                    {
                        "QueryExecutionId": execution_id,
                        "ErrorCode": error.code,
                        "ErrorMessage": str(error),
                    }
                )
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": unknown}

    @answers
    def stop_query_execution(self) -> Mapping[str, Any]:
        self._execution().stop()
        return {}

    @answers
    def list_query_executions(self) -> Mapping[str, Any]:
        workgroup = self._get_param("WorkGroup") or "primary"
        found = [one.id for one in self.service.list(self.athena_backend, workgroup)]
        return self.page("QueryExecutionIds", found, 50)

    @answers
    def get_query_results(self) -> Mapping[str, Any]:
        execution = self._execution()
        if execution.state in {"QUEUED", "RUNNING"}:
            message = f"Query has not yet finished. Current state: {execution.state}"
            raise InvalidRequestError(message, "INVALID_QUERY_STATE")
        if execution.state != "SUCCEEDED" or execution.result is None:
            message = f"Query did not finish successfully. Final query state: {execution.state}"
            raise InvalidRequestError(message, "INVALID_QUERY_STATE")
        result = execution.result
        count = int(self._get_param("MaxResults") or LARGEST_PAGE)
        rows, following = result.page(self.start(), min(count, LARGEST_PAGE))
        return {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": rows,
                "ResultSetMetadata": {"ColumnInfo": result.column_info()},
            },
            **({} if following is None else {"NextToken": str(following)}),
        }

    @answers
    def get_query_runtime_statistics(self) -> Mapping[str, Any]:
        execution = self._execution()
        statistics = execution.statistics()
        rows = len(execution.result.rows) if execution.result else 0
        timeline = {name: value for name, value in statistics.items() if name.endswith("Millis")}
        return {
            "QueryRuntimeStatistics": {
                "Timeline": timeline,
                "Rows": {"InputBytes": statistics["DataScannedInBytes"], "OutputRows": rows},
            }
        }

    @answers
    def create_prepared_statement(self) -> Mapping[str, Any]:
        raise InvalidRequestError("the sandbox has no prepared statements: use ExecutionParameters")

    def _execution(self) -> QueryExecution:
        return self.service.find(self.athena_backend, self._get_param("QueryExecutionId"))
