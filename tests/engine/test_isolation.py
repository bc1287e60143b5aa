"""Ways from one customer's run into another's accounts, each refused by AWS with place and cure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fleet import access
from fleet.sandbox.stage import Stage
from stacks.access_settings import Access
from stacks.settings import Settings
from tests.engine.test_state_backends import EXTERNAL_ID, REGION, make_role, role

OURS, THEIRS = "111111111111", "888888888888"


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
