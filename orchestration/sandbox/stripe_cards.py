"""Writes how cards paid in Stripe: intents, charges, invoice payments, refunds, disputes, balance transactions.

Balance transactions go to the treasury as well, which pays them out.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import stripe_shapes as shapes
from .calendars import DAY
from .cash import DISPUTE_FEE
from .context import Context
from .documents import CardPayment, Dispute, Invoice
from .people import Customer
from .store import Store
from .stripe_catalog import Projection
from .stripe_shapes import Body


@dataclass(frozen=True)
class BalanceTxn:
    """A movement of a processor balance."""

    id: str
    account: str
    currency: str
    created: int
    available: int
    amount: int
    fee: int
    type: str
    category: str
    source: str
    customer: str

    @property
    def net(self) -> int:
        return self.amount - self.fee


def txn_body(txn: BalanceTxn, clock: int) -> Body:
    """A balance transaction as Stripe shows it."""
    fees = []
    if txn.fee:
        fees = [
            {
                "amount": txn.fee,
                "application": None,
                "currency": txn.currency.lower(),
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        ]
    return shapes.BALANCE_TRANSACTION | {
        "id": txn.id,
        "amount": txn.amount,
        "available_on": txn.available,
        "created": txn.created,
        "currency": txn.currency.lower(),
        "fee": txn.fee,
        "fee_details": fees,
        "net": txn.net,
        "reporting_category": txn.category,
        "source": txn.source,
        "status": "available" if txn.available <= clock else "pending",
        "type": txn.type,
    }


class CardDesk:
    """Projects one customer's card payments; keeps their balance transactions."""

    def __init__(self, store: Store, context: Context, customer: Customer) -> None:
        self.store = store
        self.context = context
        self.customer = customer
        self.txns: list[BalanceTxn] = []

    def pen(self, account: str) -> Projection:
        """The projection of an account."""
        return Projection(self.store, self.context.ids, account)

    def txn(
        self, invoice: Invoice, txn_id: str, at: int, amount: int, fee: int, kind: str, source: str
    ) -> None:
        """A balance transaction, in Stripe and for the treasury."""
        types = {
            "charge": "charge",
            "refund": "refund",
            "dispute": "adjustment",
            "dispute_reversal": "adjustment",
        }
        available = (at // DAY + 2) * DAY
        txn = BalanceTxn(
            txn_id, invoice.entity, invoice.currency, at, available, amount, fee,
            types[kind], kind, source, self.customer.stripe_customer(invoice.entity),
        )  # fmt: skip
        self.txns.append(txn)
        self.pen(invoice.entity).put(txn_body(txn, self.context.clock), at)

    def card(self, invoice: Invoice, card: CardPayment) -> None:
        """Intent, charges, the link to the invoice, refunds and the dispute."""
        pen, customer = self.pen(invoice.entity), self.customer.stripe_customer(invoice.entity)
        first = card.failed_at or card.created
        intent = shapes.PAYMENT_INTENT | {
            "id": card.intent_id,
            "amount": card.amount,
            "amount_received": 0,
            "created": first,
            "currency": invoice.currency.lower(),
            "customer": customer,
            "metadata": {},
            "status": "requires_payment_method",
        }
        link = shapes.INVOICE_PAYMENT | {
            "id": self.context.ids.stripe("inpay", invoice.id),
            "amount_paid": None,
            "amount_requested": card.amount,
            "created": first,
            "currency": invoice.currency.lower(),
            "invoice": invoice.id,
            "payment": {"type": "payment_intent", "payment_intent": card.intent_id},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
        charge = shapes.CHARGE | {
            "id": card.charge_id,
            "amount": card.amount,
            "amount_captured": card.amount,
            "balance_transaction": card.txn_id,
            "captured": True,
            "created": card.created,
            "currency": invoice.currency.lower(),
            "customer": customer,
            "metadata": {},
            "paid": True,
            "payment_intent": card.intent_id,
            "refunds": shapes.listing([], f"/v1/charges/{card.charge_id}/refunds"),
            "status": "succeeded",
        }
        if card.failed_at is not None and card.failed_charge_id is not None:
            failed = charge | {
                "id": card.failed_charge_id,
                "amount_captured": 0,
                "balance_transaction": None,
                "captured": False,
                "created": card.failed_at,
                "failure_code": "card_declined",
                "failure_message": "Your card has insufficient funds.",
                "paid": False,
                "status": "failed",
                "refunds": shapes.listing([], f"/v1/charges/{card.failed_charge_id}/refunds"),
            }
            pen.put(failed, card.failed_at, parent=customer, event="charge.failed")
            pen.put(
                intent | {"latest_charge": card.failed_charge_id}, card.failed_at, parent=customer,
                event="payment_intent.payment_failed",
            )  # fmt: skip
            pen.put(link, card.failed_at, parent=customer)
        if not card.succeeded:
            return
        at = card.created
        done = {
            "status": "succeeded",
            "amount_received": card.amount,
            "latest_charge": charge["id"],
        }
        paid = {"status": "paid", "amount_paid": card.amount}
        pen.put(intent | done, at, parent=customer, event="payment_intent.succeeded")
        settled = paid | {"status_transitions": {"canceled_at": None, "paid_at": at}}
        pen.put(link | settled, at, parent=customer, event="invoice_payment.paid")
        pen.put(charge, at, parent=customer, event="charge.succeeded")
        self.txn(invoice, card.txn_id, at, card.amount, card.fee, "charge", card.charge_id)
        for refund in invoice.refunds:
            body = shapes.REFUND | {
                "id": refund.id,
                "amount": refund.amount,
                "balance_transaction": refund.txn_id,
                "charge": card.charge_id,
                "created": refund.created,
                "currency": invoice.currency.lower(),
                "metadata": {},
                "payment_intent": card.intent_id,
            }
            pen.put(body, refund.created, parent=customer, event="refund.created")
            total = charge["amount_refunded"] + refund.amount
            charge = charge | {"amount_refunded": total, "refunded": total == card.amount}
            pen.put(charge, refund.created, parent=customer, event="charge.refunded")
            self.txn(invoice, refund.txn_id, refund.created, -refund.amount, 0, "refund", refund.id)
        if invoice.dispute is not None:
            self.dispute(invoice, card, charge, invoice.dispute, customer)

    def dispute(
        self, invoice: Invoice, card: CardPayment, charge: Body, dispute: Dispute, customer: str
    ) -> None:
        """A dispute, what it withdrew, and how it ended."""
        pen = self.pen(invoice.entity)
        self.txn(
            invoice, dispute.txn_id, dispute.created, -dispute.amount, DISPUTE_FEE, "dispute",
            dispute.id,
        )  # fmt: skip
        moves = [txn_body(self.txns[-1], self.context.clock)]
        body = shapes.DISPUTE | {
            "id": dispute.id,
            "amount": dispute.amount,
            "balance_transactions": moves,
            "charge": card.charge_id,
            "created": dispute.created,
            "currency": invoice.currency.lower(),
            "evidence_details": {
                "due_by": dispute.created + 14 * DAY,
                "has_evidence": True,
                "past_due": False,
                "submission_count": 1,
            },
            "metadata": {},
            "payment_intent": card.intent_id,
            "status": "under_review",
        }
        pen.put(body, dispute.created, parent=customer, event="charge.dispute.created")
        pen.put(
            charge | {"disputed": True}, dispute.created, parent=customer, event="charge.updated"
        )
        if dispute.closed is None:
            return
        if dispute.reversal_txn_id is not None:
            self.txn(
                invoice, dispute.reversal_txn_id, dispute.closed, dispute.amount, 0,
                "dispute_reversal", dispute.id,
            )  # fmt: skip
            moves = [*moves, txn_body(self.txns[-1], self.context.clock)]
        ended = body | {"status": dispute.outcome, "balance_transactions": moves}
        pen.put(ended, dispute.closed, parent=customer, event="charge.dispute.closed")
