"""Plants what is wrong with the evidence itself: orders that cannot enter, unreadable records, bad files, strays.

Each stands apart from the customers' own documents, so that nothing real is lost by it.
"""

from __future__ import annotations

import random
import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from . import stripe_shapes as shapes
from .calendars import add_months, month_first, salesforce_time, unix
from .context import Context
from .crm import DISCONTINUED, Crm, number
from .metering import SKU_CODE, MeteringDrop, event_numbers
from .people import Customer
from .store import Store
from .stripe_catalog import Projection


def empty_days(context: Context) -> set[date]:
    """Days of metering whose file stays empty; their events come a day later."""
    rng = random.Random(f"tieout/{context.seed}/empty")
    months = context.months[1:-1]
    rng.shuffle(months)
    count = min(context.catalogue.count("METERING_DAY_EMPTY"), len(months))
    days = {month.replace(day=rng.randrange(8, 24)) for month in months[:count]}
    for day in sorted(days):
        context.catalogue.record(
            "METERING_DAY_EMPTY", ref=f"metering:day:{day}", period=month_first(day)
        )
    return days


def unknown_tenants(context: Context, drop: MeteringDrop) -> None:
    """Usage of tenants no account owns."""
    rng = random.Random(f"tieout/{context.seed}/tenants")
    for turn in range(context.catalogue.count("UNKNOWN_TENANT")):
        tenant = f"tnt-{context.ids.code('stranger', turn, 10).lower()}"
        month = rng.choice(context.months[1:-1] or context.months)
        days = [unix(month + timedelta(days=d), 13, 15) for d in range(3, 15)]
        at = np.array(days, np.int64)
        count = len(at)
        sku = "GPU-H100-OD"
        drop.add(
            tenant,
            {
                "event": event_numbers(context.ids.number("stranger", turn), count),
                "sku": np.full(count, SKU_CODE[sku], np.int8),
                "quantity": np.full(count, 3_250_000, np.int64),
                "event_at": at,
                "ingested_at": at + 240,
                "kind": np.zeros(count, np.int64),
                "revision": np.ones(count, np.int64),
                "region": np.zeros(count, np.int8),
            },
        )
        context.catalogue.record(
            "UNKNOWN_TENANT", ref=f"metering:usage:{tenant}|{sku}", period=month
        )


ORDER_KINDS = (
    "ORDER_WITHOUT_ACCOUNT",
    "ORDER_UNKNOWN_CURRENCY",
    "ORDER_UNKNOWN_PRODUCT",
    "ORDER_UNKNOWN_BILLING",
)


