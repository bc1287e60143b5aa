"""What policies refuse on the genuine engine, by `backup-org` and by plain `pulumi`, and what then
stands in the account."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest
import yaml

from fleet.deploy import program
from fleet.deploy.deployment import POLICIES, Deployment, StackFailed
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS, KEY
from tests.support import pulumi_cli
from tests.support.standing import resources_in

STACK = "globex-management"
VAULT = "globex-backup-standard-eu-west-1"
OWN_KEY = "vault_has_its_own_key"


@pytest.fixture(scope="module")
def globex(stage_of: Callable[[str], Stage]) -> Stage:
    """One account alone, which reads no other stack; nothing deployed."""
    return stage_of("globex")


def change(stage: Stage, **values: Any) -> None:
    """Of the stack's own settings, those of a name."""
    path = stage.workspace.project / CUSTOMERS / f"Pulumi.{STACK}.yaml"
    content = yaml.safe_load(path.read_text())
    content["config"][KEY] |= values
    path.write_text(yaml.safe_dump(content))


def key_of_aws(stage: Stage) -> Mapping[str, str]:
    """The ARN of the account's own aws/backup, by Region: a key's ARN does not say whose it is."""
    account, region = stage.stacks[STACK].account, stage.stacks[STACK].region
    kms = stage.sandbox.session(account, region).client("kms")
    metadata = kms.describe_key(KeyId="alias/aws/backup")["KeyMetadata"]
    return {region: metadata.get("Arn", "")}


KEYS: Mapping[str, Callable[[Stage], Any]] = {
    "AWS's own key": lambda _: "aws_managed",
    "AWS's own key by its ARN": key_of_aws,
}


@pytest.fixture(params=KEYS.values(), ids=list(KEYS))
def with_key_of_aws(request: pytest.FixtureRequest, globex: Stage) -> Stage:
    vault = {"force_destroy": True, "key": request.param(globex)}
    change(globex, policy={"bundle": "regulated"}, vaults={"standard": vault})
    return globex


def is_untouched(stage: Stage) -> bool:
    """Neither in the account nor in the state."""
    types = {found["type"] for found in Deployment(stage.engine, STACK).resources()}
    there = resources_in(stage, stage.stacks[STACK].account)
    return types <= {"pulumi:pulumi:Stack"} and not there


def test_up_under_regulated_refuses_a_vault_with_aws_s_key_before_anything_is_created(
    with_key_of_aws: Stage,
) -> None:
    with pytest.raises(StackFailed, match="preview failed") as caught:
        Deployment(with_key_of_aws.engine, STACK).up()
    told = [message for message in caught.value.messages if f"policy {OWN_KEY}: " in message]
    assert told
    assert any(f"aws:backup/vault:Vault {VAULT}: " in message for message in told)
    assert all("name its key under known_keys" in message for message in told)
    assert is_untouched(with_key_of_aws)


def test_plain_pulumi_up_refuses_the_same(with_key_of_aws: Stage) -> None:
    folder = with_key_of_aws.workspace.project
    select = ("stack", "select", "--create", STACK)
    pulumi_cli.pulumi(with_key_of_aws.engine, folder, *select).check_returncode()
    answer = pulumi_cli.pulumi(
        with_key_of_aws.engine,
        folder,
        *("up", "--yes", "--stack", STACK, "--policy-pack", str(POLICIES)),
        program=lambda: program.run(folder),
    )
    assert answer.returncode != 0
    assert f"{OWN_KEY}  (aws:backup:Vault: {VAULT})" in answer.stdout
    assert "name its key under known_keys" in answer.stdout
    assert is_untouched(with_key_of_aws)


