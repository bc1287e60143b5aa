"""AWS Backup's list calls over jobs and vaults at hand: paged, filtered and, if wanted, throttled
as AWS answers them; what is refused is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from handlers.member_clients import MemberClients

Item = Mapping[str, Any]


def client_error(code: str, operation: str = "ListBackupJobs") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code}, says AWS"}}, operation)


@dataclass
class BackupAtHand:
    """One account and Region, of AWS Backup and of the tagging API."""

    backup_jobs: Sequence[Item] = ()
    copy_jobs: Sequence[Item] = ()
    restore_jobs: Sequence[Item] = ()
    vaults: Mapping[str, tuple[Item, Mapping[str, str]]] = field(
        default_factory=dict[str, "tuple[Item, Mapping[str, str]]"]
    )
    """By ARN, a vault and its tags."""
    recovery_points: Mapping[str, Sequence[Item]] = field(default_factory=dict[str, Sequence[Item]])
    """By the vault's name."""
    protected: Sequence[Item] = ()
    tagged: Sequence[Item] = ()
    page_size: int = 2
    throttled: int = 0
    """How many of the next calls are throttled."""
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    """Error codes by method."""
    calls: Counter[str] = field(default_factory=Counter[str])

    def list_backup_jobs(self, **request: Any) -> Item:
        return self._jobs("list_backup_jobs", "BackupJobs", self.backup_jobs, request)

    def list_copy_jobs(self, **request: Any) -> Item:
        return self._jobs("list_copy_jobs", "CopyJobs", self.copy_jobs, request)

    def list_restore_jobs(self, **request: Any) -> Item:
        return self._jobs("list_restore_jobs", "RestoreJobs", self.restore_jobs, request)

    def list_backup_vaults(self, **request: Any) -> Item:
        found = [vault for vault, _ in self.vaults.values()]
        return self._page("list_backup_vaults", "BackupVaultList", found, request)

    def list_tags(self, **request: Any) -> Item:
        self._called("list_tags")
        return {"Tags": self.vaults[request["ResourceArn"]][1]}

    def list_recovery_points_by_backup_vault(self, **request: Any) -> Item:
        found = self.recovery_points.get(request["BackupVaultName"], ())
        name = "list_recovery_points_by_backup_vault"
        return self._page(name, "RecoveryPoints", found, request)

    def list_protected_resources(self, **request: Any) -> Item:
        return self._page("list_protected_resources", "Results", self.protected, request)

    def get_resources(self, **request: Any) -> Item:
        member = "ResourceTagMappingList"
        return self._page("get_resources", member, self.tagged, request, "PaginationToken")

    def _jobs(self, name: str, member: str, jobs: Sequence[Item], request: Item) -> Item:
        after, before = request["ByCreatedAfter"], request["ByCreatedBefore"]
        found = [job for job in jobs if after < job["CreationDate"] < before]
        return self._page(name, member, found, request)

    def _page(
        self,
        name: str,
        member: str,
        items: Sequence[Item],
        request: Item,
        following: str = "NextToken",
    ) -> Item:
        self._called(name)
        start = int(request.get(following) or 0)
        end = start + self.page_size
        more = {following: str(end)} if end < len(items) else {}
        return {member: items[start:end], **more}

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        if self.throttled:
            self.throttled -= 1
            raise client_error("ThrottlingException")
        if name in self.refused:
            raise client_error(self.refused[name])


@dataclass(frozen=True)
class Members:
    """In place of MemberClients: accounts and Regions at hand, and those that let nobody in."""

    at_hand: Mapping[tuple[str, str], BackupAtHand]
    lake: Any = None

    def backup(self, account: str, region: str) -> Any:
        if (account, region) not in self.at_hand:
            raise client_error("AccessDenied", "AssumeRole")
        return self.at_hand[account, region]

    def tagging(self, account: str, region: str) -> Any:
        return self.backup(account, region)

    def s3(self, account: str) -> Any:
        assert account
        return self.lake

    @property
    def clients(self) -> MemberClients:
        return cast("MemberClients", self)
