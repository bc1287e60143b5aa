"""AWS's errors as people are told of them."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProfileNotFound,
    UnauthorizedSSOTokenError,
)
from botocore.stub import Stubber

from fleet.access import with_account_in_errors
from fleet.errors import told_of


def client_error(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "ListBackupVaults")


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("ExpiredToken", "the credentials have expired: get fresh credentials"),
        ("AccessDeniedException", "let the role that does this call it"),
        ("ThrottlingException", "asked too often in this account: wait a minute"),
        ("UnrecognizedClientException", "does not take these credentials"),
    ],
)
def test_a_refusal_is_told_with_its_call_and_the_cure(code: str, cure: str) -> None:
    said = told_of(client_error(code))
    assert said is not None
    assert "ListBackupVaults" in said
    assert cure in said


def test_a_refusal_names_the_account_of_who_was_refused() -> None:
    who = "User: arn:aws:sts::444444444444:assumed-role/deploy/backup-org is not authorized"
    said = told_of(client_error("AccessDenied", who))
    assert said is not None
    assert said.startswith("ListBackupVaults in 444444444444: ")


def test_a_refusal_names_the_account_of_its_session() -> None:
    session = boto3.Session("key", "secret", region_name="eu-central-1")
    with_account_in_errors(session, "333333333333")
    backup = session.client("backup")
    with Stubber(backup) as stubber:
        stubber.add_client_error("list_backup_vaults", "ExpiredTokenException")
        with pytest.raises(ClientError) as caught:
            backup.list_backup_vaults()
    assert (told_of(caught.value) or "").startswith("ListBackupVaults in 333333333333: ")


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (NoCredentialsError(), "there are no credentials of AWS's here"),
        (ProfileNotFound(profile="acme"), "aws configure list-profiles"),
        (UnauthorizedSSOTokenError(), "the session of IAM Identity Center is over"),
        (EndpointConnectionError(endpoint_url="https://backup"), "AWS is not reached from here"),
    ],
)
def test_what_keeps_calls_from_being_made_is_told_with_the_cure(
    error: BotoCoreError, cure: str
) -> None:
    assert cure in (told_of(error) or "")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("3 is not in 1-2"),
        ParamValidationError(report="Missing required parameter"),
        client_error("ValidationException"),
    ],
)
def test_a_mistake_of_ours_keeps_its_traceback(error: Exception) -> None:
    assert told_of(error) is None
