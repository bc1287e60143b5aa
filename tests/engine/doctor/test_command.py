"""The command `doctor`: its table, its cures and how it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from aws_sandbox.aws.organization import (
    Organization,
)
from aws_sandbox.aws.server import AwsServer
from components.reports_bucket import (
    reports_are_delivered,
    reports_are_read,
)
from stacks import load
from tests.engine.conftest import as_administrator
from tests.engine.doctor.conftest import (
    ACCOUNT,
    ARN,
    AUDIT,
    LAKE,
    MANAGEMENT,
    PLANS,
    POLICY,
    QUOTA,
    ROLE,
    THEIRS,
    TOPICS,
    WITHOUT_STACK,
    written,
)
from tests.support.command import backup_org

DEPLOYS = "OrganizationAccountAccessRole"


class TestTheCommand:
    """All of a project's stacks, with what is at hand in the environment."""

    @pytest.fixture(autouse=True)
    def _project(self, aws: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        as_administrator(aws, Organization(), tmp_path, monkeypatch, columns=1000)
        written(tmp_path, "management", reports={"scope": "account"}, deploy_role=DEPLOYS)
        written(tmp_path, "audit", deploy_role=DEPLOYS)

    @staticmethod
    def told(*names: str) -> tuple[int | str | None, list[Mapping[str, Any]]]:
        """How the command ends, and its findings."""
        answer = backup_org("doctor", *names, "--json")
        return answer.exit_code, json.loads(answer.results)["findings"]

    def test_ends_well_where_nothing_needs_a_cure(self, session: boto3.Session) -> None:
        iam = session.client("iam")
        iam.create_service_linked_role(AWSServiceName="reports.backup.amazonaws.com")
        code, found = self.told()
        assert code == 0
        assert [(f["stack"], f["about"], f["state"]) for f in found] == [
            ("acme-audit", ACCOUNT, "fine"),
            ("acme-audit", TOPICS, "by hand"),
            ("acme-management", ACCOUNT, "fine"),
            ("acme-management", ROLE, "fine"),
            ("acme-management", LAKE, "fine"),
            ("acme-management", PLANS, "not yet"),
            ("acme-management", QUOTA, "fine"),
            ("acme-management", WITHOUT_STACK, "by hand"),
        ]

    def test_prints_which_lines_are_fine_and_cures_that_name_their_stack(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "120")
        answer = backup_org("doctor", "acme")
        assert answer.exit_code == 2
        lines = answer.output.splitlines()
        (fine,) = [line for line in lines if LAKE in line]
        assert fine.split()[:3] == ["✓", "fine", "acme-management"]
        (ill,) = [line for line in lines if line.startswith("! cure")]
        assert f"{ROLE}: does not exist" in ill
        run = f"acme-management: {ROLE}: run: backup-org prepare acme-management"
        assert run in lines
        assert lines[-1] == "2 stacks: 4 fine, 1 not yet, 2 by hand, 1 cure"

    def test_leaves_out_what_is_fine_where_that_is_asked_for(self) -> None:
        output = backup_org("doctor", "--problems").output
        assert "✓ fine" not in output
        assert "! cure" in output

    @pytest.mark.parametrize(
        ("deploy_role", "found", "cure"),
        [
            (
                "nobody",
                f"arn:aws:iam::{AUDIT}:role/nobody cannot be assumed",
                "trust the credentials at hand",
            ),
            (
                None,
                f"act in {MANAGEMENT}, and the stack's account is {AUDIT}",
                "or set deploy_role",
            ),
        ],
    )
    def test_tells_what_keeps_from_one_account_beside_the_others(
        self, deploy_role: str | None, found: str, cure: str, tmp_path: Path
    ) -> None:
        written(tmp_path, "audit", deploy_role=deploy_role)
        code, looked = self.told()
        assert code == 1
        first, *others = looked
        assert (first["stack"], first["about"], first["state"]) == ("acme-audit", ACCOUNT, "failed")
        assert found in first["found"]
        assert cure in first["cure"]
        assert {other["stack"] for other in others} == {"acme-management"}
        assert [other["about"] for other in others if other["state"] == "cure"] == [ROLE]

    @pytest.mark.parametrize(
        ("name", "value", "found"),
        [
            ("AWS_ACCESS_KEY_ID", None, "Unable to locate credentials"),
            ("AWS_ACCESS_KEY_ID", "unknown", "InvalidClientTokenId"),
            ("AWS_PROFILE", "nowhere", "profile (nowhere) could not be found"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "Could not connect"),
        ],
    )
    def test_tells_of_every_stack_what_keeps_from_all(
        self, name: str, value: str | None, found: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
        code, looked = self.told()
        assert code == 1
        assert [each["stack"] for each in looked] == ["acme-audit", "acme-management"]
        assert all(found in each["found"] for each in looked)
        assert ["aws sts get-caller-identity" in each["cure"] for each in looked] == [True, True]

    def test_tells_problems_of_settings_beside_the_others(self, tmp_path: Path) -> None:
        with pytest.raises(load.SettingsError):
            written(tmp_path, "audit", colour="red")
        code, (first, *others) = self.told()
        assert code == 1
        assert (first["about"], first["state"]) == ("its settings", "failed")
        assert "colour" in first["found"]
        assert [other["about"] for other in others if other["state"] == "cure"] == [ROLE]

    def test_prints_brackets_as_they_are(self, tmp_path: Path) -> None:
        with pytest.raises(load.SettingsError):
            written(tmp_path, "audit", tags={"[red]x": ["[bold]"]})
        assert "[red]x" in backup_org("doctor").output

    @pytest.mark.usefixtures("role")
    def test_prints_what_another_account_must_see_to_and_exits_with_nought(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        written(
            tmp_path,
            "management",
            reports={"scope": "account", "bucket": {**THEIRS, "account": AUDIT}},
        )
        monkeypatch.setenv("COLUMNS", "60")
        answer = backup_org("doctor", "acme-management")
        assert answer.exit_code == 0
        wanted = reports_are_read(ARN, MANAGEMENT, "aws").render()
        need = f"{AUDIT} must have in it: {json.dumps(wanted)}"
        assert f"acme-management: {POLICY} ({wanted['Sid']}): {need}" in answer.output.splitlines()

    def test_prints_a_cure_on_one_line_however_narrow_the_terminal_is(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bucket: Any
    ) -> None:
        del bucket
        reports = {"scope": "account", "bucket": THEIRS}
        written(tmp_path, "management", reports=reports, deploy_role=DEPLOYS)
        monkeypatch.setenv("COLUMNS", "60")
        wanted = reports_are_delivered("arn:aws:s3:::theirs", MANAGEMENT, "aws").render()
        cure = f"acme-management: {POLICY}: add to it: {json.dumps(wanted)}"
        assert cure in backup_org("doctor", "acme-management").output.splitlines()
