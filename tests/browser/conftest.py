"""One browser for all tests of this folder, and pages of the report to open in it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import DESK, Scheme, Visit, chromium, visit

Show = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Show:
    """Opens HTML as a file that somebody saved."""

    @contextmanager
    def shown(html: str, *, width: int = DESK, scheme: Scheme = "light") -> Generator[Visit]:
        file = tmp_path / "report.html"
        file.write_text(html, encoding="utf-8")
        with visit(browser, file.as_uri(), width=width, scheme=scheme) as visited:
            yield visited

    return shown
