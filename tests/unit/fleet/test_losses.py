"""What would be lost is lost only where somebody has named it."""

from __future__ import annotations

import pytest

from fleet.deploy.changes import PROTECTED, Change, deletions
from fleet.deploy.losses import DataAtStake, DeletionRefused, granted_losses, refuse_losses

URN = "urn:pulumi:web::backup-org::backup-org:components:Vault$aws:backup/vault:Vault::daily"
VAULT = Change(urn=URN, op="delete", id="standard", loses="12 recovery points, kept until 2027")


def test_the_option_that_lets_it_be_lost_is_told() -> None:
    with pytest.raises(DataAtStake) as caught:
        refuse_losses({"web": [VAULT]}, [])
    assert "web/daily (aws:backup/vault:Vault): 12 recovery points" in str(caught.value)
    assert str(caught.value).endswith("--lose web/daily")


@pytest.mark.parametrize("name", ["daily", "standard", "web/daily", "web/*"])
def test_a_name_an_id_or_a_pattern_lets_it_be_lost(name: str) -> None:
    assert granted_losses({"web": [VAULT]}, [name], ask=False) == [name]


@pytest.mark.parametrize("name", ["dail", "audit/daily", "audit/*"])
def test_another_name_does_not(name: str) -> None:
    with pytest.raises(DataAtStake):
        granted_losses({"web": [VAULT]}, [name], ask=False)


def test_what_is_protected_is_refused_whatever_is_named() -> None:
    (vault,) = deletions(
        [
            {"urn": URN, "type": "aws:backup/vault:Vault", "custom": True, "protect": True},
            {"urn": URN, "type": "backup-org:components:Vault"},
            {"urn": URN, "type": "pulumi:providers:aws", "custom": True},
        ]
    )
    assert vault.blocked == PROTECTED
    with pytest.raises(DeletionRefused, match="set force_destroy: true"):
        granted_losses({"web": [vault]}, ["*"], ask=False)
