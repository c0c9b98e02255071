"""The sandbox's own accounting, against arithmetic shown beside each figure."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from orchestration.sandbox.agreements import PRICE_SCALE, Contract, Item, Milestone, Order, Tier
from orchestration.sandbox.amounts import divide_half_even, split_by_weight, split_evenly
from orchestration.sandbox.billing import Billing
from orchestration.sandbox.bookkeeping import book_customer
from orchestration.sandbox.calendars import unix
from orchestration.sandbox.cash import Settlement, card_fee
from orchestration.sandbox.context import Context, make_context
from orchestration.sandbox.documents import BankLine, Invoice, Line, Receipt
from orchestration.sandbox.postings import JournalKey, Postings
from orchestration.sandbox.rating import draw_down, rate
from orchestration.sandbox.recognition import Reduction, allocated_prices, recognise
from orchestration.sandbox.usage import ItemUsage

MILLION = 1_000_000


def tier(
    lower: int, upto: int | None, dollars: str, model: str = "graduated", package: int | None = None
) -> Tier:
    whole, _, part = dollars.partition(".")
    price = int(whole) * PRICE_SCALE + int(part.ljust(10, "0"))
    return Tier("t", model, lower, upto, price, package)


def item(name: str, sku: str, **values: Any) -> Item:
    defaults: dict[str, Any] = {
        "quantity": 1,
        "unit_price": 0,
        "list_price": 0,
        "total": 0,
        "start": date(2025, 1, 1),
        "end": date(2026, 1, 1),
        "frequency": "monthly",
        "description": name,
        "is_usage": False,
    }
    return Item(id=name, key=name, sku=sku, **(defaults | values))


def contract_of(*items: Item, kind: str = "reserved_capacity") -> Contract:
    order = Order(
        "o1", "1", "New", kind, items[0].start, max(i.end for i in items), 0, 0, list(items)
    )
    return Contract("c1", "1", kind, "US01", "USD", items[0].start, [order], 0)


@pytest.fixture
def context() -> Context:
    return make_context(7, 1, date(2026, 7, 1), 18, 0.0)


def by_month(rows: list[Any], name: str) -> dict[date, int]:
    return {row.period: row.gross for row in rows if row.item.id == name}


# Money ------------------------------------------------------------------------------------------


def test_rounding_is_half_to_even_also_below_zero():
    # 2.5 and 3.5 both lie halfway; the even neighbour wins, on either side of zero.
    assert [divide_half_even(n, 2) for n in (5, 7, -5, -7)] == [2, 4, -2, -4]


def test_parts_sum_to_the_whole_and_leftovers_go_to_the_largest_remainders():
    # 100 over 1:1:1 is 33.33 each: the leftover cent goes to the first.
    assert split_evenly(100, 3) == [34, 33, 33]
    # 10 over 1:2:4 is 1.43, 2.86, 5.71: the two leftovers go to .86 and .71.
    assert split_by_weight(10, [1, 2, 4]) == [1, 3, 6]
    assert split_by_weight(-10, [1, 2, 4]) == [-1, -3, -6]


def test_card_fees_follow_the_processors_published_price():
    # 1,000.00 x 2.9 % + 0.30 = 29.30; 1,000.00 x 1.5 % + 0.20 = 15.20.
    assert card_fee("US01", 100_000) == 2_930
    assert card_fee("UK01", 100_000) == 1_520


# Rating -----------------------------------------------------------------------------------------


def test_graduated_tiers_price_each_slice():
    tiers = [tier(0, 2_000, "2.49"), tier(2_000, 6_000, "2.29"), tier(6_000, None, "1.99")]
    # 2,000 x 2.49 + 4,000 x 2.29 + 500 x 1.99 = 4,980 + 9,160 + 995 = 15,135.00
    assert rate(tiers, 6_500 * MILLION) == 1_513_500


def test_volume_tiers_price_all_units_at_the_tier_reached():
    tiers = [tier(0, 3_000, "2.49", "volume"), tier(3_000, None, "2.19", "volume")]
    # 3,000 x 2.49 = 7,470.00; one unit more and all cost 2.19: 3,001 x 2.19 = 6,572.19
    assert rate(tiers, 3_000 * MILLION) == 747_000
    assert rate(tiers, 3_001 * MILLION) == 657_219


def test_packages_are_charged_whole():
    # 201 GB in packages of 100 at 8.00: three packages.
    assert rate([tier(0, None, "8", "package", 100)], 201 * MILLION) == 2_400


def test_a_token_price_keeps_its_seven_places_until_the_month_is_rounded():
    # 12,345,678 tokens x 0.0000004 = 4.9382712 dollars.
    assert rate([tier(0, None, "0.0000004")], 12_345_678 * MILLION) == 494


def test_usage_draws_promotional_credits_then_paid_ones_then_is_overage():
    pool = item("p", "CREDITS-PREPAID", total=5_000, promotional=1_000, frequency="upfront")
    used = item("u", "GPU-H100-OD", is_usage=True, tiers=[tier(0, None, "1")])
    # 20 units of 1.00 a day for four days: 80.00 in all; 10.00 promotional, 50.00 paid, 20.00 over.
    line = ItemUsage(used, contract_of(pool, used), date(2025, 1, 1), [20 * MILLION] * 4)
    line.final = {date(2025, 1, 1): 80 * MILLION}
    result = draw_down(pool, [line], {("u", date(2025, 1, 1)): 8_000})
    assert result.promotional == {date(2025, 1, 1): 1_000}
    assert result.drawn == {date(2025, 1, 1): 5_000}
    assert result.overage == {("u", date(2025, 1, 1)): 2_000}


def test_on_the_day_a_commitment_ends_items_take_their_turn_by_id():
    pool = item("p", "COMMIT-SPEND", total=2_500, frequency="annual")
    first = item("a", "GPU-H100-OD", is_usage=True, tiers=[tier(0, None, "1")])
    second = item("b", "GPU-A100-OD", is_usage=True, tiers=[tier(0, None, "1")])
    month = date(2025, 1, 1)
    lines = []
    for used in (second, first):
        line = ItemUsage(used, contract_of(pool, first, second), month, [10 * MILLION] * 2)
        line.final = {month: 20 * MILLION}
        lines.append(line)
    # Day one: 10.00 + 10.00. Day two: the last 5.00 goes to a, so a has 5.00 over and b 10.00.
    result = draw_down(pool, lines, {("a", month): 2_000, ("b", month): 2_000})
    assert result.drawn == {month: 2_500}
    assert result.overage == {("a", month): 500, ("b", month): 1_000}


# Recognition ------------------------------------------------------------------------------------


def test_a_ratable_item_is_recognised_by_days(context: Context):
    # 12,000.00 over 365 days: 1,200,000 x 31/365 = 101,917.8; x 59/365 = 193,972.6
    contract = contract_of(item("r", "RES-H100", total=1_200_000))
    months = by_month(recognise(context, [contract], Billing(), []), "r")
    assert months[date(2025, 1, 1)] == 101_918
    assert months[date(2025, 2, 1)] == 193_973 - 101_918
    assert sum(months.values()) == 1_200_000


def test_capacity_made_available_early_is_recognised_from_that_day(context: Context):
    held = item(
        "r",
        "RES-H100",
        total=110_000,
        start=date(2025, 2, 1),
        end=date(2025, 5, 1),
        capacity=date(2025, 1, 11),
    )
    # 11 January to 30 April are 110 days; 21 of them lie in January: 110,000 x 21/110 = 21,000
    months = by_month(recognise(context, [contract_of(held)], Billing(), []), "r")
    assert months[date(2025, 1, 1)] == 21_000


def test_an_orders_discount_is_shared_by_standalone_prices(context: Context):
    seats = item("a", "SEAT-PLATFORM", quantity=10, total=500_000)
    service = item("b", "SVC-ONBOARD", total=1_000_000, frequency="milestone")
    # Seats: 10 x 49.00 x 12 months = 588,000; service: 1,200,000; together 1,788,000.
    # 1,500,000 x 588 / 1788 = 493,288.59; the rest, 1,006,711.41, rounds down.
    shares = allocated_prices(contract_of(seats, service).orders[0], "USD", context.policies)
    assert shares == {"a": 493_289, "b": 1_006_711}


def test_an_acquired_entity_counts_months_for_what_began_before_it_joined(context: Context):
    """UK01 joined on 1 October 2025; 15 August to 15 November touches four months, a quarter each."""
    own = item("o", "SEAT-PLATFORM", total=4_000, start=date(2025, 8, 15), end=date(2025, 11, 15))
    contract = contract_of(own)
    contract.entity = "UK01"
    assert by_month(recognise(context, [contract], Billing(), []), "o") == {
        date(2025, month, 1): 1_000 for month in (8, 9, 10, 11)
    }
    # Begun on the day it joined: the group's days. October has 31 of the 61 days to 1 December.
    joined = item("j", "SEAT-PLATFORM", total=6_100, start=date(2025, 10, 1), end=date(2025, 12, 1))
    contract = contract_of(joined)
    contract.entity = "UK01"
    months = by_month(recognise(context, [contract], Billing(), []), "j")
    assert months == {date(2025, 10, 1): 3_100, date(2025, 11, 1): 3_000}


def test_an_acquired_entity_shares_by_its_own_study_until_it_joined(context: Context):
    """Onboarding sells at 6,500.00 by its own study, at 9,600.00 by the group's."""
    seats = item("a", "SEAT-PLATFORM", quantity=10, total=500_000)
    service = item("b", "SVC-ONBOARD", total=1_000_000, frequency="milestone")
    order = contract_of(seats, service).orders[0]
    # Seats: 10 x 39.20 x 12 months = 470,400. Own study: 1,500,000 x 4704 / (4704 + 6500) = 629,775.08.
    order.activated = unix(date(2025, 9, 30), 23)
    own = allocated_prices(order, "GBP", context.policies, "UK01")
    assert own == {"a": 629_775, "b": 870_225}
    # The group's: 1,500,000 x 4704 / (4704 + 9600) = 493,288.59.
    order.activated = unix(date(2025, 10, 1))
    group = allocated_prices(order, "GBP", context.policies, "UK01")
    assert group == {"a": 493_289, "b": 1_006_711}
    assert allocated_prices(order, "GBP", context.policies, "US01") == group


