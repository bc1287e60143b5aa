"""What `backup-org recover` takes, finds and refuses, where AWS Backup answers what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fleet import access
from fleet.errors import ToldError
from fleet.project import PROJECT_VARIABLE
from fleet.recovery import coming_back
from fleet.recovery.coming_back import Recovery, copied, vault_for
from fleet.recovery.points import NoSuchPoint, Point, listed, named, newest, points_of
from fleet.recovery.sides import NoRecovery, Sides, sides
from fleet.terminal import console
from stacks.load import CUSTOMERS
from tests.support.command import backup_org

AUDIT, MEMBER, REGION = "222222222222", "333333333333", "eu-central-1"
RESOURCE = f"arn:aws:rds:{REGION}:{MEMBER}:db:orders"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CENTRAL = f"arn:aws:backup:{REGION}:{AUDIT}:backup-vault:central"
STANDARD = f"arn:aws:backup:{REGION}:{MEMBER}:backup-vault:standard"
SHARED: Mapping[str, Any] = {
    "customer": "acme",
    "organization": {"management_account": "111111111111", "audit_account": AUDIT},
    "region": REGION,
}
GIVES: Mapping[str, Any] = {
    "role": "audit",
    "vaults": {"central": {"copies_from": "organization"}},
    "recovery": {},
}
TAKES: Mapping[str, Any] = {
    "role": "member",
    "name": "web",
    "account": MEMBER,
    "regions": [REGION],
    "vaults": {"standard": {}},
    "recovery": {"from_account": "central"},
}


@pytest.fixture
def customer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A customer with a central account and a member, with what differs."""
    monkeypatch.setenv(PROJECT_VARIABLE, str(tmp_path))

    def written(gives: Mapping[str, Any] | None = None, **takes: Any) -> Path:
        folder = tmp_path / CUSTOMERS
        folder.mkdir(parents=True, exist_ok=True)
        (tmp_path / "Pulumi.yaml").touch()
        (folder / "acme.yaml").write_text(json.dumps(SHARED))
        stacks = {"acme-audit": {**GIVES, **(gives or {})}, "acme-member-web": {**TAKES, **takes}}
        for stack, own in stacks.items():
            config = {"config": {"backup-org:settings": {"extends": "acme", **own}}}
            (folder / f"Pulumi.{stack}.yaml").write_text(json.dumps(config))
        return tmp_path

    return written


