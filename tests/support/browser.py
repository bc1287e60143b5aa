"""Pages in a headless Chromium: the one on this machine, none that is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
PHONE, DESK = 360, 1280
"""Widths of a window, in pixels."""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""Pixels by which a page is wider than its window, as a script."""
Scheme = Literal["light", "dark"]


@dataclass(frozen=True, kw_only=True)
class Visit:
    page: Page
    status: int | None
    """HTTP's; None for a file."""
    requests: list[str] = field(default_factory=list[str])
    """URLs, the page's own first."""
    dialogs: list[str] = field(default_factory=list[str])


@contextmanager
def chromium() -> Generator[Browser]:
    """Skips, and says how to get one, where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip(
            f"no {', '.join(_NAMES)} on PATH: install Debian's with `apt-get install chromium`"
        )
    with sync_playwright() as playwright:
        # Chromium's own sandbox wants rights that containers and root have not.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: Browser, url: str, *, width: int = DESK, scheme: Scheme = "light"
) -> Generator[Visit]:
    """With scripts allowed, so that what would run runs."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    requests, dialogs = list[str](), list[str]()

    def requested(request: Request) -> None:
        requests.append(request.url)

    def asked(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("request", requested)
    page.on("dialog", asked)
    response = page.goto(url)
    status = response.status if response and url.startswith("http") else None
    try:
        yield Visit(page=page, status=status, requests=requests, dialogs=dialogs)
    finally:
        context.close()


def faults(page: Page, *impacts: str) -> Sequence[str]:
    """What axe-core finds of these impacts, each with its rule and its elements."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    violations: list[dict[str, Any]] = page.evaluate("axe.run().then(found => found.violations)")
    return [
        f"{violation['id']}: {violation['help']}: {[node['target'] for node in violation['nodes']]}"
        for violation in violations
        if violation["impact"] in impacts
    ]
