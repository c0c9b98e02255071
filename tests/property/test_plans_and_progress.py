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


ITEMS = (
    "order_item_id varchar, changed_item_id varchar, contract_id varchar, entity_id varchar,"
    " customer_id varchar, currency varchar, quantity decimal(18,6), stated_price_minor bigint,"
    " service_start_date date, service_end_date date, terminated_date date, is_usage boolean,"
    " billing_frequency varchar"
)
SHARES = (
    "price_group_id varchar, round_no bigint, obligation_id varchar, is_added boolean,"
    " added_minor bigint, progress_part bigint, progress_whole bigint, adjusted_minor bigint,"
    " remaining_weight bigint"
)


def _build(
    duck: duckdb.DuckDBPyConnection, model_sql: dict[str, str], model: str, room: str
) -> None:
    """Materialise a model where the next one looks for it."""
    duck.execute(f"create schema if not exists tieout.{room}")
    duck.execute(f"create or replace table tieout.{room}.{model} as {model_sql[model]}")


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
    _put(duck, "tieout.contracts.promised_items", ITEMS, [
        ("o", None, "c", "US01", "k", "USD", 1, price, start, end, None, False, frequency)
    ])  # fmt: skip
    _put(
        duck, "tieout.contracts.obligations",
        "obligation_id varchar, contract_id varchar, entity_id varchar, customer_id varchar,"
        " currency varchar, quantity decimal(18,6), terminated_date date, billing_frequency varchar",
        [],
    )  # fmt: skip
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
        " starts_on date, ends_on date, amount_minor bigint, currency varchar, scope_skus varchar",
        [
            ("promo", None, "c", "promotional", 1, START, end, promotional, "USD", None),
            ("paid", "o", "c", "paid_credit", 3, START, end, pool, "USD", None),
        ],
    )  # fmt: skip
    _put(
        duck, "tieout.usage.rated_days",
        "contract_id varchar, obligation_id varchar, sku varchar, usage_date date, rated_minor bigint",
        [("c", "u", "GPU", START + timedelta(days=day), amount) for day, amount in enumerate(usage)],
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
    dates = [available + timedelta(days=cut) for cut in cuts]
    _put(
        duck, "tieout.revenue.progress_measures",
        "obligation_id varchar, pattern varchar, measured_from date, measured_to date, period date,"
        " is_actual boolean, round_no bigint, round_starts_on date, quantity decimal(18,6),"
        " available_date date, service_start_date date, started_at timestamp, service_end_date date,"
        " terminated_date date, collectable_from date, expires_date date, stated_price_minor bigint,"
        " delivered_to_date_minor bigint, delivered_to_date_millionths bigint,"
        " delivered_in_round_minor bigint, adjusted_in_round_minor bigint, changed_to_date_minor bigint,"
        " reduced_to_date_minor bigint, change_minor bigint, reduction_minor bigint, at_cost_minor bigint,"
        " part_millionths bigint, whole_millionths bigint, opening_millionths bigint,"
        " expected_millionths bigint, breakage_minor bigint",
        [
            (
                "o", "ratable_daily", at, at, at, True, 0, date(1, 1, 1), 1, available, START, START, end,
                None, None, None, price, 0, 0, 0, -sum(reductions[: place + 1]), 0, 0, 0, 0, 0,
                None, None, 0, None, 0,
            )
            for place, at in enumerate(dates)
        ],
    )  # fmt: skip
    _build(duck, model_sql, "measured_progress", "revenue")
    _put_prices(duck, [("o", price)])
    found = duck.execute(
        f"select recognised_to_date_minor from ({model_sql['obligation_progress']}) order by measured_to"
    ).fetchall()
    total, known, expected = days + early, price, []
    for cut, reduction in zip(cuts, reductions, strict=False):
        known -= reduction
        expected.append((round(Fraction(known * min(cut, total), total)),))
    assert found == expected


def _put_prices(duck: duckdb.DuckDBPyConnection, prices: list[tuple[str, int]]) -> None:
    """Allocated prices in force from the start, nothing modified and nothing targeted."""
    _put(
        duck, "tieout.pricing.price_allocations",
        "obligation_id varchar, allocated_minor bigint, allocated_until_termination_minor bigint,"
        " hold_reason varchar",
        [(key, price, None, None) for key, price in prices],
    )  # fmt: skip
    _put(
        duck, "tieout.pricing.transaction_prices",
        "obligation_id varchar, stated_until_termination_minor bigint, stated_total_minor bigint", [],
    )  # fmt: skip
    _put(
        duck, "tieout.revenue.segment_prices",
        "obligation_id varchar, round_no bigint, closed_minor bigint, base_minor bigint",
        [(key, 0, 0, price) for key, price in prices],
    )  # fmt: skip
    _put(
        duck, "tieout.revenue.targeted_amounts",
        "obligation_id varchar, measured_to date, price_minor bigint, recognised_minor bigint", [],
    )  # fmt: skip


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
        "allocation_group varchar, price_group_id varchar, order_id varchar, obligation_id varchar, sku varchar,"
        " quantity decimal(18,6), stated_price_minor bigint, contract_id varchar, entity_id varchar,"
        " currency varchar, price_share varchar, service_start_date date, service_end_date date,"
        " booked_date date, stated_until_termination_minor bigint",
        [
            (
                order, order, order, item, sku, quantity, stated, "c", "US01", "USD", "own", START,
                _months_after(START, 12), START, None,
            )
            for order, item, sku, quantity, stated, _ in items
        ],
    )  # fmt: skip
    _put(
        duck, "tieout.contracts.selling_prices_in_force",
        "entity_id varchar, sku varchar, currency varchar, effective_from date, effective_to date, ssp_basis varchar,"
        " low_minor bigint, ssp_minor bigint, high_minor bigint",
        [("US01", sku, "USD", START, None, "per_unit", None, ssp, None) for _, _, sku, _, _, ssp in items],
    )  # fmt: skip
    _put(
        duck, "tieout.policy.bundle_selling_prices",
        "bundle_id varchar, sku varchar, currency varchar, effective_from date, effective_to date,"
        " bundle_minor bigint",
        [],
    )  # fmt: skip
    _put(duck, "tieout.policy.price_estimates",
         "estimate_id varchar, contract_id varchar, kind varchar, obligation_ids varchar,"
         " amount_minor bigint", [])  # fmt: skip
    _put(duck, "tieout.contracts.material_right_grants", "option_id varchar, ssp_minor bigint", [])
    _build(duck, model_sql, "selling_price_weights", "pricing")
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


