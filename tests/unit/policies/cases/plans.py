"""Rules about plans."""

from __future__ import annotations

from typing import Any

from policies.resource_types import AIR_GAPPED_VAULT, PLAN, SELECTION, VAULT, VAULT_LOCK
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import ACCOUNT, REGION, Case, resource

DAILY = "cron(0 1 ? * * *)"
VAULT_ARN = f"arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:standard"
OTHER_REGION = f"arn:aws:backup:eu-west-1:{ACCOUNT}:backup-vault:standard"
OTHER_ACCOUNT = f"arn:aws:backup:{REGION}:999999999999:backup-vault:central"


def plan(*rules: Any, **props: Any) -> Resource:
    return resource(PLAN, "plan", rules=[*rules], **props)


def rule(schedule: Any = DAILY, days: Any = 35.0, /, **more: Any) -> dict[str, Any]:
    return {"ruleName": "one", "schedule": schedule, "lifecycle": {"deleteAfter": days}, **more}


def kept(cold: Any, deleted: Any, /, **more: Any) -> Resource:
    return plan(rule(lifecycle={"coldStorageAfter": cold, "deleteAfter": deleted}, **more))


def copy(arn: Any, **lifecycle: Any) -> dict[str, Any]:
    return {"destinationVaultArn": arn, "lifecycle": lifecycle or None}


def how_often(what: str, *rules: Any, says: str | None = None, **config: Any) -> Case:
    return Case(
        rule="plan_backs_up_often_and_keeps_long",
        what=what,
        resources=[plan(*rules)],
        says=says,
        config=config,
    )


OF_SCHEDULES = [
    Case(rule="plan_has_a_rule", what="one", resources=[plan(rule())]),
    Case(rule="plan_has_a_rule", what="none", resources=[plan()], says="has no rule; give it one"),
    Case(rule="plan_has_a_rule", what="not said", resources=[resource(PLAN)], says="has no rule"),
    Case(rule="plan_has_a_rule", what="not known yet", resources=[resource(PLAN, rules=UNKNOWN)]),
    how_often("daily, for 35 days", rule()),
    how_often("whenever AWS Backup does by itself, which is daily", rule(None)),
    how_often("for ever", rule(DAILY, None), rule(DAILY, -1)),
    how_often("by a rate", rule("rate(12 hours)")),
    how_often("on even and on odd days", rule("cron(0 1 */2 * ? *)"), rule("cron(0 1 2/2 * ? *)")),
    how_often(
        "on workdays, where that is enough",
        rule("cron(0 1 ? * MON-FRI *)"),
        max_hours=72,
    ),
    how_often("no rule at all, which is another rule's matter"),
    how_often(
        "weekly",
        rule("cron(0 1 ? * SUN *)"),
        says="up to 168 hours apart; let a rule run every 24 hours",
    ),
    how_often(
        "daily for a day, and yearly for ever",
        rule(DAILY, 1),
        rule("cron(0 1 1 1 ? *)", None),
        says="up to 8784 hours apart",
    ),
    how_often("on workdays", rule("cron(0 1 ? * MON-FRI *)"), says="up to 72 hours apart"),
    how_often("daily until a year is over", rule("cron(0 1 ? * * 2028)"), says="not for good"),
    how_often("daily, kept too short", rule(DAILY, 34), says="for 35 days or more never"),
    how_often("in words", rule("daily"), rule(), says="that AWS does not take: 'daily' is neither"),
    how_often("at an hour that is none", rule("cron(0 25 ? * * *)"), rule(), says="'25' is no"),
    how_often(
        "on halves of the week in two time zones",
        rule("cron(0 1 ? * SUN-WED *)"),
        rule("cron(0 1 ? * THU-SAT *)", scheduleExpressionTimezone="Asia/Tokyo"),
        says="up to 96 hours apart",
    ),
    how_often("a schedule that is not known yet", rule("cron(0 1 ? * SUN *)"), rule(UNKNOWN)),
    Case(
        rule="plan_lifecycle_is_valid",
        what="no cold storage, and 90 days in it",
        resources=[plan(rule()), kept(30.0, 120.0), kept(1, None), kept(None, 1)],
    ),
    Case(
        rule="plan_lifecycle_is_valid",
        what="89 days of cold storage",
        resources=[kept(30.0, 119.0)],
        says="its rule one moves to cold storage after 30 days and deletes after 119; "
        "set deleteAfter to 120 or more",
    ),
    Case(
        rule="plan_lifecycle_is_valid",
        what="a copy's 10 days of cold storage",
        resources=[plan(rule(copyActions=[copy(VAULT_ARN, coldStorageAfter=30, deleteAfter=40)]))],
        says="copy 1 of its rule one moves to cold storage after 30 days",
    ),
    Case(
        rule="plan_lifecycle_is_valid",
        what="cold storage at once",
        resources=[kept(0, None)],
        says="after 0 days; set coldStorageAfter to 1",
    ),
    Case(
        rule="plan_lifecycle_is_valid",
        what="continuous backups for 35 days",
        resources=[plan(rule(enableContinuousBackup=True))],
    ),
    Case(
        rule="plan_lifecycle_is_valid",
        what="continuous backups for ever",
        resources=[plan(rule(DAILY, None, enableContinuousBackup=True))],
        says="makes continuous backups, kept for 35 days at most",
    ),
    Case(
        rule="plan_lifecycle_is_valid",
        what="continuous backups in cold storage",
        resources=[
            plan(
                rule(
                    enableContinuousBackup=True,
                    lifecycle={"deleteAfter": 35, "coldStorageAfter": -1},
                )
            ),
        ],
    ),
    Case(rule="plan_lifecycle_is_valid", what="not known yet", resources=[kept(30, UNKNOWN)]),
]


