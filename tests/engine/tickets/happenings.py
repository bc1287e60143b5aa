"""What happens to many resources, as events tell it, and what is not well in the end: found out
from what happened, and not from what the product makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, product
from random import Random
from typing import Any, Literal, TypeAlias
from uuid import UUID

from handlers.open_ticket.events import Alert
from handlers.open_ticket.lookup import Looked

Subject: TypeAlias = tuple[str, str, str, str]
"""What must be well: kind, resource, vault, and rule of a backup; "any" where nobody knows it."""
Kind: TypeAlias = Literal["backup", "copy", "restore"]

_ACCOUNTS = tuple(str(digit) * 12 for digit in range(1, 3))
_REGIONS = ("eu-central-1", "eu-west-1")
_RULES = ("daily", "monthly")
_DESTINATIONS = ("central", "elsewhere")
_WORDS = ("access", "agent", "disk", "driver", "freeze", "key", "lock", "network", "quota", "tag")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One that ended; times in seconds since 1970."""

    id: str
    kind: Kind
    resource: str
    vault: str
    """Where the backup or the copy is put."""
    rule: str
    """Of the plan; "" for a job on demand."""
    failed: bool
    ended: float
    told: float
    terse: bool
    """Its event names neither rule nor completion date, as AWS's own sample of a failure."""
    known: bool
    """It can be looked up."""
    message: str = ""

    @property
    def subject(self) -> Subject:
        if self.kind != "backup":
            return (self.kind, self.resource, self.vault, "")
        found = self.rule and (self.known or not self.terse)
        return (self.kind, self.resource, self.vault, self.rule if found else "any")

    @property
    def looked_up(self) -> Looked | None:
        if not self.known:
            return None
        return Looked(
            plan=f"plan of {self.rule}" if self.rule else "",
            plan_name="standard" if self.rule else "",
            rule=self.rule and f"rule {self.rule}",
            rule_name=self.rule,
            resource=self.resource,
            ended=datetime.fromtimestamp(self.ended, UTC),
        )

    def event(self) -> str:
        return json.dumps(
            {
                "version": "0",
                "id": str(UUID(int=UUID(self.id).int ^ 1)),
                "detail-type": f"{self.kind.title()} Job State Change",
                "source": "aws.backup",
                "account": self.resource.split(":")[4],
                "time": f"{datetime.fromtimestamp(self.told, UTC):%Y-%m-%dT%H:%M:%SZ}",
                "region": self.resource.split(":")[3],
                "resources": [] if self.kind == "backup" else [_recovery_point(self.resource)],
                "detail": {**self._detail(), **({} if self.terse else self._more())},
            }
        )

    def _detail(self) -> Mapping[str, Any]:
        message = {"statusMessage": self.message} if self.failed else {}
        common = {f"{self.kind}JobId": self.id, "resourceType": "EC2", **message}
        end = "FAILED" if self.failed else "COMPLETED"
        match self.kind:
            case "backup":
                arn = _vault_arn(self.resource, self.vault)
                of_vault = {"backupVaultArn": arn, "backupVaultName": self.vault}
                return {**common, "state": end, "resourceArn": self.resource, **of_vault}
            case "copy":
                arn = _vault_arn(self.resource, self.vault)
                there: Mapping[str, Any] = {"destinationBackupVaultArn": arn}
                return {**common, "state": end, "resourceArn": self.resource, **there}
            case "restore":
                source = {} if self.failed else {"sourceResourceArn": self.resource}
                point = {"recoveryPointArn": _recovery_point(self.resource)}
                return {**common, "status": end, **point, **source}

    def _more(self) -> Mapping[str, Any]:
        ended = datetime.fromtimestamp(self.ended, UTC).isoformat(timespec="milliseconds")
        date = {"completionDate": ended.replace("+00:00", "Z")}
        if not self.rule:
            return date
        by = {"backupPlanId": f"plan of {self.rule}", "backupPlanRuleId": f"rule {self.rule}"}
        return {**date, "createdBy": by}


