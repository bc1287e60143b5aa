"""The command `doctor`: its table, its cures and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from aws_sandbox.aws.organization import (
    SECRET_ACCESS_KEY,
    Organization,
)
from aws_sandbox.aws.server import AwsServer
from components.reports_bucket import (
    reports_are_delivered,
    reports_are_read,
)
from stacks import load
from tests.engine.doctor.conftest import (
    ARN,
    AUDIT,
    LAKE,
    MANAGEMENT,
    POLICY,
    ROLE,
    THEIRS,
    TOPICS,
    WITHOUT_STACK,
    written,
)
from tests.support.command import backup_org


class TestTheCommand:
    """All of a project's stacks, with what is at hand in the environment."""

    @pytest.fixture(autouse=True)
    def _project(self, aws: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "config").touch()
        environment = {
            "BACKUP_ORG_PROJECT": tmp_path,
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": Organization().access_key_id,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_CONFIG_FILE": tmp_path / "config",
            "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "config",
            "AWS_EC2_METADATA_DISABLED": "true",
            "COLUMNS": "1000",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        role = "OrganizationAccountAccessRole"
        written(tmp_path, "management", reports={"scope": "account"}, deploy_role=role)
        written(tmp_path, "audit", deploy_role=role)

    @staticmethod
    def told(*names: str) -> tuple[int | str | None, list[str], list[str]]:
        """How the command ends, the rows of its table, and the needs and cures below."""
        answer = backup_org("doctor", *names)
        rows = [line for line in answer.output.splitlines() if line.startswith("│")]
        below = [line for line in answer.output.splitlines() if line.startswith("acme-")]
        return answer.exit_code, rows, below

    def test_ends_well_where_nothing_needs_a_cure(self, session: boto3.Session) -> None:
        iam = session.client("iam")
        iam.create_service_linked_role(AWSServiceName="reports.backup.amazonaws.com")
        code, rows, needs = self.told()
        assert code == 0
        told = [tuple(cell.strip() for cell in row.split("│")[1:3]) for row in rows]
        assert told == [
            ("acme-audit", TOPICS),
            ("acme-management", ROLE),
            ("acme-management", LAKE),
            ("acme-management", WITHOUT_STACK),
        ]
        assert [line.split(": ")[1] for line in needs] == [TOPICS, WITHOUT_STACK]

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
        code, rows, cures = self.told()
        assert code == 1
        assert found in rows[0]
        assert "does not exist" in rows[1]
        of_accounts = [line for line in cures if f": {WITHOUT_STACK}: " not in line]
        assert [line.split(": ")[0] for line in of_accounts] == ["acme-audit", "acme-management"]
        assert cure in of_accounts[0]

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
        code, rows, cures = self.told()
        assert code == 1
        assert [row.split("│")[1].strip() for row in rows] == ["acme-audit", "acme-management"]
        assert all(found in row for row in rows)
        assert ["aws sts get-caller-identity" in line for line in cures] == [True, True]

    def test_tells_problems_of_settings_beside_the_others(self, tmp_path: Path) -> None:
        with pytest.raises(load.SettingsError):
            written(tmp_path, "audit", colour="red")
        code, rows, cures = self.told()
        assert code == 1
        assert "colour" in rows[0]
        assert "does not exist" in rows[1]
        assert len([line for line in cures if ": backup-org" in line or "write it" in line]) == 2

    def test_prints_brackets_as_they_are(self, tmp_path: Path) -> None:
        with pytest.raises(load.SettingsError):
            written(tmp_path, "audit", tags={"[red]x": ["[bold]"]})
        assert "[red]x" in self.told()[1][0]

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
        code, _, below = self.told("acme-management")
        assert code == 0
        wanted = reports_are_read(ARN, MANAGEMENT, "aws").render()
        need = f"{AUDIT} must have in it: {json.dumps(wanted)}"
        assert f"acme-management: {POLICY}: {need}" in below

    def test_prints_a_cure_on_one_line_however_narrow_the_terminal_is(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bucket: Any
    ) -> None:
        del bucket
        reports = {"scope": "account", "bucket": THEIRS}
        role = "OrganizationAccountAccessRole"
        written(tmp_path, "management", reports=reports, deploy_role=role)
        monkeypatch.setenv("COLUMNS", "60")
        wanted = reports_are_delivered("arn:aws:s3:::theirs", MANAGEMENT, "aws").render()
        cure = f"acme-management: {POLICY}: add to it: {json.dumps(wanted)}"
        assert cure in self.told("acme-management")[2]
