"""Which AWS API calls are made, told from sources: as `service:Operation`, names as botocore's."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path

import botocore.session
import pyathena
from botocore import xform_name

from tests.support.examples import ROOT

_MODELS = botocore.session.Session()


@cache
def operations(service: str) -> AbstractSet[str]:
    return set(_MODELS.get_service_model(service).operation_names)


def names_in(tree: ast.AST) -> Iterator[str]:
    """What is written as a text or after a dot: a client's name, a method, a paginator's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Attribute):
            yield node.attr


def calls_by_boto3(sources: Iterable[Path]) -> AbstractSet[str]:
    """The calls of sources that belong together: one makes the client that another is given."""
    names = {
        name for path in sources for name in names_in(ast.parse(path.read_text(encoding="utf-8")))
    }
    return {
        f"{service}:{operation}"
        for service in names & set(_MODELS.get_available_services())
        for operation in operations(service)
        if xform_name(operation) in names
    }


def calls_by_the_product() -> AbstractSet[str]:
    """Of each handler, of the commands (they ask Athena by PyAthena), of what Automation runs, and
    of the engine's tests.

    What handlers and commands share of reports is given their clients."""
    reports = [*(ROOT / "reports").rglob("*.py")]
    handlers, shared = (ROOT / "handlers").iterdir(), [*(ROOT / "handlers").glob("*.py")]
    together = [
        *([*folder.glob("*.py"), *shared, *reports] for folder in handlers if folder.is_dir()),
        [*reports, *(ROOT / "fleet").rglob("*.py"), *Path(pyathena.__file__).parent.rglob("*.py")],
        [*(ROOT / "components").glob("*/steps/*.py")],
        [*(ROOT / "tests" / "engine").rglob("*.py"), *(ROOT / "tests" / "support").glob("*.py")],
    ]
    return {call for sources in together for call in calls_by_boto3(sources)}
