"""Rules about vaults."""

from __future__ import annotations

import json
from typing import Any

from policies.resource_types import (
    AIR_GAPPED_VAULT,
    KEY,
    KEYS,
    PLAN,
    VAULT,
    VAULT_LOCK,
    VAULT_POLICY,
)
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import ACCOUNT, KEY_ARN, REGION, Case, resource

ARN = f"arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:standard"
BREAK_GLASS = f"arn:aws:iam::{ACCOUNT}:role/break-glass"
ELSEWHERE = "eu-west-1"
DELETIONS = ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"]
AS_CONFIG_HAS_IT = [*DELETIONS, "backup:PutBackupVaultAccessPolicy"]


def vault(*sources: str, **props: Any) -> Resource:
    """Its key by where the ARN comes from, here the key of the stack by default."""
    given: dict[str, Any] = {"name": "standard", **props}
    return resource(VAULT, "standard", sources={"kmsKeyArn": sources or ["key"]}, **given)


def key(**props: Any) -> Resource:
    return resource(KEY, "key", **props)


def lock(**props: Any) -> Resource:
    given: dict[str, Any] = {"backupVaultName": "standard", **props}
    return resource(VAULT_LOCK, "lock", **given)


def policy(*statements: Any, **props: Any) -> Resource:
    document = json.dumps({"Statement": [*statements]})
    given: dict[str, Any] = {"backupVaultName": "standard", "policy": document, **props}
    return resource(VAULT_POLICY, "policy", **given)


