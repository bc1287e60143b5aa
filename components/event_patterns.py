"""Which events concern an operator.

https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html: backup and copy jobs tell
their `state`, restore jobs their `status`. A job that a person cancels is ABORTED.
"""

import json
from typing import Any

_JOB_ENDS: list[dict[str, Any]] = [
    {
        "source": ["aws.backup"],
        "detail-type": ["Backup Job State Change"],
        "detail": {"state": ["COMPLETED", "FAILED", "EXPIRED", "ABORTED", "PARTIAL"]},
    },
    {
        "source": ["aws.backup"],
        "detail-type": ["Copy Job State Change"],
        "detail": {"state": ["COMPLETED", "FAILED", "PARTIAL"]},
    },
    {
        "source": ["aws.backup"],
        "detail-type": ["Restore Job State Change"],
        "detail": {"status": ["COMPLETED", "FAILED", "ABORTED"]},
    },
]


def job_ends_and_alarms(name_prefix: str) -> str:
    """Backup, copy and restore jobs that ended, well or not; and alarms whose names start so, going
    off or over."""
    return json.dumps({"$or": [*_JOB_ENDS, _alarms(name_prefix)]})


def _alarms(name_prefix: str) -> dict[str, Any]:
    return {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {
            "alarmName": [{"prefix": name_prefix}],
            "state": {"value": ["ALARM", "OK"]},
        },
    }
