"""Path, boundary and external id of roles, where settings ask for them."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.examples import recordings
from tests.support.recorder import Recording
from tests.support.role_variants import ACME, EXTERNAL_ID, case, with_path_and_boundary


@pytest.fixture(params=ACME)
def stack(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def recording(stack: str) -> Recording:
    return with_path_and_boundary()[stack]


def test_each_role_and_user_has_path_and_boundary(stack: str, recording: Recording) -> None:
    account = case(stack).settings.account
    made = [*recording.all("aws:iam/role:Role"), *recording.all("aws:iam/user:User")]
    assert made
    for one in made:
        assert one.inputs["path"] == "/backup/roles/", one.name
        boundary = f"arn:aws:iam::{account}:policy/boundaries/backup"
        assert one.inputs["permissionsBoundary"] == boundary, one.name
    for profile in recording.all("aws:iam/instanceProfile:InstanceProfile"):
        assert profile.inputs["path"] == "/backup/roles/"


def test_what_names_a_role_of_ours_names_it_with_its_path(stack: str, recording: Recording) -> None:
    """Wherever an ARN was put together of a role's name: in policies, trusts, environments."""
    ours = {
        role.inputs["name"]
        for each in with_path_and_boundary().values()
        for role in each.all("aws:iam/role:Role")
    }
    texts = json.dumps([dict(r.inputs) for r in recording.resources], default=str)
    named = re.findall(r":role/([\w+=,.@/-]*)", texts)
    assert [name for name in named if name in ours] == []
    readers = {
        f.inputs["environment"]["variables"].get("READER_ROLE")
        for f in recording.all("aws:lambda/function:Function")
    }
    assert readers - {None} in (set(), {"backup/roles/acme-backup-reader"})


def test_the_roles_that_others_trust_are_named_with_their_path() -> None:
    audit = with_path_and_boundary()["acme-audit"]
    texts = json.dumps([dict(r.inputs) for r in audit.resources], default=str)
    for role in (
        "111111111111:role/backup/roles/acme-backup-reports-copy",
        "222222222222:role/backup/roles/acme-backup-report-mail",
        "222222222222:role/backup/roles/acme-backup-find-vaults",
    ):
        assert f"arn:aws:iam::{role}" in texts


def test_the_provider_hands_the_external_id_over(stack: str, recording: Recording) -> None:
    if case(stack).settings.deploy_role is not None:
        roles = json.loads(recording.one("pulumi:providers:aws").inputs["assumeRoles"])
        assert roles[0]["externalId"] == EXTERNAL_ID


def test_without_settings_roles_have_neither() -> None:
    for recording in recordings().values():
        for role in recording.all("aws:iam/role:Role"):
            assert not {"path", "permissionsBoundary"} & role.inputs.keys()
