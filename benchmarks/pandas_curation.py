"""The baseline of benchmarks.curation: the same types and the same order, made with pandas."""

import csv
import importlib
from pathlib import Path
from typing import Any

from handlers.curate_reports.core import curation
from reports.templates import TEMPLATES, Kind

_ORDER = ["job_status", "region"]


def curate_report(source: Path, target: Path) -> int:
    """Gives the number of rows."""
    # pandas ships no types that strict checking takes, and only `make bench` installs it.
    pandas: Any = importlib.import_module("pandas")
    template = TEMPLATES["backup_job"]
    with source.open(newline="") as file:
        how = curation(template, next(csv.reader(file)))
    names = {position: name for name, position in how.positions.items()}
    frame: Any = pandas.read_csv(
        source, header=0, names=[names[n] for n in range(how.width)], dtype=str
    )
    for column in template.columns:
        text: Any = frame[column.name]
        match column.kind:
            case Kind.INTEGER:
                frame[column.name] = pandas.to_numeric(text, errors="coerce").astype("Int64")
            case Kind.FLAG:
                frame[column.name] = text.map({"true": True, "false": False})
            case Kind.TIME:
                frame[column.name] = pandas.to_datetime(
                    text, errors="coerce", utc=True, format="ISO8601"
                )
            case Kind.DURATION:
                frame[column.name] = pandas.to_timedelta(text, errors="coerce").dt.total_seconds()
            case _:
                pass
    repeat: Any = frame.groupby(list(template.identity), sort=False).cumcount()
    frame = frame.assign(report_plan="acme", report_object=source.name, report_repeat=repeat)
    frame = frame.sort_values(_ORDER, kind="stable")
    frame.to_parquet(target, compression="zstd", row_group_size=2_048, index=False)
    return len(frame)
