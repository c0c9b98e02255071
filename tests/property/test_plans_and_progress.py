"""Properties of the models that split, draw down and recognise, on the SQL that dbt compiles."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

QUIET = settings(max_examples=60, deadline=None)
START = date(2025, 1, 1)
MONTHS = {"monthly": 1, "quarterly": 3, "annual": 12}


def _put(
    duck: duckdb.DuckDBPyConnection, relation: str, columns: str, rows: list[tuple[Any, ...]]
) -> None:
    schema = relation.rsplit(".", 1)[0]
    duck.execute(f"create schema if not exists {schema}")
    duck.execute(f"create or replace table {relation} ({columns})")
    if rows:
        duck.execute(f"insert into {relation} values {', '.join(map(_literal, rows))}")


def _literal(row: tuple[Any, ...]) -> str:
    return "(" + ", ".join(_value(value) for value in row) + ")"


def _value(value: Any) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, int | bool) else f"'{value}'"


OBLIGATIONS = (
    "obligation_id varchar, contract_id varchar, entity_id varchar, customer_id varchar, currency varchar,"
    " pattern varchar, quantity decimal(18,6), stated_price_minor bigint, service_start_date date,"
    " service_end_date date, available_date date, terminated_date date, is_usage boolean,"
    " billing_frequency varchar"
)


def _months_after(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, day.day)


@QUIET
@given(
    frequency=st.sampled_from(sorted(MONTHS)),
    periods=st.integers(1, 24),
    price=st.integers(0, 10**10),
    day=st.integers(1, 28),
)
def test_a_billing_plan_sums_to_the_price_and_its_periods_differ_by_a_cent_at_most(
    model_sql, duck, frequency, periods, price, day
):
    start = START.replace(day=day)
    end = _months_after(start, periods * MONTHS[frequency])
    _put(duck, "tieout.contracts.obligations", OBLIGATIONS, [
        ("o", "c", "US01", "k", "USD", "ratable_daily", 1, price, start, end, start, None, False, frequency)
    ])  # fmt: skip
    _put(
        duck, "tieout.contracts.milestones",
        "milestone_id varchar, obligation_id varchar, amount_minor bigint, completed_date date", [],
    )  # fmt: skip
    rows = duck.execute(
        f"select period_start, period_end, planned_minor from ({model_sql['billing_plan']}) order by 1"
    ).fetchall()
    amounts = [row[2] for row in rows]
    assert len(rows) == periods
    assert [row[0] for row in rows] == [
        _months_after(start, index * MONTHS[frequency]) for index in range(periods)
    ]
    assert rows[-1][1] == end
    assert sum(amounts) == price
    # Leftover cents go to the earliest periods.
    assert max(amounts) - min(amounts) <= 1
    assert amounts == sorted(amounts, reverse=True)


@QUIET
@given(
    pool=st.integers(0, 5_000),
    promotional=st.integers(0, 2_000),
    usage=st.lists(st.integers(0, 900), min_size=1, max_size=20),
)
def test_usage_draws_promotional_credit_first_then_what_was_paid_and_never_more(
    model_sql, duck, pool, promotional, usage
):
    end = START + timedelta(days=len(usage))
    _put(
        duck, "tieout.usage.drawdown_pools",
        "pool_id varchar, obligation_id varchar, contract_id varchar, pool_kind varchar, lane integer,"
        " starts_on date, ends_on date, amount_minor bigint, currency varchar",
        [
            ("promo", None, "c", "promotional", 1, START, end, promotional, "USD"),
            ("paid", "o", "c", "paid_credit", 3, START, end, pool, "USD"),
        ],
    )  # fmt: skip
    _put(
        duck, "tieout.usage.rated_days",
        "contract_id varchar, obligation_id varchar, usage_date date, rated_minor bigint",
        [("c", "u", START + timedelta(days=day), amount) for day, amount in enumerate(usage)],
    )  # fmt: skip
    found = duck.execute(
        f"select pool_id, usage_date, drawn_minor from ({model_sql['pool_drawdowns']}) order by 2, 1"
    ).fetchall()
    expected, left = [], {"promo": promotional, "paid": pool}
    for day, amount in enumerate(usage):
        drawn = {}
        for name in ("promo", "paid"):
            part = min(amount, left[name])
            left[name] -= part
            amount -= part
            drawn[name] = part
        expected += [
            (name, START + timedelta(days=day), drawn[name])
            for name in ("paid", "promo")
            if drawn[name]
        ]
    assert found == expected


@QUIET
@given(
    price=st.integers(-(10**10), 10**10),
    days=st.integers(1, 1_100),
    early=st.integers(0, 14),
    cuts=st.lists(st.integers(0, 1_200), min_size=1, max_size=12, unique=True).map(sorted),
    reductions=st.lists(st.integers(0, 10**6), min_size=12, max_size=12),
)
def test_ratable_revenue_is_price_known_times_days_elapsed_rounded_once(
    model_sql, duck, price, days, early, cuts, reductions
):
    end = START + timedelta(days=days)
    available = START - timedelta(days=early)
    _put(duck, "tieout.contracts.obligations", OBLIGATIONS, [
        ("o", "c", "US01", "k", "USD", "ratable_daily", 1, price, START, end, available, None, False, "upfront")
    ])  # fmt: skip
    _put(
        duck, "tieout.pricing.price_allocations",
        "obligation_id varchar, allocated_minor bigint, allocated_until_termination_minor bigint,"
        " hold_reason varchar",
        [("o", price, None, None)],
    )  # fmt: skip
    dates = [available + timedelta(days=cut) for cut in cuts]
    _put(
        duck, "tieout.revenue.obligation_movements",
        "obligation_id varchar, measured_to date, period date, is_actual boolean,"
        " delivered_minor bigint, reduction_minor bigint",
        [("o", at, at, True, 0, reduction) for at, reduction in zip(dates, reductions, strict=False)],
    )  # fmt: skip
    found = duck.execute(
        f"select recognised_to_date_minor from ({model_sql['obligation_progress']}) order by measured_to"
    ).fetchall()
    total, known, expected = days + early, price, []
    for cut, reduction in zip(cuts, reductions, strict=False):
        known -= reduction
        expected.append((round(Fraction(known * min(cut, total), total)),))
    assert found == expected


@QUIET
@given(
    orders=st.lists(
        st.lists(
            st.tuples(st.integers(1, 500), st.integers(0, 10**9), st.integers(1, 10**6)),
            min_size=1,
            max_size=8,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_allocated_prices_sum_to_what_their_order_states(model_sql, duck, orders):
    items = [
        (f"o{number}", f"i{number}-{place}", f"s{number}-{place}", *item)
        for number, order in enumerate(orders)
        for place, item in enumerate(order)
    ]
    _put(
        duck, "tieout.pricing.transaction_prices",
        "order_id varchar, obligation_id varchar, sku varchar, quantity decimal(18,6), stated_price_minor bigint,"
        " contract_id varchar, entity_id varchar, currency varchar, service_start_date date,"
        " service_end_date date, booked_date date, stated_until_termination_minor bigint",
        [
            (order, item, sku, quantity, stated, "c", "US01", "USD", START, _months_after(START, 12), START, None)
            for order, item, sku, quantity, stated, _ in items
        ],
    )  # fmt: skip
    _put(
        duck, "tieout.policy.standalone_selling_prices",
        "sku varchar, currency varchar, effective_from date, effective_to date, ssp_basis varchar,"
        " ssp_minor bigint",
        [(sku, "USD", START, None, "per_unit", ssp) for _, _, sku, _, _, ssp in items],
    )  # fmt: skip
    found = dict(
        duck.execute(
            f"select obligation_id, allocated_minor from ({model_sql['price_allocations']})"
        ).fetchall()
    )
    for number, order in enumerate(orders):
        stated = sum(price for _, price, _ in order)
        weights = [quantity * ssp for quantity, _, ssp in order]
        parts = [found[f"i{number}-{place}"] for place in range(len(order))]
        assert sum(parts) == stated
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(stated * weight, sum(weights))) < 1
