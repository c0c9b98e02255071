"""The price list of the sandbox company: usage tiers, seat and capacity prices, and who uses how much.

List prices in US dollars; other currencies take a fixed share of them, as a price list would.
"""

from __future__ import annotations

from dataclasses import dataclass

from .agreements import PRICE_SCALE, QUANTITY_SCALE, Item, Tier
from .amounts import divide_half_even
from .ids import Ids

CURRENCY_PERCENT = {"USD": 100, "GBP": 80, "EUR": 90}

CONTRACT_KIND = {
    "on_demand": "on_demand",
    "on_demand_volume": "on_demand",
    "prepaid_credits": "prepaid_credits",
    "prepaid_promo": "prepaid_credits",
    "bundle": "reserved_capacity",
    "reserved_monthly": "reserved_capacity",
    "reserved_fleet": "reserved_capacity",
    "commit_annual": "commit",
    "commit_quarterly": "commit",
    "commit_bundle": "commit",
    "seats_monthly": "platform_seats",
    "seats_annual": "platform_seats",
    "services": "services",
    "marketplace": "marketplace",
}


@dataclass(frozen=True)
class UsagePrice:
    """Tiers of a usage SKU in 1e-10 dollars, and the range of units a day."""

    model: str
    tiers: tuple[tuple[int, int | None, int], ...]
    package: int | None
    daily: tuple[int, int]


def _dollars(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * PRICE_SCALE + int((part + "0" * 10)[:10])


USAGE = {
    "GPU-H100-OD": UsagePrice(
        "graduated",
        (
            (0, 2_000, _dollars("2.49")),
            (2_000, 6_000, _dollars("2.29")),
            (6_000, None, _dollars("1.99")),
        ),
        None,
        (20, 260),
    ),
    "GPU-A100-OD": UsagePrice(
        "graduated",
        ((0, 3_000, _dollars("1.29")), (3_000, None, _dollars("1.09"))),
        None,
        (30, 300),
    ),
    "INF-TOKENS": UsagePrice(
        "graduated",
        (
            (0, 10_000_000_000, _dollars("0.0000004")),
            (10_000_000_000, None, _dollars("0.00000032")),
        ),
        None,
        (50_000_000, 900_000_000),
    ),
    "EGRESS-GB": UsagePrice("package", ((0, None, _dollars("8")),), 100, (60, 900)),
    "MKT-GPU": UsagePrice(
        "graduated",
        ((0, 4_000, _dollars("1.85")), (4_000, None, _dollars("1.69"))),
        None,
        (40, 320),
    ),
}
VOLUME_TIERS = (
    (0, 3_000, _dollars("2.49")),
    (3_000, 5_000, _dollars("2.19")),
    (5_000, None, _dollars("1.95")),
)
# List price of one unit a month (or a unit) in US cents; equals the standalone selling price.
FIXED_CENTS = {
    "RES-H100": 165_000,
    "RES-A100": 95_000,
    "SEAT-PLATFORM": 4_900,
    "SUPPORT-PREM": 150_000,
    "SVC-ONBOARD": 1_200_000,
    "SVC-MIGRATE": 2_500_000,
}


def fixed_price(sku: str, currency: str) -> int:
    """List price of a fixed SKU in minor units of a currency."""
    return divide_half_even(FIXED_CENTS[sku] * CURRENCY_PERCENT[currency], 100)


def usage_tiers(item_key: str, sku: str, currency: str, model: str, ids: Ids) -> list[Tier]:
    """The tiers an order item is sold at."""
    listed = USAGE[sku]
    rows = VOLUME_TIERS if model == "volume" else listed.tiers
    percent = CURRENCY_PERCENT[currency]
    return [
        Tier(
            ids.salesforce("Rate_Tier__c", f"{item_key}/{number}"),
            "volume" if model == "volume" else listed.model,
            lower,
            upto,
            price * percent // 100,
            listed.package,
        )
        for number, (lower, upto, price) in enumerate(rows)
    ]


def usual_month(items: list[Item]) -> int:
    """What the usage items are expected to cost in a month at their first tier, in minor units."""
    cost = 0
    for item in items:
        first = item.tiers[0]
        units = item.daily * 30
        per = first.package or 1
        cost += units * first.price * 100 // (QUANTITY_SCALE * PRICE_SCALE * per)
    return cost
