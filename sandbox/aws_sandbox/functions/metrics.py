"""Metrics put into moto's CloudWatch, where alarms and any client of the API read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

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
