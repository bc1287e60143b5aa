"""The commands of GitHub's workflows, run on this machine as a runner would run them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from tests.support.examples import ROOT

WORKFLOWS = ROOT / "examples" / "ci" / ".github" / "workflows"
ACTIONS = WORKFLOWS.parent / "actions"
_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
_SHELLS: Mapping[str, list[str]] = {
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
}
"""https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell"""


def workflow(name: str) -> Mapping[str, Any]:
    """A workflow, or an action as if it were the one job, `runs`, of a workflow."""
    if (ACTIONS / name).is_dir():
        content = yaml.safe_load((ACTIONS / name / "action.yml").read_text(encoding="utf-8"))
        return {"jobs": {"runs": content["runs"]}, "defaults": {"run": {"shell": "bash"}}}
    return yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))


def commands() -> set[tuple[str, str, str]]:
    """Workflow or action, job and name of each step that runs a command."""
    files = [file.name for file in (*WORKFLOWS.glob("*.yml"), *ACTIONS.iterdir())]
    return {
        (name, job, step["name"])
        for name in files
        for job, content in workflow(name)["jobs"].items()
        for step in content.get("steps", ())
        if "run" in step
    }


@dataclass(kw_only=True)
class Job:
    """A job of a workflow in a folder: its steps share files, and what they put on PATH."""

    workflow: str
    name: str
    folder: Path
    values: Mapping[str, str]
    """Of the expressions in environments, by their text; one that is not there is an error."""
    environment: Mapping[str, str]
    ran: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])

    def run(self, name: str, **values: str) -> subprocess.CompletedProcess[str]:
        """A step by its name; `stdout` has what went wrong, too."""
        content = workflow(self.workflow)
        job = content["jobs"][self.name]
        (step,) = [step for step in job["steps"] if step.get("name") == name]
        given = {**job.get("env", {}), **step.get("env", {})}
        asked = {**self.values, **values}
        script = self.folder / "step.sh"
        assert not _EXPRESSION.search(step["run"])
        script.write_text(step["run"], encoding="utf-8")
        environment = {
            **self.environment,
            **{key: _filled(str(value), asked) for key, value in given.items()},
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
        }
        self.ran.add((self.workflow, self.name, name))
        return subprocess.run(
            [*_SHELLS[content["defaults"]["run"]["shell"]], script],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    @property
    def outputs(self) -> Mapping[str, str]:
        lines = (self.folder / "output").read_text(encoding="utf-8").splitlines()
        return dict(cast("tuple[str, str]", tuple(line.split("=", 1))) for line in lines)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: values[found[1]], text)


def path_with(*folders: Path) -> str:
    return os.pathsep.join([*map(str, folders), os.environ["PATH"]])
