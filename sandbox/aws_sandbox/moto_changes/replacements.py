"""Parts of moto replaced for as long as something runs, and put back afterwards."""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

NOTHING = object()


class Replacements:
    """Attributes of moto's modules and classes, with what stood there before."""

    def __init__(self) -> None:
        self._before: list[tuple[object, str, object]] = []

    @property
    def made(self) -> Sequence[tuple[object, str, object]]:
        """Module or class, the attribute's name, and what stood there: NOTHING for an addition."""
        return tuple(self._before)

    def replace(self, owner: object, name: str, replacement: object) -> None:
        """Raises AttributeError when there is nothing of this name: moto has changed then."""
        self._before.append((owner, name, getattr(owner, name)))
        setattr(owner, name, replacement)

    def wrap(
        self,
        owner: object,
        name: str,
        wrapper: Callable[[Callable[..., Any]], Callable[..., Any]],
    ) -> None:
        """Replaces a function by what `wrapper` makes of it."""
        self.replace(owner, name, wrapper(getattr(owner, name)))

    def add(self, owner: object, name: str, addition: object) -> None:
        """Raises ValueError when it is there already: moto has it by now, then."""
        if hasattr(owner, name):
            raise ValueError(f"{owner!r} has {name} already")
        self._before.append((owner, name, NOTHING))
        setattr(owner, name, addition)

    def route(self, urls: ModuleType, path: str, handler: Callable[..., Any]) -> None:
        """Answers a path of a service (`moto.sts.urls`) by another handler; ValueError when moto
        has no such path."""
        if path not in urls.url_paths:
            raise ValueError(f"{urls.__name__} has no path {path}")
        self.replace(urls, "url_paths", {**urls.url_paths, path: handler})

    def undo(self) -> None:
        while self._before:
            owner, name, before = self._before.pop()
            if before is NOTHING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
