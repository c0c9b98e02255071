"""Writes the standing Stripe objects of a world: products, meters, customers, prices, subscriptions, credit grants.

``Projection`` is the pen: it writes a version of an object and, for a change of state, its event.
"""

from __future__ import annotations

import orjson

from . import stripe_shapes as shapes
from .agreements import PERIOD_MONTHS, PRICE_SCALE, Contract, Item, Order
from .amounts import major
from .calendars import add_months, unix
from .context import Context
from .documents import Grant
from .ids import Ids
from .people import CARD, Customer
from .policies import Policies
from .store import Store
from .stripe_shapes import Body


class Projection:
    """Writes Stripe objects of one account to the store."""

    def __init__(self, store: Store, ids: Ids, account: str) -> None:
        self.store = store
        self.ids = ids
        self.account = account

    def put(
        self,
        body: Body,
        at: int,
        *,
        created: int | None = None,
        parent: str | None = None,
        event: str | None = None,
        kind: str | None = None,
    ) -> None:
        """Write one version of an object, and the event that announced it."""
        text = orjson.dumps(body).decode()
        object_id = body["id"]
        first = created if created is not None else body["created"]
        self.store.stripe(self.account, kind or body["object"], object_id, first, at, parent, text)
        if event is not None:
            event_id = self.ids.stripe("evt", f"{object_id}/{event}/{at}")
            wrapped = (
                f'{{"id":"{event_id}","object":"event","api_version":"{shapes.API_VERSION}",'
                f'"created":{at},"data":{{"object":{text}}},"livemode":false,"pending_webhooks":0,'
                f'"request":{{"id":null,"idempotency_key":null}},"type":"{event}"}}'
            )
            self.store.stripe(self.account, "event", event_id, at, at, None, wrapped)


def product_id(ids: Ids, account: str, sku: str) -> str:
    """The product of a SKU in an account."""
    return ids.stripe("prod", f"{account}/{sku}")


def meter_id(ids: Ids, account: str, sku: str) -> str:
    """The billing meter of a usage SKU in an account."""
    return ids.stripe("mtr", f"{account}/{sku}")


def write_catalog(store: Store, context: Context, policies: Policies) -> None:
    """Products and meters of every account."""
    at = unix(add_months(context.start, -6))
    for account in policies.entities:
        pen = Projection(store, context.ids, account)
        for sku in policies.skus.values():
            body = shapes.PRODUCT | {
                "id": product_id(context.ids, account, sku.sku),
                "created": at,
                "updated": at,
                "name": sku.name,
                "metadata": {"sku": sku.sku},
                "unit_label": sku.unit,
            }
            pen.put(body, at)
            if sku.is_usage:
                meter = shapes.METER | {
                    "id": meter_id(context.ids, account, sku.sku),
                    "created": at,
                    "updated": at,
                    "display_name": sku.name,
                    "event_name": sku.sku.lower().replace("-", "_"),
                }
                pen.put(meter, at)


def customer_body(customer: Customer, stripe_id: str, prefix: str, created: int) -> Body:
    """The customer as Stripe shows it."""
    metadata = {"salesforce_account_id": customer.account_id} if customer.has_metadata else {}
    return shapes.CUSTOMER | {
        "id": stripe_id,
        "address": shapes.ADDRESS | {"country": customer.country},
        "created": created,
        "currency": customer.currency.lower(),
        "email": customer.email,
        "name": customer.name,
        "invoice_prefix": prefix,
        "metadata": metadata,
    }


def write_customer(store: Store, context: Context, customer: Customer) -> None:
    """The customer in its own account and, where it has one, in another entity's."""
    pen = Projection(store, context.ids, customer.entity)
    body = customer_body(customer, customer.stripe_id, customer.invoice_prefix, customer.created)
    if customer.index % 10 == 1:
        pen.put(body | {"email": None}, customer.created, event="customer.created")
        pen.put(body, unix(context.start) + customer.index % 86_400, event="customer.updated")
    else:
        pen.put(body, customer.created, event="customer.created")
    for entity, twin in customer.twins.items():
        other = customer_body(customer, twin.stripe_id, twin.invoice_prefix, twin.created)
        other["metadata"] = {"salesforce_account_id": customer.account_id}
        Projection(store, context.ids, entity).put(other, twin.created, event="customer.created")


def _decimal_cents(price: int) -> str:
    """A price of 1e-10 major units as decimal minor units."""
    whole, part = divmod(price * 100, PRICE_SCALE)
    return f"{whole}.{part:010d}".rstrip("0").rstrip(".") if part else str(whole)


def price_body(context: Context, customer: Customer, item: Item, created: int) -> Body:
    """The price of one order item."""
    sku, account = item.sku, customer.entity
    body = shapes.PRICE | {
        "id": item.price_id,
        "created": created,
        "currency": customer.currency.lower(),
        "metadata": {"order_item_id": item.id},
        "product": product_id(context.ids, account, sku),
        "recurring": None,
    }
    if item.is_usage:
        first = item.tiers[0]
        body["billing_scheme"] = "tiered" if len(item.tiers) > 1 else "per_unit"
        body["recurring"] = {
            "interval": "month",
            "interval_count": 1,
            "meter": meter_id(context.ids, account, sku),
            "usage_type": "metered",
            "trial_period_days": None,
        }
        if len(item.tiers) > 1:
            body["tiers_mode"] = first.model
        else:
            body["unit_amount_decimal"] = _decimal_cents(first.price)
        if first.package:
            body["transform_quantity"] = {"divide_by": first.package, "round": "up"}
        return body
    body["unit_amount"] = item.unit_price
    body["unit_amount_decimal"] = str(item.unit_price)
    if item.frequency in PERIOD_MONTHS:
        body["recurring"] = {
            "interval": "month",
            "interval_count": PERIOD_MONTHS[item.frequency],
            "meter": None,
            "usage_type": "licensed",
            "trial_period_days": None,
        }
    else:
        body["type"] = "one_time"
    return body


