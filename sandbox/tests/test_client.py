import os
from pathlib import Path

import pytest

from aws_sandbox.address import Address
from aws_sandbox.aws.organization import Account, Organization
from aws_sandbox.client import Sandbox, SandboxError

MEMBER, REGION = "333333333333", "eu-west-1"


def test_a_sandbox_is_started_used_found_again_and_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    sandbox = Sandbox.start(tmp_path, with_parent=True)
    try:
        backup = sandbox.session(MEMBER, REGION).client("backup")
        backup.create_backup_vault(BackupVaultName="vault")
        job = sandbox.call(
            "backup.job",
            kind="backup",
            account=MEMBER,
            region=REGION,
            state="FAILED",
            vault="vault",
            resource_arn=f"arn:aws:ec2:{REGION}:{MEMBER}:volume/vol-1",
        )
        assert job["State"] == "FAILED"
        assert Sandbox.attach(tmp_path) == sandbox
        with pytest.raises(SandboxError, match=r"runs in .* already"):
            Sandbox.start(tmp_path)
        with pytest.raises(SandboxError, match="no control call 'nothing'"):
            sandbox.call("nothing")
        environment = sandbox.environment("eu-central-1")
        assert environment["AWS_ENDPOINT_URL"] == sandbox.endpoint
        assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-central-1"
        assert environment["AWS_ACCESS_KEY_ID"] == Organization().access_key_id
        globex = Organization(
            id="o-globexglobex",
            management_account="555555555555",
            accounts=[Account(id="555555555555", name="globex")],
        )
        sandbox.create_organization(globex)
        own = sandbox.session("555555555555", REGION).client("organizations")
        assert [found.get("Id") for found in own.list_accounts()["Accounts"]] == ["555555555555"]
        theirs = sandbox.environment(account="555555555555")
        assert theirs["AWS_ACCESS_KEY_ID"] == globex.access_key_id
        with pytest.raises(SandboxError, match="no organization here has the account 666666666666"):
            sandbox.session("666666666666", REGION)
        assert sandbox.servicenow_url.startswith("http://127.0.0.1:")
    finally:
        sandbox.stop()
    assert not Path(f"/proc/{sandbox.address.pid}").exists()
    sandbox.stop()
    with pytest.raises(SandboxError, match="no sandbox runs"):
        Sandbox.attach(tmp_path)


def test_a_sandbox_that_does_not_start_shows_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such module\nexit 1\n")
    broken.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(broken))
    with pytest.raises(SandboxError, match=r"did not start.*\nno such module"):
        Sandbox.start(tmp_path / "here")


def test_the_address_of_a_process_that_has_ended_is_no_sandbox(tmp_path: Path) -> None:
    address = Address(pid=os.getpid(), endpoint="http://127.0.0.1:1", servicenow="")
    address.write(tmp_path)
    with pytest.raises(SandboxError, match="no sandbox runs"):
        Sandbox.attach(tmp_path)
