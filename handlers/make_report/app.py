"""Makes a scheduled report of what was collated, and stores it where people find it.

Runbook → this function, step by step: first page, CSV files and figures in the run's folder, then
their copy in the period's own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import environment


@dataclass(frozen=True, kw_only=True)
class Environment:
    digests_bucket: str
    reader_role: str
    """The name of the role that each account has for it: also the lake's."""
    duckdb_memory_mb: str
    lake_account: str = ""
    lake_bucket: str = ""
    """Empty: the customer has no lake."""
    ledger_table: str = ""
    """Of handlers/open_ticket, where that is in the same account: it knows of open incidents."""


logger = Logger(service="make_report")
metrics = Metrics(namespace="BackupOrg", service="make_report")


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    del context
    environment.read(Environment, os.environ)
    raise ValueError(f"no step {event['Step']!r}: there are generate and store")