@pytest.mark.parametrize(("until", "refused"), [("2999-12-31", False), ("2020-12-31", True)])
def test_an_exception_counts_until_its_day_is_over(
    until: str, refused: bool, globex: Stage
) -> None:
    names = (VAULT, "globex-backup-drill")
    exceptions = [
        {"name": name, "reason": "moves to another vault", "until": until} for name in names
    ]
    change(
        globex,
        policy={"rules": {OWN_KEY: {"level": "mandatory", "exceptions": exceptions}}},
        vaults={"standard": {"force_destroy": True, "key": "aws_managed"}},
    )
    deployment = Deployment(globex.engine, STACK)
    if refused:
        with pytest.raises(StackFailed, match=rf"its exception ended on {until}"):
            deployment.preview()
    else:
        assert deployment.preview().changes["create"]


def of_vault_and_key() -> None:
    """A program that knows nothing of ours: a vault with AWS's key, a key that never rotates."""
    aws.backup.Vault("vault", name="theirs")
    aws.kms.Key("key", description="theirs", enable_key_rotation=False)


Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def small(globex: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that is not ours, with a stack of its own."""
    return pulumi_cli.project(globex.engine, tmp_path_factory.mktemp("small") / "theirs", "dev")


@pytest.fixture
def with_pack(globex: Stage, small: Path, tmp_path: Path) -> Cli:
    """A command over that program, with the pack and a file of its configuration."""

    def with_pack(*arguments: str, **configuration: Any) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"all": "disabled", **configuration}))
        pack = ("--policy-pack", str(POLICIES), "--policy-pack-config", str(path))
        return pulumi_cli.pulumi(globex.engine, small, *arguments, *pack, program=of_vault_and_key)

    return with_pack


def made(stage: Stage) -> set[str]:
    """What of that program stands in the account."""
    account, region = stage.stacks[STACK].account, stage.stacks[STACK].region
    session = stage.sandbox.session(account, region)
    backup, kms = session.client("backup"), session.client("kms")
    vaults = [v.get("BackupVaultName") for v in backup.list_backup_vaults()["BackupVaultList"]]
    keys = [
        kms.describe_key(KeyId=key.get("KeyId", ""))["KeyMetadata"].get("Description")
        for key in kms.list_keys()["Keys"]
    ]
    return {kind for kind, names in (("vault", vaults), ("key", keys)) if "theirs" in names}


@pytest.mark.parametrize(
    ("of_file", "passes", "told"),
    [
        ("disabled", True, None),
        ("advisory", True, "advisory"),
        ({"enforcementLevel": "mandatory"}, False, "mandatory"),
    ],
)
def test_the_pack_s_file_chooses_levels_over_a_program_that_is_not_ours(
    of_file: Any, passes: bool, told: str | None, with_pack: Cli
) -> None:
    answer = with_pack("preview", **{OWN_KEY: of_file})
    assert (answer.returncode == 0) == passes, answer.stdout
    assert (OWN_KEY in answer.stdout) == (told is not None)
    assert (f"[{told}] [severity: high]  {OWN_KEY}" in answer.stdout) == (told is not None)


def test_without_a_preview_a_rule_about_one_resource_still_comes_before_it(
    globex: Stage, with_pack: Cli
) -> None:
    answer = with_pack("up", "--yes", "--skip-preview", key_rotates="mandatory")
    assert answer.returncode != 0
    assert "[mandatory] [severity: medium]  key_rotates" in answer.stdout
    assert "key" not in made(globex)


def test_without_a_preview_a_rule_about_the_stack_speaks_once_the_vault_stands(
    globex: Stage, small: Path, with_pack: Cli
) -> None:
    pulumi_cli.pulumi(globex.engine, small, "destroy", "--yes").check_returncode()
    answer = with_pack("up", "--yes", **{OWN_KEY: "mandatory"})
    assert answer.returncode != 0
    assert made(globex) == set()
    answer = with_pack("up", "--yes", "--skip-preview", **{OWN_KEY: "mandatory"})
    assert answer.returncode != 0
    assert f"[mandatory] [severity: high]  {OWN_KEY}" in answer.stdout
    assert made(globex) == {"vault", "key"}
    pulumi_cli.pulumi(globex.engine, small, "destroy", "--yes").check_returncode()
