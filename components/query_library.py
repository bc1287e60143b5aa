"""The queries that come with the lake: components/queries/*.sql.

The first line of a file is its description; lines like `-- days = 7` give parameters their
defaults, and the query names them as ${days}.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

_FOLDER = Path(__file__).parent / "queries"
_PARAMETER = re.compile(r"-- (\w+) = (.*)")


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
        return Template(self.text).substitute({**self.parameters, **quoted})


def queries(region: str) -> Mapping[str, Query]:
    """All queries by name; those that ask about a Region ask about this one by default."""
    found = (_read(path, region) for path in sorted(_FOLDER.glob("*.sql")))
    return {query.name: query for query in found}


def _read(path: Path, region: str) -> Query:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = [line for line in lines if line.startswith("-- ")]
    parameters = {
        match[1]: Template(match[2]).safe_substitute(region=region)
        for line in header
        if (match := _PARAMETER.fullmatch(line))
    }
    return Query(
        name=path.stem,
        description=header[0].removeprefix("-- "),
        parameters=parameters,
        text="\n".join(lines[1 + len(parameters) :]),
    )
