"""What can land: each source's objects and the columns of those that land typed.

API objects keep their payload as the vendor's JSON text; files become typed columns. A new object is
one line here and, in dbt, one source table and one staging model.
"""

from __future__ import annotations

API_OBJECTS: dict[str, tuple[str, ...]] = {
    "salesforce": (
        "account",
        "opportunity",
        "contract",
        "order",
        "order_item",
        "rate_tier",
        "milestone",
        "product",
        "pricebook",
        "pricebook_entry",
        "user",
    ),
    "stripe": (
        "customer",
        "product",
        "price",
        "subscription",
        "subscription_item",
        "invoice",
        "invoice_line",
        "invoice_item",
        "invoice_payment",
        "credit_note",
        "payment_intent",
        "charge",
        "refund",
        "dispute",
        "balance_transaction",
        "payout",
        "payout_transaction",
        "credit_grant",
        "credit_balance_transaction",
        "meter",
        "event",
    ),
}

# Column → DuckDB type. A drop's own columns come first; the envelope is added when it lands.
TYPED: dict[tuple[str, str], dict[str, str]] = {
    ("metering", "usage_event"): {
        "event_id": "VARCHAR",
        "tenant_id": "VARCHAR",
        "sku": "VARCHAR",
        "quantity": "DECIMAL(18,6)",
        "unit": "VARCHAR",
        "event_at": "TIMESTAMP",
        "ingested_at": "TIMESTAMP",
        "kind": "VARCHAR",
        "revision": "INTEGER",
        "region": "VARCHAR",
    },
    ("bank", "statement"): {
        "bank_account_id": "VARCHAR",
        "currency": "VARCHAR",
        "statement_date": "DATE",
        "opening_minor": "BIGINT",
        "closing_minor": "BIGINT",
        "credits_minor": "BIGINT",
        "debits_minor": "BIGINT",
        "transaction_count": "INTEGER",
        "file_format": "VARCHAR",
    },
    ("bank", "transaction"): {
        "bank_account_id": "VARCHAR",
        "booked_date": "DATE",
        "value_date": "DATE",
        "amount_minor": "BIGINT",
        "currency": "VARCHAR",
        "type_code": "VARCHAR",
        "bank_reference": "VARCHAR",
        "customer_reference": "VARCHAR",
        "payer_name": "VARCHAR",
        "remittance_text": "VARCHAR",
        "statement_id": "VARCHAR",
    },
    ("erp", "trial_balance"): {
        "entity_id": "VARCHAR",
        "period": "DATE",
        "account_code": "VARCHAR",
        "account_name": "VARCHAR",
        "currency": "VARCHAR",
        "opening_minor": "BIGINT",
        "debit_minor": "BIGINT",
        "credit_minor": "BIGINT",
        "closing_minor": "BIGINT",
    },
    ("erp", "journal_line"): {
        "journal_id": "VARCHAR",
        "line_no": "INTEGER",
        "entity_id": "VARCHAR",
        "period": "DATE",
        "posted_on": "DATE",
        "account_code": "VARCHAR",
        "currency": "VARCHAR",
        "debit_minor": "BIGINT",
        "credit_minor": "BIGINT",
        "source": "VARCHAR",
        "reference": "VARCHAR",
        "memo": "VARCHAR",
    },
    ("fx", "rate"): {
        "rate_date": "DATE",
        "base_currency": "VARCHAR",
        "quote_currency": "VARCHAR",
        "rate": "DECIMAL(18,8)",
    },
}

ENVELOPE: dict[str, str] = {
    "_source": "VARCHAR",
    "_object": "VARCHAR",
    "_entity": "VARCHAR",
    "_id": "VARCHAR",
    "_version_at": "TIMESTAMP",
    "_deleted": "BOOLEAN",
    "_landed_at": "TIMESTAMP",
    "_load_id": "VARCHAR",
}

# What a metering part holds beside its typed columns: the rest of the envelope is the same for each
# of perhaps a hundred million rows (and _id is event_id), so the raw view adds it.
LEAN = {name: ENVELOPE[name] for name in ("_version_at", "_landed_at", "_load_id")}

PULL_FAILURE: dict[str, str] = {
    "source": "VARCHAR",
    "object": "VARCHAR",
    "entity": "VARCHAR",
    "state": "VARCHAR",
    "record": "VARCHAR",
    "error": "VARCHAR",
    "action": "VARCHAR",
    "recorded_at": "TIMESTAMP",
}

QUARANTINE: dict[str, str] = {
    "_source": "VARCHAR",
    "_object": "VARCHAR",
    "_entity": "VARCHAR",
    "_id": "VARCHAR",
    "_file": "VARCHAR",
    "_version_at": "TIMESTAMP",
    "reason_code": "VARCHAR",
    "reason": "VARCHAR",
    "payload": "VARCHAR",
    "_landed_at": "TIMESTAMP",
    "_load_id": "VARCHAR",
}


def objects(source: str) -> tuple[str, ...]:
    """The objects of one source, in the order they are pulled."""
    if source in API_OBJECTS:
        return API_OBJECTS[source]
    return tuple(name for owner, name in TYPED if owner == source)


def sources() -> tuple[str, ...]:
    """Every source that lands."""
    return tuple(dict.fromkeys([*API_OBJECTS, *(owner for owner, _ in TYPED)]))
