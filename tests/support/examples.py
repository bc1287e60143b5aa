"""The example stacks of stacks/customers, recorded: each reads what those before it export."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from unittest import mock

from components.packaging import layers
from components.packaging.archives import Platform
from stacks import load
from stacks.load import KEY, Settings
from stacks.references import references
from tests.support.recorder import Answer, Recording, record
from tests.support.shared import shared

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = ["111111111111", "222222222222", "333333333333", "444444444444"]
INVOKES: Mapping[str, Answer] = {
    "aws:organizations/getOrganization:getOrganization": {
        "id": "o-exampleorg1",
        "accounts": [{"id": account, "state": "ACTIVE"} for account in ACCOUNTS],
        "roots": [{"id": "r-exam"}],
    },
    "aws:iam/getRoles:getRoles": {"names": ["AWSServiceRoleForBackupReports"]},
    "aws:index/getRegions:getRegions": {"names": ["eu-central-1", "eu-west-1", "us-east-1"]},
}
EXAMPLES = load.stacks_in(ROOT)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A stack with its own values, as its settings file would hold them."""

    stack: str
    own: Mapping[str, Any]
    invokes: Mapping[str, Answer] = field(default_factory=lambda: INVOKES)

    @property
    def settings(self) -> Settings:
        return load.parse(self.stack, self.own, ROOT)

    def run(self, other_stacks: Mapping[str, Mapping[str, Any]]) -> Recording:
        """Runs __main__.py, given what the stacks that it reads export."""
        with _built_layers(self.settings):
            return record(
                _main,
                stack=self.stack,
                root_directory=ROOT,
                config={KEY: json.dumps(self.own)},
                other_stacks=other_stacks,
                invokes=self.invokes,
                partition=self.settings.partition,
            )


def example(stack: str) -> Case:
    """The stack as its settings file has it, if its customer's table of members has not all."""
    return Case(stack=stack, own=cast(Mapping[str, Any], load.own_values(stack, ROOT) or {}))


@cache
def recordings() -> Mapping[str, Recording]:
    """Every example stack by its name, run through __main__.py."""
    return shared("examples", record_all)


def record_all() -> Mapping[str, Recording]:
    cases = {stack: example(stack) for stack in EXAMPLES}
    order = TopologicalSorter({stack: references(c.settings) for stack, c in cases.items()})
    done: dict[str, Recording] = {}
    for stack in order.static_order():
        done[stack] = cases[stack].run({name: r.exports for name, r in done.items()})
    return done


def _main() -> None:
    path = ROOT / "__main__.py"
    exec(compile(path.read_text(), str(path), "exec"), {"__name__": "__main__"})  # noqa: S102


@contextmanager
def _built_layers(settings: Settings) -> Generator[None]:
    """Stands files in for the layers: what is in them matters to the engine's tests only."""
    functions = settings.functions
    platform = Platform(runtime=functions.runtime, architecture=functions.architecture)
    with (
        TemporaryDirectory() as folder,
        mock.patch.object(layers, "LAYERS", Path(folder)),
    ):
        for layer in layers.layer_names():
            (layers.LAYERS / layers.layer_name(layer, platform)).touch()
        yield
