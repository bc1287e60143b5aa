"""How a report's CSV becomes typed Parquet: which column is which, and the SQL that does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.curated_tables import CuratedColumn, columns
from reports.templates import Column, Kind, Template

# A report names its period in two columns or in one, by its template and its age.
_PERIOD = Column(name="report_time_period", raw="report_time_period", kind=Kind.PERIOD)
_PERIOD_ENDS = tuple(
    Column(name=f"report_time_period_{end}", raw=f"report_time_period_{end}", kind=Kind.TIME)
    for end in ("start", "end")
)


class MissingColumns(ValueError):
    """A report without columns that its rows mean nothing without."""

    def __init__(self, template: Template, missing: Sequence[str], header: Sequence[str]) -> None:
        super().__init__(
            f"a {template.api_name} without {', '.join(missing)}; its header is: {list(header)}"
        )


@dataclass(frozen=True, kw_only=True)
class Curation:
    """How one CSV is read."""

    template: Template
    width: int
    """Columns in the CSV."""
    positions: Mapping[str, int]
    """Where each known column stands, by its name."""
    unknown: Sequence[str]
    """Headers that no curated table has a column for: they stay in the raw CSV alone."""


def curation(template: Template, header: Sequence[str]) -> Curation:
    """Matches columns by their headers, wherever they stand. Raises MissingColumns."""
    positions: dict[str, int] = {}
    unknown: list[str] = []
    for position, title in enumerate(header):
        known = (*template.columns, *template.optional, _PERIOD, *_PERIOD_ENDS)
        column = next((column for column in known if column.matches(title)), None)
        if column is None:
            unknown.append(title)
        else:
            positions.setdefault(column.name, position)
    missing = [c.name for c in template.columns if c.required and c.name not in positions]
    if missing:
        raise MissingColumns(template, missing, header)
    return Curation(template=template, width=len(header), positions=positions, unknown=unknown)


DELIVERY_SQL = (
    "COPY (SELECT $plan AS report_plan, $object AS report_object, $date AS report_date, "
    "$template AS template, $rows::BIGINT AS rows) TO $target (FORMAT parquet, COMPRESSION zstd)"
)


def reading_sql(how: Curation) -> str:
    """Reads the CSV as text: `$file` is its path. Short rows are filled up, long ones cut."""
    names = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(how.width))
    return (
        "CREATE TABLE report AS SELECT row_number() OVER () AS row, * FROM read_csv("
        f"$file, columns = {{{names}}}, header = false, skip = 1, auto_detect = false, "
        "delim = ',', quote = '\"', escape = '\"', null_padding = true, strict_mode = false, "
        "parallel = false)"
    )


def writing_sql(how: Curation) -> str:
    """Writes the Parquet: `$target` is its path, `$plan` and `$object` are the provenance.

    Sorted by what people ask for, so that Athena passes over row groups that it does not need.
    """
    selected = [f"{_typed(how, column)} AS {column.name}" for column in columns(how.template)]
    order = [f"c{how.positions[name]}" for name in _ORDER if name in how.positions]
    return (
        f"COPY (SELECT {', '.join(selected)}, $plan AS report_plan, $object AS report_object, "
        "$date AS report_date, coalesce(repeat, 0) AS report_repeat "
        f"FROM report LEFT JOIN ({_repeats(how)}) USING (row) "
        f"ORDER BY {', '.join([*order, 'row'])}) TO $target "
        f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP})"
    )


def _repeats(how: Curation) -> str:
    """The rows that are about the same as an earlier one: none, as a rule."""
    identity = [_typed(how, c) for c in columns(how.template) if c.name in how.template.identity]
    return (
        f"SELECT row, earlier AS repeat FROM (SELECT row, row_number() OVER (PARTITION BY "
        f"{', '.join(identity)} ORDER BY row) - 1 AS earlier FROM report) WHERE earlier > 0"
    )


def unreadable_sql(how: Curation) -> str | None:
    """Counts, by column, the values that are there but are not of the column's type."""
    counts = [
        f"count(*) FILTER ({_text(how, column)} IS NOT NULL AND {_typed(how, column)} IS NULL) "
        f"AS {column.name}"
        for column in columns(how.template)
        if column.kind is not Kind.TEXT and _position(how, column) is not None
    ]
    return f"SELECT {', '.join(counts)} FROM report" if counts else None


# By state first: what failed is little, and then lies in few row groups whatever the Region. The
# groups are the smallest that DuckDB writes, so that reports of some thousand rows have several.
_ORDER = ("job_status", "control_compliance_status", "resource_compliance_status", "region")
_ROW_GROUP = 2_048


def _position(how: Curation, column: CuratedColumn) -> int | None:
    """Where a curated column's text stands; a period serves both of its ends."""
    for name in (column.name, column.source, _PERIOD.name):
        if name in how.positions and (name != _PERIOD.name or _is_period(column)):
            return how.positions[name]
    return None


def _is_period(column: CuratedColumn) -> bool:
    return column.name.startswith(_PERIOD.name)


def _text(how: Curation, column: CuratedColumn) -> str:
    position = _position(how, column)
    if position is None:
        return "NULL::VARCHAR"
    if column.name in how.template.identity:
        # Never NULL: rows about the same are joined by these.
        return f"coalesce(trim(c{position}), '')"
    text = f"nullif(trim(c{position}), '')"
    if _is_period(column) and how.positions.get(column.name) != position:
        part = 1 if column.name.endswith("_start") else 2
        return f"nullif(trim(split_part(c{position}, ' - ', {part})), '')"
    return text


def _typed(how: Curation, column: CuratedColumn) -> str:
    text = _text(how, column)
    match column.kind:
        case Kind.INTEGER:
            return f"try_cast({text} AS BIGINT)"
        case Kind.FLAG:
            return f"try_cast({text} AS BOOLEAN)"
        case Kind.TIME:
            return f"try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
        case Kind.DURATION:
            hours, minutes, seconds = (
                f"try_cast(split_part({text}, ':', {n}) AS BIGINT)" for n in (1, 2, 3)
            )
            return f"{hours} * 3600 + {minutes} * 60 + {seconds}"
        case Kind.PERCENT:
            return f"try_cast(rtrim({text}, '%') AS DOUBLE)"
        case _:
            return text
