"""Ways from one customer's run to what is another's, each refused with place and cure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fleet import access
from fleet.deploy.deployment import Deployment, StackFailed
from fleet.errors import ToldError
from fleet.sandbox.stage import Stage
from stacks.access_settings import Access
from stacks.settings import Settings
from tests.engine.conftest import Change
from tests.engine.test_state_backends import EXTERNAL_ID, OPERATIONS, REGION, make_role, role
from tests.support.denials import denied
from tests.support.standing import resources_in

OURS, THEIRS = "111111111111", "888888888888"
ChangeSettings = Callable[[str, Change], Deployment]
AUDIT, AUDIT_ACCOUNT = "acme-audit", "222222222222"
"""It reads no other stack: what refuses it is what is tried."""


@pytest.fixture(scope="module")
def settings(stage: Stage) -> Iterator[Settings]:
    """Of a member of acme, whose role stands; the shell is acme's administrator's."""
    make_role(stage.sandbox.session(OURS, REGION), OURS)
    with pytest.MonkeyPatch.context() as shell:
        for name, value in stage.engine.environment.items():
            shell.setenv(name, value)
        yield stage.stacks["acme-member-web"]


def through(settings: Settings, **over: str) -> Settings:
    own = Access.model_validate({"role": role(OURS), "external_id": EXTERNAL_ID, **over})
    return settings.model_copy(update={"access": own})


def test_the_customers_own_way_leads_in(settings: Settings) -> None:
    caller = access.session(through(settings)).client("sts").get_caller_identity()
    assert caller["Account"] == settings.account


def test_another_external_id_does_not(settings: Settings) -> None:
    with pytest.raises(access.NoSession, match=r"cannot be assumed: .*with the access.external_id"):
        access.engine_environment(through(settings, external_id="of-hooli"))


def test_nor_a_role_that_trusts_others(settings: Settings) -> None:
    with pytest.raises(access.NoSession, match=f"{role(THEIRS)} cannot be assumed"):
        access.session(through(settings, role=role(THEIRS)))


def test_nor_the_deploy_role_of_an_account_that_is_not_ours(settings: Settings) -> None:
    theirs = through(settings).model_copy(update={"account": THEIRS})
    with pytest.raises(access.NoSession, match=f"{THEIRS}:role/.* cannot be assumed"):
        access.session(theirs)


@pytest.fixture
def refused(stage: Stage) -> Callable[..., str]:
    """What a stack that must not come up is refused with; nothing is created in its account, and
    nothing in that of the credentials at hand."""

    def refused(deployment: Deployment, error: type[ToldError] = StackFailed) -> str:
        before = [resources_in(stage, account) for account in (OURS, AUDIT_ACCOUNT)]
        with pytest.raises(error) as caught:
            deployment.up()
        assert [resources_in(stage, account) for account in (OURS, AUDIT_ACCOUNT)] == before
        return str(caught.value)

    return refused


def test_the_shells_account_is_not_deployed_into_for_another(
    settings: Settings, change_settings: ChangeSettings, refused: Callable[..., str]
) -> None:
    told = refused(change_settings(AUDIT, lambda own: own.update(deploy_role=None)))
    assert f"{AUDIT}: preview failed" in told
    assert f"AWS account ID not allowed: {OURS}" in told
    assert f"the stack's account is {AUDIT_ACCOUNT}: use its own credentials, or set" in told


def test_nor_is_the_account_of_the_customers_role(
    settings: Settings, change_settings: ChangeSettings, refused: Callable[..., str]
) -> None:
    own = {"role": role(OURS), "external_id": EXTERNAL_ID}
    deployment = change_settings(AUDIT, lambda of: of.update(deploy_role=None, access=own))
    told = refused(deployment, access.WrongAccount)
    assert f"act in {OURS}, and the stack's account is {AUDIT_ACCOUNT}; use its own, or" in told


def test_a_state_under_another_passphrase_is_not_read(
    stage: Stage,
    settings: Settings,
    change_settings: ChangeSettings,
    refused: Callable[..., str],
    tmp_path: Path,
) -> None:
    Deployment(stage.engine, AUDIT).preview()  # makes the stack, with the customer's passphrase
    theirs = tmp_path / "hooli"
    theirs.write_text("of-hooli")
    state = {"passphrase_file": str(theirs)}
    told = refused(change_settings(AUDIT, lambda own: own.update(state=state)))
    assert f"{AUDIT}: " in told
    assert "incorrect passphrase" in told
    assert f"the passphrase in {theirs} is not the one that acme's stacks were made with" in told
    assert "state.passphrase_file must name the customer's own" in told


def test_nor_with_another_in_the_shell(
    stage: Stage, settings: Settings, refused: Callable[..., str]
) -> None:
    Deployment(stage.engine, AUDIT).preview()
    shell = {**stage.engine.environment, "PULUMI_CONFIG_PASSPHRASE": "of-hooli"}
    told = refused(Deployment(replace(stage.engine, environment=shell), AUDIT))
    assert "the passphrase of the shell is not the one that acme's stacks were made with" in told


@pytest.mark.parametrize("action", ["s3:*", "s3:ListBucket", "s3:GetObject", "s3:PutObject"])
def test_a_state_bucket_that_denies_holds_nothing_of_ours(
    stage: Stage,
    settings: Settings,
    change_settings: ChangeSettings,
    refused: Callable[..., str],
    action: str,
) -> None:
    management = stage.sandbox.session(OURS, REGION)
    s3, bucket = management.client("s3"), f"denies-{action[3:].strip('*').lower()}-state"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    own = {"role": role(OURS), "external_id": EXTERNAL_ID}
    state = {"backend": f"s3://{bucket}?region={REGION}"}
    deployment = change_settings(AUDIT, lambda of: of.update(access=own, state=state))
    with denied(management.client("iam"), OPERATIONS, action):
        told = refused(deployment)
    assert f"state.backend is {state['backend']}: it must exist, and be acme's own" in told
    assert f"which {role(OURS)} may read and write" in told
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