def denied(actions: Any = AS_CONFIG_HAS_IT, /, **element: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": "*", **element}


def allowed(principal: Any, /, **element: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Resource": "*"}
    return {"Action": "backup:CopyIntoBackupVault", **statement, **element}


def plan(**rule: Any) -> Resource:
    return resource(PLAN, "plan", rules=[{"ruleName": "daily", **rule}])


FILLING = plan(targetVaultName="standard")
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}
FOREIGN = {"AWS": "arn:aws:iam::999999999999:root"}
NOT_DENIED = "denies not to all backup:DeleteRecoveryPoint, backup:UpdateRecoveryPointLifecycle"

OF_KEYS = [
    Case(rule="vault_is_encrypted", what="a key", resources=[vault(kmsKeyArn=KEY_ARN)]),
    Case(
        rule="vault_is_encrypted",
        what="a key of another partition, in several Regions",
        resources=[vault(kmsKeyArn=f"arn:aws-us-gov:kms:{REGION}:{ACCOUNT}:key/mrk-1234abcd")],
    ),
    Case(rule="vault_is_encrypted", what="the AWS-managed key", resources=[vault()]),
    Case(
        rule="vault_is_encrypted",
        what="an alias",
        resources=[vault(kmsKeyArn="alias/mine")],
        says="give the ARN of a key",
    ),
    Case(
        rule="vault_is_encrypted",
        what="an alias by its ARN",
        resources=[vault(kmsKeyArn=f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/backup")],
        says="give the ARN of a key",
    ),
    Case(
        rule="vault_is_encrypted",
        what="an air-gapped vault's alias",
        resources=[resource(AIR_GAPPED_VAULT, encryptionKeyArn="alias/mine")],
        says="encryptionKeyArn is 'alias/mine'",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a vault that is not known yet hides nothing of another",
        resources=[vault(kmsKeyArn=UNKNOWN), vault(kmsKeyArn="alias/mine")],
        says="give the ARN of a key",
    ),
    Case(
        rule="vault_is_encrypted",
        what="a key that is not known yet",
        resources=[vault(kmsKeyArn=UNKNOWN)],
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key that was brought along, and is known",
        resources=[vault(kmsKeyArn=KEY_ARN)],
        config={"known_keys": [KEY_ARN]},
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key that is not among the known ones",
        resources=[vault(kmsKeyArn=KEY_ARN.replace("key/", "key/0"))],
        config={"known_keys": [KEY_ARN]},
        says="one of unknown origin",
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key that may be among the known ones",
        resources=[vault("elsewhere", kmsKeyArn=UNKNOWN)],
        config={"known_keys": [KEY_ARN]},
    ),
    Case(
        rule="vault_has_its_own_key",
        what="its own key",
        resources=[vault(kmsKeyArn=KEY_ARN), key(arn=KEY_ARN)],
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key of the stack by its ARN alone",
        resources=[vault("none", kmsKeyArn=KEY_ARN), resource(KEYS[2], "replica", arn=KEY_ARN)],
    ),
    Case(
        rule="vault_has_its_own_key",
        what="its own key, whose ARN is not known yet",
        resources=[vault(kmsKeyArn=UNKNOWN), key()],
    ),
    Case(
        rule="vault_has_its_own_key",
        what="no key, where a preview does not know which one AWS takes",
        resources=[vault("none", kmsKeyArn=UNKNOWN), key()],
        says="set `key: customer_managed`",
    ),
    Case(
        rule="vault_has_its_own_key",
        what="a key by its ARN alone, which may be AWS's",
        resources=[vault("none", kmsKeyArn=KEY_ARN), key(arn=f"{KEY_ARN}0")],
        says="set `key: customer_managed`",
    ),
    Case(
        rule="vault_has_its_own_key",
        what="another's ARN, which only depends on a key of the stack",
        resources=[vault(kmsKeyArn=KEY_ARN), key(arn=f"{KEY_ARN}0")],
        says="one of unknown origin",
    ),
]

OF_LOCKS = [
    Case(rule="vault_is_locked", what="by name", resources=[vault(), lock()]),
    Case(
        rule="vault_is_locked",
        what="a lock by where its vault's name comes from",
        resources=[
            vault(name=UNKNOWN),
            resource(
                VAULT_LOCK,
                "lock",
                sources={"backupVaultName": ["standard"]},
                backupVaultName=UNKNOWN,
            ),
        ],
    ),
    Case(
        rule="vault_is_locked",
        what="no lock",
        resources=[vault()],
        says="the vault standard has no VaultLockConfiguration; add one",
    ),
    Case(
        rule="vault_is_locked",
        what="the lock of the vault of that name in another Region",
        resources=[vault(), lock(region=ELSEWHERE)],
        says="add one",
    ),
    Case(
        rule="vault_is_locked",
        what="a vault that goes with all in it, and that nobody fills",
        resources=[vault(forceDestroy=True)],
    ),
    Case(
        rule="vault_is_locked",
        what="a vault that goes with all in it, and that a plan fills",
        resources=[vault(forceDestroy=True), FILLING],
        says="add one",
    ),
    Case(
        rule="vault_is_locked",
        what="a vault that goes with all in it, and that others copy into",
        resources=[
            vault(forceDestroy=True, arn=ARN),
            policy(allowed("*", Condition=ORGANIZATION)),
        ],
        says="add one",
    ),
    Case(
        rule="vault_is_locked",
        what="a lock of a vault that is not known yet",
        resources=[vault(), lock(backupVaultName=UNKNOWN)],
    ),
    Case(
        rule="vault_lock_is_compliance",
        what="after two weeks",
        resources=[lock(changeableForDays=14.0)],
    ),
    Case(
        rule="vault_lock_is_compliance",
        what="governance",
        resources=[lock()],
        says="is in governance mode; set changeableForDays",
    ),
    Case(
        rule="vault_lock_is_compliance",
        what="after a century",
        resources=[lock(changeableForDays=36500.0)],
        says="can be lifted for 36500 days; set changeableForDays to at most 30",
    ),
    Case(
        rule="vault_lock_is_compliance",
        what="not known yet",
        resources=[lock(changeableForDays=UNKNOWN)],
    ),
    Case(
        rule="vault_lock_has_bounds",
        what="a week to ten years",
        resources=[lock(minRetentionDays=7.0, maxRetentionDays=3650.0)],
    ),
    Case(
        rule="vault_lock_has_bounds",
        what="no upper one",
        resources=[lock(minRetentionDays=7)],
    ),
    Case(
        rule="vault_lock_has_bounds",
        what="no lower one",
        resources=[lock(maxRetentionDays=3650)],
        says="for 0 days at least; set minRetentionDays to 7 or more",
    ),
    Case(
        rule="vault_lock_has_bounds",
        what="a lower one that lets anything go tomorrow",
        resources=[lock(minRetentionDays=1)],
        says="for 1 days at least",
    ),
    Case(
        rule="vault_lock_has_bounds",
        what="an air-gapped vault's that cross",
        resources=[resource(AIR_GAPPED_VAULT, minRetentionDays=30, maxRetentionDays=7)],
        says="set maxRetentionDays above minRetentionDays",
    ),
    Case(
        rule="vault_lock_has_bounds",
        what="not known yet",
        resources=[lock(minRetentionDays=UNKNOWN, maxRetentionDays=1)],
    ),
]


def denies(what: str, *statements: Any, says: str | None = None, **config: Any) -> Case:
    return Case(
        rule="vault_denies_deletion",
        what=what,
        resources=[vault(), policy(*statements)],
        says=says,
        config=config,
    )


OF_DELETION = [
    denies("as AWS Config wants it", denied()),
    denies("to everybody in a list", denied(Principal={"AWS": ["*"]}, Resource=["*"])),
    denies("by several statements", denied(DELETIONS), denied(AS_CONFIG_HAS_IT[2])),
    denies("in other letters, with wildcards", denied(["Backup:delete*", "BACKUP:*P*"])),
    denies("all but reading", denied([], NotAction=["backup:Describe*", "backup:List*"])),
    denies(
        "but to break-glass roles",
        denied(Condition={"ArnNotLike": {"aws:PrincipalArn": [BREAK_GLASS, f"{BREAK_GLASS}-*"]}}),
    ),
    denies(
        "deletion alone, where that is enough",
        denied(DELETIONS),
        actions=["backup:DeleteRecoveryPoint"],
    ),
    denies("but not another policy", denied(DELETIONS), says="backup:PutBackupVaultAccessPolicy;"),
    denies("nothing", says=NOT_DENIED),
    denies("by a statement that allows", denied(Effect="Allow"), says=NOT_DENIED),
    denies("to one role", denied(Principal={"AWS": BREAK_GLASS}), says=NOT_DENIED),
    denies("of one recovery point", denied(Resource=f"{ARN}/one"), says=NOT_DENIED),
    denies(
        "but to every role of every account",
        denied(Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}),
        says=NOT_DENIED,
    ),
    denies(
        "but to all",
        denied(Condition={"StringNotLike": {"aws:PrincipalArn": ["*"]}}),
        says=NOT_DENIED,
    ),
    denies(
        "to other organizations alone",
        denied(Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}),
        says=NOT_DENIED,
    ),
    denies(
        "to one user alone",
        denied(Condition={"ArnLike": {"aws:PrincipalArn": BREAK_GLASS}}),
        says=NOT_DENIED,
    ),
    denies("all but deletion", denied([], NotAction="backup:*Recovery*"), says=NOT_DENIED),
    Case(
        rule="vault_denies_deletion",
        what="by the policy of another Region's vault",
        resources=[vault(), policy(denied(), region=ELSEWHERE)],
        says=NOT_DENIED,
    ),
    Case(
        rule="vault_denies_deletion",
        what="no policy at all, of a vault that goes with all in it and nobody fills",
        resources=[vault(forceDestroy=True)],
    ),
    Case(
        rule="vault_denies_deletion",
        what="a policy that is not known yet",
        resources=[vault(), policy(policy=UNKNOWN)],
    ),
]

OF_COPIES = [
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="its organization, in other letters",
        resources=[
            policy(
                denied(),
                allowed(
                    {"AWS": "*"},
                    Action=["backup:copyIntoBackupVault"],
                    Condition={"stringequals": {"AWS:PrincipalOrgId": ["o-exampleorg1"]}},
                ),
            )
        ],
        config={"known_organizations": ["o-exampleorg1"]},
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="units of an organization",
        resources=[
            policy(
                allowed(
                    "*",
                    Condition={
                        "ForAnyValue:StringLike": {
                            "aws:PrincipalOrgPaths": "o-exampleorg1/r-exam/ou-1/*"
                        }
                    },
                )
            )
        ],
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="an account that is known, and its own",
        resources=[policy(allowed({"AWS": ["111111111111", f"arn:aws:iam::{ACCOUNT}:root"]}))],
        config={"known_accounts": ["111111111111"]},
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="another action for all",
        resources=[policy(allowed("*", Action="backup:Describe*"))],
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="a foreign account's root",
        resources=[policy(allowed(FOREIGN))],
        says="policy lets arn:aws:iam::999999999999:root copy into the vault (statement 0)",
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="anybody",
        resources=[policy(allowed("*"))],
        says="copy into the vault (statement 0); condition it on aws:PrincipalOrgID",
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="anybody, as one of all actions",
        resources=[policy(allowed({"AWS": "*"}, Action="*"))],
        says="lets anybody copy",
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="anybody but one",
        resources=[
            policy(
                {
                    "Effect": "Allow",
                    "NotPrincipal": FOREIGN,
                    "NotAction": "backup:Delete*",
                    "Resource": "*",
                }
            )
        ],
        says="lets anybody copy",
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="a condition that holds for strangers too",
        resources=[
            policy(
                allowed(
                    "*",
                    Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorg1"}},
                )
            )
        ],
        says="lets anybody copy",
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="any organization at all",
        resources=[policy(allowed("*", Condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}}))],
        says="lets anybody copy",
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="another organization than its own",
        resources=[policy(allowed("*", Condition=ORGANIZATION))],
        config={"known_organizations": ["o-exampleorg2"]},
        says="lets o-exampleorg1 copy",
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="a foreign account by a condition",
        resources=[
            policy(
                allowed("*", Condition={"StringEquals": {"aws:PrincipalAccount": "999999999999"}})
            )
        ],
        says="lets 999999999999 copy",
    ),
    Case(
        rule="vault_takes_copies_from_its_organization",
        what="not known yet",
        resources=[policy(policy=UNKNOWN)],
    ),
]

