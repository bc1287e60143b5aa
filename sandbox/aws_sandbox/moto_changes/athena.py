"""moto's Athena with queries that run, and with what it lacks of workgroups and named queries."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from moto.athena.responses import AthenaResponse
from typing_extensions import override
from werkzeug.exceptions import HTTPException

from aws_sandbox.athena.athena_service import (
    ANSWER_WAIT_SECONDS,
    AthenaService,
    RequestCredentials,
    Sessions,
    as_caller,
)
from aws_sandbox.athena.query_execution import QueryExecution
from aws_sandbox.athena.results import LARGEST_PAGE
from aws_sandbox.athena.workgroups import ENGINE, InvalidRequestError, updated
from aws_sandbox.moto_changes.replacements import Replacements

_Asked = Mapping[str, Any]
"""The members of a request."""
_Operation = Callable[[AthenaService, AthenaResponse, _Asked], Mapping[str, Any]]

_CREDENTIAL = re.compile("Credential=([^/,]+)/")


def install(
    replacements: Replacements, cache: Path, sessions: Sessions = as_caller
) -> AthenaService:
    """Lets moto's Athena run queries, in every account of this process.

    `cache` is a folder for staged objects. `sessions` makes the session that reads a query's tables
    and writes its results: by default with the caller's credentials, at the address that the
    request came to.
    """
    service = AthenaService(sessions, cache)
    for name, operation in _REPLACED.items():
        replacements.replace(AthenaResponse, name, _answered(service, operation))
    for name, operation in _ADDED.items():
        replacements.add(AthenaResponse, name, _answered(service, operation))
    return service


def _answered(service: AthenaService, operation: _Operation) -> Callable[[AthenaResponse], str]:
    """An operation's answer as JSON, and its refusals with Athena's names for them."""

    def answer(request: AthenaResponse) -> str:
        try:
            return json.dumps(operation(service, request, json.loads(request.body)))
        except InvalidRequestError as error:
            raise _Refusal(str(error), error.code) from error

    return answer


class _Refusal(HTTPException):
    """An InvalidRequestException in the form that moto hands on as it is."""

    code = 400

    def __init__(self, message: str, code: str) -> None:
        error = {"__type": "InvalidRequestException", "Message": message, "AthenaErrorCode": code}
        super().__init__(json.dumps(error))

    @override
    def get_headers(self, *_arguments: Any, **_named: Any) -> list[tuple[str, str]]:
        return [("Content-Type", "application/x-amz-json-1.1")]


def _start_query_execution(
    service: AthenaService, request: AthenaResponse, asked: _Asked
) -> Mapping[str, Any]:
    caller = RequestCredentials(
        account=request.current_account,
        region=request.region,
        access_key_id=_CREDENTIAL.findall(request.headers.get("Authorization", ""))[0],
        session_token=request.headers.get("X-Amz-Security-Token") or "",
        endpoint=f"http://{request.headers['Host']}",
    )
    return {"QueryExecutionId": service.start(request.athena_backend, caller, asked)}


def _execution(service: AthenaService, request: AthenaResponse, asked: _Asked) -> QueryExecution:
    return service.find(request.athena_backend, asked["QueryExecutionId"])


def _get_query_execution(
    service: AthenaService, request: AthenaResponse, asked: _Asked
) -> Mapping[str, Any]:
    execution = _execution(service, request, asked)
    execution.done.wait(ANSWER_WAIT_SECONDS)
    return {"QueryExecution": execution.described()}


def _stop_query_execution(
    service: AthenaService, request: AthenaResponse, asked: _Asked
) -> Mapping[str, Any]:
    _execution(service, request, asked).stop()
    return {}


def _get_query_results(
    service: AthenaService, request: AthenaResponse, asked: _Asked
) -> Mapping[str, Any]:
    execution = _execution(service, request, asked)
    if execution.state in {"QUEUED", "RUNNING"}:
        message = f"Query has not yet finished. Current state: {execution.state}"
        raise InvalidRequestError(message, "INVALID_QUERY_STATE")
    if execution.state != "SUCCEEDED" or execution.result is None:
        message = f"Query did not finish successfully. Final query state: {execution.state}"
        raise InvalidRequestError(message, "INVALID_QUERY_STATE")
    token = asked.get("NextToken") or "0"
    if not token.isdecimal():
        raise InvalidRequestError(f"Unexpected token {token}")
    count = int(asked.get("MaxResults") or LARGEST_PAGE)
    rows, following = execution.result.page(int(token), min(count, LARGEST_PAGE))
    columns = {"ColumnInfo": execution.result.column_info()}
    return {
        "UpdateCount": 0,
        "ResultSet": {"Rows": rows, "ResultSetMetadata": columns},
        **({} if following is None else {"NextToken": str(following)}),
    }


def _get_work_group(
    _service: AthenaService, request: AthenaResponse, asked: _Asked
) -> Mapping[str, Any]:
    found = _work_group(request, asked)
    configuration = found["Configuration"]
    engine = {**ENGINE, **configuration.get("EngineVersion", {})}
    return {"WorkGroup": {**found, "Configuration": {**configuration, "EngineVersion": engine}}}


def _update_work_group(
    _service: AthenaService, request: AthenaResponse, asked: _Asked
) -> Mapping[str, Any]:
    _work_group(request, asked)
    workgroup = request.athena_backend.work_groups[asked["WorkGroup"]]
    updates: Mapping[str, Any] = asked.get("ConfigurationUpdates") or {}
    workgroup.configuration = updated(workgroup.configuration, updates)
    if (description := asked.get("Description")) is not None:
        workgroup.description = description
    workgroup.state = asked.get("State") or workgroup.state
    return {}


def _delete_work_group(
    service: AthenaService, request: AthenaResponse, asked: _Asked
) -> Mapping[str, Any]:
    _work_group(request, asked)
    name, backend = asked["WorkGroup"], request.athena_backend
    queries = [one.id for one in backend.named_queries.values() if one.workgroup.name == name]
    if name == "primary":
        raise InvalidRequestError("WorkGroup primary cannot be deleted.")
    used = bool(queries) or service.has_run(backend, name)
    if used and not asked.get("RecursiveDeleteOption"):
        raise InvalidRequestError(f"WorkGroup {name} is not empty")
    for query in queries:
        del backend.named_queries[query]
    backend.delete_work_group(name)
    return {}


def _work_group(request: AthenaResponse, asked: _Asked) -> Mapping[str, Any]:
    name = asked["WorkGroup"]
    found = request.athena_backend.get_work_group(name)
    if found is None:
        raise InvalidRequestError(f"WorkGroup {name} is not found.", "WORKGROUP_NOT_FOUND")
    return found


def _get_named_query(
    _service: AthenaService, request: AthenaResponse, asked: _Asked
) -> Mapping[str, Any]:
    query = _named_query(request, asked)
    return {
        "NamedQuery": {
            "Name": query.name,
            "Description": query.description,
            "Database": query.database,
            "QueryString": query.query_string,
            "NamedQueryId": query.id,
            "WorkGroup": query.workgroup.name,
        }
    }


def _delete_named_query(
    _service: AthenaService, request: AthenaResponse, asked: _Asked
) -> Mapping[str, Any]:
    del request.athena_backend.named_queries[_named_query(request, asked).id]
    return {}


def _named_query(request: AthenaResponse, asked: _Asked) -> Any:
    query_id = asked["NamedQueryId"]
    found = request.athena_backend.named_queries.get(query_id)
    if found is None:
        raise InvalidRequestError(f"NamedQuery {query_id} was not found")
    return found


_REPLACED: Mapping[str, _Operation] = {
    "start_query_execution": _start_query_execution,
    "get_query_execution": _get_query_execution,
    "stop_query_execution": _stop_query_execution,
    "get_query_results": _get_query_results,
    "get_work_group": _get_work_group,
    "delete_work_group": _delete_work_group,
    "get_named_query": _get_named_query,
}
_ADDED: Mapping[str, _Operation] = {
    "update_work_group": _update_work_group,
    "delete_named_query": _delete_named_query,
}
