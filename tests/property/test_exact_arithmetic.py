"""Money arithmetic of the macros against Python's exact fractions: rounding and splitting."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

MONEY = st.integers(-(10**13), 10**13)
QUIET = settings(max_examples=150, deadline=None)
# Halves are where rounding goes wrong: products that leave exactly half of the divisor are drawn on purpose.
HALVES = st.tuples(st.integers(-(10**9), 10**9), st.integers(1, 10**6)).map(
    lambda pair: (2 * pair[0] * pair[1] + pair[1], 1, 2 * pair[1])
)
PRODUCTS = st.tuples(MONEY, st.integers(-(10**5), 10**5), st.integers(1, 10**9))
# Products of up to 10^24, which no 64 bits hold.
WIDE = st.tuples(
    st.integers(-(10**15), 10**15), st.integers(10**8, 10**9), st.integers(10**8, 10**9)
)


@QUIET
@given(cases=st.lists(st.one_of(HALVES, PRODUCTS, WIDE), min_size=1, max_size=30))
def test_mul_div_is_the_exact_product_rounded_half_to_even(macro_sql, duck, cases):
    kept = [case for case in cases if abs(Fraction(case[0] * case[1], case[2])) < 2**62]
    _table(
        duck,
        "given",
        "n bigint, a bigint, b bigint, c bigint",
        [(i, *c) for i, c in enumerate(kept)],
    )
    found = [row[1] for row in duck.execute(macro_sql["mul_div"]).fetchall()]
    # Python rounds a Fraction half to even.
    assert found == [round(Fraction(a * b, c)) for a, b, c in kept]


@QUIET
@given(
    cases=st.lists(
        st.decimals(Decimal(-(10**12)), Decimal(10**12), places=4, allow_nan=False),
        min_size=1,
        max_size=30,
    )
)
def test_a_decimal_becomes_money_half_to_even(macro_sql, duck, cases):
    _table(duck, "given", "n bigint, x decimal(28,4)", list(enumerate(cases)))
    found = [row[1] for row in duck.execute(macro_sql["half_even"]).fetchall()]
    assert found == [int(x.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for x in cases]


def _largest_remainder(total: int, weights: list[int]) -> list[int]:
    """Reference: floors of the exact shares, leftover units to the largest remainders, ties by position."""
    weights = weights if any(weights) else [1] * len(weights)
    shares = [Fraction(abs(total) * weight, sum(weights)) for weight in weights]
    parts = [int(share) for share in shares]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
    for i in order[: abs(total) - sum(parts)]:
        parts[i] += 1
    return [part if total >= 0 else -part for part in parts]


@QUIET
@given(
    groups=st.lists(
        st.tuples(MONEY, st.lists(st.integers(0, 10**9), min_size=1, max_size=12)),
        min_size=1,
        max_size=6,
    )
)
def test_a_split_sums_to_its_whole_and_no_part_is_a_unit_away_from_its_share(
    macro_sql, duck, groups
):
    rows = [
        (g, k, total, weight)
        for g, (total, weights) in enumerate(groups)
        for k, weight in enumerate(weights)
    ]
    _table(duck, "given", "g bigint, k bigint, total bigint, weight bigint", rows)
    found: dict[int, list[int]] = {}
    for g, part in duck.execute(
        f"select g, part_minor from ({macro_sql['largest_remainder']})"
    ).fetchall():
        found.setdefault(g, []).append(part)
    for g, (total, weights) in enumerate(groups):
        assert sum(found[g]) == total
        assert found[g] == _largest_remainder(total, weights)


def _table(duck: duckdb.DuckDBPyConnection, name: str, columns: str, rows: list[tuple]) -> None:
    duck.execute(f"create or replace table {name} ({columns})")
    if rows:
        duck.execute(f"insert into {name} values {', '.join(map(_literal, rows))}")


def _literal(row: tuple) -> str:
    return "(" + ", ".join(str(value) for value in row) + ")"
