"""Prowler (https://github.com/prowler-cloud/prowler) beside the product: 1.4 GB of packages that no
requirement of ours agrees with, so in a virtual environment of its own, in the user's cache."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.packaging.cache import cache_folder, made_once
from fleet.project import PROJECT
from tests.support import prowler_scans

_REQUIREMENTS = PROJECT / "requirements-prowler.txt"
CHECKS = (
    "backup_plans_exist",
    "backup_recovery_point_encrypted",
    "backup_reportplans_exist",
    "backup_vaults_encrypted",
    "backup_vaults_exist",
)


class NotInstalled(Exception):
    """Why Prowler cannot be had here."""


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """What a check says of one resource, or of an account as a whole."""

    account: str
    check: str
    region: str
    arn: str
    failed: bool


@dataclass(frozen=True, kw_only=True)
class Scan:
    """An account to look at."""

    account: str
    environment: Mapping[str, str]
    """By which an SDK reaches it."""
    regions: Sequence[str]


def installed() -> Path:
    """The Python that has Prowler; made the first time. Raises NotInstalled."""
    version = re.search(r"^prowler==(\S+)", _REQUIREMENTS.read_text(), re.MULTILINE)
    assert version is not None
    root = cache_folder() / f"prowler-{version[1]}-python{sys.version_info[1]}"
    with made_once(root, print):
        if not root.exists():
            _install(root)
    return root / "bin" / "python"


def _install(root: Path) -> None:
    draft = root.with_name(f"{root.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    uv = Path(sys.executable).parent / "uv"
    python = ["--python", str(draft / "bin" / "python")]
    for command in (
        ["venv", "--quiet", "--relocatable", "--python", sys.executable, str(draft)],
        ["pip", "sync", "--quiet", "--require-hashes", *python, str(_REQUIREMENTS)],
    ):
        done = subprocess.run([uv, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise NotInstalled(f"uv {command[0]}: {done.stderr.strip()}")
    draft.rename(root)


def scanned(python: Path, scans: Sequence[Scan], folder: Path) -> list[Finding]:
    """What Prowler's checks of AWS Backup find in accounts; it leaves its files in a folder."""
    told = [
        {
            "environment": {**scan.environment, "HOME": str(folder)},
            "arguments": [
                "aws",
                "--check",
                *CHECKS,
                "--region",
                *scan.regions,
                "--output-formats",
                "json-ocsf",
                "--output-directory",
                str(folder),
                "--output-filename",
                scan.account,
                "--no-banner",
                "--no-color",
                "--ignore-exit-code-3",
            ],
        }
        for scan in scans
    ]
    done = subprocess.run(
        # -P: this folder has a prowler.py too.
        [python, "-P", prowler_scans.__file__],
        input=json.dumps(told),
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return sorted(found for scan in scans for found in _findings(scan.account, folder))


def _findings(account: str, folder: Path) -> Iterator[Finding]:
    """Of one account's file, in the Open Cybersecurity Schema Framework."""
    for found in json.loads((folder / f"{account}.ocsf.json").read_text()):
        (about,) = found["resources"]
        assert found["cloud"]["account"]["uid"] == account
        yield Finding(
            account=account,
            check=found["metadata"]["event_code"],
            region=found["cloud"]["region"],
            arn=about["uid"],
            failed=found["status_code"] == "FAIL",
        )
