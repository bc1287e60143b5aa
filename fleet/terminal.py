"""What commands print to."""

from __future__ import annotations

from rich.console import Console

# Without markup: what is printed comes from AWS and from settings, brackets and all.
console = Console(soft_wrap=True, markup=False)
_asides = Console(soft_wrap=True, markup=False, stderr=True)


def tell(message: str) -> None:
    """A line as it is, without markup, beside what the command prints for others to read."""
    _asides.print(message, highlight=False)