def test_milestones_count_from_the_day_after_they_are_done(context: Context):
    service = item("s", "SVC-ONBOARD", total=1_000, frequency="milestone")
    service.milestones = [
        Milestone("m1", "first", 400, date(2025, 1, 31), date(2025, 1, 31)),
        Milestone("m2", "second", 600, date(2025, 3, 1), date(2025, 3, 1)),
    ]
    months = by_month(recognise(context, [contract_of(service)], Billing(), []), "s")
    assert months == {date(2025, 1, 1): 400, date(2025, 3, 1): 600}


def test_a_credit_note_reduces_what_is_recognised_in_its_month(context: Context):
    contract = contract_of(item("r", "RES-H100", total=365_000))
    cut = [Reduction("r", date(2025, 3, 10), 3_650)]
    months = by_month(recognise(context, [contract], Billing(), cut), "r")
    # To the end of February 365,000 x 59/365 = 59,000; to the end of March 361,350 x 90/365 = 89,100.
    assert months[date(2025, 3, 1)] == 89_100 - 59_000
    assert sum(months.values()) == 361_350


def test_a_terminated_item_earns_what_was_billed_before(context: Context):
    ended = item("r", "RES-H100", total=120_000, terminated=date(2025, 4, 1))
    # Three of twelve months of 100.00 remain: 30,000 in all, the rest of it due by the end of March.
    months = by_month(recognise(context, [contract_of(ended)], Billing(), []), "r")
    assert sum(months.values()) == 30_000
    # 120,000 x 59/365 = 19,397.26 by the end of February.
    assert months[date(2025, 3, 1)] == 30_000 - 19_397


