"""What settings may say and should not: told, never refused.

Each function yields warnings as (location, message). They run on settings that are valid.
"""

from collections.abc import Callable, Iterator

import pulumi

from stacks.settings import Settings
from stacks.settings_files import Location, path_text

Warnings = Iterator[tuple[Location, str]]

WARNINGS: list[Callable[[Settings], Warnings]] = []


def warning(function: Callable[[Settings], Warnings]) -> None:
    """Registers a function that looks at one stack's settings."""
    WARNINGS.append(function)


def warnings_of(settings: Settings) -> Iterator[str]:
    """Each as one line with its path."""
    for function in WARNINGS:
        for location, message in function(settings):
            yield f"{path_text(location)}: {message}"


def tell_warnings(settings: Settings) -> None:
    """In a deployment's and a preview's diagnostics."""
    for text in warnings_of(settings):
        pulumi.log.warn(text)
