"""What a change touches that git knows of."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fleet.deploy.touched import touched_since
from fleet.errors import ToldError
from fleet.project import PROJECT
from stacks.load import CUSTOMERS

ACME = {"acme-audit", "acme-management", "acme-member-payments", "acme-member-web"}
HOOLI = {"hooli-audit", "hooli-management", "hooli-member-trading"}
Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """A repository with the examples' settings below a folder of its own, one commit old."""
    root = tmp_path / "infrastructure"
    shutil.copytree(PROJECT / CUSTOMERS, root / CUSTOMERS)
    (root / "Pulumi.yaml").write_text("name: backup-org\n")

    def run(*arguments: str) -> str:
        who = ("-c", "user.name=Robin", "-c", "user.email=robin@example.com")
        command = ["git", "-C", str(tmp_path), *who, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    run("init", "-q", "-b", "main")
    run("add", "-A")
    run("commit", "-qm", "before")
    return run


@pytest.fixture
def root(git: Git, tmp_path: Path) -> Path:
    del git
    return tmp_path / "infrastructure"


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_nothing_changed_touches_nothing(root: Path) -> None:
    assert touched_since("HEAD", root) == set()


def test_a_stacks_own_file_touches_that_stack_committed_or_not(root: Path, git: Git) -> None:
    own = root / CUSTOMERS / "Pulumi.acme-member-web.yaml"
    replace(own, "delete_after_days: 14", "delete_after_days: 21")
    assert touched_since("HEAD", root) == {"acme-member-web"}
    git("commit", "-qam", "keep longer")
    assert touched_since("HEAD", root) == set()
    assert touched_since("HEAD~1", root) == {"acme-member-web"}


def test_a_comment_touches_nothing(root: Path) -> None:
    own = root / CUSTOMERS / "Pulumi.acme-member-web.yaml"
    own.write_text(f"# as agreed with them\n{own.read_text()}")
    assert touched_since("HEAD", root) == set()


def test_what_a_customers_stacks_share_touches_all_of_them(root: Path) -> None:
    shared = root / CUSTOMERS / "acme.yaml"
    shared.write_text(
        yaml.safe_dump(yaml.safe_load(shared.read_text()) | {"tags": {"owner": "somebody-else"}})
    )
    assert touched_since("HEAD", root) == ACME


def test_a_row_of_the_table_touches_its_member_and_an_account_the_central_stacks_too(
    root: Path,
) -> None:
    shared = root / CUSTOMERS / "hooli.yaml"
    content = yaml.safe_load(shared.read_text())
    content["members"]["trading"]["tags"] = {"desk": "three"}
    shared.write_text(yaml.safe_dump(content))
    assert touched_since("HEAD", root) == {"hooli-member-trading"}
    content["members"]["archive"] = {"account": "123123123123", "vaults": {"standard": {}}}
    shared.write_text(yaml.safe_dump(content))
    assert touched_since("HEAD", root) == {*HOOLI, "hooli-member-archive"}


def test_a_file_touches_the_stacks_whose_settings_name_it(root: Path) -> None:
    logo = root / CUSTOMERS / "acme" / "logo.svg"
    logo.write_text(logo.read_text().replace("<svg", "<svg data-by='another'", 1))
    assert touched_since("HEAD", root) == {"acme-audit"}


def test_a_table_of_volumes_touches_its_stack(root: Path) -> None:
    (root / CUSTOMERS / "hooli-management.volumes.csv").write_text("account,daily_volume\n")
    assert touched_since("HEAD", root) == {"hooli-management"}


@pytest.mark.parametrize("path", ["components/vault.py", "stacks/member.py", "handlers/a/core.py"])
def test_the_program_touches_every_stack(root: Path, path: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("")
    touched = touched_since("HEAD", root)
    assert touched > ACME | HOOLI


def test_a_file_touches_whom_it_was_part_of_before_it_was_renamed(root: Path, git: Git) -> None:
    logo = root / CUSTOMERS / "acme" / "logo.svg"
    logo.rename(logo.with_name("mark.svg"))
    git("add", "-A")
    assert touched_since("HEAD", root) == {"acme-audit"}
    (root / "components").mkdir()
    (root / "components" / "vault.py").write_text("# a vault\n" * 10)
    git("add", "-A")
    git("commit", "-qm", "more")
    (root / "components" / "vault.py").rename(root / "vault.py")
    git("add", "-A")
    assert touched_since("HEAD", root) > ACME | HOOLI


def test_a_page_of_docs_touches_nothing(root: Path) -> None:
    (root / "docs").mkdir()
    (root / "docs" / "deploy.md").write_text("")
    (root / "requirements-dev.txt").write_text("")
    assert touched_since("HEAD", root) == set()


def test_settings_that_became_unreadable_touch_their_stack(root: Path) -> None:
    (root / CUSTOMERS / "Pulumi.acme-member-web.yaml").write_text("config: [")
    assert "acme-member-web" in touched_since("HEAD", root)


def test_what_only_the_other_branch_changed_touches_nothing(root: Path, git: Git) -> None:
    git("checkout", "-qb", "mine")
    own = root / CUSTOMERS / "Pulumi.acme-member-web.yaml"
    replace(own, "delete_after_days: 14", "delete_after_days: 21")
    git("commit", "-qam", "mine")
    git("checkout", "-q", "main")
    shared = root / CUSTOMERS / "hooli.yaml"
    shared.write_text(shared.read_text() + "\n")
    git("commit", "-qam", "theirs")
    git("checkout", "-q", "mine")
    assert touched_since("main", root) == {"acme-member-web"}


def test_a_stack_without_settings_any_more_is_told_of(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / CUSTOMERS / "Pulumi.acme-member-web.yaml").unlink()
    assert "acme-member-web" not in touched_since("HEAD", root)
    said = " ".join(capsys.readouterr().err.split())
    assert "acme-member-web has no settings any more, and what it deployed still stands" in said
    assert "backup-org destroy acme-member-web" in said


def test_it_is_told_of_where_the_program_changes_too(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / CUSTOMERS / "Pulumi.acme-member-web.yaml").unlink()
    (root / "__main__.py").write_text("")
    assert "hooli-audit" in touched_since("HEAD", root)
    assert "acme-member-web has no settings any more" in capsys.readouterr().err


@pytest.mark.parametrize("revision", ["nowhere", "--output=x"])
def test_a_revision_that_is_not_here_is_told_with_the_cure(root: Path, revision: str) -> None:
    with pytest.raises(ToldError, match="fetch-depth: 0"):
        touched_since(revision, root)


def test_settings_that_are_in_no_repository_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(PROJECT / CUSTOMERS, folder / CUSTOMERS)
    with pytest.raises(ToldError, match="git cannot tell what has changed"):
        touched_since("HEAD", folder)
