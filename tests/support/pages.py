"""The pages that people read, as tests see them: links, settings, and commands with their output.

docs/README.md says what a block's first line means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.project import PROJECT

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PLACES = ("# in the checkout", "# in the sandbox", "# on AWS")


@dataclass(frozen=True, kw_only=True)
class Fence:
    language: str
    text: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Commands:
    """A block of a shell's commands."""

    where: str
    script: str
    prints: Sequence[str]
    """Lines that the page shows below it."""
    line: int


def pages() -> list[Path]:
    """Every page of the repository."""
    return [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").rglob("*.md"))]


def fences(page: Path) -> list[Fence]:
    text = page.read_text(encoding="utf-8")
    return [
        Fence(
            language=match[2],
            text=re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE),
            line=text.count("\n", 0, match.start()) + 1,
        )
        for match in _FENCE.finditer(text)
    ]


def commands(page: Path) -> Iterator[Commands]:
    """The blocks of a page, in its order; a `text` block right after one is what that prints."""
    found = fences(page)
    for position, fence in enumerate(found):
        if fence.language != "sh":
            continue
        after = found[position + 1] if position + 1 < len(found) else None
        prints = after.text.splitlines() if after and after.language == "text" else []
        yield Commands(
            where=fence.text.splitlines()[0], script=fence.text, prints=prints, line=fence.line
        )


def named(page: Path) -> str:
    """A page in the name of a test."""
    return page.relative_to(PROJECT).as_posix()
