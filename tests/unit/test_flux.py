"""What the close says of movements, and the bridge that its page draws of them."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.flux import flux_fact, lines_of
from orchestration.reports.flux import bridge_of, flux_section

JUNE = date(2026, 6, 1)
MONTH, PLAN = "revenue/US01/seats/prior_month", "revenue/US01/seats/plan"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """Seats moved from 100.00 to 130.00: new 50.00, churned -20.00; usage stayed at 7.00."""
    path = tmp_path / "tieout.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema marts; create schema policy")
        con.execute(
            "create table policy.currencies as from (values ('USD', 2)) t(currency, exponent)"
        )
        con.execute(
            f"""create table marts.rpt_revenue_flux as from (values
            ('{MONTH}', 'seats', 'prior_month', 'new', 5000, 10000, 13000, 3000, true, true, null, null),
            ('{MONTH}', 'seats', 'prior_month', 'churned', -2000, 10000, 13000, 3000, true, true, null, null),
            ('revenue/US01/x/prior_month', 'x', 'prior_month', 'unchanged', 0, 700, 700, 0, false, true, null, null),
            ('{PLAN}', 'seats', 'plan', 'plan_variance', 4000, 9000, 13000, 4000, true, false, 'A <large> deal', 'ada')
            ) t(line_id, stream, comparison, driver, amount_minor, base_minor, current_minor,
                change_minor, needs_explanation, blocks_seal, explanation, explained_by)"""
        )
        for column, value in (
            ("period", "date '2026-06-01'"),
            ("entity_id", "'US01'"),
            ("currency", "'USD'"),
            ("basis", "'computed'"),
        ):
            con.execute(f"alter table marts.rpt_revenue_flux add column {column} text")
            con.execute(
                f"alter table marts.rpt_revenue_flux alter {column} type "
                f"{'date' if column == 'period' else 'text'} using {value}"
            )
        con.execute(
            """create table marts.rpt_account_flux as
            select *, '1100' as account_code, 'Accounts receivable' as account_name
            from marts.rpt_revenue_flux limit 0"""
        )
    return path


def test_a_movement_above_threshold_without_words_blocks_only_where_policy_says_so(warehouse):
    fact = flux_fact(warehouse, JUNE)
    assert fact.detail == "1 of 2 movements above threshold explained"
    assert not fact.is_done
    assert fact.blockers == (
        f"{MONTH} moved by 3,000 USD minor units: `tieout explain 2026-06 {MONTH}`",
    )
    with duckdb.connect(str(warehouse)) as con:
        con.execute("update marts.rpt_revenue_flux set blocks_seal = false")
    assert flux_fact(warehouse, JUNE).is_done
    assert flux_fact(warehouse, JUNE).detail == "1 of 2 movements above threshold explained"


def test_a_month_in_which_nothing_moved_needs_no_words(warehouse):
    fact = flux_fact(warehouse, date(2026, 7, 1))
    assert (fact.is_done, fact.detail) == (True, "no movement above threshold")


def test_each_line_is_listed_once(warehouse):
    assert [line.line_id for line in lines_of(warehouse, JUNE)] == [PLAN, MONTH]
    assert len(lines_of(warehouse, JUNE, only_needed=False)) == 3


def test_the_bridge_goes_from_all_of_the_month_before_to_all_of_the_month(warehouse):
    """100.00 + 7.00 = 107.00; +50.00 new, -20.00 churned; 130.00 + 7.00 = 137.00."""
    with duckdb.connect(str(warehouse)) as con:
        cursor = con.execute("from marts.rpt_revenue_flux")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    before, parts, now = bridge_of(rows, "prior_month")
    assert (before, parts, now) == (10700, {"new": 5000, "churned": -2000}, 13700)
    assert before + sum(parts.values()) == now


def test_the_section_shows_bridges_and_words_and_reads_nothing_from_elsewhere(warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as con:
        html = flux_section(con, JUNE, "US01")
        again = flux_section(con, JUNE, "US01")
        assert flux_section(con, JUNE, "UK01") == ""
    assert html == again
    assert html.count("data:image/svg+xml;base64,") == 2
    assert "A &lt;large&gt; deal (ada)" in html
    assert f"tieout explain 2026-06 {MONTH}" in html
    assert f"tieout explain 2026-06 {PLAN}" not in html
    picture = html.split("base64,")[1].split('"')[0]
    svg = base64.b64decode(picture).decode()
    assert svg.startswith("<?xml") and "<script" not in svg and "<image" not in svg
