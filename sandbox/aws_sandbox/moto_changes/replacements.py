"""Parts of moto replaced for as long as the sandbox runs, and put back afterwards."""

from collections.abc import Callable
from typing import Any

_NOTHING = object()


class Replacements:
    """Attributes of modules and classes, with what stood there before."""

    def __init__(self) -> None:
        self._before: list[tuple[object, str, object]] = []

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
        self._before.append((owner, name, _NOTHING))
        setattr(owner, name, addition)

    def undo(self) -> None:
        while self._before:
            owner, name, before = self._before.pop()
            if before is _NOTHING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
