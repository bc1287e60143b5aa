"""Which events concern an operator.

https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html: backup, copy and scan jobs
tell their `state`, restore jobs their `status`. A job that a person cancels is ABORTED.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.own_events import (
    DAILY_LOOK,
    EVENT_SOURCE,
    HEARTBEAT,
    RESTORE_TEST_VERDICT,
    TICKET_TEST,
)

PATTERN_LIMIT = 2048
"""Characters of a rule's pattern, by default: EventBridge's quota "Event pattern size"."""

Pattern = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class MonitoredEvents:
    """Backups that are FAILED, EXPIRED or ABORTED, copies and restores that are FAILED or ABORTED,
    alarms that go off and runbooks that do not end well, always; and by decision:"""

    resolve: bool
    """What ends well after it."""
    partial: bool
    """Jobs that end PARTIAL."""
    restore_tests: bool
    """Restores of restore tests, and what was found of them."""
    malware: bool
    """Scans that found threats, ended with issues, or failed."""
    changes: bool
    """Calls that change vaults, plans, recovery points or settings, made by others than
    `deployers`."""
    completed_with_issues: bool
    """Backups that COMPLETED, so that the job can be looked up."""
    missing_reports: bool
    """The alarm of reports that did not arrive."""
    heartbeat: bool
    name_prefix: str
    """What the names of this system's alarms and runbooks start with."""
    one_at_a_time: Sequence[str]
    """Runbooks that run one at a time, whose success makes good what failed before. Others run for
    many resources at once."""
    missing_reports_alarm: str
    """Its name."""
    deployers: Sequence[str] = ()
    """ARNs, with wildcards, of roles whose changes are no news; none: all changes are told."""


def event_patterns(events: MonitoredEvents) -> Mapping[str, str]:
    """The patterns of rules, by what is added to the rule's name: one pattern would be too long."""
    patterns = {"": _any_of(*_jobs(events), *_own(events), *_alarms_and_runbooks(events))}
    if events.changes:
        patterns["-changes"] = _text(_changes(events.deployers))
    return patterns


def _any_of(*patterns: Pattern) -> str:
    return _text({"$or": patterns})


def _text(pattern: Pattern) -> str:
    return json.dumps(pattern, separators=(",", ":"))


def _jobs(events: MonitoredEvents) -> Iterator[Pattern]:
    ended_well = ["COMPLETED"] if events.resolve else []
    backups = ["COMPLETED"] if events.resolve or events.completed_with_issues else []
    partial = ["PARTIAL"] if events.partial else []
    yield _job("Backup", {"state": ["FAILED", "EXPIRED", "ABORTED", *partial, *backups]})
    yield _job("Copy", {"state": ["FAILED", "ABORTED", *partial, *ended_well]})
    by_hand = {} if events.restore_tests else {"restoreTestingPlanArn": [{"exists": False}]}
    yield _job("Restore", {"status": ["FAILED", "ABORTED", *ended_well], **by_hand})
    if events.malware:
        yield _job("Scan", {"state": ["FAILED", "COMPLETED_WITH_ISSUES"]})
        yield _job("Scan", {"scanResult": {"scanResultStatus": ["THREATS_FOUND"]}})


def _job(kind: str, detail: Pattern) -> Pattern:
    return {
        "source": ["aws.backup"],
        "detail-type": [f"{kind} Job State Change"],
        "detail": detail,
    }


def _own(events: MonitoredEvents) -> Iterator[Pattern]:
    types = [
        TICKET_TEST,
        *([RESTORE_TEST_VERDICT] if events.restore_tests else []),
        *([HEARTBEAT, DAILY_LOOK] if events.heartbeat else []),
    ]
    yield {"source": [EVENT_SOURCE], "detail-type": types}


def _alarms_and_runbooks(events: MonitoredEvents) -> Iterator[Pattern]:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html"""
    ours = [{"prefix": events.name_prefix}]
    reports_apart = [{"anything-but": {"wildcard": f"*:alarm:{events.missing_reports_alarm}"}}]
    yield {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        **({} if events.missing_reports else {"resources": reports_apart}),
        "detail": {
            "alarmName": ours,
            "state": {"value": ["ALARM", *(["OK"] if events.resolve else [])]},
        },
    }
    execution = {
        "source": ["aws.ssm"],
        "detail-type": ["EC2 Automation Execution Status-change Notification"],
    }
    failed = {"Definition": ours, "Status": ["Failed", "TimedOut", "Cancelled"]}
    yield {**execution, "detail": failed}
    if events.resolve:
        made_good = {"Definition": [*events.one_at_a_time], "Status": ["Success"]}
        yield {**execution, "detail": made_good}


_CHANGES = [
    "AssociateBackupVault",
    "CancelLegalHold",
    "CreateBackup",
    "CreateLogicallyAirGapped",
    "DeleteBackup",
    "DeleteRecoveryPoint",
    "Disassociate",
    "PutBackupVault",
    "RevokeRestoreAccess",
    "UpdateBackupPlan",
    "UpdateGlobalSettings",
    "UpdateRecoveryPointLifecycle",
    "UpdateRegionSettings",
]
"""What the names of calls start with that change vaults, their policies, locks and notifications,
plans and their selections, recovery points, or settings. (Access points share the beginning.)"""


def _changes(deployers: Sequence[str]) -> Pattern:
    """A call that was refused has an errorCode, and changed nothing. Users and root have no session
    of a role; AWS Backup's own deletions at the end of a lifecycle are no calls."""
    identity = [{"exists": False}, {"anything-but": {"wildcard": [*deployers]}}]
    by_others = {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": identity}}}}
    return {
        "source": ["aws.backup"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["backup.amazonaws.com"],
            "eventName": [{"prefix": start} for start in _CHANGES],
            "errorCode": [{"exists": False}],
            **(by_others if deployers else {}),
        },
    }
