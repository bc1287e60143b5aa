"""The project's own program, __main__.py, run in this process: that of several stacks at once."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, cast

from pulumi.runtime import settings as runtime

from fleet.project import PROJECT
from stacks.load import ROLES

_OURS = ("components", "stacks")
_loading = Lock()


def run(root: Path, before: Callable[[], None] = lambda: None) -> None:
    """As the language host would, with the settings under `root`, once `before` has been called;
    runpy would swap sys.modules under the other threads."""
    with _loading:
        load()
    before()
    cast(Any, runtime.SETTINGS).root_directory = str(root)
    path = PROJECT / "__main__.py"
    exec(  # noqa: S102 - our own program
        compile(path.read_text(encoding="utf-8"), str(path), "exec"),
        {"__name__": "__main__", "__file__": str(path)},
    )


@cache
def load() -> None:
    """Imports whatever the program uses.

    pulumi_aws loads each service at its first use, by pulumi._utils.lazy_import, which takes no
    lock: another thread meanwhile gets a module that has not all of its classes yet.
    """
    for role in ROLES:
        import_module(f"stacks.{role}")
    services = import_module("pulumi_aws")  # not above: it takes a third of a second
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in _OURS:
            _load_services(module, services)


def _load_services(module: ModuleType, services: ModuleType) -> None:
    """Looks up each `aws.<service>.<name>` that a module has in its source."""
    known = vars(module)
    if not any(value is services for value in known.values()):
        return
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        match node:
            case ast.Attribute(ast.Attribute(ast.Name(alias), service), name):
                if known.get(alias) is services:
                    getattr(getattr(services, service), name)
            case _:
                pass
