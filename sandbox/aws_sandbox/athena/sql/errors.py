"""Why a query fails, in the words that Athena gives as its StateChangeReason."""


class QueryError(Exception):
    """A query that cannot run; `code` is Trino's or Hive's name of the error."""

    def __init__(self, code: str, message: str, where: str = "") -> None:
        super().__init__(f"{code}: {where}{message}")
        self.code = code


class SyntaxRefusedError(Exception):
    """A text that is no statement: StartQueryExecution itself refuses it, as MALFORMED_QUERY."""
