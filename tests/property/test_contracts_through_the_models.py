"""What must hold of any contract, on generated ones that the production models build.

Allocations, prices, cuts of a period, empty modifications, and the order of evidence.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from generated_contracts import (
    AS_OF,
    LEAP_DAY,
    VARIANTS,
    Shuffled,
    World,
    batch,
    build_world,
)

from orchestration.conformance.values import next_months

COUNT = 30


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build_world(batch(COUNT), tmp_path_factory.mktemp("world"))


def _place(obligation_id: str) -> tuple[int, str, int]:
    """Number, variant and item of an obligation's id."""
    found = re.fullmatch(r"g(\d+)__(plain|quiet|cut)\d+x*-(\d+)", obligation_id)
    assert found, obligation_id
    return int(found[1]), found[2], int(found[3])


def _to_date(world: World) -> dict[tuple[int, str, int], dict[date, tuple[int, int]]]:
    """Of each obligation: recognised to date and remaining, by the instant they were measured at."""
    found: dict[tuple[int, str, int], dict[date, tuple[int, int]]] = defaultdict(dict)
    for obligation, measured_to, recognised, remaining in world.rows(
        "select obligation_id, measured_to, recognised_to_date_minor, remaining_minor"
        " from revenue.revenue_schedule order by all"
    ):
        found[_place(obligation)][measured_to] = (recognised, remaining)
    return found


def test_the_batch_holds_every_kind_of_contract_that_the_properties_are_about(world: World):
    promises = [promise for each in world.agreements for promise in each.promises]
    assert {each.currency for each in world.agreements} == {"JPY", "USD", "KWD"}
    assert any(promise.price < 0 for promise in promises)
    assert any(promise.price == 0 for promise in promises)
    assert any(promise.days == 1 for promise in promises)
    assert any(promise.start == LEAP_DAY for promise in promises)
    longest = world.rows("select max(length(contract_id)) from contracts.contracts")[0][0]
    assert longest >= 40


def test_no_generated_contract_is_lost_or_held(world: World):
    measured = {
        _place(row[0]) for row in world.rows("select obligation_id from revenue.revenue_schedule")
    }
    assert measured == {
        (number, variant, place)
        for number, each in enumerate(world.agreements)
        for variant in VARIANTS
        for place, _ in enumerate(each.promises)
    }  # fmt: skip
    assert world.rows("select * from marts.dim_contracts where hold_reason is not null") == []


def test_allocations_sum_to_the_price_that_the_orders_state(world: World):
    allocated: dict[tuple[int, str], int] = defaultdict(int)
    for obligation, amount in world.rows(
        "select obligation_id, allocated_minor from pricing.price_allocations"
    ):
        number, variant, _ = _place(obligation)
        allocated[number, variant] += amount
    for (number, variant), amount in allocated.items():
        stated = sum(promise.price for promise in world.agreements[number].promises)
        assert amount == stated, (variant, world.described(number))
    assert len(allocated) == len(VARIANTS) * len(world.agreements)


def test_recognised_and_remaining_make_the_price_at_every_date(world: World):
    by_contract: dict[tuple[int, str], list[dict[date, tuple[int, int]]]] = defaultdict(list)
    for (number, variant, _), instants in _to_date(world).items():
        by_contract[number, variant].append(instants)
    checked = 0
    for (number, variant), members in by_contract.items():
        agreement = world.agreements[number]
        stated = sum(promise.price for promise in agreement.promises)
        # From the day on which every item has been measured once; after its end an item stands still.
        first = max(min(instants) for instants in members)
        for day in sorted({day for instants in members for day in instants if day >= first}):
            states = [instants[max(at for at in instants if at <= day)] for instants in members]
            price = stated + (agreement.bonus if agreement.middle < day else 0)
            if agreement.middle >= AS_OF:
                price = stated
            assert sum(map(sum, states)) == price, (variant, day, world.described(number))
            checked += 1
        # Every pattern here is over with its service: nothing remains.
        assert sum(instants[max(instants)][1] for instants in members) == 0, world.described(number)
    assert checked > len(world.agreements)