OF_USE = [
    Case(
        rule="vault_is_protected",
        what="by the option",
        resources=[resource(VAULT, protect=True), resource(AIR_GAPPED_VAULT, protect=True)],
    ),
    Case(
        rule="vault_is_protected",
        what="one that goes with all in it",
        resources=[vault(forceDestroy=True)],
    ),
    Case(
        rule="vault_is_protected",
        what="not",
        resources=[vault(forceDestroy=False)],
        says="the vault standard is not protected; give it the resource option protect",
    ),
    Case(
        rule="vault_is_protected",
        what="an air-gapped one is not",
        resources=[resource(AIR_GAPPED_VAULT)],
        says="give it the resource option protect",
    ),
    Case(rule="vault_is_protected", what="not known yet", resources=[vault(forceDestroy=UNKNOWN)]),
    Case(rule="vault_is_used", what="by a plan", resources=[vault(), FILLING]),
    Case(
        rule="vault_is_used",
        what="as the destination of copies, before it stands",
        resources=[
            vault(arn=UNKNOWN),
            plan(targetVaultName="other", copyActions=[{"destinationVaultArn": ARN}]),
        ],
    ),
    Case(
        rule="vault_is_used",
        what="an air-gapped one",
        resources=[
            resource(AIR_GAPPED_VAULT, arn=ARN, name="standard"),
            plan(targetVaultName="other", targetLogicallyAirGappedBackupVaultArn=ARN),
        ],
    ),
    Case(
        rule="vault_is_used",
        what="by others of the organization",
        resources=[vault(), policy(allowed("*", Condition=ORGANIZATION))],
    ),
    Case(
        rule="vault_is_used",
        what="by nobody",
        resources=[vault(), policy(denied())],
        says="no plan of the stack backs up or copies into the vault standard",
    ),
    Case(
        rule="vault_is_used",
        what="by a plan of another Region, which fills its own vault of that name",
        resources=[
            vault(),
            resource(PLAN, "plan", region=ELSEWHERE, rules=[{"targetVaultName": "standard"}]),
        ],
        says="no plan of the stack",
    ),
    Case(
        rule="vault_is_used",
        what="by a plan whose vault is not known yet",
        resources=[
            vault(arn=UNKNOWN),
            resource(
                PLAN,
                "plan",
                sources={"rules": ["standard"]},
                rules=[
                    {
                        "targetVaultName": "other",
                        "copyActions": [{"destinationVaultArn": UNKNOWN}],
                    }
                ],
            ),
        ],
    ),
]

CASES = [*OF_KEYS, *OF_LOCKS, *OF_DELETION, *OF_COPIES, *OF_USE]
