"""Athena's queries: started, run in threads of their own, and kept with moto's backend."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.athena.models import AthenaBackend
from sqlglot import exp

from aws_sandbox.athena.duckdb_run import Database, Runner
from aws_sandbox.athena.glue_catalog import GlueCatalog
from aws_sandbox.athena.query_execution import QueryExecution
from aws_sandbox.athena.results import Result
from aws_sandbox.athena.s3_objects import ObjectStore, Staging
from aws_sandbox.athena.sql import QueryError, SyntaxRefusedError, parse
from aws_sandbox.athena.table_scans import Budget, BytesLimitError
from aws_sandbox.athena.workgroups import InvalidRequestError, terms
from aws_sandbox.boto import boto_session

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

ANSWER_WAIT_SECONDS = 0.25
"""How long GetQueryExecution waits for an end, so that a client that polls needs one poll."""
_QUERIES_AT_ONCE = 4
_RETRIES = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
_KEPT_CLIENTS = 32

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RequestCredentials:
    """The credentials that a request carried: Athena reads tables and writes results with them."""

    account: str
    """12 digits."""
    region: str
    access_key_id: str
    session_token: str
    endpoint: str
    """Where the request came in, which is where S3 and Glue are."""


Sessions = Callable[[RequestCredentials], "Session"]


def as_caller(caller: RequestCredentials) -> "Session":
    """A session with the caller's own credentials; the sandbox checks no signatures."""
    return boto_session(
        caller.endpoint,
        caller.region,
        access_key_id=caller.access_key_id,
        secret_access_key="unused",  # noqa: S106
        session_token=caller.session_token or None,
    )


class AthenaService:
    """Runs queries for every account and Region; their state is moto's and goes with a reset."""

    def __init__(self, sessions: Sessions, cache: Path) -> None:
        session = lru_cache(maxsize=_KEPT_CLIENTS)(sessions)

        def s3(caller: RequestCredentials) -> "S3Client":
            return session(caller).client("s3", config=_RETRIES)

        def glue(caller: RequestCredentials) -> "GlueClient":
            return session(caller).client("glue", config=_RETRIES)

        # Making a client takes longer than most queries.
        self._s3 = lru_cache(maxsize=_KEPT_CLIENTS)(s3)
        self._glue = lru_cache(maxsize=_KEPT_CLIENTS)(glue)
        self._database = Database(cache)
        self._staging = Staging(cache, self._database.connect)
        self._workers = ThreadPoolExecutor(_QUERIES_AT_ONCE, thread_name_prefix="athena")

    def stop(self) -> None:
        """Lets no further query begin."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def start(
        self, backend: AthenaBackend, caller: RequestCredentials, request: Mapping[str, Any]
    ) -> str:
        """StartQueryExecution; InvalidRequestError for what Athena refuses before any query."""
        name = request.get("WorkGroup") or "primary"
        workgroup = backend.work_groups.get(name)
        if workgroup is None:
            raise InvalidRequestError(f"WorkGroup {name} is not found.", "WORKGROUP_NOT_FOUND")
        if workgroup.state != "ENABLED":
            raise InvalidRequestError(f"WorkGroup {name} is disabled.")
        execution = _execution(workgroup, request)
        query = _parsed(execution.query)
        cast("dict[str, Any]", backend.executions)[execution.id] = execution
        self._workers.submit(self._run, execution, query, caller)
        return execution.id

    def find(self, backend: AthenaBackend, execution_id: str) -> QueryExecution:
        execution = cast("dict[str, Any]", backend.executions).get(execution_id)
        if not isinstance(execution, QueryExecution):
            message = f"QueryExecution {execution_id} was not found"
            raise InvalidRequestError(message, "INVALID_QUERY_EXECUTION_ID")
        return execution

    def has_run(self, backend: AthenaBackend, workgroup: str) -> bool:
        """Whether anything was ever asked in a workgroup."""
        every: Sequence[Any] = list(backend.executions.values())
        return any(one.workgroup.name == workgroup for one in every)

    def _run(
        self, execution: QueryExecution, query: exp.Select, caller: RequestCredentials
    ) -> None:
        """A query from its queue to its end; never raises, for nobody would see it."""
        if not execution.begin():
            return
        budget = Budget(limit=execution.terms.bytes_limit)
        try:
            execution.result = self._result(execution, query, caller, budget)
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
        self,
        execution: QueryExecution,
        query: exp.Select,
        caller: RequestCredentials,
        budget: Budget,
    ) -> Result:
        def on_connect(connection: duckdb.DuckDBPyConnection) -> None:
            execution.connection = connection

        runner = Runner(
            catalog=GlueCatalog(client=self._glue(caller)),
            store=ObjectStore(client=self._s3(caller)),
            database=self._database,
            staging=self._staging,
            budget=budget,
            on_connect=on_connect,
        )
        return runner.run(query, execution.context.get("Database") or "default")

    def _write(self, execution: QueryExecution, result: Result, caller: RequestCredentials) -> None:
        """The result file and its metadata, under the names that Athena gives them."""
        bucket, key = execution.output_location.removeprefix("s3://").split("/", 1)
        s3, arguments = self._s3(caller), execution.terms.put_arguments()
        s3.put_object(Bucket=bucket, Key=key, Body=result.csv(), **arguments)
        s3.put_object(Bucket=bucket, Key=f"{key}.metadata", Body=result.metadata(), **arguments)


def _execution(workgroup: Any, request: Mapping[str, Any]) -> QueryExecution:
    context: Mapping[str, str] = request.get("QueryExecutionContext") or {}
    catalog = context.get("Catalog") or "AwsDataCatalog"
    if catalog.lower() != "awsdatacatalog":
        raise InvalidRequestError(f"the sandbox has no data catalog {catalog}")
    if request.get("ExecutionParameters"):
        raise InvalidRequestError("the sandbox takes no ExecutionParameters")
    return QueryExecution(
        query=request["QueryString"],
        context=context,
        workgroup=workgroup,
        terms=terms(workgroup.configuration, request.get("ResultConfiguration") or {}),
    )


def _parsed(text: str) -> exp.Select:
    """What the query says; a text that says nothing is refused at once."""
    try:
        return parse(text)
    except SyntaxRefusedError as error:
        raise InvalidRequestError(str(error), "MALFORMED_QUERY") from error


def _denied(error: ClientError) -> str:
    """A refusal by S3, Glue or KMS, as a query's reason."""
    failure = error.response.get("Error", {})
    return f"{failure.get('Code')}: {error.operation_name}: {failure.get('Message')}"
