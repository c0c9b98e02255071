"""A real browser for the end-to-end tests, watched: what it asks the network for is counted.

Where no Chromium is installed the tests that need one are reported as skipped, in a sentence.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A page may read itself, what lies beside it, and the server on this machine that served it.
AT_HOME = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:", "ws://127.0.0.1:")
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None,
    reason="No Chromium is installed here: this test opens pages in a real browser (apt-get "
    "install chromium), so what it shows is not shown on this machine.",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(NEEDS_CHROMIUM)


@dataclass
class Visit:
    """One browser page with what it asked for from outside and what it complained about."""

    page: Page
    external: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, where: Path | str) -> Page:
        """Open a file or an address and wait until it has settled."""
        address = where.resolve().as_uri() if isinstance(where, Path) else where
        self.page.goto(address, wait_until="load")
        return self.page

    def asked(self, route: Route) -> None:
        if route.request.url.startswith(AT_HOME):
            route.continue_()
        else:
            self.external.append(route.request.url)
            route.abort()

    def complained(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    watched = Visit(page)
    page.route("**/*", watched.asked)
    page.on("console", watched.complained)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    yield watched
    page.close()
