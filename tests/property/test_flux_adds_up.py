"""Whatever the books carry, the drivers of a change in revenue sum to the change, in the models' own SQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

MONTHS = [date(2026, month, 1) for month in (3, 4, 5, 6)]
UK_JOINED = date(2026, 5, 1)
RATES = {"USD": (79, 100), "EUR": (86, 100), "JPY": (51, 100)}
# Obligations: stream, customer, SKU; two streams share customers, one customer leaves SKU and stream.
OBLIGATIONS = {
    "o1": ("on_demand", "k1", "A"),
    "o2": ("on_demand", "k1", "B"),
    "o3": ("on_demand", "k2", "A"),
    "o4": ("commit", "k2", "C"),
    "o5": ("seats", "k3", "S"),
}
MINOR = st.integers(-(10**9), 10**9)
POSTING = st.tuples(
    st.sampled_from(["US01", "UK01"]),
    st.sampled_from(["4010", "4910", "1100"]),
    st.sampled_from([None, *OBLIGATIONS]),
    st.sampled_from(["GBP", *RATES]),
    st.sampled_from(MONTHS),
    st.integers(0, 2),
    MINOR,
    MINOR,
)
QUANTITY = st.tuples(st.sampled_from(list(OBLIGATIONS)), st.sampled_from(MONTHS))
PLAN = st.tuples(
    st.sampled_from(["US01", "UK01"]),
    st.sampled_from(["on_demand", "commit", "seats", "services"]),
    st.sampled_from(MONTHS),
)
ORDER = ["revenue_plan_newest", "flux_components", "revenue_flux_lines", "revenue_flux_prices"]


@pytest.fixture(scope="module")
def world(duck: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The tables around the postings: two entities in GBP, one of which joined in May."""
    for name in ("policy", "contracts", "revenue", "ledger"):
        duck.execute(f"create schema if not exists tieout.{name}")
    duck.execute(
        """create or replace table tieout.policy.accounts as from (values
            ('4010', 'revenue', 'Revenue', false), ('4910', 'contra_revenue', 'Revenue', false),
            ('1100', 'asset', 'Accounts receivable', false)
        ) t(account_code, account_type, statement_line, is_intercompany)"""
    )
    duck.execute(
        f"""create or replace table tieout.policy.entities as from (values
            ('US01', 'GBP', date '2020-01-01'), ('UK01', 'GBP', date '{UK_JOINED}')
        ) t(entity_id, functional_currency, joined_on)"""
    )
    duck.execute(
        """create or replace table tieout.policy.product_policies as from (values
            ('A', 'hour'), ('B', 'hour'), ('C', 'commitment'), ('S', 'seat')) t(sku, unit)"""
    )
    duck.execute(
        "create or replace table tieout.contracts.obligations"
        " (obligation_id varchar, sku varchar, is_usage boolean)"
    )
    for name, (stream, _, sku) in OBLIGATIONS.items():
        duck.execute(
            "insert into tieout.contracts.obligations values (?, ?, ?)",
            [name, sku, stream == "on_demand"],
        )
    duck.execute(
        """create or replace table tieout.ledger.exchange_rates (currency varchar,
            functional_currency varchar, rate_date date, numerator hugeint, denominator hugeint)"""
    )
    for currency, (numerator, denominator) in RATES.items():
        duck.execute(
            """insert into tieout.ledger.exchange_rates
            select ?, 'GBP', day::date, ? + month(day), ?
            from generate_series(date '2025-12-01', date '2026-07-01', interval 1 day) t(day)""",
            [currency, numerator, denominator],
        )
    return duck


def show(duck: duckdb.DuckDBPyConnection, name: str, columns: str, rows: list[tuple]) -> None:
    duck.execute(f"create or replace table tieout.{name} ({columns})")
    if rows:
        row = f"({', '.join('?' * (len(rows[0])))})"
        values = [value for one in rows for value in one]
        duck.execute(f"insert into tieout.{name} values {', '.join([row] * len(rows))}", values)


@settings(max_examples=40, deadline=None)
@given(
    postings=st.lists(POSTING, max_size=25),
    quantities=st.dictionaries(QUANTITY, st.integers(0, 10**12), max_size=12),
    catch_ups=st.dictionaries(QUANTITY, MINOR, max_size=4),
    plans=st.dictionaries(
        PLAN,
        st.tuples(st.integers(0, 10**9), st.one_of(st.none(), st.integers(0, 10**6))),
        max_size=8,
    ),
)
def test_the_parts_of_every_change_sum_to_it(
    model_sql, world, postings, quantities, catch_ups, plans
):
    rows, net = [], defaultdict(int)
    for entity, account, obligation, currency, month, late, amount, functional in postings:
        stream, customer, _ = OBLIGATIONS.get(obligation, ("services", "k9", None))
        own = month if not late else date(2026, month.month - late, 1)
        worth = amount if currency == "GBP" else functional
        rows.append(
            (
                entity,
                account,
                stream,
                customer,
                None,
                obligation,
                currency,
                month,
                own,
                amount,
                worth,
            )
        )
        if account != "1100" and (entity != "UK01" or month >= UK_JOINED):
            net[entity, stream, month] -= worth
    show(
        world,
        "ledger.flux_postings",
        "entity_id varchar, account_code varchar, stream varchar, customer_id varchar,"
        " contract_id varchar, obligation_id varchar, currency varchar, period date,"
        " economic_period date, amount_minor bigint, functional_minor bigint",
        rows,
    )
    show(
        world,
        "ledger.flux_quantities",
        "obligation_id varchar, period date, quantity_millionths bigint",
        [(*key, quantity) for key, quantity in quantities.items()],
    )
    show(
        world,
        "revenue.revenue_schedule",
        "obligation_id varchar, period date, is_actual boolean, catch_up_minor bigint",
        [(*key, True, amount) for key, amount in catch_ups.items()],
    )
    show(
        world,
        "policy.revenue_plan",
        "entity_id varchar, stream varchar, period date, currency varchar, plan_minor bigint,"
        " plan_unit varchar, plan_quantity decimal(18,6), version varchar, effective_date date",
        [
            (*key, "GBP", amount, "hour" if units else None, units, "v", date(2025, 12, 15))
            for key, (amount, units) in plans.items()
        ],
    )
    for model in [*ORDER, "plan_flux", "revenue_flux"]:
        world.execute(f"create or replace table tieout.ledger.{model} as {model_sql[model]}")
    found = defaultdict(int)
    for entity, stream, month, comparison, part in world.execute(
        "select entity_id, stream, period, comparison, amount_minor from tieout.ledger.revenue_flux"
    ).fetchall():
        found[entity, stream, month, comparison] += part

    counted = [month for entity, _, month in net]
    expected = defaultdict(int)
    for (entity, stream, month), revenue in net.items():
        following = date(2026, month.month + 1, 1)
        if month > min(counted):
            expected[entity, stream, month, "prior_month"] += revenue
        if following in MONTHS:
            expected[entity, stream, following, "prior_month"] -= revenue
        if any((entity, month) == (planned[0], planned[2]) for planned in plans):
            expected[entity, stream, month, "plan"] += revenue
    for key, (amount, _) in plans.items():
        expected[(*key, "plan")] -= amount
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}
