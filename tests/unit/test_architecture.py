"""Imports go one way, so that a reader can follow each flow without jumping back."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SANDBOX = {"aws_sandbox", "sandbox"}
PRODUCT = {"reports", "handlers", "policies", "components", "stacks", "fleet"}
TESTS = PRODUCT | {"tests"}
EVALUATOR = {"aws_sandbox.iam"}
"""Of policies as AWS documents it: pure, and all that quick tests may have of the sandbox."""
BOTH = TESTS | SANDBOX | {"benchmarks"}
MAY_IMPORT: Mapping[str, set[str]] = {
    "__main__.py": {"stacks"},
    "reports": {"reports"},
    "handlers": {"handlers", "reports"},
    "policies": {"policies"},
    "components": {"components", "reports"},
    "components/packaging": {"components"},
    # What Automation runs, on its own.
    "components/drill/steps": set(),
    "components/recovery/steps": set(),
    "components/scripts/steps": set(),
    "stacks": {"stacks", "components", "policies", "reports"},
    "fleet": {"fleet", "stacks", "components", "policies", "reports"},
    # The one command of fleet that stands the sandbox up.
    "fleet/sandbox": {"fleet", "stacks", "components", "reports", "aws_sandbox"},
    "sandbox/aws_sandbox": {"aws_sandbox"},
    "sandbox/tests": SANDBOX,
    "tests/unit": TESTS | EVALUATOR,
    "tests/stack": TESTS | {"benchmarks"} | EVALUATOR,
    "tests/support": TESTS | EVALUATOR,
    "tests/engine": BOTH,
    "tests/browser": BOTH,
    "benchmarks": BOTH,
}
OURS = {folder.split("/")[0].removesuffix(".py") for folder in MAY_IMPORT} | SANDBOX
FILES_TO_A_RESOURCE = 4
"""The role's program, a part of it, a component, and a block that this is made of."""


def sources(*rooms: str) -> list[str]:
    """Python files below some rooms, or of all, from the project's folder on."""
    found = [path for room in rooms or MAY_IMPORT for path in _below(ROOT / room)]
    return sorted({path.relative_to(ROOT).as_posix() for path in found})


def _below(room: Path) -> list[Path]:
    return [room] if room.is_file() else [*room.rglob("*.py")]


def room_of(name: str) -> str:
    """The innermost room that a file stands in."""
    return max(
        (room for room in MAY_IMPORT if name == room or name.startswith(f"{room}/")), key=len
    )


@cache
def parsed(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


def imported(name: str) -> Iterator[str]:
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("name", sources())
def test_a_module_imports_only_what_lies_below_it(name: str) -> None:
    allowed = MAY_IMPORT[room_of(name)]
    ours = [module for module in imported(name) if module.split(".")[0] in OURS]
    assert [module for module in ours if allowed.isdisjoint(packages_of(module))] == []


def packages_of(module: str) -> Iterator[str]:
    """A module and the packages that hold it: a.b.c, a.b, a."""
    yield module
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


@pytest.mark.parametrize("name", [n for n in sources("handlers") if n.endswith("/core.py")])
def test_the_core_of_a_handler_has_no_aws_environment_or_clock(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not {*imported(name)} & {"boto3", "botocore", "os", "time", "aws_lambda_powertools"}
    assert ".now(" not in text
    assert ".today(" not in text


COMPONENTS = [name for name in sources("components") if room_of(name) == "components"]


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_looks_nothing_up(name: str) -> None:
    """No config, no boto3, no invokes; and no postponed annotations, which break its schema."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "boto3" not in set(imported(name))
    assert "pulumi.Config(" not in text
    assert "aws.get_" not in text
    assert "from __future__ import annotations" not in text


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_file_has_one_component(name: str) -> None:
    assert len(components_in(name)) <= 1


@pytest.mark.parametrize("name", sources("stacks"))
def test_a_part_of_a_stack_is_no_class_that_deploys(name: str) -> None:
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.ClassDef):
            assert [called for called in calls(node) if deploys(name, called)] == []


@pytest.mark.parametrize("name", sources("stacks"))
def test_nothing_is_deployed_inside_an_argument(name: str) -> None:
    arguments = [
        argument
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.Call)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords))
    ]
    inside = [called for argument in arguments for called in calls(argument)]
    assert [called for called in inside if deploys(name, called)] == []


def test_the_way_from_the_program_to_any_resource_is_short() -> None:
    ways = {way[-1]: way for way in sorted(ways_to_resources(("__main__.py",)), key=len)}
    assert {"stacks/providers.py", "components/closed_bucket.py"} <= ways.keys()
    assert [way for way in ways.values() if len(way) - 1 > FILES_TO_A_RESOURCE] == []


def ways_to_resources(way: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Each way by calls to a file that makes resources of AWS."""
    if makes_resources(way[-1]):
        yield way
    for following in sorted(called_files(way[-1])):
        yield from ways_to_resources((*way, following))


def makes_resources(name: str) -> bool:
    return any(is_resource(called) for called in calls(parsed(name)))


def is_resource(called: str) -> bool:
    """Whether a call is of a class of pulumi_aws: aws.s3.Bucket, aws.Provider."""
    last = called.rpartition(".")[2]
    return called.startswith("aws.") and last[:1].isupper() and not last.endswith("Args")


def deploys(name: str, called: str) -> bool:
    """Whether a call in a file is of a resource, a component or a function that makes some."""
    file = imported_names(name).get(called)
    return (
        is_resource(called)
        or called.startswith(("deploy_", "forward_"))
        or (file is not None and called in components_in(file))
    )


@cache
def components_in(name: str) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base) == "pulumi.ComponentResource" for base in node.bases)
    )


@cache
def called_files(name: str) -> frozenset[str]:
    """The files of ours whose functions or classes a file calls; arguments make nothing."""
    names = imported_names(name)
    first = {called.split(".")[0] for called in calls(parsed(name)) if not called.endswith("Args")}
    return frozenset(names[called] for called in first & names.keys())


@cache
def imported_names(name: str) -> Mapping[str, str]:
    """The file that each name of ours comes from, or is."""
    found: dict[str, str] = {}
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in OURS:
            folder = node.module.replace(".", "/")
            for alias in node.names:
                file = (
                    f"{folder}.py"
                    if (ROOT / f"{folder}.py").is_file()
                    else (f"{folder}/{alias.name}.py")
                )
                found[alias.asname or alias.name] = file
    return found


def calls(tree: ast.AST) -> Iterator[str]:
    """What is called: Bucket, aws.s3.Bucket, management.deploy."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_nothing_that_is_deployed_knows_of_the_sandbox() -> None:
    deployed = [
        path
        for package in ("components", "stacks", "handlers", "reports", "policies")
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".yaml", ".json"}
    ]
    assert [p.name for p in deployed if "sandbox" in p.read_text(encoding="utf-8").lower()] == []