def test_daily_revenue_to_date_is_the_known_price_times_the_days_gone_rounded_once_half_to_even(
    world: World,
):
    allocated = {
        _place(row[0]): row[1]
        for row in world.rows(
            "select obligation_id, allocated_minor from pricing.price_allocations"
        )
    }
    checked = 0
    for (number, variant, place), instants in _to_date(world).items():
        agreement = world.agreements[number]
        promise = agreement.promises[place]
        if promise.pattern != "ratable_daily" or agreement.middle >= AS_OF:
            continue
        for day, (recognised, _) in instants.items():
            gone = min(max((day - promise.start).days, 0), promise.days)
            known = place == 0 and agreement.middle < day
            price = allocated[number, variant, place] + (agreement.bonus if known else 0)
            exact = Fraction(price * gone, promise.days)
            assert recognised == round(exact), (variant, day, world.described(number))
            checked += 1
    assert checked > 0


def _by_month(
    world: World, value: str = "recognised_minor"
) -> dict[tuple[int, str, int], dict[date, int]]:
    found: dict[tuple[int, str, int], dict[date, int]] = defaultdict(dict)
    for obligation, period, amount in world.rows(
        f"select obligation_id, period, cast(sum({value}) as bigint) from revenue.revenue_schedule group by all"
    ):
        found[_place(obligation)][period] = amount
    return found


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param("cut", id="a_month_measured_once_more_in_its_middle_earns_the_same"),
        pytest.param("quiet", id="a_modification_that_changes_nothing_changes_nothing"),
    ],
)
def test_the_revenue_of_each_month_stays_what_it_was(world: World, variant: str):
    months = _by_month(world)
    for (number, kind, place), amounts in months.items():
        if kind == "plain":
            twin = {
                month: amount for month, amount in months[number, variant, place].items() if amount
            }
            same = {month: amount for month, amount in amounts.items() if amount}
            assert twin == same, (variant, place, world.described(number))


def test_the_two_parts_of_the_month_of_the_cut_off_sum_to_the_month(world: World):
    to_date = _to_date(world)
    month = AS_OF.replace(day=1)
    parts = 0
    for key, amounts in _by_month(world).items():
        number, _, place = key
        promise = world.agreements[number].promises[place]
        if promise.start < month and promise.end > next_months(month, 1):
            instants = to_date[key]
            assert AS_OF in instants and next_months(month, 1) in instants
            whole = instants[next_months(month, 1)][0] - instants[month][0]
            assert amounts[month] == whole, world.described(number)
            parts += 1
    assert parts > 0


def test_entries_balance_and_carry_the_revenue_of_the_schedule(world: World):
    unbalanced = world.rows(
        "select entry_key, sum(amount_minor) from ledger.ledger_entry_lines group by all having sum(amount_minor) <> 0"
    )
    assert unbalanced == []
    booked = dict(
        world.rows(
            "select contract_id, cast(-sum(amount_minor) as bigint) from ledger.ledger_entry_lines"
            " where account_code between '4000' and '4099' group by all"
        )
    )
    earned = dict(
        world.rows(
            "select contract_id, cast(sum(recognised_minor) as bigint) from revenue.revenue_schedule"
            " where is_actual group by all having sum(recognised_minor) <> 0"
        )
    )
    assert {contract: amount for contract, amount in booked.items() if amount} == earned


def test_the_order_in_which_evidence_comes_changes_no_mart(world: World, tmp_path: Path):
    chance = random.Random(606)
    other = build_world(
        list(world.agreements), tmp_path, lambda evidence: Shuffled(evidence, chance)
    )
    marts = [
        row[0]
        for row in world.rows(
            "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        )
    ]
    assert "fct_revenue" in marts and "fct_ledger_entries" in marts
    for mart in marts:
        sql = f"select * from marts.{mart} order by all"
        assert world.rows(sql) == other.rows(sql), mart
