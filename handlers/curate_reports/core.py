"""How a report's CSV becomes typed Parquet: which column is which, and the SQL that does it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from handlers.parquet_files import ROW_GROUP
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
        super().__init__(f"a {template.api_name} without {', '.join(missing)}")
        self.header = header


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


_BUFFER = 8 << 20  # bytes; DuckDB wants room for some lines of 2 MiB
_PARQUET = "FORMAT parquet, COMPRESSION zstd"
_PROVENANCE = "$plan AS report_plan, $object AS report_object, $date AS report_date"
_COUNTS = ("rows", "lines", "lines_taken", "lines_rejected", "unreadable_values")
DELIVERY_SQL = (
    f"COPY (SELECT {_PROVENANCE}, $template AS template, "
    f"{', '.join(f'${name}::BIGINT AS {name}' for name in _COUNTS)}) TO $target ({_PARQUET})"
)


def _csv(names: Sequence[str]) -> str:
    """Reads the CSV at `$file` as text, strictly: what is no row of these columns is an error."""
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    return (
        f"read_csv($file, columns = {{{types}}}, header = false, skip = 1, auto_detect = false, "
        "delim = ',', quote = '\"', escape = '\"', strict_mode = true, "
        # Otherwise "" in a column too many would be passed over.
        "allow_quoted_nulls = false, "
        f"buffer_size = {_BUFFER})"
    )


REJECTS_SQL = (
    f"COPY (SELECT {_PROVENANCE}, first_line::BIGINT AS first_line, lines::BIGINT AS lines, "
    "bytes::BIGINT AS bytes, reason, text FROM "
    f"{_csv(('first_line', 'lines', 'bytes', 'reason', 'text'))}) TO $target ({_PARQUET})"
)
"""Writes what was rejected, from the CSV at `$file`."""


def _rows(how: Curation) -> str:
    """The texts of known columns; NULL where there is none."""
    texts = [f"nullif(c{n}, '') AS c{n}" for n in sorted(how.positions.values())]
    names = [f"c{n}" for n in range(how.width)]
    return f"SELECT {', '.join(texts)} FROM {_csv(names)}"


def reading_sql(how: Curation) -> str:
    """Reads the CSV at `$file` into the table `report`, as text."""
    return f"CREATE TABLE report AS SELECT row_number() OVER () AS row, * FROM ({_rows(how)})"


def writing_sql(how: Curation) -> str:
    """Writes the table as Parquet to `$target`, with `$plan`, `$object` and `$date`."""
    read = f"report LEFT JOIN ({_repeats(how)}) USING (row)"
    return _write(how, _typed, f"coalesce(repeat, 0) AS report_repeat FROM {read} ORDER BY row")


def quick_sql(how: Curation) -> str:
    """Writes the CSV at `$file` as Parquet at once, as if no row were about the same as another.

    A value that is not of its column's type is an error.
    """
    return _write(how, _surely_typed, f"0::BIGINT AS report_repeat FROM ({_rows(how)})")


def repeats_sql(how: Curation) -> str:
    """Whether rows of the Parquet at `$file` are about the same."""
    return (
        f"SELECT count(*) > count(DISTINCT hash({', '.join(how.template.identity)})) "
        "FROM read_parquet($file)"
    )


def _write(how: Curation, typed: Callable[[Curation, CuratedColumn], str], rest: str) -> str:
    """In the report's order: whoever makes one file of a month's sorts it."""
    selected = [f"{typed(how, column)} AS {column.name}" for column in columns(how.template)]
    return (
        f"COPY (SELECT {', '.join(selected)}, {_PROVENANCE}, {rest}) TO $target "
        f"({_PARQUET}, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROW_GROUP})"
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
        return f"coalesce({_trimmed(f'c{position}')}, '')"
    if _is_period(column) and how.positions.get(column.name) != position:
        part = 1 if column.name.endswith("_start") else 2
        return f"nullif(trim(split_part(c{position}, ' - ', {part}), ' '), '')"
    text = f"c{position}"
    needed = any(c.required and c.name == column.name for c in how.template.columns)
    # Other texts stay as they are: to trim all takes a tenth of the time.
    return f"nullif({_trimmed(text)}, '')" if needed or column.kind is not Kind.TEXT else text


def _trimmed(column: str) -> str:
    """To look for spaces first takes a tenth of the time of trimming alone."""
    looked = f"{column} LIKE ' %' OR {column} LIKE '% '"
    return f"CASE WHEN {looked} THEN trim({column}, ' ') ELSE {column} END"


def _typed(how: Curation, column: CuratedColumn) -> str:
    """NULL where the text is not of the column's type."""
    text = _text(how, column)
    match column.kind:
        case Kind.INTEGER:
            return f"try_cast({text} AS BIGINT)"
        case Kind.FLAG:
            return f"try_cast({text} AS BOOLEAN)"
        case Kind.TIME:
            # Of a time that is not in UTC, the cast to TIMESTAMP passes over the offset.
            return (
                f"CASE WHEN {text} LIKE '%Z' THEN try_cast({text} AS TIMESTAMP) "
                f"ELSE try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END"
            )
        case Kind.DURATION:
            # Whatever is shaped so, fits: 15 digits of hours.
            return (
                f"CASE WHEN regexp_full_match({text}, '[0-9]{{1,15}}:[0-9]{{2}}:[0-9]{{2}}') THEN "
                + " + ".join(
                    f"try_cast(split_part({text}, ':', {n}) AS BIGINT) * {unit}"
                    for n, unit in enumerate((3600, 60, 1), start=1)
                )
                + " END"
            )
        case Kind.PERCENT:
            return f"try_cast(rtrim({text}, '%') AS DOUBLE)"
        case _:
            return text


def _surely_typed(how: Curation, column: CuratedColumn) -> str:
    typed = _typed(how, column)
    if column.kind is Kind.TEXT or _position(how, column) is None:
        return typed
    unreadable = f"CASE WHEN {_text(how, column)} IS NOT NULL THEN error('{column.name}') END"
    return f"coalesce({typed}, {unreadable})"
