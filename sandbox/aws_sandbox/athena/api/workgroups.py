"""Workgroups and named queries, as far as moto lacks them or answers otherwise."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aws_sandbox.athena.api.base import Operations, answers
from aws_sandbox.athena.workgroups import ENGINE, InvalidRequestError, updated

if TYPE_CHECKING:
    from moto.athena.models import NamedQuery


class WorkgroupOperations(Operations):
    """Handlers by the names of Athena's operations."""

    @answers
    def get_work_group(self) -> Mapping[str, Any]:
        return {"WorkGroup": self._work_group(self._get_param("WorkGroup"))}

    @answers
    def update_work_group(self) -> Mapping[str, Any]:
        name = self._get_param("WorkGroup")
        self._work_group(name)
        workgroup = self.athena_backend.work_groups[name]
        updates: Mapping[str, Any] = self._get_param("ConfigurationUpdates") or {}
        workgroup.configuration = updated(workgroup.configuration, updates)
        if (description := self._get_param("Description")) is not None:
            workgroup.description = description
        workgroup.state = self._get_param("State") or workgroup.state
        return {}

    @answers
    def delete_work_group(self) -> Mapping[str, Any]:
        name = self._get_param("WorkGroup")
        self._work_group(name)
        queries = self._named_queries(name)
        if name == "primary":
            raise InvalidRequestError("WorkGroup primary cannot be deleted.")
        if (queries or self.service.list(self.athena_backend, name)) and not self._get_param(
            "RecursiveDeleteOption"
        ):
            raise InvalidRequestError(f"WorkGroup {name} is not empty")
        for query in queries:
            del self.athena_backend.named_queries[query.id]
        self.athena_backend.delete_work_group(name)
        return {}

    @answers
    def delete_named_query(self) -> Mapping[str, Any]:
        del self.athena_backend.named_queries[self._named_query().id]
        return {}

    @answers
    def update_named_query(self) -> Mapping[str, Any]:
        query = self._named_query()
        query.name = self._get_param("Name")
        query.query_string = self._get_param("QueryString")
        query.description = self._get_param("Description") or query.description
        return {}

    @answers
    def get_named_query(self) -> Mapping[str, Any]:
        return {"NamedQuery": _described(self._named_query())}

    @answers
    def batch_get_named_query(self) -> Mapping[str, Any]:
        known = self.athena_backend.named_queries
        ids: Sequence[str] = self._get_param("NamedQueryIds")
        return {
            "NamedQueries": [_described(known[one]) for one in ids if one in known],
            "UnprocessedNamedQueryIds": [
                {"NamedQueryId": one, "ErrorCode": "INVALID_INPUT", "ErrorMessage": "not found"}
                for one in ids
                if one not in known
            ],
        }

    def _work_group(self, name: str) -> Mapping[str, Any]:
        found = self.athena_backend.get_work_group(name)
        if found is None:
            raise InvalidRequestError(f"WorkGroup {name} is not found.", "WORKGROUP_NOT_FOUND")
        configuration = found["Configuration"]
        engine = {**ENGINE, **configuration.get("EngineVersion", {})}
        return {**found, "Configuration": {**configuration, "EngineVersion": engine}}

    def _named_queries(self, workgroup: str) -> "Sequence[NamedQuery]":
        queries = self.athena_backend.named_queries.values()
        return [query for query in queries if query.workgroup.name == workgroup]

    def _named_query(self) -> "NamedQuery":
        query_id = self._get_param("NamedQueryId")
        found = self.athena_backend.named_queries.get(query_id)
        if found is None:
            raise InvalidRequestError(f"NamedQuery {query_id} was not found")
        return found


def _described(query: "NamedQuery") -> Mapping[str, Any]:
    return {
        "Name": query.name,
        "Description": query.description,
        "Database": query.database,
        "QueryString": query.query_string,
        "NamedQueryId": query.id,
        "WorkGroup": query.workgroup.name,
    }
