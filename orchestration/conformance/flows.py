"""A case's usage, bank receipts and exchange rates as rows of the files that carry them.

One metering event a day and product, one bank line a receipt. Rates have no owner: a directory of cases has
one rate a day and pair.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from orchestration.conformance.case import Case
from orchestration.conformance.records import Evidence, Names
from orchestration.conformance.values import minor

HELD_DAYS = 36500


class Flows:
    """Writes what metering, the bank and the rate provider delivered."""

    def __init__(self, case: Case, evidence: Evidence) -> None:
        self.case, self.evidence, self.name = case, evidence, Names(case)

    def write(self) -> None:
        for usage in self.case.usage:
            customer = usage.customer or self.case.customers[0].id
            for day, quantity in sorted({**usage.quantities, **usage.amounts}.items()):
                self._event(customer, usage.product, day, quantity)
        self._receipts()
        for rate in self.case.rates:
            self._hold(rate.base)
            self.evidence.row(
                "fx",
                "rate",
                f"{rate.on}:{rate.base}:{rate.quote}",
                rate.on,
                {
                    "rate_date": rate.on,
                    "base_currency": rate.base,
                    "quote_currency": rate.quote,
                    "rate": rate.rate.quantize(Decimal("1.00000000")),
                },
            )

    def _hold(self, currency: str) -> None:
        """A case names the rates that change: each holds until the next, however far that is."""
        rules = self.evidence.policy["exchange_rate_policies"]
        if currency not in {rule["currency"] for rule in rules}:
            self.evidence.rule(
                "exchange_rate_policies",
                currency=currency,
                max_age_days=HELD_DAYS,
                open_month_days=HELD_DAYS,
                days_before_first=0,
            )

    def _event(self, customer: str, product: str, day: date, quantity: Decimal) -> None:
        key = f"{self.name(customer)}:{product}:{day}"
        units = {row.id: row.unit for row in self.case.products}
        self.evidence.row(
            "metering",
            "usage_event",
            key,
            day,
            {
                "event_id": key,
                "tenant_id": f"tenant_{self.name(customer)}",
                "sku": self.name(product),
                "quantity": quantity.quantize(Decimal("1.000000")),
                "unit": units[product],
                "event_at": datetime.combine(day, time(12)),
                "ingested_at": datetime.combine(day, time(13)),
                "kind": "usage",
                "revision": 1,
                "region": "conformance",
            },
        )

    def _receipts(self) -> None:
        accounts = set()
        for receipt in self.case.receipts:
            if receipt.by != "bank":
                continue
            entity = self.name(receipt.entity or self.case.entities[0].id)
            customer = self.name(receipt.customer or self.case.customers[0].id)
            currency = receipt.currency or self.case.currency
            account = f"{entity}-{currency}"
            accounts.add((account, entity, currency))
            self.evidence.row(
                "bank",
                "transaction",
                f"{account}:{receipt.on}:{receipt.id}",
                receipt.on + timedelta(days=1),
                {
                    "bank_account_id": account,
                    "booked_date": receipt.on,
                    "value_date": receipt.on,
                    "amount_minor": minor(receipt.amount, currency),
                    "currency": currency,
                    "type_code": "195",
                    "bank_reference": receipt.id,
                    "customer_reference": None,
                    "payer_name": customer,
                    "remittance_text": " ".join(map(self.name, receipt.invoices)),
                    "statement_id": f"{account}:{receipt.on}",
                },
            )
        for account, entity, currency in sorted(accounts):
            self.evidence.rule(
                "bank_accounts",
                bank_account_id=account,
                entity_id=entity,
                currency=currency,
                bank_format="CSV",
                bank_name="Conformance Bank",
                description="Collections account",
            )
