"""The SQL that finds the newest row about each job, or about each resource and control."""

from collections.abc import Sequence

from reports.curated_tables import PARTITION_KEY, table_name
from reports.templates import Template

_ROW = ("report_date", "report_object", "report_repeat")
"""What tells a row of a curated table from all others."""


def newest(template: Template, *, columns: Sequence[str] = (), since: str = "") -> str:
    """A query for the newest row about each identity, of all columns unless some are named.

    The newest are found over few, narrow columns, and the rest is joined to them: so that a
    condition on any column reaches the table, and one on the identity both of its scans. `since`
    is the SQL of the first day whose reports are read at all, a date.
    """
    table, key = table_name(template), (*template.identity, *_ROW)
    time = "report_time_period_end" if template.is_job else "last_evaluation_time"
    order = ", ".join(f"{name} DESC" for name in (_ROW[0], time, *_ROW[1:]))
    chosen = ", ".join(f"t.{name}" for name in columns) or "t.*"
    joined = "\n  AND ".join(f"n.{name} = t.{name}" for name in key)
    inner, outer = (
        f"\n{indent}WHERE {_since(since, named)}" if since else ""
        for indent, named in (("    ", ""), ("", "t."))
    )
    return f"""\
SELECT {chosen}
FROM {table} AS t
JOIN (
  SELECT {", ".join(key)}
  FROM (
    SELECT {", ".join(key)},
      row_number() OVER (
        PARTITION BY {", ".join(template.identity)}
        ORDER BY {order}
      ) AS nth
    FROM {table}{inner}
  )
  WHERE nth = 1
) AS n
  ON {joined}{outer}"""


def _since(day: str, named: str) -> str:
    """The month spares what lies in the lists of others, the day what lies in row groups."""
    return (
        f"{named}{PARTITION_KEY} >= date_format({day}, '%Y-%m') "
        f"AND {named}report_date >= date_format({day}, '%Y-%m-%d')"
    )
