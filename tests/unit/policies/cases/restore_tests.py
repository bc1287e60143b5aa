"""Rules about restore tests."""

from __future__ import annotations

from typing import Any

from policies.resource_types import (
    AIR_GAPPED_VAULT,
    PLAN,
    RESTORE_TESTING_PLAN,
    RESTORE_TESTING_SELECTION,
    VAULT,
)
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import ACCOUNT, REGION, Case, resource

ARN = f"arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:standard"
SELECTION = resource(RESTORE_TESTING_SELECTION, "volumes", restoreTestingPlanName="weekly")
FILLING = resource(
    PLAN,
    "plan",
    rules=[{"targetVaultName": "standard", "targetLogicallyAirGappedBackupVaultArn": ARN}],
)


def vault(type_: str = VAULT, /, **props: Any) -> Resource:
    return resource(type_, "vault", name="standard", **props)


def weekly(*arns: Any, excluded: Any = None, **props: Any) -> Resource:
    given: dict[str, Any] = {
        "name": "weekly",
        "recoveryPointSelection": {"includeVaults": [*arns], "excludeVaults": excluded},
        **props,
    }
    return resource(
        RESTORE_TESTING_PLAN, "weekly", sources={"recoveryPointSelection": ["vault"]}, **given
    )


def included(what: str, *resources: Resource, says: str | None = None) -> Case:
    return Case(rule="vault_is_in_a_restore_test", what=what, resources=resources, says=says)


def runs(what: str, schedule: Any, says: str | None = None, **config: Any) -> Case:
    plan = resource(RESTORE_TESTING_PLAN, "weekly", scheduleExpression=schedule)
    return Case(
        rule="restore_tests_run_often", what=what, resources=[plan], says=says, config=config
    )


IN_NONE = "no restore testing plan with a selection includes the vault vault; include it"

CASES = [
    included("by its ARN", vault(arn=ARN), FILLING, weekly(ARN), SELECTION),
    included("as one of all", vault(), FILLING, weekly("*"), SELECTION),
    included("before it stands", vault(arn=UNKNOWN), FILLING, weekly(ARN), SELECTION),
    included(
        "an air-gapped one", vault(AIR_GAPPED_VAULT, arn=ARN), FILLING, weekly(ARN), SELECTION
    ),
    included("a vault that no plan fills", vault()),
    included("in none", vault(), FILLING, says=IN_NONE),
    included("an air-gapped one in none", vault(AIR_GAPPED_VAULT, arn=ARN), FILLING, says=IN_NONE),
    included(
        "in one of other vaults",
        vault(arn=ARN),
        FILLING,
        weekly(f"{ARN}-2"),
        SELECTION,
        says=IN_NONE,
    ),
    included("in one that selects nothing", vault(), FILLING, weekly("*"), says=IN_NONE),
    included(
        "in one that leaves it out",
        vault(arn=ARN),
        FILLING,
        weekly("*", excluded=[ARN]),
        SELECTION,
        says=IN_NONE,
    ),
    included(
        "in another Region's",
        vault(),
        FILLING,
        weekly("*", region="eu-west-1"),
        SELECTION,
        says=IN_NONE,
    ),
    included(
        "by an ARN that is not known yet",
        vault(arn=UNKNOWN),
        FILLING,
        weekly(UNKNOWN),
        SELECTION,
    ),
    runs("weekly", "cron(0 12 ? * SUN *)"),
    runs("quarterly, where that is enough", "cron(0 5 1 */3 ? *)", max_days=92),
    runs(
        "yearly", "cron(0 5 1 1 ? *)", says="weekly runs up to 366 days apart; let it run every 31"
    ),
    runs("once", "cron(0 5 1 1 ? 2029)", says="weekly runs not for good"),
    runs("in words", "weekly", says="none that AWS takes: 'weekly' is neither"),
    runs("not known yet", UNKNOWN),
]
