"""How a raw table reads CSV: one storage descriptor for the tables and for their partitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import StorageDescriptorTypeDef

PARTITION_KEYS = ("report_plan", "year", "month", "day")
INPUT_FORMAT = "org.apache.hadoop.mapred.TextInputFormat"
OUTPUT_FORMAT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
SERDE = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
SERDE_PARAMETERS = {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"}
TABLE_PARAMETERS = {"classification": "csv", "skip.header.line.count": "1"}


def storage_descriptor(columns: Iterable[str], location: str) -> StorageDescriptorTypeDef:
    """As Glue's API takes it; every column is a string."""
    return {
        "Columns": [{"Name": column, "Type": "string"} for column in columns],
        "Location": location,
        "InputFormat": INPUT_FORMAT,
        "OutputFormat": OUTPUT_FORMAT,
        "SerdeInfo": {"SerializationLibrary": SERDE, "Parameters": SERDE_PARAMETERS},
    }
