"""The smallest landing that every evidence control accepts, written by the landing's own writer.

Two days of one bank account (100.00 in on the first, 30.00 out on the second), two days of
metering, and one record of each object the books rest on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from orchestration.landing import Input, Landing, Refusal
from orchestration.settings import Settings

DAY_1, DAY_2, DAY_3 = date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7)
ACCOUNT = "4400001001"
API = {
    "salesforce": ("account", "order", "order_item"),
    "stripe": (
        "customer",
        "invoice",
        "invoice_line",
        "charge",
        "balance_transaction",
        "payout",
    ),
}


def at(day: date) -> datetime:
    return datetime.combine(day, time())


def statement(day: date, opening: int, closing: int) -> dict[str, Any]:
    return {
        "_id": f"{ACCOUNT}:{day}",
        "_version_at": at(day),
        "_file": f"bank/{ACCOUNT}/{day}.bai2",
        "bank_account_id": ACCOUNT,
        "currency": "USD",
        "statement_date": day,
        "opening_minor": opening,
        "closing_minor": closing,
        "credits_minor": max(closing - opening, 0),
        "debits_minor": max(opening - closing, 0),
        "transaction_count": 1,
        "file_format": "BAI2",
    }


def line(day: date, amount: int) -> dict[str, Any]:
    return {
        "_id": f"{ACCOUNT}:{day}:R1",
        "_version_at": at(day),
        "_file": f"bank/{ACCOUNT}/{day}.bai2",
        "bank_account_id": ACCOUNT,
        "booked_date": day,
        "amount_minor": amount,
        "currency": "USD",
        "bank_reference": "R1",
        "statement_id": f"{ACCOUNT}:{day}",
    }


def dropped(source: str, name: str, day: date, rows: int, **more: Any) -> Input:
    return Input(
        file=f"{source}/{day}/{name}",
        sha256=f"{source}-{name}-{day}-{rows}",
        size_bytes=1,
        rows=rows,
        status=more.pop("status", "read"),
        first_day=day,
        last_day=day,
        **more,
    )


def land_typed(
    settings: Settings,
    source: str,
    name: str,
    rows: list[Mapping[str, Any]],
    inputs: list[Input] | None = None,
) -> None:
    """One typed load."""
    landing = Landing(settings.landing)
    with landing.writing(source):
        load = landing.typed_load(source, name)
        for row in rows:
            load.add_row(row)
        load.inputs.extend(inputs or [])
        load.commit()


def refuse(settings: Settings, source: str, name: str, refusal: Refusal) -> None:
    """One load that holds nothing but a record set aside."""
    landing = Landing(settings.landing)
    with landing.writing(source):
        load = landing.json_load(source, name, None, "list")
        load.refuse(refusal)
        load.commit()


def fail_pull(settings: Settings) -> None:
    """A pull of Stripe charges that ended in an error."""
    landing = Landing(settings.landing)
    failure = {
        "object": "charge",
        "entity": "US01",
        "state": "failed",
        "record": None,
        "error": "stripe charge US01: 401 invalid key",
        "action": "correct the key and pull again",
    }
    with landing.writing("stripe"):
        landing.record_failures("stripe", [failure])


def write_landing(settings: Settings) -> None:
    """The small landing."""
    landing = Landing(settings.landing)
    for source, names in API.items():
        with landing.writing(source):
            for name in names:
                load = landing.json_load(source, name, None, "list")
                load.add(f"{name}_1", at(DAY_1), False, '{"id": "1"}')
                load.commit()
    land_typed(
        settings, "bank", "statement", [statement(DAY_1, 0, 10000), statement(DAY_2, 10000, 7000)]
    )
    land_typed(settings, "bank", "transaction", [line(DAY_1, 10000), line(DAY_2, -3000)])
    stamp = {"_id": "1", "_version_at": at(DAY_1), "_file": "drop"}
    land_typed(settings, "erp", "trial_balance", [stamp | {"entity_id": "US01"}])
    land_typed(settings, "erp", "journal_line", [stamp | {"journal_id": "JE-1"}])
    land_typed(settings, "fx", "rate", [stamp | {"rate_date": DAY_1}])
    land_typed(
        settings,
        "metering",
        "usage_event",
        [
            {
                "_version_at": at(DAY_1),
                "_file": "drop",
                "_id": "e1",
                "event_id": "e1",
                "sku": "EGRESS-GB",
            }
        ],
        [dropped("metering", "usage-0001.parquet", day, 1) for day in (DAY_1, DAY_2)],
    )