class Aws:
    """One client of AWS Backup for both accounts, in the order of its calls."""

    def __init__(self) -> None:
        self.client: Any = boto3.client(
            "backup", REGION, aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stub = Stubber(self.client)
        self.stub.activate()

    def has(self, vault: str, *points: Mapping[str, Any]) -> None:
        self.stub.add_response(
            "list_recovery_points_by_backup_vault",
            {"RecoveryPoints": points},
            {
                "BackupVaultName": vault,
                **({"ByResourceArn": RESOURCE} if vault != "central" else {}),
            },
        )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    made = Aws()

    class Session:
        @staticmethod
        def client(service: str, *, region_name: str) -> Any:
            assert (service, region_name) == ("backup", REGION)
            return made.client

    def session(_settings: Any) -> Any:
        return Session

    monkeypatch.setattr(access, "session", session)
    return made


def kept(name: str, *, days_ago: int = 0, **own: Any) -> dict[str, Any]:
    """A recovery point as the central vault lists it."""
    return {
        "RecoveryPointArn": f"arn:aws:rds:{REGION}:{AUDIT}:snapshot:awsbackup:{name}",
        "BackupVaultArn": CENTRAL,
        "SourceBackupVaultArn": STANDARD,
        "ResourceArn": RESOURCE,
        "ResourceType": "RDS",
        "CreationDate": NOW - timedelta(days=days_ago),
        "Status": "COMPLETED",
        **own,
    }


def point(**own: Any) -> Point:
    given: dict[str, Any] = {
        "arn": f"arn:aws:rds:{REGION}:{AUDIT}:snapshot:awsbackup:copyjob-1",
        "type": "RDS",
        "resource": RESOURCE,
        "made": NOW,
        "kept_until": None,
        "status": "COMPLETED",
        "region": REGION,
        "vault": "central",
        "source_vault": "standard",
    }
    return Point(**{**given, **own})


def test_points_of_the_account_alone_are_found_the_newest_first(
    customer: Callable[..., Path], aws: Aws
) -> None:
    strange = STANDARD.replace(MEMBER, "444444444444")
    aws.has(
        "central",
        kept("old", days_ago=2),
        kept("strange", SourceBackupVaultArn=strange),
        kept("new"),
        {key: value for key, value in kept("own").items() if key != "SourceBackupVaultArn"},
    )
    found = points_of(sides("acme", "web", customer()))
    assert [each.name for each in found] == ["new", "old"]


def test_the_list_fits_80_columns_and_says_what_is_not_whole() -> None:
    with console.capture() as captured:
        name = "awsbackup:copyjob-3c1f2d53-1e7f-5d1b-9d4d-9f0f2f3f4f5f"
        whole = point(arn=f"arn:aws:rds:{REGION}:{AUDIT}:snapshot:{name}")
        for part in listed([whole, point(status="EXPIRED")]):
            console.print(part, highlight=False)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    assert max(map(len, lines)) <= 80
    assert lines[-2].endswith("copyjob-3c1f2d53-1e7f-5d1b-9d4d-9f0f2f3f4f5f")
    assert lines[-1].endswith("copyjob-1 EXPIRED")


@pytest.mark.parametrize(
    ("gives", "takes", "account", "said"),
    [
        ({}, {}, "payments", r"acme has no account payments; it has: audit .*, web"),
        ({}, {"recovery": None}, "web", "acme-member-web takes no copies back; write recovery"),
        ({"recovery": None}, {}, MEMBER, "acme-audit gives no copies back; write recovery: {}"),
        ({}, {"recovery": {"from_account": "444444444444"}}, "web", "no account 444444444444"),
    ],
)
def test_sides_that_are_not_set_up_are_told_with_the_cure(
    customer: Callable[..., Path],
    gives: Mapping[str, Any],
    takes: Mapping[str, Any],
    account: str,
    said: str,
) -> None:
    with pytest.raises(NoRecovery, match=said):
        sides("acme", account, customer(gives, **takes))


def test_a_point_is_named_by_its_arn_or_as_it_is_listed_and_must_be_whole() -> None:
    both = [point(), point(arn="arn:aws:backup:x:1:recovery-point:2", status="PARTIAL")]
    assert named(both, "copyjob-1") is named(both, both[0].arn) is both[0]
    with pytest.raises(NoSuchPoint, match="recovery-point:2 is PARTIAL"):
        named(both, "2")
    with pytest.raises(NoSuchPoint, match="several recovery points are called copyjob-1"):
        named([point(), point(vault="other")], "copyjob-1")
    with pytest.raises(NoSuchPoint, match="none, as nothing of the account lies there"):
        named([], "copyjob-1")


def test_the_newest_until_a_time_is_taken_of_those_that_are_whole() -> None:
    days = [point(made=NOW - timedelta(days=n), status=s) for n, s in enumerate("XCC", start=0)]
    whole = [point(made=each.made, status="COMPLETED") for each in days[1:]]
    both = [days[0], *whole]
    assert newest(both, RESOURCE, None) is whole[0]
    assert newest(both, RESOURCE, NOW - timedelta(days=1, hours=1)) is whole[1]
    with pytest.raises(NoSuchPoint, match="the first is of 2026-05-30 12:00 UTC"):
        newest(both, RESOURCE, NOW - timedelta(days=9))


def test_a_vault_is_the_named_one_the_one_of_origin_or_the_only_one(
    customer: Callable[..., Path],
) -> None:
    several = sides("acme", "web", customer(vaults={"standard": {}, "other": {}}))
    assert vault_for(several, point(), None) == "standard"
    assert vault_for(several, point(), "other") == "other"
    with pytest.raises(NoRecovery, match=r"no vault gone, .* by --vault: standard, other"):
        vault_for(several, point(source_vault="gone"), None)
    with pytest.raises(NoRecovery, match="no vault wrong, in eu-central-1"):
        vault_for(several, point(), "wrong")
    with pytest.raises(NoRecovery, match="add the Region to one of its vaults"):
        vault_for(several, point(region="eu-west-1"), None)
    one = sides("acme", "web", customer(vaults={"only": {}}))
    assert vault_for(one, point(source_vault="gone"), None) == "only"


def recovery(both: Sides) -> Recovery:
    return Recovery(sides=both, point=point(), vault="standard")


def jobs(aws: Aws, *states: str) -> None:
    """Copy jobs of the point into the vault, and how the first goes on."""
    aws.stub.add_response(
        "list_copy_jobs",
        {"CopyJobs": [{"CopyJobId": "c-1"}]},
        {"BySourceRecoveryPointArn": point().arn, "ByDestinationVaultArn": STANDARD},
    )
    for state in states:
        made = {"DestinationRecoveryPointArn": "there"} if state == "COMPLETED" else {}
        aws.stub.add_response(
            "describe_copy_job", {"CopyJob": {"State": state, **made}}, {"CopyJobId": "c-1"}
        )


def test_a_copy_that_is_under_way_is_waited_for_and_not_made_twice(
    customer: Callable[..., Path], aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coming_back, "_POLL_SECONDS", 0.0)
    jobs(aws, "CREATED", "RUNNING", "COMPLETED")
    aws.has("standard", {"RecoveryPointArn": "there"})
    assert copied(recovery(sides("acme", "web", customer()))) == "there"
    aws.stub.assert_no_pending_responses()


@pytest.mark.parametrize(("state", "there"), [("COMPLETED", "another"), ("FAILED", "there")])
def test_a_copy_that_failed_or_is_gone_is_made_again(
    state: str,
    there: str,
    customer: Callable[..., Path],
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, Mapping[str, str]]] = []

    def run(_side: Any, runbook: str, _region: str, given: Mapping[str, str]) -> Mapping[str, str]:
        asked.append((runbook, given))
        return {"ReadCopy.RecoveryPointArn": "new"}

    monkeypatch.setattr(coming_back, "_run", run)
    jobs(aws, state)
    aws.has("standard", {"RecoveryPointArn": there})
    assert copied(recovery(sides("acme", "web", customer()))) == "new"
    assert asked == [
        (
            "acme-backup-copy-back",
            {
                "RecoveryPointArn": point().arn,
                "VaultName": "central",
                "DestinationVaultArn": STANDARD,
                "DeleteAfterDays": "30",
            },
        )
    ]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "AccessDenied.*whoever recovers must be allowed that there"),
        ("ExpiredTokenException", "the session of the deploy role has ended; a runbook .* goes on"),
        ("AutomationDefinitionNotFoundException", "is not deployed; run: backup-org up acme-audit"),
    ],
)
def test_what_aws_refuses_is_told_with_its_place(
    code: str, said: str, customer: Callable[..., Path], aws: Aws
) -> None:
    aws.stub.add_client_error("list_recovery_points_by_backup_vault", code)
    both = sides("acme", "web", customer())
    with pytest.raises(ToldError, match=rf"acme-audit \({AUDIT}\), {REGION}: .*{said}"):
        points_of(both)


def test_metadata_that_nothing_can_tell_is_asked_for_before_anything_is_copied(
    customer: Callable[..., Path], aws: Aws
) -> None:
    customer()
    aws.has("central", kept("copyjob-1"))
    with pytest.raises(ToldError, match="a restore of RDS needs DBInstanceIdentifier"):
        backup_org("recover", "--customer", "acme", "--account", "web", "--resource", RESOURCE)
    aws.stub.assert_no_pending_responses()


def test_a_point_and_a_resource_are_not_named_both(customer: Callable[..., Path], aws: Aws) -> None:
    customer()
    aws.has("central", kept("copyjob-1"))
    start = ("recover", "--customer", "acme", "--account", "web", "--recovery-point", "copyjob-1")
    with pytest.raises(ToldError, match="leave --resource and --at out"):
        backup_org(*start, "--at", "2026-06-01")