def test_marketplace_revenue_is_net_of_the_suppliers_share(context: Context):
    used = item("m", "MKT-GPU", is_usage=True, tiers=[tier(0, None, "1")])
    billing = Billing(rated={("m", date(2025, 1, 1)): 1_001})
    (row,) = recognise(context, [contract_of(used, kind="marketplace")], billing, [])
    # 80 % of 10.01 is 8.008.
    assert (row.gross, row.supplier) == (1_001, 801)


def test_an_unused_commitment_is_recognised_when_its_term_ends(context: Context):
    pool = item("p", "COMMIT-SPEND", total=50_000, end=date(2025, 7, 1), frequency="quarterly")
    months = by_month(recognise(context, [contract_of(pool, kind="commit")], Billing(), []), "p")
    assert months == {date(2025, 6, 1): 50_000}


# Books ------------------------------------------------------------------------------------------


def invoice_of(contract: Contract, sold: Item, amount: int, day: date, **values: Any) -> Invoice:
    line = Line("il", sold, contract, "fixed", day, day, 1, "1", amount, "line", **values)
    return Invoice(
        "in", "N-1", "US01", "USD", "send_invoice", unix(day, 8), day, [line], False, True
    )


def booked(
    context: Context, contract: Contract, billing: Billing, settlement: Settlement
) -> Postings:
    postings = Postings()
    book_customer(context, postings, [contract], billing, settlement)
    return postings


