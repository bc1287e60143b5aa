"""A preview of a large stack with the policy pack against one without it; in the sandbox, by the
genuine engine and from no state, so that every resource is to be created."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import yaml
from pulumi import automation

from benchmarks.measure import Measure, in_own_process
from components.packaging.layers import layer_file, layer_names
from fleet.deploy import program
from fleet.deploy.deployment import POLICIES, Engine
from fleet.engine import engine
from fleet.project import PROJECT
from fleet.sandbox.stage import running, staged
from fleet.sandbox.tour import give_credentials
from fleet.sandbox.workspace import Workspace, machine
from stacks.load import CUSTOMERS, KEY

_CUSTOMER, _STACK = "globex", "globex-management"
_AT_MOST = 1.2


@dataclass(frozen=True, kw_only=True)
class Size:
    vaults: int
    """Beyond the example's own: each with key, policy, lock, notifications, plan and selections."""
    previews: int
    """Of each of the two, in turn."""


FULL = Size(vaults=30, previews=7)
TINY = Size(vaults=0, previews=1)


def run(size: Size) -> Sequence[Measure]:
    for layer in layer_names():
        layer_file(layer, machine(), _say_nothing)
    with TemporaryDirectory() as folder:
        workspace = Workspace(
            root=Path(folder) / "sandbox", source=_settings(Path(folder) / "source", size.vaults)
        )
        sandbox = running(_CUSTOMER, workspace, _say_nothing, with_parent=True)
        try:
            stage = staged(_CUSTOMER, workspace, sandbox, engine(_say_nothing))
            give_credentials(stage)
            resources, with_pack, without = in_own_process(
                _seconds, stage.engine, size.previews
            ).result
        finally:
            sandbox.stop()
    return [
        Measure(
            what=f"a preview of {resources} resources with the policy pack",
            value=with_pack,
            unit="s",
            baseline="without it",
            base=without,
            at_most=_AT_MOST,
        )
    ]


def _settings(source: Path, vaults: int) -> Path:
    """The examples, and in the one account that has all there is further vaults and plans."""
    shutil.copytree(PROJECT / CUSTOMERS, source / CUSTOMERS)
    shutil.copy(PROJECT / "Pulumi.yaml", source)
    path = source / CUSTOMERS / f"Pulumi.{_STACK}.yaml"
    content = yaml.safe_load(path.read_text())
    settings = content["config"][KEY]
    for plan in settings["plans"].values():
        plan["vault"] = "standard"
    for name in (f"row{number}" for number in range(vaults)):
        settings["vaults"][name] = {
            "force_destroy": True,
            "break_glass_roles": ["backup-break-glass"],
            "lock": {"mode": "governance", "min_retention_days": 7, "max_retention_days": 400},
        }
        settings["plans"][name] = {
            "vault": name,
            "selection": {"value": name},
            "rules": {"daily": {"schedule": "cron(30 0 ? * * *)", "delete_after_days": 35}},
        }
    path.write_text(yaml.safe_dump(content))
    return source


def _seconds(engine: Engine, previews: int) -> tuple[int, float, float]:
    """How many resources, and the middle preview with the pack and without it, in turn. One before
    them does not count: it loads what the program uses."""
    stack = automation.create_or_select_stack(
        stack_name=_STACK,
        project_name="backup-org",
        program=lambda: program.run(engine.project),
        opts=automation.LocalWorkspaceOptions(
            work_dir=str(engine.project),
            pulumi_command=engine.command,
            env_vars={
                "PULUMI_SKIP_UPDATE_CHECK": "1",
                "BACKUP_ORG_PYTHON": sys.executable,
                **engine.environment,
            },
        ),
    )

    def seconds(*packs: Path) -> float:
        started = time.perf_counter()
        stack.preview(color="never", policy_packs=[str(pack) for pack in packs])
        return time.perf_counter() - started

    resources = sum(stack.preview(color="never").change_summary.values())
    pairs = [(seconds(POLICIES), seconds()) for _ in range(previews)]
    return resources, median(ours for ours, _ in pairs), median(base for _, base in pairs)


def _say_nothing(line: str) -> None:
    del line
