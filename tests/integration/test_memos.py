"""The contract memos of a finished run: one a contract, allocations that sum, nothing from a network."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration import settings as config
from orchestration.reports.memos import file_name, write_memos
from orchestration.settings import Settings


@pytest.fixture(scope="module")
def settings(finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home of its own with the finished warehouse, so that no test writes into the shared one."""
    home = tmp_path_factory.mktemp("memos")
    shutil.copytree(finished_home / "warehouse", home / "warehouse")
    plain = config.load({"TIEOUT_HOME": str(home)})
    return replace(plain, home=home)


@pytest.fixture(scope="module")
def memos(settings: Settings) -> Path:
    return write_memos(settings)


def money(text: str) -> float:
    return round(float(text.replace(",", "").replace("−", "-")), 3)


def test_every_contract_has_a_memo_and_the_index_leads_to_it(settings: Settings, memos: Path):
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        found = warehouse.execute("select contract_id from contracts.contracts").fetchall()
    names = {file_name(contract_id) for (contract_id,) in found}
    assert names
    assert {path.name for path in memos.glob("*.html")} == names | {"index.html"}
    assert set(re.findall(r'href="([^".]+\.html)"', (memos / "index.html").read_text())) == names


def test_the_allocation_sums_to_the_price_printed(memos: Path):
    summed = 0
    for page in sorted(memos.glob("8*.html")):
        text = page.read_text(encoding="utf-8")
        parts = re.findall(r'<td class="number allocated">([−\d.,]+)</td>', text)
        table = text.split('<table class="price">')[1].split("</table>")[0]
        price = re.findall(r'<td class="number">([−\d.,]+) [A-Z]{3}</td>', table)[-1]
        assert round(sum(money(part) for part in parts), 3) == money(price), page.name
        summed += len(parts)
    assert summed


def test_what_the_price_has_become_adds_up_to_what_is_recognised_and_what_remains(memos: Path):
    added = 0
    for page in sorted(memos.glob("8*.html")):
        tables = page.read_text(encoding="utf-8").split('<table class="standing">')[1:]
        for table in tables:
            found = re.findall(
                r'<td class="number">([−\d.,]+) [A-Z]{3}</td>', table.split("</table>")[0]
            )
            *parts, known, recognised, remaining = map(money, found)
            assert round(sum(parts), 3) == known, page.name
            assert round(recognised + remaining, 3) == known, page.name
            added += len(parts)
    assert added


def test_a_month_has_one_line_of_actual_and_one_of_scheduled_revenue_at_most(memos: Path):
    for page in sorted(memos.glob("8*.html")):
        text = page.read_text(encoding="utf-8").split("Schedule by month")[1].split("</table>")[0]
        lines = re.findall(r'<td class="date">([\d-]{7})</td><td><span[^>]*>(\w+)<', text)
        assert len(lines) == len(set(lines)), page.name


def test_a_memo_speaks_in_words(memos: Path):
    for page in memos.glob("*.html"):
        text = re.sub(r'<[^>]*class="[^"]*mono[^"]*"[^>]*>[^<]*', "", page.read_text("utf-8"))
        text = re.sub(r"<[^>]+>|\([A-Z_]+\)", " ", text)
        assert not re.search(r"\b(sla_credit|catch_up|platform_seats|\w+_minor|\d+ bps)\b", text), (
            page
        )


def test_the_schedule_printed_ends_at_what_the_warehouse_recognises(
    settings: Settings, memos: Path
):
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        found = warehouse.execute(
            "select contract_id, cast(sum(recognised_minor) as bigint) "
            "from revenue.revenue_schedule where currency in ('USD', 'EUR', 'GBP') group by all"
        ).fetchall()
    for contract_id, minor in found:
        text = (memos / file_name(contract_id)).read_text(encoding="utf-8")
        schedule = text.split("Schedule by month")[1].split("</table>")[0]
        last = re.findall(r'<td class="number">([−\d.,]+)</td>', schedule)[-1]
        assert money(last) == round(minor / 100, 3), contract_id


def test_a_page_asks_no_server_for_anything(memos: Path):
    for page in memos.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        text = re.sub(r'<a class="source" href="[^"]*">', "", text)
        assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//""", text), page.name
        assert "<script" not in text and "url(" not in text and "@import" not in text, page.name


def test_the_same_warehouse_gives_the_same_bytes_and_stale_memos_go(
    settings: Settings, memos: Path
):
    first = {path.name: path.read_bytes() for path in memos.glob("*.html")}
    (memos / "gone.html").write_text("a contract that is no longer there")
    write_memos(settings)
    assert {path.name: path.read_bytes() for path in memos.glob("*.html")} == first
