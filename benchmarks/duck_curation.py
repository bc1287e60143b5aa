"""A report curated as the function does it, with the memory that it is deployed with."""

from pathlib import Path

from handlers.curate_reports.duck import Source, curate
from reports.keys import parse
from reports.templates import TEMPLATES

_MEMORY_MB = 512
_REPORT = parse("Backup/crossaccount/crossregion/2026/11/21/acme/report.csv")


def curate_report(source: Path) -> int:
    """Gives the number of rows."""
    told = Source(file=source, report=_REPORT)
    return curate(TEMPLATES["backup_job"], told, memory_mb=_MEMORY_MB).rows
