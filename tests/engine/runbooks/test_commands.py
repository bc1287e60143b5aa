"""Scripts that staff edit in AWS: told from this checkout's, adopted, published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import boto3
import pytest
import typer
import yaml

from components.scripts.texts import FOLDER, version_name
from fleet import access
from fleet.errors import ToldError
from fleet.project import PROJECT_VARIABLE
from fleet.runbooks import commands
from fleet.runbooks.members import kept_scripts
from fleet.terminal import console
from sandbox.tests.deployed_aws import MEMBER, DeployedAws, shared_aws
from stacks.load import CUSTOMERS, KEY, from_files
from stacks.settings import MemberSettings

STACK, DOCUMENT = "acme-member-pay", "acme-backup-script-files"
TEXT = (FOLDER / "filesystem_freeze.yaml").read_text(encoding="utf-8")
EDITED = TEXT.replace("default: auto", "default: /srv/customer")
SHARED = """\
customer: acme
region: eu-central-1
organization:
  management_account: "111111111111"
  audit_account: "222222222222"
"""
SETTINGS = """\
# Whose stack it is.
config:
  backup-org:settings:
    extends: acme
    role: member
    name: pay
    account: "333333333333"
    regions: [eu-central-1, eu-west-1]
    vaults: {standard: {}}
    plans: {standard: {vault: standard, selection: {value: "standard"}}}
    scripts:
      files: # the file servers
        plan: standard
        document: filesystem_freeze
"""


class Scripts:
    """The project, and its document in two Regions of the member's account."""

    def __init__(self, project: Path, aws: DeployedAws) -> None:
        self.project = project
        self.ssm = {
            region: aws.client("ssm", MEMBER, region) for region in ("eu-central-1", "eu-west-1")
        }
        for ssm in self.ssm.values():
            ssm.create_document(
                Name=DOCUMENT,
                Content=TEXT,
                DocumentType="Command",
                DocumentFormat="YAML",
                VersionName=version_name(TEXT),
            )

    def edit(self, region: str, text: str = EDITED, *, default: bool = True) -> None:
        """As staff do in the console."""
        ssm = self.ssm[region]
        updated = ssm.update_document(
            Name=DOCUMENT, Content=text, DocumentFormat="YAML", DocumentVersion="$LATEST"
        )
        version = updated["DocumentDescription"]["DocumentVersion"]
        if default:
            ssm.update_document_default_version(Name=DOCUMENT, DocumentVersion=version)

    def runs(self, region: str) -> str:
        return self.ssm[region].get_document(Name=DOCUMENT, DocumentFormat="YAML")["Content"]

    def own_document(self, text: str) -> Path:
        """Makes the script one of the customer's."""
        path = self.project / CUSTOMERS / "acme" / "scripts" / "own.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        settings = self.project / CUSTOMERS / f"Pulumi.{STACK}.yaml"
        settings.write_text(SETTINGS.replace("filesystem_freeze", "own.yaml"))
        return path

    @property
    def settings(self) -> MemberSettings:
        found = from_files(STACK, self.project)
        assert isinstance(found, MemberSettings)
        return found


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedAws]:
    made = shared_aws(tmp_path_factory.getbasetemp() / "functions")
    made.open()
    yield made
    made.close()


@pytest.fixture
def scripts(aws: DeployedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripts]:
    folder = tmp_path / CUSTOMERS
    folder.mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: backup-org\n")
    (folder / "acme.yaml").write_text(SHARED)
    (folder / f"Pulumi.{STACK}.yaml").write_text(SETTINGS)
    monkeypatch.setenv(PROJECT_VARIABLE, str(tmp_path))
    monkeypatch.setattr(console, "_width", 200)
    session = aws.server.session(MEMBER, "eu-central-1")

    def session_of(settings: object) -> boto3.Session:
        del settings
        return session

    monkeypatch.setattr(access, "session", session_of)
    made = Scripts(tmp_path, aws)
    yield made
    for ssm in made.ssm.values():
        with suppress(ssm.exceptions.InvalidDocument):
            ssm.delete_document(Name=DOCUMENT)


def said() -> str:
    with console.capture() as captured:
        commands.list_runbooks([STACK])
    return captured.get()


def told_by_a_deployment(scripts: Scripts) -> list[str]:
    return list(kept_scripts({STACK: scripts.settings}, scripts.project))


def test_a_script_as_it_was_deployed_is_as_here(scripts: Scripts) -> None:
    assert said().count("as here") == 2
    assert told_by_a_deployment(scripts) == []


def test_an_edit_is_told_with_its_version_and_kept_by_a_deployment(scripts: Scripts) -> None:
    scripts.edit("eu-west-1")
    assert "edited in AWS: version 2 of 20" in said()
    (kept,) = told_by_a_deployment(scripts)
    assert kept.startswith(f"{STACK}: the script files in eu-west-1 is kept: edited in AWS")
    assert kept.endswith("run: backup-org runbooks diff, then adopt")


def test_an_edit_that_is_not_the_default_version_does_not_run(scripts: Scripts) -> None:
    scripts.edit("eu-west-1", default=False)
    assert "as here; version 2 is not the default one" in said()


