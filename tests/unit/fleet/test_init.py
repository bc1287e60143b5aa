"""`backup-org init`: what is asked, and files that validate."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fleet.errors import ToldError
from fleet.project import PROJECT
from stacks import load
from stacks.load import CUSTOMERS
from stacks.settings import MemberSettings
from tests.support.command import backup_org

MANAGEMENT, AUDIT, SHOP = "111122223333", "444455556666", "777788889999"
"""Of none of the example customers, who have all digits."""
FLAGS = ("--management-account", MANAGEMENT, "--audit-account", AUDIT, "--region", "eu-west-1")
TICKETS = ("--servicenow-url", "https://umbrella.service-now.com")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example customers' files."""
    shutil.copytree(PROJECT / CUSTOMERS, tmp_path / CUSTOMERS)
    monkeypatch.setenv("BACKUP_ORG_PROJECT", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def _texts(project: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (project / CUSTOMERS).glob("*.yaml")}


def test_flags_alone_make_a_customer_whose_stacks_validate(project: Path) -> None:
    assert backup_org("init", "customer", "umbrella", *FLAGS, *TICKETS).exit_code == 0
    management = load.from_files("umbrella-management", project)
    audit = load.from_files("umbrella-audit", project)
    assert management.deploy_role is None  # AWS makes no role of that name there
    assert management.reports is not None
    assert audit.ticketing is not None
    assert audit.ticketing.secret == "backup-org/servicenow"
    new = [text for name, text in _texts(project).items() if "umbrella" in name]
    assert len(new) == 3
    assert all(text.startswith("# yaml-language-server: $schema=") for text in new)


def test_a_customer_may_be_called_as_anothers_name_begins(project: Path) -> None:
    assert backup_org("init", "customer", "acme-eu", *FLAGS).exit_code == 0
    (project / CUSTOMERS / "acme.yaml").unlink()
    for path in (project / CUSTOMERS).glob("Pulumi.acme-[!e]*.yaml"):
        path.unlink()
    flags = ("--management-account", "999900001111", "--region", "eu-west-1")
    assert backup_org("init", "customer", "acme", *flags).exit_code == 0
    assert load.from_files("acme-management", project).account == "999900001111"


def test_a_member_gets_what_all_members_have_and_its_own_plans(project: Path) -> None:
    backup_org("init", "customer", "umbrella", *FLAGS)
    before = _texts(project)["umbrella.yaml"]
    backup_org("init", "member", "umbrella", "shop", "--account", SHOP, "--plan", "gold")
    assert _texts(project)["umbrella.yaml"].startswith(before)
    shop = load.from_files("umbrella-member-shop", project)
    assert isinstance(shop, MemberSettings)
    assert (shop.account, [*shop.plans]) == (SHOP, ["standard", "gold"])
    assert shop.regions == ("eu-west-1",)


def test_a_member_may_have_a_file_of_its_own(project: Path) -> None:
    before = _texts(project)
    answer = backup_org("init", "member", "acme", "shop", "--account", SHOP, "--own-file")
    assert answer.exit_code == 0
    assert load.from_files("acme-member-shop", project).vaults.keys() == {"standard"}
    assert before.items() < _texts(project).items()


def test_a_customer_in_no_organization_has_tickets_in_each_member(project: Path) -> None:
    backup_org("init", "customer", "umbrella", "--region", "eu-west-1", *TICKETS)
    backup_org("init", "member", "umbrella", "shop", "--account", SHOP)
    shop = load.from_files("umbrella-member-shop", project)
    assert shop.alerts_in == "member"
    assert shop.ticketing is not None


def test_on_a_terminal_a_wrong_answer_is_asked_for_again(project: Path) -> None:
    typed = ["umbrella", "55555555555", MANAGEMENT, AUDIT, "eu-wst-1", "eu-west-1", "", "", ""]
    typed += ["n", "", "gld", "gold silver", "y"]
    answer = backup_org("init", "customer", typed="\n".join([*typed, ""]))
    assert answer.exit_code == 0, answer.output
    assert "an account id is 12 digits" in answer.output
    assert "like it are eu-west-1" in answer.output
    assert "did you mean gold?" in answer.output
    backup_org("init", "member", "umbrella", "shop", "--account", SHOP)
    assert [*load.from_files("umbrella-member-shop", project).plans] == ["gold", "silver"]
    assert load.from_files("umbrella-management", project).reports is None


def test_nothing_is_written_that_somebody_does_not_want(project: Path) -> None:
    before = _texts(project)
    arguments = ("member", "acme", "shop", "--account", SHOP)
    assert backup_org("init", *arguments, typed="\n\nn\n").exit_code == 1
    assert _texts(project) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["customer", "acme", *FLAGS], "acme.yaml is there already"),
        (["member", "acme", "web", "--account", SHOP], "acme-member-web is there already"),
        (["member", "acm", "shop", "--account", SHOP], "did you mean acme?"),
        (["member", "acme", "Shop", "--account", SHOP], "use lower-case letters"),
        (["customer"], "there is nobody to ask here: say NAME, --region"),
        (["customer", "umbrella", "--region", "eu-wst-1"], "like it are eu-west-1"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_written(
    arguments: list[str], told: str, project: Path
) -> None:
    before = _texts(project)
    answer = backup_org("init", *arguments)
    assert answer.exit_code == 2
    assert told in " ".join(answer.output.replace("│", " ").split())
    assert _texts(project) == before


def test_settings_that_do_not_go_together_are_not_written(project: Path) -> None:
    before = _texts(project)
    with pytest.raises(ToldError, match="alerts_in: is member"):
        backup_org("init", "customer", "umbrella", *FLAGS, "--alerts-in", "member")
    with pytest.raises(ToldError, match="account: is that of"):
        backup_org("init", "member", "acme", "shop", "--account", "444444444444")
    assert _texts(project) == before