class _Orders:
    """Orders that cannot enter the books."""

    def __init__(self, crm: Crm, context: Context, first: Customer) -> None:
        self.crm = crm
        self.context = context
        self.first = first
        self.rng = random.Random(f"tieout/{context.seed}/orders")

    def plant(self) -> None:
        """One order a defect, with one item."""
        for kind in ORDER_KINDS:
            for turn in range(self.context.catalogue.count(kind)):
                self._order(kind, f"{kind}/{turn}")
        for turn in range(self.context.catalogue.count("RECORD_QUARANTINED")):
            self._opportunity(turn)

    def _order(self, kind: str, key: str) -> None:
        context, ids = self.context, self.context.ids
        start = self.rng.choice(context.months[1:-2] or context.months)
        signed = unix(start - timedelta(days=9), 12)
        total = self.rng.randrange(20, 200) * 10_000
        currency = "XBT" if kind == "ORDER_UNKNOWN_CURRENCY" else "USD"
        sku = DISCONTINUED if kind == "ORDER_UNKNOWN_PRODUCT" else "SEAT-PLATFORM"
        account = None if kind == "ORDER_WITHOUT_ACCOUNT" else self.first.account_id
        order_id, item_id = ids.salesforce("Order", key), ids.salesforce("OrderItem", key)
        contract_id = ids.salesforce("Contract", key)
        end = (add_months(start, 12) - timedelta(days=1)).isoformat()
        number_text = f"9{ids.number('order', key) % 10_000_000:07d}"
        shared: dict[str, object] = {
            "AccountId": account,
            "CurrencyIsoCode": currency,
            "Entity__c": "US01",
            "Contract_Kind__c": "platform_seats",
            "EndDate": end,
        }
        if account is not None:
            self.crm.put(
                "Contract",
                shared
                | {
                    "Id": contract_id,
                    "ContractNumber": number_text,
                    "Status": "Activated",
                    "StartDate": start.isoformat(),
                    "ContractTerm": 12,
                },
                signed,
            )
        self.crm.put(
            "Order",
            shared
            | {
                "Id": order_id,
                "OrderNumber": number_text,
                "ContractId": contract_id if account else None,
                "Status": "Activated",
                "EffectiveDate": start.isoformat(),
                "Type": "New",
                "ActivatedDate": salesforce_time(signed),
                "TotalAmount": number(total),
                "Payment_Terms_Days__c": 30,
            },
            signed,
        )
        self.crm.put(
            "OrderItem",
            {
                "Id": item_id,
                "OrderId": order_id,
                "OrderItemNumber": f"{number_text}-01",
                "Product2Id": ids.salesforce("Product2", sku),
                "PricebookEntryId": ids.salesforce("PricebookEntry", f"{sku}/USD"),
                "Quantity": 10.0,
                "UnitPrice": number(total // 120),
                "ListPrice": number(total // 120),
                "TotalPrice": number(total),
                "ServiceDate": start.isoformat(),
                "EndDate": end,
                "Billing_Frequency__c": "fortnightly"
                if kind == "ORDER_UNKNOWN_BILLING"
                else "annual",
                "Description": "Order kept out of the books",
            },
            signed,
        )
        of_item = kind in ("ORDER_UNKNOWN_PRODUCT", "ORDER_UNKNOWN_BILLING")
        ref = f"salesforce:order_item:{item_id}" if of_item else f"salesforce:order:{order_id}"
        self.context.catalogue.record(
            kind, ref=ref, entity="US01", customer_id=account, period=start, amount=total
        )

    def _opportunity(self, turn: int) -> None:
        """An amount that is text where Salesforce documents a number."""
        opportunity_id = self.context.ids.salesforce("Opportunity", f"broken/{turn}")
        month = self.rng.choice(self.context.months[1:-1] or self.context.months)
        self.crm.put(
            "Opportunity",
            {
                "Id": opportunity_id,
                "AccountId": self.first.account_id,
                "Name": "Imported opportunity",
                "StageName": "Proposal",
                "CloseDate": month.isoformat(),
                "Amount": "n/a",
                "CurrencyIsoCode": "USD",
                "IsWon": 0,
                "IsClosed": 0,
                "Type": "New Business",
                "OwnerId": self.crm.owner(self.first),
            },
            unix(month, 9),
        )
        self.context.catalogue.record(
            "RECORD_QUARANTINED", ref=f"salesforce:opportunity:{opportunity_id}"
        )


def bad_orders(crm: Crm, context: Context, first: Customer) -> None:
    """Plant orders and records that Salesforce should not hold."""
    _Orders(crm, context, first).plant()


def ambiguous_customers(store: Store, crm: Crm, context: Context, first: Customer) -> None:
    """Stripe customers that two accounts claim and none is named by."""
    at = unix(context.start, 9)
    for turn in range(context.catalogue.count("CUSTOMER_AMBIGUOUS")):
        stripe_id = context.ids.stripe("cus", f"ambiguous/{turn}")
        name = f"Twin Peaks Compute {turn + 1}"
        body = shapes.CUSTOMER | {
            "id": stripe_id,
            "address": shapes.ADDRESS | {"country": "US"},
            "created": at,
            "currency": "usd",
            "invoice_prefix": context.ids.code("prefix", f"ambiguous/{turn}", 8),
            "metadata": {},
            "name": name,
        }
        Projection(store, context.ids, "US01").put(body, at, event="customer.created")
        for side in ("Inc", "LLC"):
            crm.put(
                "Account",
                {
                    "Id": context.ids.salesforce("Account", f"ambiguous/{turn}/{side}"),
                    "Name": f"{name} {side}",
                    "Type": "Prospect",
                    "BillingCountryCode": "US",
                    "CurrencyIsoCode": "USD",
                    "Entity__c": "US01",
                    "Stripe_Customer_Id__c": stripe_id,
                    "Payment_Terms_Days__c": 30,
                    "OwnerId": crm.owner(first),
                },
                at,
            )
        context.catalogue.record(
            "CUSTOMER_AMBIGUOUS", ref=f"stripe:customer:{stripe_id}", entity="US01"
        )


def bad_files(drops: Path, context: Context, statements: dict[str, list[Path]]) -> None:
    """Corrupt and repeated copies beside good bank files."""
    rng = random.Random(f"tieout/{context.seed}/files")
    files = [path for account in sorted(statements) for path in statements[account][2:-2]]
    rng.shuffle(files)
    for kind in ("FILE_TRUNCATED", "FILE_CONTROL_TOTAL", "FILE_DUPLICATED"):
        for _ in range(min(context.catalogue.count(kind), len(files))):
            good = files.pop()
            day, suffix = good.name[:10], good.name[10:]
            tag = "copy" if kind == "FILE_DUPLICATED" else "r1"
            bad = good.with_name(f"{day}-{tag}{suffix}")
            text = good.read_text()
            if kind == "FILE_TRUNCATED":
                lines = text.splitlines(keepends=True)
                bad.write_text("".join(lines[: max(2, len(lines) - 3)]))
            elif kind == "FILE_CONTROL_TOTAL":
                bad.write_text(_miscounted(text, bai=suffix == ".bai2"))
            else:
                shutil.copyfile(good, bad)
            context.catalogue.record(
                kind,
                ref=f"file:bank/{good.parent.name}/{bad.name}",
                period=month_first(date.fromisoformat(day)),
            )


def _miscounted(text: str, *, bai: bool) -> str:
    """The file with one control total that no longer ties."""
    if bai:
        lines = text.splitlines()
        place = next(i for i, line in enumerate(lines) if line.startswith("49,"))
        total, rest = lines[place][3:].split(",", 1)
        lines[place] = f"49,{int(total) + 1_000},{rest}"
        return "\n".join(lines) + "\n"
    opened = text.index("<Cd>CLBD</Cd>")
    start = text.index(">", text.index("<Amt", opened)) + 1
    end = text.index("<", start)
    whole, _, part = text[start:end].partition(".")
    return f"{text[:start]}{int(whole) + 10}.{part}{text[end:]}"
