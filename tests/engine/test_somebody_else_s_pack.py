"""The rules in somebody else's pack, installed as a package, over a program in Go that is not ours.

The pack has nothing of the checkout on its path. The program is compiled where Go is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.project import PROJECT
from fleet.sandbox.stage import Stage

PROGRAM = Path(__file__).parent / "go_program"
OWN_KEY = "vault_has_its_own_key"
ABOUT = "description: Ours.\nruntime:\n  name: python\n  options:\n    virtualenv: venv\n"
PACK = """\
from policies.pack import policies_of_all_rules
from pulumi_policy import PolicyPack
PolicyPack(name="theirs", policies=[*policies_of_all_rules(bundle="regulated")])
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, compiled; by the engine's own flags, so that what both use is compiled once."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("the program in Go cannot be compiled: there is no go on PATH")
    built = tmp_path_factory.mktemp("go") / "theirs"
    environment = {**os.environ, "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    command = [go, "build", "-trimpath", "-o", str(built), "."]
    done = subprocess.run(
        command, cwd=PROGRAM, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return built


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder; the rules come from this project's wheel, in a virtual environment of the pack's.

    What the wheel requires is looked up in the environment that runs this test.
    """
    folder = tmp_path_factory.mktemp("theirs") / "pack"
    venv, build = folder / "venv", folder.parent / "build"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text(ABOUT)
    (folder / "__main__.py").write_text(PACK)
    uv, python = Path(sys.executable).parent / "uv", venv / "bin" / "python"
    for command in (
        ["build", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", build, "."],
        ["venv", "--python", sys.executable, venv],
    ):
        subprocess.run([uv, *command], cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = build.glob("*.whl")
    install = ["pip", "install", "--offline", "--no-deps", "--python", python, wheel]
    subprocess.run([uv, *install], check=True, capture_output=True)
    packages = next(venv.glob("lib/*/site-packages"))
    # Packages alone: a .pth file of that folder, by which the checkout is there, is not read.
    there = Path(next(path for path in sys.path if path.endswith("site-packages")))
    (packages / "required.pth").write_text(f"{there}\n")
    return folder


def run(stage: Stage, theirs: Path, pack: Path, folder: Path, *key: str) -> tuple[int, str]:
    """The program with the pack: its exit code, and all that it said."""
    engine = Path(stage.engine.command.command).parent
    environment = {
        **os.environ,
        **stage.engine.environment,
        "PATH": f"{engine}:{os.environ['PATH']}",
        "BACKUP_ORG_PYTHON": str(pack / "venv" / "bin" / "python"),
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PYTHONPATH": "",
    }
    done = subprocess.run(
        [theirs, pack, *key],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def vaults(stage: Stage) -> list[str]:
    account = next(iter(stage.stacks.values())).organization.management_account or ""
    backup = stage.sandbox.session(account, "eu-central-1").client("backup")
    return [v.get("BackupVaultName", "") for v in backup.list_backup_vaults()["BackupVaultList"]]


def test_the_pack_has_the_rules_from_the_installed_package(pack: Path) -> None:
    where = subprocess.run(
        [pack / "venv" / "bin" / "python", "-c", "import policies; print(policies.__path__)"],
        cwd=pack,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(pack / "venv") in where.stdout
    assert str(PROJECT) not in where.stdout


def test_a_program_in_go_is_refused_a_vault_with_aws_s_key_and_nothing_is_created(
    stage: Stage, theirs: Path, pack: Path, tmp_path: Path
) -> None:
    code, said = run(stage, theirs, pack, tmp_path)
    assert code != 0
    assert f"[mandatory] [severity: high]  {OWN_KEY}" in said, said
    assert "the vault theirs would be encrypted with the AWS-managed key" in said
    assert vaults(stage) == []


def test_a_vault_with_its_own_key_has_that_rule_s_leave(
    stage: Stage, theirs: Path, pack: Path, tmp_path: Path
) -> None:
    _, said = run(stage, theirs, pack, tmp_path, "own-key")
    assert "theirs" in said
    assert OWN_KEY not in said
