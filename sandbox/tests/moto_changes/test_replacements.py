"""What the sandbox changes in moto is there to be changed, and is changed in one folder alone."""

import ast
import importlib
import inspect
import pkgutil
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from packaging.requirements import Requirement

from aws_sandbox import moto_changes
from aws_sandbox.moto_changes.replacements import NOTHING, Replacements

PACKAGE = Path(moto_changes.__path__[0]).parent
SERVICES = sorted(
    module.name
    for module in pkgutil.iter_modules(moto_changes.__path__)
    if module.name not in ("permanent", "replacements")
)
CHANGING = {"add", "append", "clear", "extend", "pop", "replace", "route", "update", "wrap"}


def installers(service: str) -> list[Callable[..., None]]:
    """The functions of a service's file that put something in moto's place."""
    module = importlib.import_module(f"{moto_changes.__name__}.{service}")
    return [
        function
        for _, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and next(iter(inspect.signature(function).parameters), "") == "replacements"
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_replaced_is_moto_s_own_and_comes_back(service: str) -> None:
    assert installers(service)
    for install in installers(service):
        _, *others = inspect.signature(install).parameters
        replacements = Replacements()
        install(replacements, **{name: MagicMock() for name in others})
        made = replacements.made
        replacements.undo()
        assert made
        first: dict[tuple[int, str], tuple[object, object]] = {}
        for owner, name, before in made:
            module = getattr(owner, "__module__", None) or getattr(owner, "__name__", "")
            assert str(module).startswith("moto."), f"{owner!r} is not moto's"
            first.setdefault((id(owner), name), (owner, before))
        for (_, name), (owner, before) in first.items():
            assert getattr(owner, name, NOTHING) == before


def test_an_attribute_that_moto_no_longer_has_is_named() -> None:
    class Backend:
        kept = 1

    replacements = Replacements()
    with pytest.raises(AttributeError, match="gone"):
        replacements.replace(Backend, "gone", 2)
    with pytest.raises(ValueError, match="has kept already"):
        replacements.add(Backend, "kept", 2)
    assert replacements.made == ()


def test_the_installed_moto_is_in_the_declared_bound() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [Requirement(text) for text in project["project"]["dependencies"]]
    (moto,) = [each for each in declared if each.name == "moto"]
    assert {each.operator for each in moto.specifier} == {">=", "<"}
    assert version("moto") in moto.specifier


def others() -> list[Path]:
    """The package's modules that are not in the folder of changes to moto."""
    folder = Path(moto_changes.__path__[0])
    return sorted(path for path in PACKAGE.rglob("*.py") if folder not in path.parents)


def of_moto(tree: ast.AST) -> set[str]:
    """The names by which a module knows something of moto's."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "moto":
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            known = [alias for alias in node.names if alias.name.split(".")[0] == "moto"]
            names |= {alias.asname or "moto" for alias in known}
    return names


def roots(node: ast.expr) -> Iterator[str]:
    """The names that an expression begins with: `a` of `a.b[c].d`, and `f` and `a` of `f(a).b`."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute | ast.Subscript):
        yield from roots(node.value)
    elif isinstance(node, ast.Call):
        for part in (node.func, *node.args):
            yield from roots(part)


def changed(node: ast.AST) -> list[ast.expr]:
    """What a piece of code sets, deletes, or calls in a way that changes it."""
    if isinstance(node, ast.Assign | ast.Delete):
        return [target for target in node.targets if not isinstance(target, ast.Name)]
    if isinstance(node, ast.AugAssign | ast.AnnAssign):
        return [] if isinstance(node.target, ast.Name) else [node.target]
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in ("setattr", "delattr"):
            return node.args[:1]
        if isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            return [node.func.value, *node.args[:1]]
    return []


def changes(text: str) -> list[str]:
    """The targets that belong to moto and are changed."""
    tree = ast.parse(text)
    known = of_moto(tree)
    targets = [target for node in ast.walk(tree) for target in changed(node)]
    return [ast.unparse(target) for target in targets if not known.isdisjoint(roots(target))]


@pytest.mark.parametrize("path", others(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_outside_the_folder_changes_moto(path: Path) -> None:
    assert changes(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "iam_backends.backend = Ours",
        "setattr(iam_backends, 'backend', Ours)",
        "urls.url_paths['x'] = handler",
        "urls.url_paths.clear()",
        "replacements.replace(moto.iam.models, 'Role', Ours)",
        "cast('Any', Role).__new__ = ours",
    ],
)
def test_a_change_to_moto_is_seen(line: str) -> None:
    imports = "import moto.iam.models\nfrom moto.iam import urls, iam_backends, Role\n"
    assert len(changes(imports + line)) == 1
