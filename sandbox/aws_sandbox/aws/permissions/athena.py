"""Athena: everything about a query is a matter of its workgroup."""

from collections.abc import Iterator, Mapping
from functools import partial

from moto.backends import get_backend

from aws_sandbox.aws.permissions.needs import Mapper, Need, Request, anywhere


def _workgroup(action: str, request: Request, *, parameter: str = "WorkGroup") -> Iterator[Need]:
    name = request.text(parameter) or "primary"
    yield Need(action=action, resource=request.arn(f"workgroup/{name}"))


def _of_execution(action: str, request: Request) -> Iterator[Need]:
    executions = get_backend("athena")[request.account][request.call.region].executions
    execution = executions.get(request.text("QueryExecutionId"))
    group = execution.workgroup if execution else None
    name = group.name if group else "primary"
    yield Need(action=action, resource=request.arn(f"workgroup/{name}"))


def _of_named_query(request: Request) -> Iterator[Need]:
    queries = get_backend("athena")[request.account][request.call.region].named_queries
    query = queries.get(request.text("NamedQueryId"))
    name = query.workgroup.name if query else "primary"
    yield Need(action="athena:GetNamedQuery", resource=request.arn(f"workgroup/{name}"))


MAPPERS: Mapping[str, Mapper] = {
    "athena:StartQueryExecution": partial(_workgroup, "athena:StartQueryExecution"),
    "athena:ListNamedQueries": partial(_workgroup, "athena:ListNamedQueries"),
    "athena:ListQueryExecutions": partial(_workgroup, "athena:ListQueryExecutions"),
    "athena:GetWorkGroup": partial(_workgroup, "athena:GetWorkGroup"),
    "athena:GetQueryExecution": partial(_of_execution, "athena:GetQueryExecution"),
    "athena:GetQueryResults": partial(_of_execution, "athena:GetQueryResults"),
    "athena:StopQueryExecution": partial(_of_execution, "athena:StopQueryExecution"),
    "athena:GetNamedQuery": _of_named_query,
    "athena:ListWorkGroups": anywhere("athena:ListWorkGroups"),
}
