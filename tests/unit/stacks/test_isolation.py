"""What is another customer's, by the files beside a stack's own, is refused with place and cure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks import load
from tests.unit.stacks.conftest import ACME
from tests.unit.stacks.conftest import MEMBER as A_MEMBER

HOOLI: Mapping[str, Any] = {
    "customer": "hooli",
    "organization": {"management_account": "888888888888", "audit_account": "999999999999"},
    "region": "eu-central-1",
    "access": {"role": "arn:aws:iam::777777777777:role/hooli", "external_id": "of-hooli"},
    "state": {
        "backend": "s3://hooli-state?region=eu-central-1",
        "secrets_provider": "awskms://alias/hooli?region=eu-central-1",
    },
    "deploy_role_external_id": "deploys-hooli",
    "members": {"web": {"account": "555555555555"}},
}
MEMBER: Mapping[str, Any] = {**A_MEMBER, "plans": {"standard": {}}}
Problems = Callable[[Mapping[str, Any]], list[str]]


@pytest.fixture
def problems(tmp_path: Path) -> Problems:
    """Of acme-member-web with these settings over its own, beside hooli's files."""
    folder = tmp_path / load.CUSTOMERS
    folder.mkdir(parents=True)
    for name, content in (("acme", ACME), ("hooli", HOOLI)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))

    def problems(over: Mapping[str, Any]) -> list[str]:
        try:
            load.parse("acme-member-web", {**MEMBER, **over}, tmp_path)
        except load.SettingsError as error:
            return error.problems
        return []

    return problems


def test_a_stack_of_ones_own_accounts_is_taken(problems: Problems) -> None:
    own = {
        "access": {"profile": "acme", "role": "arn:aws:iam::777777777777:role/acme"},
        "state": {"backend": "s3://acme-state", "passphrase_file": "~/acme.passphrase"},
    }
    assert problems(own) == []


def test_the_end_of_a_keys_uuid_is_no_account(problems: Problems) -> None:
    key = f"arn:aws:kms:eu-central-1:{MEMBER['account']}:key/11111111-2222-3333-4444-555555555555"
    assert problems({"vaults": {"standard": {"key": {"eu-central-1": key}}}}) == []


@pytest.mark.parametrize(
    ("over", "place", "account"),
    [
        ({"account": "555555555555"}, "account", "555555555555"),
        (
            {"organization": {"audit_account": "999999999999"}},
            "organization.audit_account",
            "999999999999",
        ),
        (
            {
                "plans": {
                    "standard": {
                        "rules": {
                            "daily": {
                                "schedule": "cron(0 5 ? * * *)",
                                "delete_after_days": 35,
                                "copies": [{"account": "888888888888", "vault": "copies"}],
                            }
                        }
                    }
                }
            },
            "plans.standard.rules.daily.copies[0].account",
            "888888888888",
        ),
        (
            {
                "reports": {
                    "scope": "account",
                    "bucket": {
                        "name": "hooli-reports",
                        "existing": True,
                        "account": "888888888888",
                    },
                }
            },
            "reports.bucket.account",
            "888888888888",
        ),
        (
            {"access": {"role": "arn:aws:iam::888888888888:role/deploy"}},
            "access.role",
            "888888888888",
        ),
    ],
)
def test_an_account_of_another_customer_is_refused_wherever_a_stack_would_reach_it(
    over: Mapping[str, Any], place: str, account: str, problems: Problems
) -> None:
    said = f"{place}: {account} is an account of hooli, by stacks/customers/hooli.yaml; a stack of"
    assert any(said in problem for problem in problems(over))


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("access", "role"),
        ("state", "backend"),
        ("state", "secrets_provider"),
    ],
)
def test_a_way_in_is_one_customers_alone(field: str, name: str, problems: Problems) -> None:
    (found,) = problems({field: {name: HOOLI[field][name]}})
    assert f"{field}.{name}: is that of hooli too, by stacks/customers/hooli.yaml" in found
    assert found.endswith("could reach the other: write each its own")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"backend": "s3://b-state?region=eu-central-1"}, {"backend": "s3://b-state"}),
        ({"backend": "s3://b-state"}, {"backend": "s3://b-state/?region=eu-west-1"}),
        ({"backend": "s3://b-state/x"}, {"backend": "s3://b-state//x/?region=eu-west-1"}),
        ({"backend": "file:///srv/x"}, {"backend": "file:///srv/y/../x/"}),
        ({"secrets_provider": "awskms://alias/x"}, {"secrets_provider": "awskms:///alias/x?a=b"}),
        ({"passphrase_file": "~/x/pass"}, {"passphrase_file": "~/./x//pass"}),
    ],
)
def test_nor_is_it_in_another_writing(
    theirs: Mapping[str, str], ours: Mapping[str, str], problems: Problems, tmp_path: Path
) -> None:
    file = tmp_path / load.CUSTOMERS / "hooli.yaml"
    file.write_text(yaml.safe_dump({**HOOLI, "state": theirs}))
    (found,) = problems({"state": ours})
    assert f"state.{next(iter(ours))}: is that of hooli too" in found


def test_another_folder_of_a_bucket_is_another_backend(problems: Problems) -> None:
    assert problems({"state": {"backend": "s3://hooli-state/acme?region=eu-central-1"}}) == []


def test_an_external_id_of_deploy_roles_is_one_customers_alone(problems: Problems) -> None:
    (found,) = problems({"deploy_role": "deployer", "deploy_role_external_id": "deploys-hooli"})
    assert "deploy_role_external_id: is that of hooli too" in found


def test_customers_may_share_pulumi_cloud_and_the_way_secrets_are_kept(problems: Problems) -> None:
    assert problems({"state": {"backend": "https://api.pulumi.com", "organization": "msp"}}) == []
    assert problems({"state": {"secrets_provider": "passphrase"}}) == []


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"access": {}}, "access: says nothing; write its profile, its role, or leave it out"),
        (
            {"access": {"profile": "x", "external_id": "of-acme"}},
            "access.external_id: is for access.role, which is not set",
        ),
        (
            {"state": {"backend": "s3://x", "organization": "acme"}},
            "state.organization: is for Pulumi Cloud, and the backend is s3://x",
        ),
        (
            {"state": {"backend": "s3://x", "secrets_provider": "default"}},
            "state.secrets_provider: default is Pulumi Cloud's",
        ),
        (
            {"state": {"secrets_provider": "awskms://alias/x", "passphrase_file": "~/x"}},
            "state.passphrase_file: is not used, as state.secrets_provider is awskms://alias/x",
        ),
        ({"state": {"backend": "bucket"}}, "state.backend: 'bucket' does not fit; a backend is"),
    ],
)
def test_what_says_nothing_or_contradicts_itself_is_refused(
    over: Mapping[str, Any], said: str, problems: Problems
) -> None:
    assert [said in problem for problem in problems(over)] == [True]


def test_no_stack_is_two_customers_by_its_name(problems: Problems) -> None:
    """acme-member-x-audit would be acme's member x-audit, and the audit stack of acme-member-x."""
    found = problems({"customer": "acme-member-x"})
    assert any("`member` is no word of it" in problem for problem in found)