def journal(postings: Postings, month: date, kind: str) -> dict[str, int]:
    return postings.journals.get(JournalKey("US01", month, kind, "USD"), {})


def test_a_contract_in_debit_is_a_contract_asset_until_its_bill_comes(context: Context):
    sold = item(
        "r",
        "RES-H100",
        total=36_500,
        frequency="upfront",
        capacity=date(2025, 1, 1),
        start=date(2025, 2, 1),
        end=date(2026, 1, 1),
    )
    contract = contract_of(sold)
    billing = Billing(invoices=[invoice_of(contract, sold, 36_500, date(2025, 2, 1))])
    postings = booked(context, contract, billing, Settlement())
    # January: 36,500 x 31/365 = 3,100 earned and nothing billed; February's bill puts it right.
    assert journal(postings, date(2025, 1, 1), "presentation") == {"2100": -3_100, "1160": 3_100}
    assert journal(postings, date(2025, 2, 1), "presentation") == {"2100": 3_100, "1160": -3_100}
    assert journal(postings, date(2025, 2, 1), "invoice") == {"2100": -36_500, "1100": 36_500}


def test_a_line_without_an_order_waits_in_suspense(context: Context):
    sold = item("r", "RES-H100", total=36_500)
    contract = contract_of(sold)
    invoice = invoice_of(contract, sold, 500, date(2025, 2, 1), unmatched="wrong_entity")
    postings = booked(context, contract, Billing(invoices=[invoice]), Settlement())
    assert journal(postings, date(2025, 2, 1), "invoice") == {"2350": -500, "1100": 500}


def test_a_wire_pays_what_it_names_in_order_and_the_rest_stays_unapplied(context: Context):
    sold = item("r", "RES-H100", total=36_500)
    contract = contract_of(sold)
    first = invoice_of(contract, sold, 1_000, date(2025, 2, 1))
    second = invoice_of(contract, sold, 500, date(2025, 2, 1))
    second.id = "in2"

    def wire(amount: int, day: date) -> Receipt:
        line = BankLine("a", "US01", "USD", day, amount, "customer_receipt", "r", "p", "t")
        return Receipt(line, [first, second])

    settlement = Settlement([wire(1_200, date(2025, 3, 3)), wire(400, date(2025, 4, 3))])
    postings = booked(context, contract, Billing(invoices=[first, second]), settlement)
    # 12.00 pays 10.00 and 2.00; of the 4.00 that follow 3.00 was still open.
    assert journal(postings, date(2025, 3, 1), "receipt_bank") == {"1100": -1_200, "1000": 1_200}
    april = journal(postings, date(2025, 4, 1), "receipt_bank")
    assert april == {"1100": -300, "2300": -100, "1000": 400}
