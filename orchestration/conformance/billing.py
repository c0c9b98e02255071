"""A case's customers, invoices and credit notes as Stripe's objects.

Each object is written once for every state it went through, from the day of the change on. Fields carry the
vendor's names; those that nothing reads are left out. Money received belongs to ``processor``.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from orchestration.conformance.case import Case
from orchestration.conformance.events import CreditNote, Invoice, InvoiceLine, Receipt
from orchestration.conformance.records import Evidence, Names, unix
from orchestration.conformance.terms import Item
from orchestration.conformance.values import Span, minor

STATUS_AFTER = {
    "paid_at": "paid",
    "voided_at": "void",
    "marked_uncollectible_at": "uncollectible",
}


class StripeWriter:
    """What every part of a case's Stripe accounts needs: whose a document is, and how to write an object."""

    def __init__(self, case: Case, evidence: Evidence) -> None:
        self.case, self.evidence, self.name = case, evidence, Names(case)
        self.items = {item.id: item for _, _, item in case.items()}
        self.usage_products = {p.id for p in case.products if p.is_usage}
        self.invoices = {invoice.id: invoice for invoice in case.invoices}
        self.receipts = {receipt.id: receipt for receipt in case.receipts}

    def put(self, kind: str, entity: str, known: date, **fields: Any) -> None:
        body = {"object": kind, "created": unix(known), **fields}
        self.evidence.record("stripe", kind, entity, known, body)

    def entity_of(self, document: Invoice | Receipt) -> str:
        return self.name(document.entity or self.case.entities[0].id)

    def customer_of(self, document: Invoice | Receipt) -> str:
        return f"cus_{self.name(document.customer or self.case.customers[0].id)}"

    def currency_of(self, document: Invoice | Receipt) -> str:
        return document.currency or self.case.currency


class Billing(StripeWriter):
    """Writes what was invoiced and credited."""

    def write(self) -> None:
        for customer in self.case.customers:
            entity = self.name(customer.entity or self.case.entities[0].id)
            first = date(2000, 1, 1)
            self.put(
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
        for line in invoice.lines:
            self._line(invoice, line)

    def _line(self, invoice: Invoice, line: InvoiceLine) -> None:
        currency = self.currency_of(invoice)
        item = self.items[line.item] if line.item else None
        period = line.period or (item.service if item else None)
        credits, tax = minor(line.credits, currency), minor(line.tax, currency)
        body: dict[str, Any] = {
            "id": f"il_{self.name(line.id)}",
            "object": "line_item",
            "invoice": self.name(invoice.id),
            "amount": minor(line.amount, currency),
            "currency": currency.lower(),
            "description": line.id,
            "quantity": 1,
            "period": _stripe_period(period, invoice.issued),
            "parent": None,
            "pretax_credit_amounts": [_credit(credits)] if credits else [],
            "taxes": [_tax(tax, invoice)] if tax else [],
            "metadata": self._line_metadata(line.quantity, item, period),
        }
        if line.pending_since:
            body["parent"] = {
                "type": "invoice_item_details",
                "invoice_item_details": {
                    "invoice_item": self._pending_item(invoice, line.pending_since, body)
                },
            }
        entity = self.entity_of(invoice)
        self.evidence.record("stripe", "invoice_line", entity, invoice.issued, body)

    def _pending_item(self, invoice: Invoice, since: date, line: dict[str, Any]) -> str:
        """An invoice item that waited from a day on, without an invoice until this one was issued."""
        key = f"ii_{line['id']}"
        for day, owner in ((since, None), (invoice.issued, line["invoice"])):
            body = {
                "id": key,
                "object": "invoiceitem",
                "date": unix(since),
                "customer": self.customer_of(invoice),
                "invoice": owner,
                **{k: line[k] for k in ("amount", "currency", "description", "period", "metadata")},
            }
            self.evidence.record("stripe", "invoice_item", self.entity_of(invoice), day, body)
        return key

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
        added_tax = sum(taxes) if invoice.tax_behaviour == "exclusive" else 0
        refunds = [refund for refund in self.case.refunds if refund.credit_note == note.id]
        self.put(
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
            amount=sum(amounts) + added_tax,
            subtotal=sum(amounts),
            total=sum(amounts) + added_tax,
            voided_at=None,
            total_taxes=[_tax(sum(taxes), invoice)] if sum(taxes) else [],
            refunds=[
                {
                    "refund": f"re_{self.name(r.id)}",
                    # A note explains no more of a refund than it takes off.
                    "amount_refunded": min(minor(r.amount, currency), sum(amounts) + added_tax),
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


def _credit(amount: int) -> dict[str, Any]:
    return {"amount": amount, "type": "credit_balance_transaction"}


def _tax(amount: int, invoice: Invoice) -> dict[str, Any]:
    return {"amount": amount, "tax_behavior": invoice.tax_behaviour, "type": "tax_rate_details"}


def _stripe_period(period: Span | None, issued: date) -> dict[str, int]:
    return {
        "start": unix(period.start if period else issued),
        "end": unix(period.end if period else issued),
    }
