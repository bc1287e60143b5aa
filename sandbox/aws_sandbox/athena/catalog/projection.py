"""Partition projection: partitions that follow from a table's properties instead of the catalog.

Property names and rules are those of the Athena User Guide, "Use partition projection".
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product

from aws_sandbox.athena.catalog.tables import Partition, Table, TableColumn
from aws_sandbox.athena.sql.errors import QueryError

Choose = Callable[[TableColumn, Sequence[str]], Sequence[str]]
"""Which values of a partition key the query's conditions on it alone allow."""
Injected = Callable[[TableColumn], Sequence[str]]
"""The values that the query gives an injected key."""

MOST_PARTITIONS = 1_000_000
_MOMENT = re.compile(r"NOW(?:\s*(?P<sign>[+-])\s*(?P<count>\d+)\s*(?P<unit>[A-Z]+?)S?)?")
_FORMATS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400, "WEEK": 604_800}
_MONTHS = {"MONTH": 1, "YEAR": 12}


def is_projected(table: Table) -> bool:
    return table.parameters.get("projection.enabled", "false").lower() == "true"


def projected(
    table: Table, choose: Choose, injected: Injected, now: datetime | None = None
) -> Iterator[Partition]:
    """The partitions that a query may need; QueryError for properties that Athena would refuse."""
    moment = now or datetime.now(UTC)
    values: list[Sequence[str]] = []
    count = 1
    for key in table.partition_keys:
        candidates = _candidates(table, key, injected, moment)
        values.append(choose(key, candidates))
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


def _candidates(table: Table, key: TableColumn, injected: Injected, now: datetime) -> Sequence[str]:
    prefix = f"projection.{key.name}."
    properties = {
        name.removeprefix(prefix): value
        for name, value in table.parameters.items()
        if name.startswith(prefix)
    }
    match properties.get("type", "").lower():
        case "enum":
            return [value.strip() for value in _needed(table, key, properties, "values").split(",")]
        case "integer":
            return _integers(table, key, properties)
        case "date":
            return _dates(table, key, properties, now)
        case "injected":
            return injected(key)
        case other:
            raise _invalid(table, key, f"type is '{other}', not enum, integer, date or injected")


def _integers(table: Table, key: TableColumn, properties: Mapping[str, str]) -> Sequence[str]:
    low, high = _range(table, key, properties)
    digits = int(properties.get("digits", "1"))
    step = int(properties.get("interval", "1"))
    try:
        numbers = range(int(low), int(high) + 1, step)
    except ValueError as error:
        raise _invalid(table, key, f"range '{low},{high}' is not of whole numbers") from error
    return [f"{number:0{digits}d}" for number in numbers]


def _dates(
    table: Table, key: TableColumn, properties: Mapping[str, str], now: datetime
) -> Sequence[str]:
    written = _needed(table, key, properties, "format")
    runs = re.finditer(r"([a-zA-Z])\1*", re.sub("'[^']*'", "", written))
    parts = [run[0] for run in runs]
    if unknown := [part for part in parts if part not in _FORMATS]:
        raise _invalid(table, key, f"the sandbox does not know {unknown[0]} in format '{written}'")
    form = re.sub("|".join(_FORMATS), lambda found: _FORMATS[found[0]], written).replace("'", "")
    low, high = (_moment(table, key, text, form, now) for text in _range(table, key, properties))
    default = "DAYS" if "dd" in parts and "HH" not in parts else ""
    default = "MONTHS" if "MM" in parts and "dd" not in parts else default
    unit = (properties.get("interval.unit") or default).upper().removesuffix("S")
    if unit not in {*_SECONDS, *_MONTHS}:
        raise _invalid(table, key, f"interval.unit '{unit}' is unknown, or missing")
    step = int(properties.get("interval", "1"))
    found: list[str] = []
    number, when = 0, low
    while when <= high:
        found.append(when.strftime(form))
        number += step
        when = _later(low, number, unit)
    return list(dict.fromkeys(found))


def _moment(table: Table, key: TableColumn, text: str, form: str, now: datetime) -> datetime:
    if match := _MOMENT.fullmatch(text.strip().upper()):
        if not match["count"]:
            return now
        unit = match["unit"].removesuffix("S")
        if unit not in {*_SECONDS, *_MONTHS}:
            raise _invalid(table, key, f"'{text}' has no unit of time")
        return _later(now, int(match["count"]) * (-1 if match["sign"] == "-" else 1), unit)
    try:
        return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
    except ValueError as error:
        raise _invalid(table, key, f"'{text}' is not in the format of the column") from error


def _later(when: datetime, count: int, unit: str) -> datetime:
    if unit in _SECONDS:
        return when + timedelta(seconds=count * _SECONDS[unit])
    months = when.year * 12 + when.month - 1 + count * _MONTHS[unit]
    first = when.replace(year=months // 12, month=months % 12 + 1, day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return first.replace(day=min(when.day, (following - timedelta(days=1)).day))


def _range(table: Table, key: TableColumn, properties: Mapping[str, str]) -> tuple[str, str]:
    low, _, high = _needed(table, key, properties, "range").partition(",")
    return low, high


def _needed(table: Table, key: TableColumn, properties: Mapping[str, str], name: str) -> str:
    if not properties.get(name):
        raise _invalid(table, key, f"projection.{key.name}.{name} is missing")
    return properties[name]


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
