"""A backup job that fails, fails again and then completes, as ServiceNow's stand-in has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from fleet.errors import ToldError
from fleet.sandbox.stage import Stage
from stacks.settings import Settings

Step = Callable[[str], AbstractContextManager[list[str]]]
"""Says what is done, and once it is, what it came to."""


class NotTold(ToldError):
    """ServiceNow does not have of a job what it should."""


class VolumesBackup:
    """The backups of one volume of an account into its first vault."""

    def __init__(self, stage: Stage, settings: Settings) -> None:
        self._stage = stage
        self._vault, where = next(iter(settings.vaults.items()))
        lock = where.lock
        self._kept_days = (lock.min_retention_days or lock.max_retention_days) if lock else None
        self._account, self._region = settings.account, settings.regions_of(where)[0]
        ec2 = f"arn:{settings.partition}:ec2:{self._region}:{self._account}"
        self.resource = f"{ec2}:volume/vol-0a1b2c3d4e5f60718"

    def incident_opened_noted_and_resolved(self, step: Step) -> Mapping[str, str]:
        """As it is in the end. Raises NotTold."""
        with step(f"fail a backup job in {self._account}") as came_to:
            self._end("FAILED")
            incident = self._incident("1", "2")
            came_to.append(f"incident {incident['number']}")
        with step("fail it again") as came_to:
            before = self._updates(incident)
            self._end("FAILED")
            if self._updates(incident) != before + 1:
                raise NotTold(f"{incident['number']} has no note of the second failure")
            came_to.append(f"a work note on {self._incident('1', '2')['number']}")
        with step("back it up") as came_to:
            self._end("COMPLETED")
            resolved = self._incident("6")
            came_to.append(f"{resolved['number']} is resolved")
        return resolved

    def _end(self, state: str) -> None:
        failed = state == "FAILED"
        self._stage.sandbox.call(
            "backup.job",
            kind="backup",
            account=self._account,
            region=self._region,
            vault=self._vault,
            resource_arn=self.resource,
            state=state,
            **({"delete_after_days": self._kept_days} if self._kept_days else {}),
            **({"message": "The volume is in the state error."} if failed else {}),
        )
        self._stage.sandbox.call("settle")

    def _incident(self, *states: str) -> Mapping[str, str]:
        found = [i for i in self._service_now("incidents") if self.resource in i["description"]]
        about = [incident for incident in found if incident["state"] in states]
        if len(about) != 1:
            there = ", ".join(f"{i['number']} in the state {i['state']}" for i in found) or "none"
            raise NotTold(
                f"expected one incident about {self.resource} in the state {' or '.join(states)}, "
                f"found {there}"
            )
        return about[0]

    def _updates(self, incident: Mapping[str, str]) -> int:
        return sum(
            request["method"] == "PATCH" and request["path"].endswith(incident["sys_id"])
            for request in self._service_now("requests")
        )

    def _service_now(self, what: str) -> Sequence[Any]:
        return self._stage.sandbox.call("servicenow")[what]
