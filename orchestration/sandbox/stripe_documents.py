"""Writes what one customer was billed in Stripe: invoices with their lines, invoice items and credit notes.

Each change of state writes a version of the object and the event that carries its snapshot.
"""

from __future__ import annotations

from . import stripe_shapes as shapes
from .calendars import DAY, unix
from .context import Context
from .documents import CreditNote, Invoice, Line
from .people import WIRE, Customer
from .store import Store
from .stripe_cards import BalanceTxn, CardDesk
from .stripe_catalog import Projection, product_id
from .stripe_shapes import Body

TAX_RATE = "txr_1GbVat20StandardRate"


def _tax(amount: int, taxable: int) -> Body:
    return {
        "amount": amount,
        "tax_behavior": "exclusive",
        "tax_rate_details": {"tax_rate": TAX_RATE},
        "taxability_reason": "standard_rated",
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }


class _Desk:
    """Projects one customer's documents."""

    def __init__(self, store: Store, context: Context, customer: Customer) -> None:
        self.store = store
        self.context = context
        self.customer = customer
        self.cards = CardDesk(store, context, customer)

    def pen(self, account: str) -> Projection:
        """The projection of an account."""
        return Projection(self.store, self.context.ids, account)

    # Lines ----------------------------------------------------------------------------------

    def line(self, invoice: Invoice, line: Line) -> Body:
        """An invoice line: where it comes from, its period, its credits and its tax."""
        metadata: dict[str, str] = {}
        if line.item is not None and line.has_metadata:
            field = "usage_month" if line.kind == "usage" else "billing_period"
            metadata = {"order_item_id": line.item.id, field: line.start.isoformat()}
            if line.kind == "usage":
                metadata["quantity"] = line.quantity_text
        item = line.item
        body = shapes.LINE_ITEM | {
            "id": line.id,
            "amount": line.amount,
            "currency": invoice.currency.lower(),
            "description": line.description,
            "invoice": invoice.id,
            "metadata": metadata,
            "period": {"start": unix(line.start), "end": unix(line.end)},
            "quantity": line.quantity,
            "quantity_decimal": line.quantity_text,
            "subtotal": line.amount,
            "pretax_credit_amounts": [
                {
                    "amount": amount,
                    "credit_balance_transaction": txn,
                    "type": "credit_balance_transaction",
                }
                for txn, amount in line.credits
            ],
            "taxes": [_tax(line.tax, line.net)] if invoice.taxed else [],
            "parent": self.line_parent(line),
            "pricing": None,
        }
        if item is not None:
            body["pricing"] = {
                "type": "price_details",
                "price_details": {
                    "price": item.price_id,
                    "product": product_id(self.context.ids, self.customer.entity, item.sku),
                },
                "unit_amount_decimal": None if item.is_usage else str(item.unit_price),
            }
        return body

    def line_parent(self, line: Line) -> Body:
        """The subscription item of a recurring line, the invoice item of any other."""
        if line.invoice_item_id is not None:
            return {
                "invoice_item_details": {
                    "invoice_item": line.invoice_item_id,
                    "proration": False,
                    "proration_details": {"credited_items": None},
                    "subscription": None,
                },
                "subscription_item_details": None,
                "type": "invoice_item_details",
            }
        order_id = None
        item = line.item
        assert item is not None
        if line.contract is not None:
            for order in line.contract.orders:
                if any(own.id == item.id for own in order.items):
                    order_id = order.subscription_id
        return {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": order_id,
                "subscription_item": item.subscription_item_id,
            },
            "type": "subscription_item_details",
        }

    def invoice_item(self, invoice: Invoice, line: Line, body: Body) -> Body:
        """The pending item a one-off line was made from."""
        return shapes.INVOICE_ITEM | {
            "id": line.invoice_item_id,
            "amount": line.amount,
            "currency": invoice.currency.lower(),
            "customer": self.customer.stripe_customer(invoice.entity),
            "date": invoice.finalized - 600,
            "description": line.description,
            "invoice": invoice.id,
            "metadata": body["metadata"],
            "period": body["period"],
            "pricing": body["pricing"],
            "quantity": line.quantity,
            "quantity_decimal": line.quantity_text,
            "net_amount": line.amount,
        }

    # Invoices -------------------------------------------------------------------------------

    def invoice(self, invoice: Invoice) -> None:
        """All versions of an invoice, in order of time, with what moved it."""
        pen = self.pen(invoice.entity)
        lines = [self.line(invoice, line) for line in invoice.lines]
        for line, body in zip(invoice.lines, lines, strict=True):
            pen.put(body, invoice.finalized, created=invoice.finalized, parent=invoice.id)
            if line.invoice_item_id is not None:
                item = self.invoice_item(invoice, line, body)
                pen.put(
                    item, invoice.finalized, created=item["date"],
                    parent=self.customer.stripe_customer(invoice.entity),
                )  # fmt: skip
        state = self.opening(invoice, lines)
        changes: list[tuple[int, int, str, Body]] = []
        for note in invoice.credit_notes:
            changes.append((note.created, 1, "invoice.updated", self.noted(note)))
        if invoice.paid is not None:
            changes.append((invoice.paid, 0, "invoice.paid", {}))
        if invoice.voided is not None:
            changes.append((invoice.voided, 0, "invoice.voided", {}))
        card = invoice.card
        if card is not None and card.failed_at is not None:
            changes.append((card.failed_at, 0, "invoice.payment_failed", {}))
        parent = state["customer"]
        pen.put(state, invoice.finalized, parent=parent, event="invoice.finalized")
        for at, _, event, values in sorted(changes, key=lambda change: change[:2]):
            state = self.changed(invoice, state, at, event, values)
            pen.put(state, at, parent=parent, event=event)
        if card is not None:
            self.cards.card(invoice, card)
        for number, note in enumerate(invoice.credit_notes, 1):
            pen.put(
                self.credit_note(invoice, note, number), note.created, parent=parent,
                event="credit_note.created",
            )  # fmt: skip

    def opening(self, invoice: Invoice, lines: list[Body]) -> Body:
        """The invoice as finalised."""
        customer, total = self.customer, invoice.total
        country = self.context.policies.entities[invoice.entity]["country"]
        lines = sorted(lines, key=lambda body: body["id"], reverse=True)
        subscription = next(
            (
                body["parent"]["subscription_item_details"]["subscription"]
                for body in lines
                if body["parent"]["type"] == "subscription_item_details"
            ),
            None,
        )
        return shapes.INVOICE | {
            "id": invoice.id,
            "account_country": country,
            "amount_due": total,
            "amount_paid": 0,
            "amount_remaining": total,
            "attempted": invoice.method != WIRE,
            "billing_reason": "subscription_cycle" if subscription else "manual",
            "collection_method": invoice.method,
            "created": invoice.finalized,
            "currency": invoice.currency.lower(),
            "customer": customer.stripe_customer(invoice.entity),
            "customer_email": customer.email,
            "customer_name": customer.name,
            "due_date": unix(invoice.due) if invoice.due else None,
            "effective_at": invoice.finalized,
            "from_invoice": {"action": "revision", "invoice": invoice.replaces}
            if invoice.replaces
            else None,
            "lines": shapes.listing(
                lines[:10], f"/v1/invoices/{invoice.id}/lines", has_more=len(lines) > 10
            ),
            "metadata": {},
            "number": invoice.number,
            "parent": {
                "quote_details": None,
                "subscription_details": {"metadata": {}, "subscription": subscription},
                "type": "subscription_details",
            }
            if subscription
            else None,
            "period_start": invoice.finalized,
            "period_end": invoice.finalized,
            "status": "open",
            "status_transitions": {
                "finalized_at": invoice.finalized,
                "marked_uncollectible_at": None,
                "paid_at": None,
                "voided_at": None,
            },
            "subtotal": invoice.subtotal,
            "subtotal_excluding_tax": invoice.subtotal,
            "total": total,
            "total_excluding_tax": total - invoice.tax,
            "total_pretax_credit_amounts": [
                {"amount": amount, "credit_balance_transaction": txn, "type": "credit_balance_transaction"}
                for line in invoice.lines
                for txn, amount in line.credits
            ],
            "total_taxes": [_tax(invoice.tax, total - invoice.tax)] if invoice.taxed else [],
        }  # fmt: skip

    def noted(self, note: CreditNote) -> Body:
        """What a credit note changes on its invoice."""
        field = "post_payment" if note.after_payment else "pre_payment"
        return {f"{field}_credit_notes_amount": note.total}

    def changed(self, invoice: Invoice, state: Body, at: int, event: str, values: Body) -> Body:
        """The next version of an invoice."""
        transitions = dict(state["status_transitions"])
        body = state | {"status_transitions": transitions}
        if event == "invoice.paid":
            transitions["paid_at"] = at
            body |= {
                "status": "paid",
                "attempted": True,
                "attempt_count": state["attempt_count"] + (invoice.card is not None),
                "amount_paid": state["amount_remaining"],
                "amount_remaining": 0,
            }
            if invoice.out_of_band:
                body["metadata"] = {"settlement": "out_of_band"}
        elif event == "invoice.voided":
            transitions["voided_at"] = at
            body |= {"status": "void"}
        elif event == "invoice.payment_failed":
            body |= {
                "attempt_count": 1,
                "attempted": True,
                "next_payment_attempt": at + 3 * DAY + 600,
            }
        else:
            for field, amount in values.items():
                body[field] = state[field] + amount
                if field.startswith("pre_payment"):
                    body["amount_due"] = state["amount_due"] - amount
                    body["amount_remaining"] = state["amount_remaining"] - amount
        return body

    def credit_note(self, invoice: Invoice, note: CreditNote, number: int) -> Body:
        """A credit note and its lines."""
        lines = [
            shapes.CREDIT_NOTE_LINE
            | {
                "id": line_id,
                "amount": amount,
                "description": line.description,
                "invoice_line_item": line.id,
                "taxes": [_tax(tax, amount)] if invoice.taxed else [],
            }
            for line_id, line, amount, tax in note.lines
        ]
        refund = next((r for r in invoice.refunds if r.id == note.refund_id), None)
        refunds = []
        if refund is not None:
            refunds = [
                {
                    "amount_refunded": refund.amount,
                    "payment_record_refund": None,
                    "refund": refund.id,
                    "type": "refund",
                }
            ]
        return shapes.CREDIT_NOTE | {
            "id": note.id,
            "amount": note.total,
            "created": note.created,
            "currency": invoice.currency.lower(),
            "customer": self.customer.stripe_customer(invoice.entity),
            "effective_at": note.created,
            "invoice": invoice.id,
            "lines": shapes.listing(lines, f"/v1/credit_notes/{note.id}/lines"),
            "metadata": {},
            "number": f"{invoice.number}-CN-{number:02d}",
            "reason": note.reason,
            "refunds": refunds,
            "subtotal": note.amount,
            "subtotal_excluding_tax": note.amount,
            "total": note.total,
            "total_excluding_tax": note.amount,
            "total_taxes": [_tax(note.tax, note.amount)] if invoice.taxed else [],
            "type": "post_payment" if note.after_payment else "pre_payment",
            "post_payment_amount": note.total if note.after_payment else 0,
            "pre_payment_amount": 0 if note.after_payment else note.total,
        }


def write_documents(
    store: Store, context: Context, customer: Customer, invoices: list[Invoice]
) -> list[BalanceTxn]:
    """Project a customer's invoices and payments; returns the balance transactions."""
    desk = _Desk(store, context, customer)
    for invoice in invoices:
        desk.invoice(invoice)
    return desk.cards.txns
