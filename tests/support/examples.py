"""The example stacks of stacks/customers, recorded: each reads what those before it export."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import yaml

from components import packaging
from components.packaging import Platform
from stacks import load
from stacks.load import CUSTOMERS, KEY, Settings
from stacks.references import references
from tests.support.recorder import Recording, record

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = ["111111111111", "222222222222", "333333333333", "444444444444"]
INVOKES: Mapping[str, Mapping[str, Any]] = {
    "aws:organizations/getOrganization:getOrganization": {
        "id": "o-exampleorg1",
        "accounts": [{"id": account, "state": "ACTIVE"} for account in ACCOUNTS],
        "roots": [{"id": "r-exam"}],
    },
    "aws:index/getRegions:getRegions": {"names": ["eu-central-1", "eu-west-1", "us-east-1"]},
}
EXAMPLES = load.stacks_in(ROOT)


@cache
def recordings() -> Mapping[str, Recording]:
    """Every example stack by its name, run through __main__.py."""
    settings = {stack: load.from_files(stack, ROOT) for stack in EXAMPLES}
    order = TopologicalSorter({stack: references(s) for stack, s in settings.items()})
    done: dict[str, Recording] = {}
    for stack in order.static_order():
        exports = {name: recording.exports for name, recording in done.items()}
        done[stack] = run_stack(stack, _own_values(stack), exports)
    return done


def run_stack(
    stack: str, own: Mapping[str, Any], other_stacks: Mapping[str, Mapping[str, Any]]
) -> Recording:
    """Runs __main__.py with a stack's own values, as its settings file would hold them."""
    with _built_layers(load.parse(stack, own, ROOT)):
        return record(
            _main,
            stack=stack,
            root_directory=ROOT,
            config={KEY: json.dumps(own)},
            other_stacks=other_stacks,
            invokes=INVOKES,
        )


def _main() -> None:
    path = ROOT / "__main__.py"
    exec(compile(path.read_text(), str(path), "exec"), {"__name__": "__main__"})  # noqa: S102


def _own_values(stack: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / CUSTOMERS / f"Pulumi.{stack}.yaml").read_text())["config"][KEY]


@contextmanager
def _built_layers(settings: Settings) -> Generator[None]:
    """Stands files in for the layers: what is in them matters to the engine's tests only."""
    functions = settings.functions
    platform = Platform(runtime=functions.runtime, architecture=functions.architecture)
    with (
        TemporaryDirectory() as folder,
        mock.patch.object(packaging, "LAYERS", Path(folder)),
    ):
        for requirements in (packaging.HANDLERS / "layers").glob("*.txt"):
            packaging.layer_file(requirements.stem, platform).touch()
        yield