def vault(**props: Any) -> Resource:
    return resource(VAULT, "vault", name="standard", **props)


def lock(**props: Any) -> Resource:
    return resource(
        VAULT_LOCK,
        "lock",
        backupVaultName="standard",
        minRetentionDays=7,
        maxRetentionDays=90,
        **props,
    )


def air_gapped(**props: Any) -> Resource:
    return resource(
        AIR_GAPPED_VAULT,
        "isolated",
        name="isolated",
        minRetentionDays=7,
        maxRetentionDays=30,
        **props,
    )


AIR_GAPPED_ARN = VAULT_ARN.replace("standard", "isolated")
INTO_AIR_GAP = {
    "targetVaultName": "other",
    "targetLogicallyAirGappedBackupVaultArn": AIR_GAPPED_ARN,
}

OF_PLACES = [
    Case(
        rule="plan_keeps_within_lock",
        what="within it",
        resources=[vault(), lock(), plan(rule(targetVaultName="standard"))],
    ),
    Case(
        rule="plan_keeps_within_lock",
        what="a vault without a lock",
        resources=[vault(), plan(rule(DAILY, 1, targetVaultName="standard"))],
    ),
    Case(
        rule="plan_keeps_within_lock",
        what="another Region's lock",
        resources=[
            vault(),
            lock(region="eu-west-1"),
            plan(rule(DAILY, 1, targetVaultName="standard")),
        ],
    ),
    Case(
        rule="plan_keeps_within_lock",
        what="shorter",
        resources=[vault(), lock(), plan(rule(DAILY, 6.0, targetVaultName="standard"))],
        says="its rule one keeps for 6 days what goes to the vault vault, whose lock takes 7 to 90",
    ),
    Case(
        rule="plan_keeps_within_lock",
        what="for ever",
        resources=[vault(), lock(), plan(rule(DAILY, None, targetVaultName="standard"))],
        says="keeps for ever",
    ),
    Case(
        rule="plan_keeps_within_lock",
        what="a copy shorter, into a vault that does not stand yet",
        resources=[
            vault(arn=UNKNOWN),
            lock(),
            plan(rule(targetVaultName="other", copyActions=[copy(VAULT_ARN, deleteAfter=1)])),
        ],
        says="copy 1 of its rule one keeps for 1 days",
    ),
    Case(
        rule="plan_keeps_within_lock",
        what="a copy as long as its rule's, too long",
        resources=[
            vault(arn=VAULT_ARN),
            lock(),
            plan(rule(DAILY, 91, targetVaultName="other", copyActions=[copy(VAULT_ARN)])),
        ],
        says="copy 1 of its rule one keeps for 91 days",
    ),
    Case(
        rule="plan_keeps_within_lock",
        what="longer than an air-gapped vault does",
        resources=[air_gapped(), plan(rule(**INTO_AIR_GAP))],
        says="what goes to the vault isolated, whose lock takes 7 to 30",
    ),
    Case(
        rule="plan_keeps_within_lock",
        what="a lock that is not known yet",
        resources=[
            vault(),
            resource(VAULT_LOCK, backupVaultName="standard", minRetentionDays=UNKNOWN),
            plan(rule(DAILY, 1, targetVaultName="standard")),
        ],
    ),
    Case(
        rule="plan_copies_elsewhere",
        what="to another Region and account",
        resources=[plan(rule(copyActions=[copy(OTHER_REGION), copy(OTHER_ACCOUNT)]))],
    ),
    Case(
        rule="plan_copies_elsewhere",
        what="to both at once",
        resources=[plan(rule(copyActions=[copy(OTHER_ACCOUNT.replace(REGION, "eu-west-1"))]))],
    ),
    Case(
        rule="plan_copies_elsewhere",
        what="a vault of the stack in another Region, which does not stand yet",
        resources=[
            vault(region="eu-west-1", arn=UNKNOWN),
            plan(rule(copyActions=[copy(OTHER_REGION)])),
        ],
        config={"to": ["region"]},
    ),
    Case(
        rule="plan_copies_elsewhere",
        what="no copy, in a tier that asks for none",
        resources=[plan(rule(), name="bronze", tags={"tier": "low"})],
        config={"tiers": ["gold*", "tier=high"]},
    ),
    Case(
        rule="plan_copies_elsewhere",
        what="an air-gapped vault, and another Region",
        resources=[plan(rule(**INTO_AIR_GAP, copyActions=[copy(OTHER_REGION)]))],
    ),
    Case(
        rule="plan_copies_elsewhere",
        what="a tier by the plan's tags",
        resources=[plan(rule(copyActions=[copy(OTHER_REGION)]), tagsAll={"tier": "high"})],
        config={"tiers": ["tier=high"]},
        says="rule one of the plan plan copies to no other account",
    ),
    Case(
        rule="plan_copies_elsewhere",
        what="a tier by its name, and to its own account alone",
        resources=[plan(rule(copyActions=[copy(OTHER_ACCOUNT)]), name="gold-1")],
        config={"tiers": ["gold*"]},
        says="copies to no other region; give it a copy to a vault of another region",
    ),
    Case(
        rule="plan_copies_elsewhere",
        what="one rule does, and another not",
        resources=[
            plan(rule(copyActions=[copy(OTHER_REGION)]), rule(ruleName="two", copyActions=[]))
        ],
        config={"to": ["region"]},
        says="rule two of the plan plan",
    ),
    Case(
        rule="plan_copies_elsewhere",
        what="to a vault beside it, by another name",
        resources=[vault(arn=VAULT_ARN), plan(rule(copyActions=[copy(VAULT_ARN)]))],
        config={"to": ["region"]},
        says="copies to no other region",
    ),
    Case(
        rule="plan_copies_elsewhere",
        what="to a vault that is not known yet",
        resources=[plan(rule(copyActions=[copy(UNKNOWN)]))],
    ),
    Case(
        rule="plan_has_a_selection",
        what="one",
        resources=[plan(rule()), resource(SELECTION, sources={"planId": ["plan"]}, planId="p-1")],
    ),
    Case(
        rule="plan_has_a_selection",
        what="one of a plan that does not stand yet",
        resources=[plan(rule()), resource(SELECTION, sources={"planId": ["plan"]}, planId=UNKNOWN)],
    ),
    Case(
        rule="plan_has_a_selection",
        what="none",
        resources=[plan(rule())],
        says="the plan plan has no Selection; add one",
    ),
    Case(
        rule="plan_has_a_selection",
        what="another plan's",
        resources=[
            plan(rule()),
            resource(PLAN, "other"),
            resource(SELECTION, "first", sources={"planId": ["other"]}, planId="p-1"),
        ],
        says="the plan plan has no Selection",
    ),
    Case(
        rule="plan_has_a_selection",
        what="one that may be its",
        resources=[plan(rule()), resource(SELECTION, planId=UNKNOWN)],
    ),
]

CASES = [*OF_SCHEDULES, *OF_PLACES]
