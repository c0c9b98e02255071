"""Types frozen at the door: what each API record must carry, and which fields are known.

A required field that is missing or has another JSON type sends the record to quarantine; a field nobody
knows is drift, noted in the load's manifest and landed with the rest of the payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import stripe
from stripe import billing

_KINDS: dict[str, frozenset[type]] = {
    "text": frozenset({str}),
    "whole": frozenset({int}),
    "number": frozenset({int, Decimal}),
    "flag": frozenset({bool}),
    "object": frozenset({dict}),
    "list": frozenset({list}),
}
_NOTHING = type(None)


@dataclass(frozen=True)
class Shape:
    """``required`` maps a field to its kind; ``text?`` may be null. ``known`` empty: any field may come.

    ``optional`` fields are held to their kind where they come; an org may have none of them.
    """

    required: Mapping[str, str]
    known: frozenset[str]
    optional: Mapping[str, str] = field(default_factory=dict)

    def problem(self, record: Any) -> str | None:
        """What is wrong with a record, naming the field; None when it fits."""
        if type(record) is not dict:
            return f"the record is {_named(record)}, not an object"
        come = {name: kind for name, kind in self.optional.items() if name in record}
        for name, kind in (*self.required.items(), *come.items()):
            if name not in record:
                return f"field {name} is missing"
            found = type(record[name])
            if found not in _KINDS[kind.rstrip("?")] and not (
                kind[-1] == "?" and found is _NOTHING
            ):
                return f"field {name} is {_named(record[name])}, not {kind.rstrip('?')}"
        return None

    def new_fields(self, record: Mapping[str, Any]) -> set[str]:
        """Fields the source did not have when this shape was written."""
        return set() if self.known.issuperset(record) else set(record) - self.known


def _named(value: Any) -> str:
    for name, types in _KINDS.items():
        if type(value) in types:
            return f"{name} {str(value)[:40]!r}"
    return "null"


_STANDARD = {
    "Id": "text",
    "CreatedDate": "text",
    "LastModifiedDate": "text",
    "SystemModstamp": "text",
    "IsDeleted": "flag",
}

# Salesforce names → our object name, and the fields asked for. Business fields may be null:
# an order without an account is an exception further on, not an unreadable record.
SOBJECTS: dict[str, tuple[str, dict[str, str]]] = {
    "account": (
        "Account",
        {
            "Name": "text?",
            "Type": "text?",
            "BillingCountryCode": "text?",
            "CurrencyIsoCode": "text?",
            "Entity__c": "text?",
            "Stripe_Customer_Id__c": "text?",
            "Metering_Tenant_Id__c": "text?",
            "Payment_Terms_Days__c": "number?",
            "OwnerId": "text?",
        },
    ),
    "opportunity": (
        "Opportunity",
        {
            "AccountId": "text?",
            "Name": "text?",
            "StageName": "text?",
            "CloseDate": "text?",
            "Amount": "number?",
            "CurrencyIsoCode": "text?",
            "IsWon": "flag?",
            "IsClosed": "flag?",
            "Type": "text?",
            "OwnerId": "text?",
        },
    ),
    "contract": (
        "Contract",
        {
            "AccountId": "text?",
            "ContractNumber": "text?",
            "Status": "text?",
            "StartDate": "text?",
            "EndDate": "text?",
            "ContractTerm": "number?",
            "CurrencyIsoCode": "text?",
            "Entity__c": "text?",
            "Contract_Kind__c": "text?",
        },
    ),
    "order": (
        "Order",
        {
            "OrderNumber": "text?",
            "AccountId": "text?",
            "ContractId": "text?",
            "OpportunityId": "text?",
            "Status": "text?",
            "EffectiveDate": "text?",
            "EndDate": "text?",
            "Type": "text?",
            "OriginalOrderId": "text?",
            "ActivatedDate": "text?",
            "TotalAmount": "number?",
            "CurrencyIsoCode": "text?",
            "Entity__c": "text?",
            "Contract_Kind__c": "text?",
            "Modification_Method__c": "text?",
            "Payment_Terms_Days__c": "number?",
            "PoNumber": "text?",
        },
    ),
    "order_item": (
        "OrderItem",
        {
            "OrderId": "text?",
            "OrderItemNumber": "text?",
            "Product2Id": "text?",
            "PricebookEntryId": "text?",
            "Quantity": "number?",
            "UnitPrice": "number?",
            "ListPrice": "number?",
            "TotalPrice": "number?",
            "ServiceDate": "text?",
            "EndDate": "text?",
            "Capacity_Available_Date__c": "text?",
            "Billing_Frequency__c": "text?",
            "Description": "text?",
        },
    ),
    "rate_tier": (
        "Rate_Tier__c",
        {
            "OrderItemId__c": "text?",
            "Tier_Model__c": "text?",
            "From_Quantity__c": "number?",
            "To_Quantity__c": "number?",
            "Unit_Price__c": "text?",
            "Package_Size__c": "number?",
        },
    ),
    "milestone": (
        "Milestone__c",
        {
            "OrderItemId__c": "text?",
            "Name": "text?",
            "Amount__c": "number?",
            "Due_Date__c": "text?",
            "Completed_Date__c": "text?",
        },
    ),
    "product": (
        "Product2",
        {"ProductCode": "text?", "Name": "text?", "Family": "text?", "IsActive": "flag?"},
    ),
    "pricebook": ("Pricebook2", {"Name": "text?", "IsStandard": "flag?", "IsActive": "flag?"}),
    "pricebook_entry": (
        "PricebookEntry",
        {
            "Pricebook2Id": "text?",
            "Product2Id": "text?",
            "UnitPrice": "number?",
            "CurrencyIsoCode": "text?",
            "IsActive": "flag?",
        },
    ),
    "user": ("User", {"Name": "text?", "Email": "text?", "IsActive": "flag?"}),
}

# Terms that an org keeps in fields of its own, or of a feature it may not have. A pull asks for
# them, does without those the org lacks, and says so.
OPTIONAL: dict[str, dict[str, str]] = {
    "contract": {"Is_Cancellable__c": "flag?", "Negotiated_With__c": "text?"},
    "order_item": {
        "OriginalOrderItemId": "text?",
        "Minimum_Amount__c": "number?",
        "Minimum_Period__c": "text?",
        "Minimum_Anchor__c": "text?",
    },
    "rate_tier": {"Flat_Price__c": "number?"},
}

_MONEY = {"amount": "whole", "currency": "text"}
_DATED = {"id": "text", "created": "whole"}

# What the models read. The fields that are known beyond these are those of the vendor's own client.
_STRIPE: dict[str, tuple[type, dict[str, str]]] = {
    "customer": (stripe.Customer, {**_DATED, "metadata": "object"}),
    "product": (stripe.Product, {**_DATED, "metadata": "object"}),
    "price": (stripe.Price, {**_DATED, "currency": "text", "product": "text"}),
    "subscription": (
        stripe.Subscription,
        {**_DATED, "customer": "text", "status": "text", "items": "object"},
    ),
    "subscription_item": (
        stripe.SubscriptionItem,
        {**_DATED, "subscription": "text", "metadata": "object"},
    ),
    "invoice": (
        stripe.Invoice,
        {
            **_DATED,
            "currency": "text",
            "customer": "text",
            "status": "text?",
            "subtotal": "whole",
            "total": "whole",
            "amount_due": "whole",
            "lines": "object",
            "status_transitions": "object",
        },
    ),
    "invoice_line": (
        stripe.InvoiceLineItem,
        {"id": "text", **_MONEY, "period": "object", "metadata": "object"},
    ),
    "invoice_item": (
        stripe.InvoiceItem,
        {"id": "text", "date": "whole", **_MONEY, "customer": "text"},
    ),
    "invoice_payment": (
        stripe.InvoicePayment,
        {**_DATED, "invoice": "text", "status": "text", "payment": "object"},
    ),
    "credit_note": (
        stripe.CreditNote,
        {**_DATED, **_MONEY, "invoice": "text", "status": "text", "lines": "object"},
    ),
    "payment_intent": (stripe.PaymentIntent, {**_DATED, **_MONEY, "status": "text"}),
    "charge": (
        stripe.Charge,
        {**_DATED, **_MONEY, "status": "text", "amount_refunded": "whole", "paid": "flag"},
    ),
    "refund": (stripe.Refund, {**_DATED, **_MONEY, "status": "text?", "charge": "text?"}),
    "dispute": (stripe.Dispute, {**_DATED, **_MONEY, "status": "text", "charge": "text"}),
    "balance_transaction": (
        stripe.BalanceTransaction,
        {**_DATED, **_MONEY, "fee": "whole", "net": "whole", "type": "text"},
    ),
    "payout": (
        stripe.Payout,
        {**_DATED, **_MONEY, "status": "text", "arrival_date": "whole", "automatic": "flag"},
    ),
    "payout_transaction": (
        stripe.BalanceTransaction,
        {**_DATED, **_MONEY, "fee": "whole", "net": "whole", "type": "text", "payout": "text"},
    ),
    "credit_grant": (
        billing.CreditGrant,
        {**_DATED, "amount": "object", "category": "text", "customer": "text"},
    ),
    "credit_balance_transaction": (
        billing.CreditBalanceTransaction,
        {**_DATED, "credit_grant": "text", "type": "text?"},
    ),
    "meter": (billing.Meter, {**_DATED, "event_name": "text"}),
    "event": (stripe.Event, {**_DATED, "type": "text", "data": "object"}),
}
# Documented fields that the client's classes do not list: identity, deletion, and what newer API
# versions answer with only for older callers; and the owner that this pull adds.
_ALWAYS = {"id", "object", "deleted", "subscription", "payout"}


def _client_fields(kind: type) -> frozenset[str]:
    names = {name for base in kind.__mro__ for name in getattr(base, "__annotations__", {})}
    return frozenset(names | _ALWAYS)


SHAPES: dict[tuple[str, str], Shape] = {
    **{
        ("salesforce", name): Shape(
            {**_STANDARD, **fields},
            frozenset({"attributes", *_STANDARD, *fields, *OPTIONAL.get(name, ())}),
            OPTIONAL.get(name, {}),
        )
        for name, (_, fields) in SOBJECTS.items()
    },
    **{
        ("stripe", name): Shape(fields, _client_fields(kind))
        for name, (kind, fields) in _STRIPE.items()
    },
}
