"""The controls site and the summary, read in a real browser without any network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from playwright.sync_api import ConsoleMessage, Page

from expectations.register import Control, load_register
from expectations.results import ControlResult, ControlRun, latest
from expectations.runner import run_controls
from orchestration.publish import publish
from orchestration.reports.summary import write_summary
from orchestration.settings import Settings
from tests.e2e.conftest import needs_chromium, open_browser
from tests.unit.small_books import change, plant_exception, settings_at, write_books
from tests.unit.small_landing import write_landing

pytestmark = needs_chromium

OUTSIDE = """
() => [...document.querySelectorAll('[src], link[href], [srcset], script')]
    .map(e => e.getAttribute('src') || e.getAttribute('href') || e.outerHTML)
    .filter(u => !u.startsWith('data:'))
"""
LINKS = "() => [...document.querySelectorAll('a[href]')].map(a => a.href)"


@dataclass
class Visit:
    """A browser page, what it asked for from outside, and what its scripts complained about."""

    page: Page
    external: list[str]
    complaints: list[str] = field(default_factory=list)

    def open(self, file: Path) -> Page:
        self.page.goto(file.resolve().as_uri(), wait_until="load")
        return self.page

    def heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def visit() -> Iterator[Visit]:
    with open_browser() as (page, outside):
        watched = Visit(page, outside)
        page.on("console", watched.heard)
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        yield watched


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Small books with one planted exception, controls run on both stages, published, reported."""
    settings = settings_at(tmp_path_factory.mktemp("site"))
    write_landing(settings)
    write_books(settings)
    plant_exception(settings, "payouts_to_bank", "PAYOUT_NOT_IN_BANK")
    change(
        settings,
        "create or replace table marts.rpt_exceptions as "
        "select * from reconciliation.rec_exceptions",
    )
    run_controls(settings)
    publish(settings)
    write_summary(settings)
    return settings


def last_run(settings: Settings) -> tuple[ControlRun, dict[str, ControlResult]]:
    run, results = latest(settings)
    assert run is not None
    return run, results


def test_the_index_names_every_control_and_asks_nobody_for_anything(site: Settings, visit: Visit):
    page = visit.open(site.controls / "index.html")
    text = page.inner_text("main")
    for control in load_register():
        row = page.locator("tr", has_text=control.id).inner_text()
        for said in (control.title, control.objective, control.severity, control.threshold):
            assert said in row, f"{control.id} does not show {said!r}"
    assert "blocking failures" in text
    assert (visit.external, visit.complaints) == ([], [])


@pytest.mark.parametrize("control", load_register(), ids=lambda control: control.id)
def test_a_validation_page_says_what_its_control_is_for(
    site: Settings, visit: Visit, control: Control
):
    run, results = last_run(site)
    page = visit.open(run.folder / results[control.id].page)
    text = page.inner_text("body")
    for said in (control.id, control.title, control.objective, control.risk, control.threshold):
        assert said in text
    assert control.severity in text
    assert "What Great Expectations checked" in text
    assert page.evaluate(OUTSIDE) == []
    assert (visit.external, visit.complaints) == ([], [])


def test_failing_rows_are_two_clicks_away_and_carry_their_references(site: Settings, visit: Visit):
    page = visit.open(site.controls / "index.html")
    row = page.locator("tr", has_text="CTL-BK-21")
    assert "attention" in row.inner_text()
    row.get_by_role("link", name="failing").click()
    page.wait_for_url("**/CTL-BK-21/**")
    rows = page.locator("#failing-rows ~ .scroll").first.inner_text()
    for said in ("PAYOUT_NOT_IN_BANK", "planted:left", "1,500,000", "Look into it"):
        assert said in rows
    csv = page.get_by_role("link", name="CSV").get_attribute("href")
    assert csv is not None
    file = Path(unquote(urlparse(page.url).path)).parent / csv
    assert "planted:left" in file.read_text(encoding="utf-8")
    page.get_by_role("link", name="All controls").click()
    page.wait_for_url("**/index.html")
    assert (visit.external, visit.complaints) == ([], [])


def test_no_link_of_the_site_leads_nowhere_or_outside(site: Settings, visit: Visit):
    run, _ = last_run(site)
    pages = [site.controls / "index.html", *sorted(run.folder.rglob("*.html"))]
    assert len(pages) > 2 * len(load_register())
    broken = set()
    for file in pages:
        for link in visit.open(file).evaluate(LINKS):
            target = urlparse(link)
            # Links to the project of Great Expectations are text about it, not part of this site.
            if target.scheme != "file" or not Path(unquote(target.path)).exists():
                broken.add(f"{file.name} -> {link}")
    assert broken == set()
    assert (visit.external, visit.complaints) == ([], [])


def test_the_matrix_shows_each_risk_with_what_trips_its_control(site: Settings, visit: Visit):
    run, _ = last_run(site)
    text = visit.open(run.folder / "matrix.html").inner_text("main")
    for control in load_register():
        assert control.risk in text
    assert "METERING_DAY_EMPTY" in text
    assert (visit.external, visit.complaints) == ([], [])


def test_the_summary_shows_its_pictures_and_the_planted_exception(site: Settings, visit: Visit):
    page = visit.open(site.reports / "index.html")
    widths = page.evaluate("() => [...document.images].map(image => image.naturalWidth)")
    assert len(widths) == 2
    assert all(width > 1000 for width in widths)
    text = page.inner_text("main")
    # Deferred revenue closes at 1,000.00 billed less 600.00 recognised.
    for said in ("everything ties", "PAYOUT_NOT_IN_BANK", "15,000.00 USD", "400.00", "CTL-BK-21"):
        assert said in text
    links = [urlparse(link) for link in page.evaluate(LINKS)]
    assert all(Path(unquote(link.path)).exists() for link in links)
    assert page.evaluate(OUTSIDE) == []
    assert (visit.external, visit.complaints) == ([], [])
