"""Who hears of jobs that did not end well."""

from __future__ import annotations

import json
from typing import Any

from policies.resource_types import EVENT_RULE, EVENT_TARGET, VAULT, VAULT_NOTIFICATIONS
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import Case, resource

RULE = "failed_jobs_are_monitored"
NOTIFIES = "vault_notifies_of_failures"
JOBS = {"Backup": "state", "Copy": "state", "Restore": "status"}
STATES = {
    "Backup": ["FAILED", "EXPIRED", "ABORTED"],
    "Copy": ["FAILED", "ABORTED"],
    "Restore": ["FAILED", "ABORTED"],
}


def pattern(*left_out: str, **detail: Any) -> str:
    jobs = [
        {
            "source": ["aws.backup"],
            "detail-type": [f"{kind} Job State Change"],
            "detail": {field: [s for s in STATES[kind] if f"{kind} {s}" not in left_out], **detail},
        }
        for kind, field in JOBS.items()
        if kind not in left_out
    ]
    return json.dumps({"$or": jobs})


def rule(event_pattern: Any, **props: Any) -> list[Resource]:
    return [
        resource(VAULT, name="standard"),
        resource(EVENT_RULE, "rule", name="rule", eventPattern=event_pattern, **props),
        resource(EVENT_TARGET, "target", rule="rule", arn="x"),
    ]


def notifications(events: Any, vault: str = "standard", **props: Any) -> list[Resource]:
    return [
        resource(VAULT, name="standard"),
        resource(
            VAULT_NOTIFICATIONS, "told", backupVaultName=vault, backupVaultEvents=events, **props
        ),
    ]


ENDS = ["BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "RESTORE_JOB_COMPLETED", "BACKUP_JOB_STARTED"]
CASES = [
    Case(rule=RULE, what="all of them", resources=rule(pattern())),
    Case(
        rule=RULE,
        what="all that AWS Backup tells",
        resources=rule(json.dumps({"source": ["aws.backup"]})),
    ),
    Case(
        rule=RULE,
        what="all that are not well, however that is written",
        resources=rule(
            json.dumps(
                {
                    "source": [{"prefix": "aws.back"}],
                    "detail": {
                        "$or": [
                            {"state": [{"anything-but": ["COMPLETED", "CREATED"]}]},
                            {"status": [{"wildcard": "*E*"}]},
                        ]
                    },
                }
            )
        ),
    ),
    Case(
        rule=RULE,
        what="restores by hand, and not those of tests",
        resources=rule(pattern(restoreTestingPlanArn=[{"exists": False}])),
    ),
    Case(rule=RULE, what="this vault's", resources=rule(pattern(backupVaultName=["standard"]))),
    Case(
        rule=RULE,
        what="copies are left out",
        resources=rule(pattern("Copy")),
        says="no rule in eu-central-1 sends on Copy jobs that are FAILED, ABORTED",
    ),
    Case(
        rule=RULE,
        what="a state is left out",
        resources=rule(pattern("Backup EXPIRED")),
        says="Backup jobs that are EXPIRED",
    ),
    Case(
        rule=RULE,
        what="partial ones, where somebody asks for them",
        resources=rule(pattern()),
        config={"states": {"Backup": ["FAILED", "PARTIAL"]}},
        says="Backup jobs that are PARTIAL",
    ),
    *(
        Case(
            rule=RULE,
            what=what,
            resources=found,
            config={"states": {"Backup": ["FAILED"]}},
            says="Backup jobs that are FAILED",
        )
        for what, found in (
            ("no rule", rule(pattern())[:1]),
            ("a rule without a target", rule(pattern())[:2]),
            ("a rule in another Region", rule(pattern(), region="eu-west-1")),
            ("a rule that is off", rule(pattern(), state="DISABLED")),
            ("a rule on another bus", rule(pattern(), eventBusName="alerts")),
            ("another vault's", rule(pattern(backupVaultName=["other"]))),
            ("a rule by the clock", rule(None, scheduleExpression="rate(1 day)")),
            ("one resource's", rule(pattern(resourceArn=["arn:aws:ec2:x"]))),
        )
    ),
    Case(rule=RULE, what="a pattern that is not known yet", resources=rule(UNKNOWN)),
    Case(rule=NOTIFIES, what="its own topic", resources=notifications(ENDS)),
    Case(rule=NOTIFIES, what="a rule in its Region", resources=rule(pattern())),
    *(
        Case(rule=NOTIFIES, what=what, resources=found, says="has no VaultNotifications with")
        for what, found in (
            ("neither", [resource(VAULT, name="standard")]),
            ("a topic that hears of backups alone", notifications(ENDS[:1])),
            ("another vault's topic", notifications(ENDS, "other")),
            ("a topic in another Region", notifications(ENDS, region="eu-west-1")),
            ("a rule that is off", rule(pattern(), state="DISABLED")),
            ("a rule about copies alone", rule(pattern("Backup"))),
        )
    ),
    Case(rule=NOTIFIES, what="events that are not known yet", resources=notifications(UNKNOWN)),
    Case(rule=NOTIFIES, what="a pattern that is not known yet", resources=rule(UNKNOWN)),
]
