"""A case's money through the processor, and its credits, as Stripe's objects.

Charges with their invoice payments, refunds, disputes, balance transactions and credit grants; each written once for
every state it went through.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from orchestration.conformance.billing import StripeWriter
from orchestration.conformance.events import Dispute, Grant, Receipt, Refund
from orchestration.conformance.records import unix
from orchestration.conformance.values import minor


class Processor(StripeWriter):
    """Writes what was paid by card, given back, taken back, and granted."""

    def write(self) -> None:
        for receipt in self.case.receipts:
            if receipt.by == "card":
                self._charge(receipt)
        for refund in self.case.refunds:
            self._refund(refund)
        for dispute in self.case.disputes:
            self._dispute(dispute)
        for grant in self.case.grants:
            self._grant(grant)

    def _charge(self, receipt: Receipt) -> None:
        currency, entity = self.currency_of(receipt), self.entity_of(receipt)
        amount, payment = minor(receipt.amount, currency), f"pi_{self.name(receipt.id)}"
        charge = f"ch_{self.name(receipt.id)}"
        for invoice in receipt.invoices:
            self.put(
                "invoice_payment",
                entity,
                receipt.on,
                id=f"inpay_{self.name(receipt.id)}-{invoice}",
                invoice=self.name(invoice),
                amount_paid=amount,
                amount_requested=amount,
                currency=currency.lower(),
                is_default=True,
                status="paid",
                payment={"type": "payment_intent", "payment_intent": payment},
                status_transitions={"paid_at": unix(receipt.on), "canceled_at": None},
            )
        refunds = [refund for refund in self.case.refunds if refund.receipt == receipt.id]
        disputes = [dispute for dispute in self.case.disputes if dispute.receipt == receipt.id]
        states = [(receipt.on, 0, False)]
        refunded = 0
        for refund in sorted(refunds, key=lambda refund: refund.on):
            refunded += minor(refund.amount, currency)
            states.append((refund.on, refunded, False))
        states += [(dispute.opened, refunded, True) for dispute in disputes]
        for day, taken_back, disputed in states:
            self.evidence.record(
                "stripe",
                "charge",
                entity,
                day,
                {
                    "id": charge,
                    "object": "charge",
                    "created": unix(receipt.on),
                    "customer": self.customer_of(receipt),
                    "payment_intent": payment,
                    "balance_transaction": f"txn_{self.name(receipt.id)}",
                    "currency": currency.lower(),
                    "status": "succeeded",
                    "amount": amount,
                    "amount_captured": amount,
                    "amount_refunded": taken_back,
                    "paid": True,
                    "disputed": disputed,
                    "failure_code": None,
                    "description": receipt.id,
                },
            )
        paid_out, rate, settled = amount, None, currency
        if receipt.settled:
            settled = receipt.settled.currency
            paid_out = minor(receipt.settled.amount, settled)
            rate = (receipt.settled.amount / receipt.amount).quantize(Decimal("1.000000"))
        self._balance(
            entity,
            receipt.on,
            f"txn_{self.name(receipt.id)}",
            "charge",
            charge,
            settled,
            paid_out,
            minor(receipt.fee, settled),
            rate,
        )

    def _balance(
        self,
        entity: str,
        day: date,
        key: str,
        kind: str,
        source: str,
        currency: str,
        amount: int,
        fee: int = 0,
        rate: Decimal | None = None,
    ) -> dict[str, Any]:
        body = {
            "id": key,
            "source": source,
            "type": "adjustment" if kind.startswith("dispute") else kind,
            "reporting_category": kind,
            "currency": currency.lower(),
            "status": "available",
            "amount": amount,
            "fee": fee,
            "net": amount - fee,
            "available_on": unix(day),
            "exchange_rate": rate,
            "description": None,
        }
        self.put("balance_transaction", entity, day, **body)
        return {**body, "created": unix(day)}

    def _refund(self, refund: Refund) -> None:
        receipt = self.receipts[refund.receipt]
        currency, entity = self.currency_of(receipt), self.entity_of(receipt)
        amount = minor(refund.amount, currency)
        self.put(
            "refund",
            entity,
            refund.on,
            id=f"re_{self.name(refund.id)}",
            charge=f"ch_{self.name(receipt.id)}",
            payment_intent=f"pi_{self.name(receipt.id)}",
            balance_transaction=f"txn_{self.name(refund.id)}",
            currency=currency.lower(),
            status="succeeded",
            reason=None,
            amount=amount,
        )
        key, source = f"txn_{self.name(refund.id)}", f"re_{self.name(refund.id)}"
        self._balance(entity, refund.on, key, "refund", source, currency, -amount)

    def _dispute(self, dispute: Dispute) -> None:
        receipt = self.receipts[dispute.receipt]
        currency, entity = self.currency_of(receipt), self.entity_of(receipt)
        amount, key = minor(dispute.amount, currency), f"dp_{self.name(dispute.id)}"
        taken = f"txn_{self.name(dispute.id)}-out"
        fee = minor(dispute.fee, currency)
        moves = [
            self._balance(entity, dispute.opened, taken, "dispute", key, currency, -amount, fee)
        ]
        body = {
            "id": key,
            "object": "dispute",
            "created": unix(dispute.opened),
            "charge": f"ch_{self.name(receipt.id)}",
            "payment_intent": f"pi_{self.name(receipt.id)}",
            "currency": currency.lower(),
            "reason": "general",
            "amount": amount,
        }
        first = {**body, "status": "needs_response", "balance_transactions": list(moves)}
        self.evidence.record("stripe", "dispute", entity, dispute.opened, first)
        if dispute.closed is None:
            return
        if dispute.outcome == "won":
            back = f"txn_{self.name(dispute.id)}-back"
            moves.append(
                self._balance(
                    entity, dispute.closed, back, "dispute_reversal", key, currency, amount
                )
            )
        last = {**body, "status": dispute.outcome, "balance_transactions": moves}
        self.evidence.record("stripe", "dispute", entity, dispute.closed, last)
        self.put(
            "event",
            entity,
            dispute.closed,
            id=f"evt_{self.name(dispute.id)}",
            type="charge.dispute.closed",
            data={"object": last},
        )

    def _grant(self, grant: Grant) -> None:
        contract = next(c for c, _, item in self.case.items() if item.id == grant.item)
        entity = self.name(contract.entity or self.case.entities[0].id)
        currency = self.case.currency_of(contract)
        self.put(
            "credit_grant",
            entity,
            grant.effective,
            id=f"credgr_{self.name(grant.id)}",
            customer=f"cus_{self.name(contract.customer or self.case.customers[0].id)}",
            category=grant.category,
            name=grant.id,
            priority=grant.priority,
            effective_at=unix(grant.effective),
            expires_at=unix(grant.expires) if grant.expires else None,
            voided_at=None,
            amount={
                "type": "monetary",
                "monetary": {
                    "currency": currency.lower(),
                    "value": minor(grant.amount, currency),
                },
            },
            applicability_config={"scope": self._scope(grant)},
            metadata={"order_item_id": self.name(grant.item)},
        )
        for product in grant.applies_to:
            sku = self.name(product)
            self.put(
                "product",
                entity,
                grant.effective,
                id=f"prod_{sku}",
                name=product,
                active=True,
                metadata={"sku": sku},
            )
            self.put(
                "price",
                entity,
                grant.effective,
                id=f"price_{sku}",
                product=f"prod_{sku}",
                currency=currency.lower(),
                active=True,
                billing_scheme="tiered",
                unit_amount=None,
                recurring={"interval": "month", "interval_count": 1, "usage_type": "metered"},
            )

    def _scope(self, grant: Grant) -> dict[str, Any]:
        if not grant.applies_to:
            return {"price_type": "metered"}
        return {"prices": [{"id": f"price_{self.name(sku)}"} for sku in grant.applies_to]}
