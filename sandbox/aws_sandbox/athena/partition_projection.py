"""Partition projection: partitions that follow from a table's properties instead of the catalog.

Property names and rules are those of the Athena User Guide, "Use partition projection": of them
enumerations, whole numbers, days, and months.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product

from aws_sandbox.athena.glue_catalog import Partition, Table, TableColumn
from aws_sandbox.athena.sql import QueryError

Choose = Callable[[TableColumn, Sequence[str]], Sequence[str]]
"""Which values of a partition key the query's conditions on it alone allow."""

MOST_PARTITIONS = 1_000_000
_KNOWN = {
    "enum": {"values"},
    "integer": {"range", "digits"},
    "date": {"range", "format", "interval", "interval.unit"},
}
"""Properties by the type of a key."""
_OPTIONAL = {"digits", "interval", "interval.unit"}
_MOMENT = re.compile(r"NOW(?:(?P<count>[+-]\d+)(?P<unit>DAY|MONTH)S?)?")
_FORMATS = {"yyyy": "%Y", "MM": "%m", "dd": "%d"}


def is_projected(table: Table) -> bool:
    return table.parameters.get("projection.enabled", "false").lower() == "true"


def projected(table: Table, choose: Choose, now: datetime | None = None) -> Iterator[Partition]:
    """The partitions that a query may need; QueryError for properties that Athena would refuse, or
    that the sandbox does not know."""
    values: list[Sequence[str]] = []
    count = 1
    for key in table.partition_keys:
        values.append(choose(key, _candidates(table, key, now or datetime.now(UTC))))
        count *= len(values[-1])
    if count > MOST_PARTITIONS:
        message = f"'{table.name}' projects {count} partitions: the query must name fewer"
        raise QueryError("GENERIC_USER_ERROR", message)
    names = [key.name for key in table.partition_keys]
    for combination in product(*values):
        yield Partition(
            values=combination,
            location=_location(table, dict(zip(names, combination, strict=True))),
            serde=table.serde,
            parameters=table.parameters,
        )


def _candidates(table: Table, key: TableColumn, now: datetime) -> Sequence[str]:
    prefix = f"projection.{key.name}."
    properties = {
        name.removeprefix(prefix): value
        for name, value in table.parameters.items()
        if name.startswith(prefix)
    }
    kind = properties.pop("type", "").lower()
    if kind not in _KNOWN:
        raise _invalid(table, key, f"type is '{kind}', not {', '.join(_KNOWN)}")
    if unknown := sorted(properties.keys() - _KNOWN[kind]):
        raise _invalid(table, key, f"the sandbox does not know {prefix}{unknown[0]}")
    if missing := sorted(_KNOWN[kind] - _OPTIONAL - properties.keys()):
        raise _invalid(table, key, f"{prefix}{missing[0]} is missing")
    if kind == "enum":
        return [value.strip() for value in properties["values"].split(",")]
    if kind == "integer":
        return _integers(table, key, properties)
    return _dates(table, key, properties, now)


def _integers(table: Table, key: TableColumn, properties: Mapping[str, str]) -> Sequence[str]:
    low, _, high = properties["range"].partition(",")
    try:
        numbers = range(int(low), int(high) + 1)
    except ValueError as error:
        raise _invalid(table, key, f"range '{low},{high}' is not of whole numbers") from error
    return [f"{number:0{int(properties.get('digits', '1'))}d}" for number in numbers]


def _dates(
    table: Table, key: TableColumn, properties: Mapping[str, str], now: datetime
) -> Sequence[str]:
    """Days, or months where the format has no day."""
    written = properties["format"]
    parts = [run[0] for run in re.finditer(r"([a-zA-Z])\1*", written)]
    if unknown := [part for part in parts if part not in _FORMATS]:
        raise _invalid(table, key, f"the sandbox does not know {unknown[0]} in format '{written}'")
    if not {"yyyy", "MM"} <= set(parts):
        message = f"the sandbox knows days and months alone, and format '{written}' has neither"
        raise _invalid(table, key, message)
    unit = "DAYS" if "dd" in parts else "MONTHS"
    step = (properties.get("interval", "1"), properties.get("interval.unit", unit).upper())
    if step != ("1", unit):
        raise _invalid(table, key, f"the sandbox steps by 1 {unit}, not by {' '.join(step)}")
    form = re.sub("|".join(_FORMATS), lambda found: _FORMATS[found[0]], written)
    ends = properties["range"].split(",", 1)
    first, last = (_moment(table, key, text.strip(), form, now) for text in ends)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return list(dict.fromkeys(f"{day:{form}}" for day in days))


def _moment(table: Table, key: TableColumn, text: str, form: str, now: datetime) -> date:
    if match := _MOMENT.fullmatch(text.upper()):
        count, today = int(match["count"] or 0), now.date()
        if match["unit"] != "MONTH":
            return today + timedelta(days=count)
        months = today.year * 12 + today.month - 1 + count
        return date(months // 12, months % 12 + 1, 1)
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise _invalid(table, key, f"'{text}' is not in the format of the column") from error


def _location(table: Table, values: Mapping[str, str]) -> str:
    template = table.parameters.get("storage.location.template")
    if template is None:
        path = "/".join(f"{name}={value}" for name, value in values.items())
        return f"{table.location.rstrip('/')}/{path}/"
    if unused := [name for name in values if f"${{{name}}}" not in template]:
        message = f"storage.location.template of '{table.name}' lacks ${{{unused[0]}}}"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], template)


def _invalid(table: Table, key: TableColumn, why: str) -> QueryError:
    message = f"partition projection of '{table.name}', column '{key.name}': {why}"
    return QueryError("INVALID_TABLE_PROPERTY", message)
