"""Blank Stripe objects: every field the vendor documents, with the value an untouched field has.

One shape an object; the projections fill in what the sandbox knows. Values that are never changed may be shared.
"""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]
API_VERSION = "2025-09-30.clover"
ADDRESS: Body = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def _shape(kind: str, unset: str, **values: Any) -> Body:
    body: Body = {"id": "", "object": kind}
    body.update(dict.fromkeys(unset.split()))
    body.update(values)
    return body


def listing(data: list[Body], url: str, *, has_more: bool = False) -> Body:
    """An embedded list."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


CUSTOMER = _shape(
    "customer",
    "currency default_source description discount phone shipping test_clock email name",
    balance=0,
    delinquent=False,
    livemode=False,
    invoice_settings={
        "custom_fields": None,
        "default_payment_method": None,
        "footer": None,
        "rendering_options": None,
    },
    next_invoice_sequence=1,
    preferred_locales=[],
    tax_exempt="none",
)
PRODUCT = _shape(
    "product",
    "default_price description package_dimensions shippable statement_descriptor tax_code unit_label url",
    active=True,
    images=[],
    livemode=False,
    marketing_features=[],
    type="service",
)
PRICE = _shape(
    "price",
    "custom_unit_amount lookup_key nickname tiers_mode transform_quantity unit_amount unit_amount_decimal",
    active=True,
    billing_scheme="per_unit",
    livemode=False,
    tax_behavior="exclusive",
    type="recurring",
)
SUBSCRIPTION = _shape(
    "subscription",
    "application application_fee_percent billing_cycle_anchor_config cancel_at canceled_at days_until_due "
    "default_payment_method default_source description ended_at latest_invoice "
    "next_pending_invoice_item_invoice on_behalf_of pause_collection pending_invoice_item_interval "
    "pending_setup_intent pending_update schedule test_clock transfer_data trial_end trial_settings "
    "trial_start billing_thresholds customer_account billing_schedules managed_payments",
    automatic_tax={"enabled": False, "liability": None, "disabled_reason": None},
    cancellation_details={"comment": None, "feedback": None, "reason": None},
    default_tax_rates=[],
    discounts=[],
    invoice_settings={
        "account_tax_ids": None,
        "issuer": {"type": "self"},
        "custom_fields": None,
        "description": None,
        "footer": None,
    },
    livemode=False,
    payment_settings={
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": "off",
    },
    cancel_at_period_end=False,
    billing_mode={"type": "classic"},
)
SUBSCRIPTION_ITEM = _shape(
    "subscription_item", "plan billing_thresholds", discounts=[], tax_rates=[]
)
INVOICE = _shape(
    "invoice",
    "account_name account_tax_ids application custom_fields customer_address customer_phone "
    "customer_shipping default_payment_method default_source description due_date effective_at "
    "ending_balance footer from_invoice hosted_invoice_url invoice_pdf last_finalization_error "
    "latest_revision next_payment_attempt on_behalf_of receipt_number rendering shipping_cost "
    "shipping_details statement_descriptor subscription test_clock webhooks_delivered_at "
    "automatically_finalizes_at parent customer_account customer_email customer_name",
    amount_overpaid=0,
    amount_shipping=0,
    attempt_count=0,
    attempted=False,
    auto_advance=False,
    automatic_tax={
        "enabled": False,
        "liability": None,
        "status": None,
        "disabled_reason": None,
        "provider": None,
    },
    customer_tax_exempt="none",
    customer_tax_ids=[],
    default_tax_rates=[],
    discounts=[],
    issuer={"type": "self"},
    livemode=False,
    payment_settings={
        "default_mandate": None,
        "payment_method_options": None,
        "payment_method_types": None,
    },
    post_payment_credit_notes_amount=0,
    pre_payment_credit_notes_amount=0,
    starting_balance=0,
    total_discount_amounts=[],
)
LINE_ITEM = _shape(
    "line_item",
    "subscription quantity_decimal",
    discount_amounts=[],
    discountable=True,
    discounts=[],
    livemode=False,
)
INVOICE_ITEM = _shape(
    "invoiceitem",
    "test_clock parent customer_account quantity_decimal",
    discountable=True,
    discounts=[],
    livemode=False,
    proration=False,
    tax_rates=[],
)
INVOICE_PAYMENT = _shape("invoice_payment", "", is_default=True, livemode=False)
CREDIT_NOTE = _shape(
    "credit_note",
    "customer_balance_transaction memo out_of_band_amount shipping_cost voided_at customer_account",
    amount_shipping=0,
    discount_amount=0,
    discount_amounts=[],
    livemode=False,
    pdf="",
    status="issued",
    pretax_credit_amounts=[],
)
CREDIT_NOTE_LINE = _shape(
    "credit_note_line_item",
    "unit_amount unit_amount_decimal metadata",
    discount_amount=0,
    discount_amounts=[],
    livemode=False,
    quantity=1,
    tax_rates=[],
    type="invoice_line_item",
    pretax_credit_amounts=[],
)
PAYMENT_INTENT = _shape(
    "payment_intent",
    "application application_fee_amount automatic_payment_methods canceled_at cancellation_reason "
    "client_secret description last_payment_error latest_charge next_action on_behalf_of payment_method "
    "payment_method_configuration_details processing receipt_email review setup_future_usage shipping "
    "statement_descriptor statement_descriptor_suffix transfer_data transfer_group source "
    "excluded_payment_method_types customer_account managed_payments",
    amount_capturable=0,
    amount_details={"tip": {}},
    capture_method="automatic",
    confirmation_method="automatic",
    livemode=False,
    payment_method_options={},
    payment_method_types=["card"],
)
CHARGE = _shape(
    "charge",
    "application application_fee application_fee_amount balance_transaction description "
    "failure_balance_transaction failure_code failure_message on_behalf_of outcome payment_method "
    "receipt_email receipt_number receipt_url review shipping source_transfer statement_descriptor "
    "statement_descriptor_suffix transfer_data transfer_group source",
    amount_refunded=0,
    billing_details={
        "address": ADDRESS,
        "email": None,
        "name": None,
        "phone": None,
        "tax_id": None,
    },
    calculated_statement_descriptor="LUMEN COMPUTE",
    disputed=False,
    fraud_details={},
    livemode=False,
    payment_method_details={
        "card": {"brand": "visa", "country": "US", "last4": "4242", "network": "visa"},
        "type": "card",
    },
    refunded=False,
)
REFUND = _shape(
    "refund",
    "receipt_number source_transfer_reversal transfer_reversal customer customer_account payment_method",
    destination_details={"card": {"type": "refund"}, "type": "card"},
    reason="requested_by_customer",
    status="succeeded",
)
DISPUTE = _shape(
    "dispute",
    "",
    evidence={},
    is_charge_refundable=False,
    livemode=False,
    payment_method_details={
        "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "13.1"},
        "type": "card",
    },
    reason="product_not_received",
    enhanced_eligibility_types=[],
)
BALANCE_TRANSACTION = _shape(
    "balance_transaction", "description exchange_rate", balance_type="payments"
)
PAYOUT = _shape(
    "payout",
    "application_fee application_fee_amount failure_balance_transaction failure_code failure_message "
    "original_payout reversed_by statement_descriptor payout_method",
    automatic=True,
    description="STRIPE PAYOUT",
    livemode=False,
    method="standard",
    reconciliation_status="completed",
    source_type="card",
    type="bank_account",
)
CREDIT_GRANT = _shape(
    "billing.credit_grant", "test_clock voided_at customer_account", livemode=False
)
CREDIT_TRANSACTION = _shape(
    "billing.credit_balance_transaction", "credit debit test_clock", livemode=False
)
METER = _shape(
    "billing.meter",
    "event_time_window",
    customer_mapping={"event_payload_key": "stripe_customer_id", "type": "by_id"},
    default_aggregation={"formula": "sum"},
    livemode=False,
    status="active",
    status_transitions={"deactivated_at": None},
    value_settings={"event_payload_key": "value"},
)
