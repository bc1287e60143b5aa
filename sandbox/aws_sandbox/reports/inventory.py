"""What is backed up: resources that stay the same from day to day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from aws_sandbox.reports.draws import Draws
from aws_sandbox.reports.kinds import KINDS, RULES, Kind, Rule
from aws_sandbox.reports.organization import Account

_WORKLOADS = ("orders", "billing", "ledger", "search", "portal", "archive", "reports", "mail")
_STAGES = ("prod", "stage", "dev")


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """A protected resource."""

    key: str
    """Names it among all of all seeds: what its jobs' numbers are drawn with."""
    account: Account
    region: str
    kind: Kind
    arn: str
    name: str
    rule: Rule
    gib: float
    troubled: bool
    """Fails often, as one resource in twenty does."""
    parent: "Resource | None"
    """The CloudFormation stack that it is backed up with."""

    def recovery_point(self, job_id: str, region: str) -> str:
        """The ARN of what a job made in a Region."""
        return self.kind.recovery_point.format(
            region=region,
            account=self.account.id,
            job=job_id.lower(),
            hex=Draws(f"{job_id}/{region}").hexadecimal(17),
        )

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """The columns that are the same in the row of each of its jobs."""
        account, region = self.account.id, self.region
        here = f"arn:aws:backup:{region}:{account}"
        plan = Draws(f"{self.key.rsplit('/', 1)[0]}/{self.rule.name}")
        return {
            "pathToRoot": self.account.path_to_root,
            "accountId": account,
            "region": region,
            "resourceType": self.kind.type,
            "resourceArn": self.arn,
            "resourceName": self.name,
            "backupPlanArn": f"{here}:backup-plan:{plan.uuid().lower()}",
            "backupRuleId": Draws(f"{plan.uuid()}/rule").uuid().lower(),
            "backupPlanName": "organization-standard",
            "backupRuleName": self.rule.name,
            "backupRuleSchedule": self.rule.schedule,
            "backupRuleTimezone": "Etc/UTC",
            "backupOptions": '{"WindowsVSS":"enabled"}' if self.kind.type == "EC2" else "",
            "isParentJob": "true" if self.kind.type == "CloudFormation" else "false",
            "backupVaultName": "central",
            "backupVaultArn": f"{here}:backup-vault:central",
            "vaultType": "BACKUP_VAULT",
            "vaultLockStatus": "LOCKED" if plan.share(0) < 0.6 else "UNLOCKED",
            "isEncrypted": "true",
            "encryptionKeyArn": f"arn:aws:kms:{region}:{account}:key/{plan.uuid().lower()}",
            "deleteAfterDays": str(self.rule.keep_days),
            "moveToColdAfterDays": str(self.rule.cold_after_days or ""),
            "enableArchive": "false",
            "iamRoleArn": f"arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole",
        }


@lru_cache(maxsize=4096)
def resources(seed: int, account: Account, region: str, count: int) -> Sequence[Resource]:
    """The resources of one account and Region; a larger count keeps those of a smaller one."""
    made: list[Resource] = []
    last_stack: Resource | None = None
    for number in range(count):
        resource = _resource(f"{seed}/{account.id}/{region}/{number}", account, region, last_stack)
        made.append(resource)
        last_stack = resource if resource.kind.type == "CloudFormation" else last_stack
    return tuple(made)


def _resource(key: str, account: Account, region: str, last_stack: Resource | None) -> Resource:
    draws = Draws(key)
    kind = KINDS[int(draws.share(0) ** 1.5 * len(KINDS))]
    workload = _WORKLOADS[int(draws.share(1) * len(_WORKLOADS))]
    stage = _STAGES[int(draws.share(2) ** 2 * len(_STAGES))]
    name = f"{workload}-{stage}-{int(key.rsplit('/', 1)[1]):03d}"
    inside = draws.share(3) < 0.5 and kind.type in {"EBS", "DynamoDB"}
    parent = last_stack if inside else None
    return Resource(
        key=key,
        account=account,
        region=region,
        kind=kind,
        arn=kind.arn.format(
            region=region,
            account=account.id,
            name=name,
            hex=draws.hexadecimal(17),
            uuid=draws.uuid().lower(),
        ),
        name=name,
        rule=parent.rule if parent else RULES[int(draws.share(4) * len(RULES))],
        gib=kind.typical_gib * 4 ** (2 * draws.share(5) - 1),
        troubled=draws.share(6) < 0.05,
        parent=parent,
    )
