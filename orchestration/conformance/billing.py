"""A case's invoices, credit notes, receipts by card, refunds, disputes and grants as Stripe's objects.

Each object is written once for every state it went through, from the day of the change on. Fields carry the
vendor's names; those that nothing reads are left out.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from orchestration.conformance.case import Case
from orchestration.conformance.events import CreditNote, Dispute, Grant, Invoice, Receipt, Refund
from orchestration.conformance.records import Evidence, Names, unix
from orchestration.conformance.terms import Item
from orchestration.conformance.values import Span, minor

STATUS_AFTER = {
    "paid_at": "paid",
    "voided_at": "void",
    "marked_uncollectible_at": "uncollectible",
}


class Billing:
    """Writes what was invoiced, credited, paid by card and taken back."""

    def __init__(self, case: Case, evidence: Evidence) -> None:
        self.case, self.evidence, self.name = case, evidence, Names(case)
        self.items = {item.id: item for _, _, item in case.items()}
        self.usage_products = {p.id for p in case.products if p.is_usage}
        self.invoices = {invoice.id: invoice for invoice in case.invoices}
        self.receipts = {receipt.id: receipt for receipt in case.receipts}

    def write(self) -> None:
        for customer in self.case.customers:
            entity = self.name(customer.entity or self.case.entities[0].id)
            first = date(2000, 1, 1)
            self._object(
                "customer",
                entity,
                first,
                id=f"cus_{self.name(customer.id)}",
                name=self.name(customer.id),
                currency=self.case.currency.lower(),
                address={"country": customer.country},
                metadata={"salesforce_account_id": self.name(customer.id)},
            )
        for invoice in self.case.invoices:
            self._invoice(invoice)
        for note in self.case.credit_notes:
            self._credit_note(note)
        for receipt in self.case.receipts:
            if receipt.by == "card":
                self._charge(receipt)
        for refund in self.case.refunds:
            self._refund(refund)
        for dispute in self.case.disputes:
            self._dispute(dispute)
        for grant in self.case.grants:
            self._grant(grant)

    def _object(self, kind: str, entity: str, known: date, **fields: Any) -> None:
        body = {"object": kind, "created": unix(known), **fields}
        self.evidence.record("stripe", kind, entity, known, body)

    # Whose document it is, and in which currency.

    def entity_of(self, document: Invoice | Receipt) -> str:
        return self.name(document.entity or self.case.entities[0].id)

    def customer_of(self, document: Invoice | Receipt) -> str:
        return f"cus_{self.name(document.customer or self.case.customers[0].id)}"

    def currency_of(self, document: Invoice | Receipt) -> str:
        return document.currency or self.case.currency

    # Invoices and credit notes.

    def _invoice(self, invoice: Invoice) -> None:
        currency, entity = self.currency_of(invoice), self.entity_of(invoice)
        amounts = [minor(line.amount, currency) for line in invoice.lines]
        taxes = [minor(line.tax, currency) for line in invoice.lines]
        credits = [minor(line.credits, currency) for line in invoice.lines]
        added_tax = sum(taxes) if invoice.tax_behaviour == "exclusive" else 0
        total = sum(amounts) - sum(credits) + added_tax
        applied = minor(invoice.balance_applied, currency)
        base = {
            "id": self.name(invoice.id),
            "number": self.name(invoice.id),
            "customer": self.customer_of(invoice),
            "currency": currency.lower(),
            "collection_method": (
                "charge_automatically" if invoice.collection == "card" else "send_invoice"
            ),
            "billing_reason": "subscription_cycle",
            "subtotal": sum(amounts),
            "total": total,
            "amount_due": total - applied,
            "starting_balance": -applied,
            "ending_balance": 0,
            "due_date": unix(invoice.due) if invoice.due else None,
            "effective_at": unix(invoice.issued),
            "created": unix(invoice.issued),
            "total_pretax_credit_amounts": [_credit(sum(credits))] if sum(credits) else [],
            "total_taxes": [_tax(sum(taxes), invoice)] if sum(taxes) else [],
            "lines": {"object": "list", "data": [], "has_more": True},
            "metadata": {},
        }
        transitions = {
            "finalized_at": unix(invoice.issued),
            "paid_at": None,
            "voided_at": None,
            "marked_uncollectible_at": None,
        }
        due = total - applied
        status, paid_before = "open", 0
        for day, change, paid in [(invoice.issued, None, 0), *self._changes(invoice, due)]:
            transitions = {**transitions, **({change: unix(day)} if change else {})}
            status = STATUS_AFTER[change] if change else status
            paid_before += paid
            body = {
                **base,
                "object": "invoice",
                "status": status,
                "amount_paid": paid_before,
                "amount_remaining": due - paid_before,
                "status_transitions": transitions,
            }
            self.evidence.record("stripe", "invoice", entity, day, body)
        for index, line in enumerate(invoice.lines):
            item = self.items[line.item] if line.item else None
            period = line.period or (item.service if item else None)
            self.evidence.record(
                "stripe",
                "invoice_line",
                entity,
                invoice.issued,
                {
                    "id": f"il_{self.name(line.id)}",
                    "object": "line_item",
                    "invoice": self.name(invoice.id),
                    "amount": amounts[index],
                    "currency": currency.lower(),
                    "description": line.id,
                    "quantity": 1,
                    "period": _stripe_period(period, invoice.issued),
                    "parent": None,
                    "pretax_credit_amounts": [_credit(credits[index])] if credits[index] else [],
                    "taxes": [_tax(taxes[index], invoice)] if taxes[index] else [],
                    "metadata": self._line_metadata(line.quantity, item, period),
                },
            )

    def _changes(self, invoice: Invoice, due: int) -> list[tuple[date, str | None, int]]:
        """What happened to an invoice after it was issued: day, transition and amount paid."""
        currency = self.currency_of(invoice)
        found: list[tuple[date, str | None, int]] = []
        open_amount = due
        for receipt in sorted(self.case.receipts, key=lambda receipt: receipt.on):
            if receipt.by == "card" and invoice.id in receipt.invoices:
                paid = min(minor(receipt.amount, currency), open_amount)
                open_amount -= paid
                found.append((receipt.on, None if open_amount else "paid_at", paid))
        if invoice.marked_paid:
            found.append((invoice.marked_paid, "paid_at", open_amount))
        if invoice.voided:
            found.append((invoice.voided, "voided_at", 0))
        if invoice.written_off:
            found.append((invoice.written_off, "marked_uncollectible_at", 0))
        return sorted(found, key=lambda change: change[0])

    def _line_metadata(
        self, quantity: Decimal | None, item: Item | None, period: Span | None
    ) -> dict[str, str]:
        if item is None or period is None:
            return {}
        metadata = {"order_item_id": self.name(item.id)}
        if item.product in self.usage_products:
            metadata["usage_month"] = period.start.replace(day=1).isoformat()
        else:
            metadata["billing_period"] = period.start.isoformat()
        if quantity is not None:
            metadata["quantity"] = f"{quantity:f}"
        return metadata

    def _credit_note(self, note: CreditNote) -> None:
        invoice = self.invoices[note.invoice]
        currency = self.currency_of(invoice)
        amounts = [minor(line.amount, currency) for line in note.lines]
        taxes = [minor(line.tax, currency) for line in note.lines]
        refunds = [refund for refund in self.case.refunds if refund.credit_note == note.id]
        self._object(
            "credit_note",
            self.entity_of(invoice),
            note.issued,
            id=f"cn_{self.name(note.id)}",
            number=self.name(note.id),
            invoice=self.name(invoice.id),
            customer=self.customer_of(invoice),
            currency=currency.lower(),
            status="issued",
            type="pre_payment",
            reason=None,
            memo=None,
            amount=sum(amounts) + sum(taxes),
            subtotal=sum(amounts),
            total=sum(amounts) + sum(taxes),
            voided_at=None,
            total_taxes=[_tax(sum(taxes), invoice)] if sum(taxes) else [],
            refunds=[
                {
                    "refund": f"re_{self.name(r.id)}",
                    "amount_refunded": minor(r.amount, currency),
                }
                for r in refunds
            ],
            lines={
                "object": "list",
                "has_more": False,
                "data": [
                    {
                        "id": f"cnli_{self.name(note.id)}-{index}",
                        "object": "credit_note_line_item",
                        "type": "invoice_line_item",
                        "invoice_line_item": f"il_{self.name(line.line)}",
                        "description": line.line,
                        "amount": amounts[index],
                        "taxes": [_tax(taxes[index], invoice)] if taxes[index] else [],
                    }
                    for index, line in enumerate(note.lines)
                ],
            },
        )

    # Money through the processor.

    def _charge(self, receipt: Receipt) -> None:
        currency, entity = self.currency_of(receipt), self.entity_of(receipt)
        amount, payment = minor(receipt.amount, currency), f"pi_{self.name(receipt.id)}"
        charge = f"ch_{self.name(receipt.id)}"
        for invoice in receipt.invoices:
            self._object(
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
        self._object("balance_transaction", entity, day, **body)
        return {**body, "created": unix(day)}

    def _refund(self, refund: Refund) -> None:
        receipt = self.receipts[refund.receipt]
        currency, entity = self.currency_of(receipt), self.entity_of(receipt)
        amount = minor(refund.amount, currency)
        self._object(
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
        self._object(
            "event",
            entity,
            dispute.closed,
            id=f"evt_{self.name(dispute.id)}",
            type="charge.dispute.closed",
            data={"object": last},
        )

    # Credits.

    def _grant(self, grant: Grant) -> None:
        contract = next(c for c, _, item in self.case.items() if item.id == grant.item)
        entity = self.name(contract.entity or self.case.entities[0].id)
        currency = self.case.currency_of(contract)
        self._object(
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
            self._object(
                "product",
                entity,
                grant.effective,
                id=f"prod_{sku}",
                name=product,
                active=True,
                metadata={"sku": sku},
            )
            self._object(
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


def _credit(amount: int) -> dict[str, Any]:
    return {"amount": amount, "type": "credit_balance_transaction"}


def _tax(amount: int, invoice: Invoice) -> dict[str, Any]:
    return {"amount": amount, "tax_behavior": invoice.tax_behaviour, "type": "tax_rate_details"}


def _stripe_period(period: Span | None, issued: date) -> dict[str, int]:
    return {
        "start": unix(period.start if period else issued),
        "end": unix(period.end if period else issued),
    }
