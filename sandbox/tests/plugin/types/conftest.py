"""An example of every type, from the files in `cases/`."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto.backends import get_backend

from aws_sandbox.plugin.values import Archive, Asset, Props, is_array, is_object

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True, kw_only=True)
class Case:
    """An example of a type, as its file in `cases/` has it.

    `${name.output}` in it stands for an output of what it needs, or of `it` itself.
    """

    type: str
    inputs: Props
    id: str
    """Its shape, with `*` for what AWS makes up."""
    seen: Mapping[str, Any]
    """A call that shows it to any client of AWS, and what must be in the answer."""
    needs: Mapping[str, Mapping[str, Any]]
    """What must be there before; `{default: vpc}` and its like are the account's own."""
    outputs: Props
    update: Props
    """Inputs that change it in place; null takes one away."""
    replace: Props
    """Inputs the first of which makes a new one."""
    also: Sequence[Props]
    """Further inputs, so that every property of the table is tried."""
    bad: Mapping[str, Props]
    """Inputs that are refused, by the path that the refusal names."""
    account: str
    stays: bool
    """Whether it can be seen when it is deleted: a setting that has no end."""

    @staticmethod
    def resolved(value: Any, known: Props) -> Any:
        if is_object(value):
            return {key: Case.resolved(child, known) for key, child in value.items()}
        if is_array(value):
            return [Case.resolved(child, known) for child in value]
        if isinstance(value, str):
            return re.sub(r"\$\{(\w+)\.(\w+)\}", lambda m: str(known[m[1]][m[2]]), value)
        return value


@pytest.fixture(scope="module")
def needed(acting: Callable[[str], Any]) -> Callable[[Case], Props]:
    """Makes what an example needs, once for all examples that need the same."""
    made: dict[str, Any] = {}

    def needed(case: Case) -> Props:
        known: Props = {}
        for name, need in case.needs.items():
            if "default" in need:
                known[name] = {"id": _default(case.account, need["default"])}
                continue
            inputs = case.resolved(need["inputs"], known)
            key = f"{case.account} {name} {need['type']} {inputs}"
            if key not in made:
                plugin = acting(case.account)
                made[key] = plugin.make(need["type"], inputs, name=f"{name}-{len(made)}")
            known[name] = made[key].outputs.values
        return known

    return needed


def _default(account: str, what: str) -> str:
    """The id of a part of the network that every account has."""
    ec2 = get_backend("ec2")[account]["eu-west-1"]
    vpc = next(iter(ec2.vpcs))
    subnet, other, *_ = (subnet.id for zones in ec2.subnets.values() for subnet in zones.values())
    group = next(iter(ec2.groups[vpc]))
    return {"vpc": vpc, "subnet": subnet, "other subnet": other, "group": group}[what]


class _Loader(yaml.SafeLoader):
    """YAML with `!json`, `!archive` and `!asset`."""


def _json(loader: _Loader, node: yaml.MappingNode) -> str:
    return json.dumps(loader.construct_mapping(node, deep=True))


def _asset(loader: _Loader, node: yaml.ScalarNode) -> Asset:
    text = str(loader.construct_scalar(node))
    return Asset(hash=text, text=text)


def _archive(loader: _Loader, node: yaml.MappingNode) -> Archive:
    files = {str(k): str(v) for k, v in loader.construct_mapping(node).items()}
    assets = {name: Asset(hash=text, text=text) for name, text in files.items()}
    return Archive(hash=json.dumps(files), assets=assets)


_Loader.add_constructor("!json", _json)
_Loader.add_constructor("!asset", _asset)
_Loader.add_constructor("!archive", _archive)


def _cases() -> Mapping[str, Case]:
    found: dict[str, Case] = {}
    defaults: Props = {name: {} for name in ("needs", "outputs", "update", "replace", "bad")}
    defaults |= {"also": [], "account": "555555555555", "stays": False}
    for file in sorted(CASES.glob("*.yaml")):
        entries: Mapping[str, Props] = yaml.load(file.read_text(), _Loader)  # noqa: S506 - is safe
        for name, given in entries.items():
            fields: Any = {**defaults, "type": name, **given}
            found[name] = Case(**fields)
    return found


EVERY_CASE = _cases()


@pytest.fixture(scope="module")
def every_case() -> Mapping[str, Case]:
    """The examples, by type."""
    return EVERY_CASE


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", EVERY_CASE.values(), ids=EVERY_CASE)
