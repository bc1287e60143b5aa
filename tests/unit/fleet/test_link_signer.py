"""The doctor on the key that signs links to reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws
from moto.iam.models import iam_backends

from fleet.doctor.findings import Finding, State
from fleet.doctor.link_signer import link_signer
from fleet.doctor.stack_account import StackAccount
from stacks.settings import CentralSettings
from tests.support.examples import ROOT
from tests.support.report_variants import VARIANTS

USER = "acme-backup-report-link"
NOT_DEPLOYED = "the stack is not deployed yet"


def findings() -> list[Finding]:
    session = boto3.Session("testing", "testing", region_name="eu-central-1")
    settings = VARIANTS["links by a user"].case.settings
    assert isinstance(settings, CentralSettings)
    return list(link_signer(StackAccount(settings=settings, session=session, root=ROOT)))


@pytest.fixture
def iam() -> Any:
    with mock_aws():
        session = boto3.Session("testing", "testing", region_name="us-east-1")
        yield session.client("iam")


def test_what_is_not_there_yet_is_told_with_its_cure(iam: Any) -> None:
    secret, key = findings()
    assert secret.found == "does not exist"
    assert "access_key_id" in secret.cure
    assert (key.found, key.state) == (f"there is no user {USER}: {NOT_DEPLOYED}", State.NOT_YET)
    iam.create_user(UserName=USER)
    (make,) = findings()[1].run
    assert make.startswith('test "$(aws sts get-caller-identity ')
    assert f" && aws iam create-access-key --user-name {USER} --region " in make


@pytest.mark.parametrize(("days", "is_old"), [(89, False), (91, True)])
def test_a_key_is_old_after_ninety_days(days: int, is_old: bool, iam: Any) -> None:
    iam.create_user(UserName=USER)
    iam.create_access_key(UserName=USER)
    (key,) = cast(Any, iam_backends["123456789012"]["aws"]).users[USER].access_keys
    key.create_date -= timedelta(days=days)
    found = findings()[1]
    assert found.found == f"is {days} days old"
    assert bool(found.cure) is is_old
