"""A real browser for the end-to-end tests, watched: what it asks the network for is counted.

Where no Chromium is installed the tests that need one are reported as skipped, in a sentence.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, sync_playwright

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

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None,
    reason="No Chromium is installed here: this test opens pages in a real browser (apt-get "
    "install chromium), so what it shows is not shown on this machine.",
)


def _outside(address: str) -> list[str]:
    return [] if address.startswith(AT_HOME) else [address]


@contextmanager
def open_browser() -> Iterator[tuple[Page, list[str]]]:
    """A page, and the list of every address outside this machine that it asked for (refused)."""
    outside: list[str] = []

    def asked(route: Route) -> None:
        if _outside(route.request.url):
            outside.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.route("**/*", asked)
            page.on("websocket", lambda socket: outside.extend(_outside(socket.url)))
            yield page, outside
        finally:
            browser.close()
