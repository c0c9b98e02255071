"""The Dagster UI in a real browser: the asset graph, a check's page, and no request to outside."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, home_environment
from tests.e2e.conftest import needs_chromium, open_browser

pytestmark = needs_chromium


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def dagster_url(finished_home: Path) -> Iterator[str]:
    port = free_port()
    env = home_environment(finished_home) | {"DAGSTER_HOME": str(finished_home / "dagster")}
    log = (finished_home / "webserver.log").open("w")
    server = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("dagster-webserver")),
            *("-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)),
        ],
        cwd=ROOT,
        env=env,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"{url}/server_info", timeout=2):
                    break
            except OSError:
                time.sleep(0.5)
        else:
            raise AssertionError((finished_home / "webserver.log").read_text()[-3000:])
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("/asset-groups", "reconciliation"),
        ("/assets/reconciliation/rec_chain", "rec_chain"),
        ("/assets/reconciliation/rec_chain?view=checks", "ctl_"),
    ],
)
def test_a_page_shows_what_finance_looks_for_and_asks_nothing_of_the_internet(
    dagster_url: str, page: str, expected: str
):
    with open_browser() as (browser_page, outside):
        browser_page.goto(dagster_url + page)
        browser_page.get_by_text(expected).first.wait_for(timeout=60_000)
        browser_page.wait_for_timeout(1_500)
        if page == "/asset-groups" and "TIEOUT_PICTURES" in os.environ:
            # How the README's picture of the asset graph is made: TIEOUT_PICTURES=.pictures.
            browser_page.set_viewport_size({"width": 1900, "height": 1000})
            browser_page.get_by_text("Hide navigation").click()
            browser_page.wait_for_timeout(1_500)
            folder = Path(os.environ["TIEOUT_PICTURES"])
            browser_page.screenshot(path=str(folder / "asset-graph.png"))
        assert outside == []