def write_subscriptions(
    store: Store, context: Context, customer: Customer, contracts: list[Contract]
) -> None:
    """Prices of all order items; one subscription an order for what recurs."""
    pen = Projection(store, context.ids, customer.entity)
    for contract in contracts:
        for order in contract.live_orders():
            if order.type != "Termination" and order.activated <= context.clock:
                _write_order(pen, context, customer, order)


def _write_order(pen: Projection, context: Context, customer: Customer, order: Order) -> None:
    ids = context.ids
    recurring: list[tuple[Item, Body]] = []
    for item in order.live_items():
        item.price_id = ids.stripe("price", item.key)
        price = price_body(context, customer, item, order.activated)
        pen.put(price, order.activated)
        if item.is_usage or item.frequency in PERIOD_MONTHS:
            recurring.append((item, price))
    if not recurring:
        return
    order.subscription_id = ids.stripe("sub", order.id)
    ended = next((i.terminated for i, _ in recurring if i.terminated is not None), None)
    finish = ended or order.end
    opened, closed = unix(order.effective), unix(finish)
    rows = []
    for item, price in recurring:
        item.subscription_item_id = ids.stripe("si", item.key)
        row = shapes.SUBSCRIPTION_ITEM | {
            "id": item.subscription_item_id,
            "created": order.activated,
            "metadata": {"order_item_id": item.id},
            "price": price,
            "subscription": order.subscription_id,
            "current_period_start": opened,
            "current_period_end": unix(add_months(order.effective, 1)),
        }
        if not item.is_usage:
            row["quantity"] = item.quantity
        rows.append(row)
        pen.put(row, order.activated, parent=order.subscription_id)
    # As lists stand: what was created last comes first, then the higher id.
    rows.sort(key=lambda row: str(row["id"]), reverse=True)
    body = shapes.SUBSCRIPTION | {
        "id": order.subscription_id,
        "billing_cycle_anchor": opened,
        "collection_method": customer.method,
        "created": order.activated,
        "currency": customer.currency.lower(),
        "customer": customer.stripe_id,
        "days_until_due": None if customer.method == CARD else customer.terms,
        "items": shapes.listing(
            rows[:10], f"/v1/subscription_items?subscription={order.subscription_id}",
            has_more=len(rows) > 10,
        ),
        "metadata": {"salesforce_order_id": order.id},
        "start_date": opened,
        "status": "active",
    }  # fmt: skip
    parent = customer.stripe_id
    pen.put(body, order.activated, parent=parent, event="customer.subscription.created")
    if closed <= context.clock:
        last = body | {"status": "canceled", "canceled_at": closed, "ended_at": closed}
        pen.put(last, closed, parent=parent, event="customer.subscription.deleted")


def _money(amount: int, currency: str) -> Body:
    return {"monetary": {"currency": currency.lower(), "value": amount}, "type": "monetary"}


def write_grants(store: Store, context: Context, customer: Customer, grants: list[Grant]) -> None:
    """Credit grants and the ledger of their balances."""
    pen = Projection(store, context.ids, customer.entity)
    for grant in grants:
        body = shapes.CREDIT_GRANT | {
            "id": grant.id,
            "amount": _money(grant.amount, customer.currency),
            "applicability_config": {"scope": {"price_type": "metered"}},
            "category": grant.category,
            "created": grant.created,
            "updated": grant.created,
            "customer": customer.stripe_id,
            "effective_at": grant.created,
            "expires_at": grant.expires,
            "metadata": {"order_item_id": grant.item.id},
            "name": f"{grant.category.capitalize()} credits {major(grant.amount)}",
            "priority": 50,
        }
        pen.put(
            body, grant.created, parent=customer.stripe_id, event="billing.credit_grant.created"
        )
        opening = shapes.CREDIT_TRANSACTION | {
            "id": context.ids.stripe("cbtxn", f"grant/{grant.id}"),
            "created": grant.created,
            "effective_at": grant.created,
            "credit_grant": grant.id,
            "credit": {
                "amount": _money(grant.amount, customer.currency),
                "type": "credits_granted",
            },
            "type": "credit",
        }
        pen.put(opening, grant.created, parent=customer.stripe_id)
        for txn, at, amount, invoice_id, line_id in grant.debits:
            debit = shapes.CREDIT_TRANSACTION | {
                "id": txn,
                "created": at,
                "effective_at": at,
                "credit_grant": grant.id,
                "debit": {
                    "amount": _money(amount, customer.currency),
                    "credits_applied": {"invoice": invoice_id, "invoice_line_item": line_id},
                    "type": "credits_applied",
                },
                "type": "debit",
            }
            pen.put(debit, at, parent=customer.stripe_id)