def _vault_arn(resource: str, vault: str) -> str:
    _, _, _, region, account, _ = resource.split(":", 5)
    return f"arn:aws:backup:{region}:{account}:backup-vault:{vault}"


def _recovery_point(resource: str) -> str:
    return f"arn:aws:ec2:eu-central-1::image/ami-of-{resource.rpartition('/')[2]}"


@dataclass
class Happenings:
    """`jobs` of `resources`, within `hours` from `start`; two storms among them."""

    seed: int
    start: float
    hours: float
    jobs: int
    resources: int
    all: list[Job] = field(default_factory=list[Job])

    def __post_init__(self) -> None:
        self._random = Random(self.seed)  # noqa: S311 - a story, not a secret
        self._arns = [
            f"arn:aws:ec2:{region}:{account}:instance/i-{number:08x}"
            for number, (account, region) in zip(
                range(self.resources), cycle(product(_ACCOUNTS, _REGIONS)), strict=False
            )
        ]
        storms = [*self._storm(0.3, "red"), *self._storm(0.7, "blue")]
        spans = self.hours * 3600 / (self.jobs - len(storms))
        once = [
            self._job(self._random.choice(self._arns), self.start + number * spans)
            for number in range(self.jobs - len(storms))
        ]
        self.all = sorted([*once, *storms], key=lambda job: job.ended)
        self._by_id = {job.id: job for job in self.all}

    def _job(self, resource: str, ended: float) -> Job:
        kind = self._random.choices(("backup", "copy", "restore"), (6, 3, 1))[0]
        failed = self._random.random() < 0.35
        rule = self._random.choice((*_RULES, *_RULES, ""))
        words = " ".join(self._random.sample(_WORDS, 4))
        return Job(
            id=str(UUID(int=self._random.getrandbits(128), version=4)),
            kind=kind,
            resource=resource,
            vault=self._random.choice(_DESTINATIONS) if kind == "copy" else "standard",
            rule=rule if kind == "backup" else "",
            failed=failed,
            ended=round(ended, 3),
            told=ended + self._random.uniform(0, 0.5),
            terse=failed and kind == "backup" and self._random.random() < 0.5,
            known=not failed or kind == "restore" or self._random.random() < 0.8,
            message=f"It failed: {words}" if failed else "",
        )

    def _storm(self, share: float, vault: str) -> Iterator[Job]:
        """One cause in one account and Region, for all that is there."""
        moment = self.start + share * self.hours * 3600
        there = [arn for arn in self._arns if arn.split(":")[3:5] == self._arns[0].split(":")[3:5]]
        for number, resource in enumerate(there[:40]):
            yield Job(
                id=str(UUID(int=self._random.getrandbits(128), version=4)),
                kind="backup",
                resource=resource,
                vault="standard",
                rule="daily",
                failed=True,
                ended=round(moment + number * 3, 3),
                told=moment + number * 3 + 1,
                terse=False,
                known=True,
                message=f"The key {number} of the {vault} vault is disabled",
            )

    def of(self, alert: Alert) -> Looked | None:
        """What the account tells of a job."""
        return self._by_id[alert.job_id].looked_up

    def job(self, job_id: str) -> Job | None:
        return self._by_id.get(job_id)

    def not_well(self) -> Mapping[Subject, Sequence[Job]]:
        """What failed after it last went well, with those failures."""
        failed: dict[Subject, list[Job]] = {}
        for job in self.all:
            if job.failed:
                failed.setdefault(job.subject, []).append(job)
                continue
            failed.pop(job.subject, None)
            if job.kind == "backup":
                failed.pop((job.kind, job.resource, job.vault, "any"), None)
        return failed


def malformed(random: Random) -> Sequence[str]:
    """Messages that are no event that anybody could tell of."""
    running = {"detail-type": "Backup Job State Change", "detail": {"state": "RUNNING"}}
    nameless = {"detail-type": "Copy Job State Change", "detail": {"state": "FAILED"}}
    texts = ("", "{", "[]", "null", json.dumps({}), json.dumps(running), json.dumps(nameless))
    return [text + " " * random.randrange(9) for text in texts]
