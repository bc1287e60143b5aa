"""Metrics that a function prints in CloudWatch's Embedded Metric Format."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from aws_sandbox.functions.metrics import Metric


class EmbeddedMetricError(ValueError):
    """A line that calls itself EMF and is not; CloudWatch keeps it as a log line only."""


class _Content(BaseModel):
    model_config = ConfigDict(alias_generator=to_pascal)


class _Definition(_Content):
    name: str
    unit: str = "None"


class _Directive(_Content):
    namespace: str
    dimensions: list[Annotated[list[str], Field(max_length=30)]]
    metrics: Annotated[list[_Definition], Field(max_length=100)]


class _Metadata(_Content):
    timestamp: int
    """Milliseconds since 1970."""
    cloud_watch_metrics: list[_Directive]


def embedded_metrics(line: str) -> list[Metric]:
    """The metrics in a log line; none in a line of any other kind.

    After CloudWatch's "Specification: Embedded metric format": `_aws` says which members of the
    document are dimensions and which are values.
    """
    if not line.startswith("{") or '"CloudWatchMetrics"' not in line:
        return []
    try:
        document = json.loads(line)
    except json.JSONDecodeError:
        return []
    if "_aws" not in document:
        return []
    try:
        metadata = _Metadata.model_validate(document["_aws"])
    except ValidationError as error:
        raise EmbeddedMetricError(f"_aws: {error}") from error
    time = datetime.fromtimestamp(metadata.timestamp / 1000, UTC)
    return [
        metric
        for directive in metadata.cloud_watch_metrics
        for metric in _metrics(document, directive, time)
    ]


def _metrics(
    document: Mapping[str, Any], directive: _Directive, time: datetime
) -> Iterator[Metric]:
    """Every value once for each set of dimensions."""
    for names in directive.dimensions:
        dimensions = {name: _dimension(document, name) for name in names}
        for definition in directive.metrics:
            yield Metric(
                namespace=directive.namespace,
                name=definition.name,
                values=_values(document, definition.name),
                dimensions=dimensions,
                unit=definition.unit,
                time=time,
            )


def _dimension(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise EmbeddedMetricError(f"the dimension {name} is a string, not {value!r}")
    return value


def _values(document: Mapping[str, Any], name: str) -> Sequence[float]:
    found = document.get(name)
    values = cast("list[Any]", found) if isinstance(found, list) else [found]
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if not numbers or len(numbers) != len(values):
        raise EmbeddedMetricError(f"the metric {name} is a number or several, not {found!r}")
    return numbers
