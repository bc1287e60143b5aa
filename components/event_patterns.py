"""Which events concern an operator.

https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html: backup and copy jobs tell
their `state`, restore jobs their `status`. A job that a person cancels is ABORTED.
"""

import json
from collections.abc import Sequence
from typing import Any

from reports.own_events import EVENT_SOURCE, RESTORE_TEST_VERDICT

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
    {"source": [EVENT_SOURCE], "detail-type": [RESTORE_TEST_VERDICT]},
]
"""The last is of handlers/check_restore."""


def what_concerns_an_operator(name_prefix: str, one_at_a_time: Sequence[str]) -> str:
    """Backup, copy and restore jobs that ended, well or not; verdicts of restore tests; alarms
    whose names start so, going off or over; and runbooks whose names start so, where they did not
    end well.

    Of runbooks that run one at a time success is told too: their next one makes good what failed
    before. Others run for many resources at once.
    """
    return json.dumps(
        {"$or": [*_JOB_ENDS, _alarms(name_prefix), *_runbooks(name_prefix, one_at_a_time)]}
    )


def _runbooks(name_prefix: str, one_at_a_time: Sequence[str]) -> list[dict[str, Any]]:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html"""
    execution = {
        "source": ["aws.ssm"],
        "detail-type": ["EC2 Automation Execution Status-change Notification"],
    }
    ended = {
        "Definition": [{"prefix": name_prefix}],
        "Status": ["Failed", "TimedOut", "Cancelled"],
    }
    made_good = {"Definition": [*one_at_a_time], "Status": ["Success"]}
    return [{**execution, "detail": ended}, {**execution, "detail": made_good}]


def _alarms(name_prefix: str) -> dict[str, Any]:
    return {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {
            "alarmName": [{"prefix": name_prefix}],
            "state": {"value": ["ALARM", "OK"]},
        },
    }
