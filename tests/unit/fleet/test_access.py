"""Sessions in a customer's accounts, and what the engine is given, in an AWS in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import moto.sts.urls
import pytest
from moto import mock_aws
from moto.sts.responses import TokenResponse
from pulumi.automation import PulumiCommand
from semver import VersionInfo

from fleet import access
from fleet.engine.command import CommandIn
from fleet.errors import ToldError
from fleet.shell import shell_lines
from stacks import load
from stacks.settings import Settings
from tests.support.examples import example

ROLE = "arn:aws:iam::111111111111:role/backup-org-operations"
OWN = {"role": ROLE, "external_id": "of-acme"}
SettingsWith = Callable[..., Settings]


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith(("AWS_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv(access.OPERATOR, "jo")
    # Moto's own STS: a sandbox that ran in this process before has left its own there.
    monkeypatch.setitem(moto.sts.urls.url_paths, "{0}/$", TokenResponse.dispatch)
    with mock_aws():
        yield


@pytest.fixture
def settings_with(tmp_path: Path) -> SettingsWith:
    like = example("acme-member-web")

    def settings_with(**over: Any) -> Settings:
        own = {**like.own, "deploy_role": "deployer", **over}
        return load.parse("acme-member-web", own, load_root)

    load_root = Path(__file__).resolve().parents[3]
    return settings_with


def who(settings: Settings) -> str:
    return access.session(settings).client("sts").get_caller_identity()["Arn"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({access.OPERATOR: "jo@example.com"}, "jo@example.com"),
        ({access.OPERATOR: "Jo Ö"}, "Jo--"),
        ({access.OPERATOR: "x" * 99}, "x" * 53),
        ({access.OPERATOR: "", "GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octo[bot]"}, "octo-bot-"),
        ({access.OPERATOR: "", "LOGNAME": "sam"}, "sam"),
    ],
)
def test_a_session_is_named_after_the_operator_as_sts_takes_it(
    environment: Mapping[str, str],
    said: str,
    settings_with: SettingsWith,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    arn = f"arn:aws:sts::444444444444:assumed-role/deployer/backup-org-{said}"
    assert who(settings_with(access=OWN)) == arn


def test_the_sessions_keys_are_renewed_before_the_hour_ends(
    settings_with: SettingsWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On both hops: here any key that has less than two hours left is an old one."""
    for name in ("_advisory_refresh_timeout", "_mandatory_refresh_timeout"):
        monkeypatch.setattr(f"fleet.access._Renewed.{name}", 7200)
    given = access.engine_environment(settings_with(access=OWN))
    again = access.engine_environment(settings_with(access=OWN))
    assert given["AWS_ACCESS_KEY_ID"] != again["AWS_ACCESS_KEY_ID"]
    credentials = access.session(settings_with(access=OWN)).get_credentials()
    assert credentials is not None
    used = [credentials.get_frozen_credentials().access_key for _ in range(2)]
    assert used[0] != used[1]


def test_keys_that_are_good_for_long_are_kept(settings_with: SettingsWith) -> None:
    given = [access.engine_environment(settings_with(access=OWN)) for _ in range(2)]
    assert given[0] == given[1]


def test_calls_that_aws_throttles_are_tried_ten_times(settings_with: SettingsWith) -> None:
    client: Any = access.session(settings_with()).client("backup")
    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 10}


def test_the_engine_gets_the_customers_keys_and_nothing_else_of_the_shells(
    settings_with: SettingsWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/of/another")
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "another")
    given = access.engine_environment(settings_with(access=OWN))
    assert given["AWS_WEB_IDENTITY_TOKEN_FILE"] is given["AWS_ROLE_SESSION_NAME"] is None
    assert given["AWS_SHARED_CREDENTIALS_FILE"] == given["AWS_CONFIG_FILE"] == os.devnull
    assert given["AWS_ACCESS_KEY_ID"] != "testing"
    assert given["AWS_SESSION_TOKEN"]
    assert given["AWS_REGION"] == "eu-central-1"


def test_without_access_the_shells_own_count(settings_with: SettingsWith) -> None:
    assert access.engine_environment(settings_with()) == {}


def test_the_state_of_a_customer_is_where_its_settings_say(settings_with: SettingsWith) -> None:
    state = {"backend": "s3://acme-state", "passphrase_file": "~/acme.passphrase"}
    assert access.engine_environment(settings_with(state=state)) == {
        "PULUMI_BACKEND_URL": "s3://acme-state",
        "PULUMI_CONFIG_PASSPHRASE": None,
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(Path("~/acme.passphrase").expanduser()),
    }


def test_a_profile_that_there_is_not_is_told_with_the_command_to_try(
    settings_with: SettingsWith,
) -> None:
    with pytest.raises(access.NoSession, match="get-caller-identity --profile nobody` must work"):
        access.session(settings_with(access={"profile": "nobody"}))


def test_credentials_that_lead_into_another_account_are_refused(
    settings_with: SettingsWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(access.OPERATOR, "sam")  # whose credentials no test before has kept
    with pytest.raises(
        access.WrongAccount, match="and the stack's account is 444444444444; use its own"
    ):
        access.session(settings_with(access=OWN, deploy_role=None))


def test_in_the_shell_of_a_customer_its_role_is_not_assumed_again(
    settings_with: SettingsWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No role trusts itself, and no profile is to be found there."""
    settings = settings_with(access={**OWN, "profile": "nobody"})
    monkeypatch.setenv(access.SHELL_OF, "acme")
    given = access.engine_environment(settings)
    assert given["AWS_ACCESS_KEY_ID"] == os.environ["AWS_ACCESS_KEY_ID"]
    assert who(settings).endswith(":assumed-role/deployer/backup-org-jo")


def test_in_that_of_another_customer_nothing_is_done(
    settings_with: SettingsWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(access.SHELL_OF, "hooli")
    told = "this shell has the keys of hooli, by `backup-org env`; work for acme in another one"
    with pytest.raises(access.NoSession, match=told):
        access.session(settings_with(access=OWN))


def test_a_user_without_a_name_is_told_to_write_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.delenv(access.OPERATOR)
    monkeypatch.setattr("getpass.getuser", nobody)
    with pytest.raises(ToldError, match=f"nothing says who runs this: set {access.OPERATOR}"):
        access.operator()


def test_a_shell_is_told_what_to_forget_and_what_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "another")
    lines = shell_lines({"AWS_PROFILE": None, "AWS_NOT_THERE": None, "AWS_REGION": "eu west"})
    assert list(lines) == ["unset AWS_PROFILE", "export AWS_REGION='eu west'"]


def test_the_cli_does_not_get_what_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "another")
    cli = tmp_path / "pulumi"
    cli.write_text('#!/bin/sh\necho "$*"; env\n')
    cli.chmod(0o755)
    command = PulumiCommand.__new__(PulumiCommand)
    command.command, command.version = str(cli), VersionInfo.parse("3.0.0")
    said = CommandIn(command, lambda: {"AWS_PROFILE": None, "AWS_REGION": "here"}).run(
        ["version"], str(tmp_path), {}
    )
    first, *environment = said.stdout.splitlines()
    assert first == "--non-interactive version"
    assert "AWS_REGION=here" in environment
    assert not [line for line in environment if line.startswith("AWS_PROFILE=")]
