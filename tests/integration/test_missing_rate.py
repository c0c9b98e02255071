"""A gap in the rates longer than the policy allows, on a whole company: shown, named, never posted over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration import dbt
from orchestration import settings as config
from orchestration.books.difference import IncompleteLineError, require_complete

LINES = "ledger.ledger_entry_lines"
# The euro is quoted until Wednesday 4 March 2026 and again from 1 April: by policy a rate serves 7 days.
GAP = "base_currency = 'EUR' and rate_date between date '2026-03-05' and date '2026-03-31'"


def leave_out(warehouse: Path, rows: str) -> None:
    """What the rate provider would not have delivered."""
    with duckdb.connect(str(warehouse)) as connection:
        found = connection.execute(
            "select sql from duckdb_views() where schema_name = 'raw' and view_name = 'fx__rate'"
        ).fetchone()
        assert found is not None
        body = found[0].rstrip(";").partition(" AS ")[2]
        connection.execute(
            f"create or replace view raw.fx__rate as select * from ({body}) where not ({rows})"
        )


@pytest.fixture
def gapped(copied_home: Path) -> Path:
    """The warehouse of a finished run, built again without a month of euro rates."""
    settings = replace(config.load({"TIEOUT_HOME": str(copied_home)}), home=copied_home)
    leave_out(settings.warehouse, GAP)
    dbt.run(settings, "build", "--select", "stg_fx__rates+", "--exclude-resource-type", "unit_test")
    return settings.warehouse


def test_a_gap_in_the_rates_is_shown_named_and_never_posted_over(gapped: Path) -> None:
    with duckdb.connect(str(gapped), read_only=True) as connection:
        serving = connection.execute(
            """select rate_date from marts.rpt_exchange_rates
            where currency = 'EUR' and quote_currency = 'GBP'
                and rate_date between date '2026-03-01' and date '2026-03-31'
            order by 1 desc limit 1"""
        ).fetchone()
        exceptions = connection.execute(
            """select distinct currency, right_ref from marts.rpt_exceptions
            where reason_code = 'RATE_MISSING' and detail like '%month end%'"""
        ).fetchall()
        unnamed = connection.execute(
            f"""select count(*) from {LINES} where functional_minor is null
            and period <> date '2026-03-01'"""
        ).fetchone()
        consolidated = connection.execute(
            "select max(period)::varchar from marts.rpt_consolidated_trial_balance "
            "where basis = 'as_recast'"
        ).fetchone()
        with pytest.raises(IncompleteLineError, match=r"missing rate: .*UK01.*of EUR in GBP"):
            require_complete(connection, LINES)
    # 4 March and the 7 days after it.
    assert [str(day) for day in serving or ()] == ["2026-03-11"]
    # The euros that UK01 owes US01 for capacity stand in the books of both.
    assert set(exceptions) == {
        ("EUR", "fx:rate:2026-03-31:EUR:GBP"),
        ("EUR", "fx:rate:2026-03-31:EUR:USD"),
    }
    assert unnamed == (0,)
    assert consolidated == ("2026-02-01",)