@QUIET
@given(
    members=st.lists(
        st.tuples(
            st.integers(0, 10**9),  # price agreed
            st.integers(0, 100),  # progress, of 100, when the modification takes effect
            st.integers(-(10**6), 10**9),  # price that the modification adds
            st.integers(0, 10**6),  # what remains sells for alone
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_prospective_modification_restates_nothing_and_loses_nothing(model_sql, duck, members):
    keys = [f"o{place}" for place in range(len(members))]
    _put(
        duck, "tieout.contracts.obligations", "obligation_id varchar, price_group_id varchar",
        [(key, "g") for key in keys],
    )  # fmt: skip
    _put(
        duck, "tieout.pricing.price_allocations",
        "obligation_id varchar, allocated_minor bigint, hold_reason varchar",
        [(key, price, None) for key, (price, _, _, _) in zip(keys, members, strict=True)],
    )  # fmt: skip
    _put(duck, "tieout.revenue.round_shares", SHARES, [
        ("g", 1, key, False, added, part, 100, 0, weight)
        for key, (_, part, added, weight) in zip(keys, members, strict=True)
    ])  # fmt: skip
    found = {
        key: (closed, base)
        for key, closed, base in duck.execute(
            "select obligation_id, closed_minor, base_minor"
            f" from ({model_sql['segment_prices']}) where round_no = 1"
        ).fetchall()
    }
    for key, (price, part, _, _) in zip(keys, members, strict=True):
        assert found[key][0] == round(Fraction(price * part, 100))
    agreed = sum(price + added for price, _, added, _ in members)
    assert sum(closed + base for closed, base in found.values()) == agreed
    if len(members) == 1 and members[0][2] == 0:
        # A modification that changes nothing changes nothing.
        assert sum(found[keys[0]]) == members[0][0]