def test_the_same_in_json_or_with_other_comments_is_no_edit(scripts: Scripts) -> None:
    scripts.edit("eu-west-1", "# by hand" + chr(10) + TEXT)
    scripts.edit("eu-central-1", json.dumps(yaml.safe_load(TEXT)))
    assert said().count("as here") == 2


def test_a_newer_text_here_is_told_and_published(scripts: Scripts) -> None:
    scripts.own_document(EDITED)
    assert said().count("newer here") == 2
    lines = told_by_a_deployment(scripts)
    assert [line.endswith("run: backup-org runbooks publish") for line in lines] == [True, True]
    commands.publish([STACK])
    assert scripts.runs("eu-west-1") == EDITED
    assert said().count("as here") == 2


def test_publishing_refuses_to_overwrite_an_edit_unless_told(scripts: Scripts) -> None:
    scripts.own_document(TEXT.replace("default: auto", "default: /srv/another"))
    scripts.edit("eu-west-1")
    with pytest.raises(ToldError, match=r"(?s)eu-west-1: edited in AWS.*adopt it, or say --over"):
        commands.publish([STACK])
    assert scripts.runs("eu-west-1") == EDITED
    commands.publish([STACK], overwrite=True)
    assert said().count("as here") == 2


def test_an_older_text_is_published_as_the_version_that_it_has(scripts: Scripts) -> None:
    """Systems Manager takes a version's name once."""
    scripts.edit("eu-west-1")
    commands.publish([STACK], overwrite=True)
    assert scripts.runs("eu-west-1") == TEXT
    assert "version 2 is not the default one" in said()


def test_the_difference_is_shown_from_aws_to_here(
    scripts: Scripts, capsys: pytest.CaptureFixture[str]
) -> None:
    scripts.edit("eu-west-1")
    with pytest.raises(typer.Exit):
        commands.diff([STACK])
    shown = capsys.readouterr().out
    assert f"--- {DOCUMENT} in eu-west-1 (version 2)" in shown
    assert "-    default: /srv/customer" in shown
    assert "+    default: auto" in shown
    assert "eu-central-1" not in shown


def test_an_edited_example_becomes_the_customers_own_document(scripts: Scripts) -> None:
    scripts.edit("eu-west-1")
    commands.adopt(STACK, "files")
    own = scripts.project / CUSTOMERS / "acme" / "scripts" / "pay-files.yaml"
    assert own.read_text() == EDITED
    text = (scripts.project / CUSTOMERS / f"Pulumi.{STACK}.yaml").read_text()
    assert yaml.safe_load(text)["config"][KEY]["scripts"]["files"]["document"] == "pay-files.yaml"
    assert "files: # the file servers" in text
    assert scripts.settings.scripts["files"].document == "pay-files.yaml"
    found = said()
    assert "as here" in found
    assert "newer here" in found  # in the Region where nobody edited it


def test_an_own_document_is_overwritten_by_what_staff_made_of_it(scripts: Scripts) -> None:
    path = scripts.own_document(TEXT)
    scripts.edit("eu-central-1")
    scripts.edit("eu-west-1")
    commands.adopt(STACK, "files")
    assert path.read_text() == EDITED
    assert said().count("as here") == 2


def test_what_differs_from_region_to_region_is_adopted_from_one_that_is_named(
    scripts: Scripts,
) -> None:
    scripts.edit("eu-central-1", EDITED.replace("customer", "Region"))
    scripts.edit("eu-west-1")
    with pytest.raises(ToldError, match="name one by --region: eu-central-1, eu-west-1"):
        commands.adopt(STACK, "files")
    commands.adopt(STACK, "files", region="eu-west-1")
    assert (scripts.project / CUSTOMERS / "acme/scripts/pay-files.yaml").read_text() == EDITED


def test_nothing_to_adopt_is_told(scripts: Scripts) -> None:
    with pytest.raises(ToldError, match="files of acme-member-pay is not edited in AWS"):
        commands.adopt(STACK, "files")


def test_an_edit_that_could_not_be_deployed_is_not_adopted(scripts: Scripts) -> None:
    scripts.edit("eu-west-1", EDITED.replace("default: dry-run", "default: pre-script"))
    with pytest.raises(ToldError, match=r"nothing is written.*\n.*it must take a parameter comm"):
        commands.adopt(STACK, "files")
    assert scripts.settings.scripts["files"].document == "filesystem_freeze"


def test_a_script_that_is_not_deployed_yet_is_told(scripts: Scripts) -> None:
    scripts.ssm["eu-west-1"].delete_document(Name=DOCUMENT)
    assert "not deployed" in said()


def test_that_aws_does_not_answer_keeps_no_deployment_from_its_end(
    scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(settings: object) -> boto3.Session:
        raise access.NoSession("no session", "log in")

    monkeypatch.setattr(access, "session", refuse)
    (line,) = told_by_a_deployment(scripts)
    assert (
        line == f"{STACK}: whether its scripts were edited cannot be looked up: no session; log in"
    )
