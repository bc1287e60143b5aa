"""Metrics put into moto's CloudWatch: the services' own, and those that functions print.

Functions print CloudWatch's Embedded Metric Format:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from moto.backends import get_backend


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric's values at one time."""

    namespace: str
    name: str
    values: Sequence[float]
    dimensions: Mapping[str, str] = field(default_factory=dict[str, str])
    unit: str = "Count"
    time: datetime | None = None
    """None for now."""


def put_metric(account: str, region: str, metric: Metric) -> None:
    time = metric.time or datetime.now(UTC)
    get_backend("cloudwatch")[account][region].put_metric_data(
        metric.namespace,
        [
            {
                "MetricName": metric.name,
                "Dimensions": [
                    {"Name": name, "Value": value} for name, value in metric.dimensions.items()
                ],
                "Values": list(metric.values),
                "Unit": metric.unit,
                "Timestamp": time.astimezone(UTC).replace(tzinfo=None),  # as moto keeps it
            }
        ],
    )


class EmbeddedMetricError(ValueError):
    """A line that calls itself EMF and is not; CloudWatch keeps it as a log line only."""


def embedded_metrics(line: str) -> list[Metric]:
    """The metrics in a log line; none in a line of any other kind.

    `_aws` says which members of the document are dimensions and which are values.
    """
    if not line.startswith("{") or '"CloudWatchMetrics"' not in line:
        return []
    try:
        document: Mapping[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return []
    if "_aws" not in document:
        return []
    try:
        return list(_metrics(document))
    except (KeyError, TypeError) as error:
        raise EmbeddedMetricError(f"_aws is not as CloudWatch specifies it: {error!r}") from error


def _metrics(document: Mapping[str, Any]) -> Iterator[Metric]:
    """Every value once for each set of dimensions."""
    metadata = document["_aws"]
    time = datetime.fromtimestamp(metadata["Timestamp"] / 1000, UTC)
    for directive in metadata["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: _dimension(document, name) for name in names}
            for definition in directive["Metrics"]:
                yield Metric(
                    namespace=directive["Namespace"],
                    name=definition["Name"],
                    values=_values(document, definition["Name"]),
                    dimensions=dimensions,
                    unit=definition.get("Unit", "None"),
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
