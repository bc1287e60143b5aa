"""The project's own program, __main__.py, run in this process: that of several stacks at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, cast

from pulumi.runtime import settings as runtime

from fleet.project import PROJECT
from stacks.load import ROLES

_loading = RLock()


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
    """Imports what every program imports, and lets one thread at a time load more.

    pulumi_aws loads each service at its first use, by pulumi._utils.lazy_import, which takes no
    lock: another thread meanwhile gets a module that has not all of its classes yet. All services
    that some program may use take a second more, most of it for EC2, which few do.
    """
    for role in ROLES:
        import_module(f"stacks.{role}")
    services = import_module("pulumi_aws")  # not above: it takes a third of a second
    for name, module in vars(services).copy().items():
        # A service is a subclass's instance for as long as it waits for its first use.
        if isinstance(module, ModuleType) and type(module) is not ModuleType:
            setattr(services, name, _Service(f"{services.__name__}.{name}"))


class _Service(ModuleType):
    """In the place of a service that was not used yet."""

    def __getattr__(self, name: str) -> Any:
        with _loading:
            return getattr(sys.modules[self.__name__], name)
