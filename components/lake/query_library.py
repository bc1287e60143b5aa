"""The queries that come with the lake: components/lake/queries/*.sql.

The first line of a file is its description; lines like `-- days = 7` give parameters their
defaults, and the query names them as ${days}. `${newest:backup_jobs}` stands for the rows of the
view of that name as far as the reports of the last ${days} days tell: no other day is read.
`${test_outcome}` is how a restore test ended.
"""

import re
import string
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.curated_tables import view_name
from reports.newest_rows import newest
from reports.raw_tables import PARTITION_KEYS
from reports.restore_tests import OUTCOME_SQL
from reports.templates import TEMPLATES

_TEST_OUTCOME = OUTCOME_SQL.format(
    state="job_status",
    status_message="status_message",
    validation_status="validation_status",
    validation_message="validation_status_message",
)
_FOLDER = Path(__file__).parent / "queries"
_PARAMETER = re.compile(r"-- (\w+) = (.*)")
_TABLE = re.compile(r"\b(?:FROM|JOIN) (\w+)")
_QUOTED = re.compile(r'"([^"]+)"')
"""Raw columns: they may have spaces, and stand in quotes."""


class _Text(string.Template):
    braceidpattern = r"[a-z][a-z_:]*"


@dataclass(frozen=True, kw_only=True)
class Query:
    name: str
    description: str
    parameters: Mapping[str, str]
    """Their defaults."""
    text: str

    def sql(self, **values: str) -> str:
        """The query with its parameters filled in. Raises ValueError for one that it has not."""
        unknown = sorted(values.keys() - self.parameters.keys())
        if unknown:
            there = ", ".join(self.parameters) or "none"
            raise ValueError(f"{self.name} has no parameter {', '.join(unknown)}; it has: {there}")
        quoted = {name: value.replace("'", "''") for name, value in values.items()}
        filled = {**self.parameters, **quoted}
        parts = {**_newest(filled.get("days")), "test_outcome": _TEST_OUTCOME}
        return _Text(self.text).substitute({**filled, **parts})

    def lacks(self, raw_columns: Mapping[str, Sequence[str]]) -> str | None:
        """Why there is nothing to ask where these are the raw tables' columns, by template."""
        templates = {template.table: template for template in TEMPLATES.values()}
        for table in _TABLE.findall(self.text):
            if table not in templates:
                continue
            columns = raw_columns.get(templates[table].name)
            if columns is None:
                return f"it reads {table}, and there is no report plan of that template"
            there = {*columns, *PARTITION_KEYS}
            for column in _QUOTED.findall(self.text):
                if column.lower() not in there:
                    return f'it reads "{column}", and {table} has no such column'
        return None


def queries(region: str) -> Mapping[str, Query]:
    """All queries by name; those that ask about a Region ask about this one by default."""
    found = (_read(path, region) for path in sorted(_FOLDER.glob("*.sql")))
    return {query.name: query for query in found}


def _read(path: Path, region: str) -> Query:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = [line for line in lines if line.startswith("-- ")]
    parameters = {
        match[1]: _Text(match[2]).safe_substitute(region=region)
        for line in header
        if (match := _PARAMETER.fullmatch(line))
    }
    return Query(
        name=path.stem,
        description=header[0].removeprefix("-- "),
        parameters=parameters,
        text="\n".join(lines[1 + len(parameters) :]),
    )


def _newest(days: str | None) -> Mapping[str, str]:
    """Subqueries in place of views. What was created in the last days is in no older reports; one
    day more is read, since AWS does not say which end of its period a report's folder is of."""
    since = ""
    if days is not None:
        since = f"current_date - INTERVAL '{days}' DAY - INTERVAL '1' DAY"
    return {
        f"newest:{view_name(template)}": (
            f"(\n{textwrap.indent(newest(template, since=since), '  ')}\n)"
        )
        for template in TEMPLATES.values()
    }
