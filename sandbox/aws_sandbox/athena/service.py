"""Athena's queries: started, run in threads of their own, and kept with moto's backend."""

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import duckdb
from botocore.exceptions import ClientError
from moto.athena.models import AthenaBackend

from aws_sandbox.athena.calling import Caller, Clients, Sessions
from aws_sandbox.athena.catalog.glue import GlueCatalog
from aws_sandbox.athena.executions import QueryExecution
from aws_sandbox.athena.results import Result
from aws_sandbox.athena.runner import Runner
from aws_sandbox.athena.sql.errors import QueryError, SyntaxRefusedError
from aws_sandbox.athena.sql.parameters import with_parameters
from aws_sandbox.athena.statements.around import Surroundings
from aws_sandbox.athena.statements.reading import Statement, read
from aws_sandbox.athena.storage.database import Database
from aws_sandbox.athena.storage.objects import ObjectStore, split_location
from aws_sandbox.athena.storage.scans import Budget, BytesLimitError
from aws_sandbox.athena.storage.staging import Staging
from aws_sandbox.athena.workgroups import InvalidRequestError, terms

ANSWER_WAIT_SECONDS = 0.25
"""How long GetQueryExecution waits for an end, so that a client that polls needs one poll."""
_QUERIES_AT_ONCE = 4

log = logging.getLogger(__name__)


class AthenaService:
    """Runs queries for every account and Region; their state is moto's and goes with a reset."""

    def __init__(self, sessions: Sessions, cache: Path) -> None:
        self._clients = Clients(sessions)
        self._database = Database(cache)
        self._staging = Staging(cache, self._database)
        self._workers = ThreadPoolExecutor(_QUERIES_AT_ONCE, thread_name_prefix="athena")
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Lets no further query begin."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def start(self, backend: AthenaBackend, caller: Caller, request: Mapping[str, Any]) -> str:
        """StartQueryExecution; InvalidRequestError for what Athena refuses before any query."""
        name = request.get("WorkGroup") or "primary"
        workgroup = backend.work_groups.get(name)
        if workgroup is None:
            raise InvalidRequestError(f"WorkGroup {name} is not found.", "WORKGROUP_NOT_FOUND")
        if workgroup.state != "ENABLED":
            raise InvalidRequestError(f"WorkGroup {name} is disabled.")
        token = request.get("ClientRequestToken")
        with self._lock:
            known: dict[str, tuple[str, str]] = vars(backend).setdefault("query_tokens", {})
            if token and token in known:
                return _repeated(known[token], request)
            execution = self._execution(workgroup, request)
            statement = _read(execution)
            if token:
                known[token] = execution.id, request["QueryString"]
            cast("dict[str, Any]", backend.executions)[execution.id] = execution
        self._workers.submit(self._run, execution, statement, caller)
        return execution.id

    def find(self, backend: AthenaBackend, execution_id: str) -> QueryExecution:
        execution = cast("dict[str, Any]", backend.executions).get(execution_id)
        if not isinstance(execution, QueryExecution):
            message = f"QueryExecution {execution_id} was not found"
            raise InvalidRequestError(message, "INVALID_QUERY_EXECUTION_ID")
        return execution

    def list(self, backend: AthenaBackend, workgroup: str) -> Sequence[QueryExecution]:
        """A workgroup's executions, the newest first."""
        every: Sequence[Any] = list(backend.executions.values())
        found = [one for one in every if isinstance(one, QueryExecution)]
        return [one for one in reversed(found) if one.workgroup.name == workgroup]

    def _execution(self, workgroup: Any, request: Mapping[str, Any]) -> QueryExecution:
        context: Mapping[str, str] = request.get("QueryExecutionContext") or {}
        catalog = context.get("Catalog") or "AwsDataCatalog"
        if catalog.lower() != "awsdatacatalog":
            raise InvalidRequestError(f"the sandbox has no data catalog {catalog}")
        return QueryExecution(
            query=request["QueryString"],
            context=context,
            parameters=request.get("ExecutionParameters") or (),
            workgroup=workgroup,
            terms=terms(workgroup.configuration, request.get("ResultConfiguration") or {}),
        )

    def _run(self, execution: QueryExecution, statement: Statement, caller: Caller) -> None:
        """A query from its queue to its end; never raises, for nobody would see it."""
        if not execution.begin():
            return
        budget = Budget(limit=execution.terms.bytes_limit)
        try:
            execution.result = self._result(execution, statement, caller, budget)
            self._write(execution, execution.result, caller)
        except BytesLimitError as error:
            execution.scanned = budget.scanned
            execution.end("CANCELLED", str(error))
        except duckdb.InterruptException:
            execution.end("CANCELLED", "Query cancelled by user")
        except (QueryError, SyntaxRefusedError) as error:
            execution.end("FAILED", str(error))
        except ClientError as error:
            execution.end("FAILED", _denied(error))
        except Exception as error:
            log.exception("query %s", execution.id)
            execution.end("FAILED", f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}")
        else:
            execution.scanned = budget.scanned
            execution.end("SUCCEEDED")

    def _result(
        self, execution: QueryExecution, statement: Statement, caller: Caller, budget: Budget
    ) -> Result:
        catalog = GlueCatalog(client=self._clients.glue(caller))
        store = ObjectStore(client=self._clients.s3(caller))
        database = execution.context.get("Database") or "default"
        if statement.action is not None:
            around = Surroundings(catalog=catalog, store=store, database=database.lower())
            return statement.action(around)
        assert statement.query is not None

        def on_connect(connection: duckdb.DuckDBPyConnection) -> None:
            execution.connection = connection

        runner = Runner(
            catalog=catalog,
            store=store,
            database=self._database,
            staging=self._staging,
            budget=budget,
            on_connect=on_connect,
        )
        return runner.run(statement.query, database)

    def _write(self, execution: QueryExecution, result: Result, caller: Caller) -> None:
        """The result file and its metadata, under the names that Athena gives them."""
        bucket, folder = split_location(execution.terms.results["OutputLocation"])
        key = f"{folder}{execution.id}.{execution.extension}"
        s3, arguments = self._clients.s3(caller), execution.terms.put_arguments()
        body = result.csv() if execution.extension == "csv" else result.text()
        s3.put_object(Bucket=bucket, Key=key, Body=body, **arguments)
        s3.put_object(Bucket=bucket, Key=f"{key}.metadata", Body=result.metadata(), **arguments)


def _read(execution: QueryExecution) -> Statement:
    """What the query says; a text that says nothing is refused at once, as MALFORMED_QUERY."""
    try:
        text = execution.query
        values = execution.parameters
        statement = read(with_parameters(text, values) if values else text)
    except SyntaxRefusedError as error:
        raise InvalidRequestError(str(error), "MALFORMED_QUERY") from error
    except QueryError as error:
        raise InvalidRequestError(str(error)) from error
    execution.statement_type = statement.type
    execution.substatement_type = statement.subtype
    execution.extension = statement.extension
    return statement


def _repeated(known: tuple[str, str], request: Mapping[str, Any]) -> str:
    """The execution that an earlier request with the same token began."""
    execution_id, query = known
    if query != request["QueryString"]:
        raise InvalidRequestError(
            "Idempotent parameters do not match", "IDEMPOTENT_PARAMETER_MISMATCH"
        )
    return execution_id


def _denied(error: ClientError) -> str:
    """A refusal by S3, Glue or KMS, as a query's reason."""
    failure = error.response.get("Error", {})
    return f"{failure.get('Code')}: {error.operation_name}: {failure.get('Message')}"
