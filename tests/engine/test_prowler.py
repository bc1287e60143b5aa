"""What Prowler finds in the accounts of every example customer, beside what the policy pack says of
the stacks there. docs/prowler.md explains where they differ, and is held to it.

Only in `make soak`: Prowler is 1.4 GB, and takes a minute to install and to load.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.policies.checking import Checked, Violation, violations
from fleet.policies.state import stack_of_state
from fleet.project import PROJECT
from fleet.sandbox.stage import Stage, customers_in
from tests.support import prowler
from tests.support.prowler import Finding, Scan

pytestmark = pytest.mark.soak
PAGE = PROJECT / "docs" / "prowler.md"
RULES_OF_CHECKS = {
    "backup_vaults_encrypted": "vault_is_encrypted",
    "backup_recovery_point_encrypted": "vault_is_encrypted",
}
"""Checks about a resource, with the pack's rule about the same. The others ask whether an account
has any, which no rule demands of every stack."""


class Difference(NamedTuple):
    """Prowler finds something missing in a stack's account, and the pack does not."""

    stack: str
    check: str


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return prowler.installed()
    except prowler.NotInstalled as reason:
        pytest.skip(f"Prowler cannot be installed here: {reason}")


@pytest.fixture(scope="module", params=customers_in(PROJECT))
def deployed(
    request: pytest.FixtureRequest, stage: Stage, stage_of: Callable[[str], Stage]
) -> Stage:
    """All stacks of a customer, and in each of their vaults a recovery point of a bucket, which has
    the vault's key: a snapshot would have its source's."""
    staged = stage if request.param == stage.customer else stage_of(request.param)
    in_order(staged.deployments(), Deployment.up)
    for stack, settings in staged.stacks.items():
        for region in regions_of(staged, stack):
            backup = staged.sandbox.session(settings.account, region).client("backup")
            for vault in backup.list_backup_vaults()["BackupVaultList"]:
                staged.sandbox.call(
                    "backup.job",
                    kind="backup",
                    account=settings.account,
                    region=region,
                    vault=vault.get("BackupVaultName"),
                    resource_arn="arn:aws:s3:::documents",
                    state="COMPLETED",
                    delete_after_days=35,
                )
    return staged


def regions_of(stage: Stage, stack: str) -> list[str]:
    settings = stage.stacks[stack]
    return sorted({settings.region, *settings.alert_regions})


def environment_of(stage: Stage, stack: str) -> dict[str, str]:
    """An SDK's, as the administrator of a stack's account."""
    settings = stage.stacks[stack]
    credentials = stage.sandbox.session(settings.account, settings.region).get_credentials()
    assert credentials is not None
    return {
        **stage.sandbox.environment(settings.region, account=settings.account),
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token or "",
    }


def test_prowler_and_the_pack_agree_but_for_what_the_page_explains(
    deployed: Stage, python: Path, tmp_path: Path
) -> None:
    accounts = {settings.account: stack for stack, settings in deployed.stacks.items()}
    scans = [
        Scan(
            account=account,
            environment=environment_of(deployed, stack),
            regions=regions_of(deployed, stack),
        )
        for account, stack in accounts.items()
    ]
    found = prowler.scanned(python, scans, tmp_path)
    assert {one.check for one in found} >= {"backup_vaults_exist", *RULES_OF_CHECKS}
    of_pack = {account: checked(deployed, stack) for account, stack in accounts.items()}
    told_by_pack = [one for one in found if is_told(one, of_pack[one.account])]
    assert [one for one in told_by_pack if not one.failed] == []
    differing = {
        Difference(stack=accounts[one.account], check=one.check)
        for one in found
        if one.failed and one not in told_by_pack
    }
    assert differing == {one for one in explained() if one.stack in deployed.stacks}


def checked(stage: Stage, stack: str) -> Sequence[Violation]:
    """As `backup-org policies check` looks at it."""
    resources = stack_of_state(Deployment(stage.engine, stack).deployed())
    return violations(Checked(name=stack, file=stack, resources=len(resources)), resources)


def is_told(found: Finding, of_pack: Sequence[Violation]) -> bool:
    """Whether the pack's rule about the same says something of the same resource."""
    rule = RULES_OF_CHECKS.get(found.check)
    return any(one.rule.name == rule and one.resource.get("arn") == found.arn for one in of_pack)


def explained() -> set[Difference]:
    """The page's table of differences."""
    rows = re.findall(r"^\| `([a-z-]+)` \| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert rows
    return {Difference(stack=stack, check=check) for stack, check in rows}
