"""Every Stripe object the sandbox serves, held against Stripe's own fixture.

The fixture's values are arbitrary; its field names and JSON types are the vendor's. It is read from
the folder ``shared`` beside the checkout.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
from tiny_world import Served

from orchestration.sandbox.stripe_lists import RESOURCES

ACCOUNTS = ("US01", "US02", "UK01")
# A map whose keys are the account owner's.
OPEN_MAPS = {"metadata"}
# Fields the fixture's example leaves out; the official client's classes say that they exist.
ALSO_THE_VENDORS = {
    ("pricing", "price_details"): stripe.InvoiceLineItem.Pricing,
    ("payment", "payment_intent"): stripe.InvoicePayment.Payment,
}
PREFIXES = {
    "balance_transaction": "txn_",
    "billing.credit_balance_transaction": "cbtxn_",
    "billing.credit_grant": "credgr_",
    "billing.meter": "mtr_",
    "charge": "ch_",
    "credit_note": "cn_",
    "customer": "cus_",
    "dispute": ("dp_", "du_"),
    "event": "evt_",
    "invoice": "in_",
    "invoice_payment": "inpay_",
    "invoiceitem": "ii_",
    "line_item": "il_",
    "payment_intent": "pi_",
    "payout": "po_",
    "price": "price_",
    "product": "prod_",
    "refund": "re_",
    "subscription": "sub_",
    "subscription_item": "si_",
}


@pytest.fixture(scope="session")
def fixtures(shared_samples: Path) -> dict[str, Any]:
    return json.loads((shared_samples / "samples/stripe/fixtures3.json").read_text())["resources"]


def kind(value: Any) -> str:
    for name, types in (
        ("boolean", bool),
        ("number", int | float),
        ("string", str),
        ("list", list),
        ("object", dict),
    ):
        if isinstance(value, types):
            return name
    return "null"


def differences(ours: Any, theirs: Any, place: str) -> Iterator[str]:
    """What the vendor's object does not have, or has with another type, below one place."""
    if ours is None or theirs is None:
        return
    if isinstance(ours, str) and isinstance(theirs, dict) and "id" in theirs:
        # The fixture shows an expandable field expanded; unexpanded it is the id.
        return
    if kind(ours) != kind(theirs):
        yield f"{place} is a {kind(ours)}, the vendor's a {kind(theirs)}"
    elif isinstance(ours, dict):
        for name, value in ours.items():
            holder = place.rpartition(".")[2]
            if name not in theirs and (holder, name) not in ALSO_THE_VENDORS:
                yield f"{place}.{name} is not a field of the vendor's"
            elif name in theirs and name not in OPEN_MAPS:
                yield from differences(value, theirs[name], f"{place}.{name}")
    elif isinstance(ours, list) and theirs:
        for value in ours:
            yield from differences(value, theirs[0], f"{place}[]")


def lacking(ours: dict[str, Any], theirs: dict[str, Any]) -> set[str]:
    """The vendor's fields that ours does not show at all."""
    missing = set(theirs) - set(ours)
    if ours["object"] == "subscription_item":
        is_metered = ours["price"]["recurring"]["usage_type"] == "metered"
        # The example is a licensed item; a metered one has no quantity.
        missing -= {"quantity"} if is_metered else set()
    return missing


def pages(served: Served, path: str, **params: str) -> Iterator[dict[str, Any]]:
    """Up to a hundred objects of a list from each account, as JSON."""
    query = "&".join(["limit=100", *(f"{name}={value}" for name, value in params.items())])
    for account in ACCOUNTS:
        answer = served.stripe(account).raw_request("get", f"{path}?{query}")
        yield from json.loads(answer.body)["data"]


def objects(served: Served, object_type: str) -> Iterator[dict[str, Any]]:
    if object_type == "line_item":
        for account in ACCOUNTS:
            client = served.stripe(account)
            invoices = json.loads(client.raw_request("get", "/v1/invoices?limit=20").body)["data"]
            for invoice in invoices:
                path = f"/v1/invoices/{invoice['id']}/lines"
                yield from json.loads(client.raw_request("get", path).body)["data"]
    elif object_type == "subscription_item":
        for account in ACCOUNTS:
            client = served.stripe(account)
            path = "/v1/subscriptions?status=all&limit=20"
            for subscription in json.loads(client.raw_request("get", path).body)["data"]:
                path = f"/v1/subscription_items?subscription={subscription['id']}"
                yield from json.loads(client.raw_request("get", path).body)["data"]
    else:
        path = next(p for p, r in RESOURCES.items() if r.object_type == object_type)
        more = {"status": "all"} if object_type == "subscription" else {}
        yield from pages(served, f"/v1/{path}", **more)


@pytest.mark.parametrize("object_type", sorted(PREFIXES))
def test_every_field_served_is_the_vendors_with_the_vendors_type(
    company: Served, fixtures: dict[str, Any], object_type: str
) -> None:
    found: set[str] = set()
    count = 0
    for ours in objects(company, object_type):
        count += 1
        theirs = fixtures[object_type]
        assert ours["object"] == object_type
        if object_type == "event":
            held = ours["data"]["object"]
            found |= set(differences(held, fixtures[held["object"]], f"event:{held['object']}"))
            ours = {**ours, "data": None}
        found |= set(differences(ours, theirs, object_type))
        found |= {f"{object_type} lacks {name}" for name in lacking(ours, theirs)}
        assert ours["id"].startswith(PREFIXES[object_type]), ours["id"]
    assert count > 0, f"no {object_type} in a world of 20 customers"
    assert sorted(found) == []


def test_every_list_served_is_held_against_the_fixture() -> None:
    assert {r.object_type for r in RESOURCES.values()} | {"line_item"} == set(PREFIXES)


def test_event_snapshots_carry_every_field_of_their_object(
    company: Served, fixtures: dict[str, Any]
) -> None:
    found = {
        f"{event['type']}: {name}"
        for event in pages(company, "/v1/events")
        for name in lacking(event["data"]["object"], fixtures[event["data"]["object"]["object"]])
    }
    assert sorted(found) == []


def test_what_the_fixture_leaves_out_is_in_the_official_clients_classes() -> None:
    for (_, name), described in ALSO_THE_VENDORS.items():
        assert name in described.__annotations__


def test_embedded_lines_are_the_first_of_all_lines_and_all_lines_add_up(company: Served) -> None:
    long_invoices = 0
    for account in ACCOUNTS:
        client = company.stripe(account)
        for invoice in client.v1.invoices.list({"limit": 100}).auto_paging_iter():
            if not invoice.lines.has_more:
                continue
            long_invoices += 1
            listed = client.v1.invoices.line_items.list(invoice.id, {"limit": 4})
            lines = list(listed.auto_paging_iter())
            shown = [line.id for line in invoice.lines.data]
            assert [line.id for line in lines[:10]] == shown
            assert sum(line.amount for line in lines) == invoice.subtotal
    assert long_invoices > 0, "no invoice of more than ten lines in a world of 20 customers"


def test_embedded_items_are_the_first_of_all_items_of_a_subscription(company: Served) -> None:
    sizes = set()
    for account in ACCOUNTS:
        v1 = company.stripe(account).v1
        subscriptions = v1.subscriptions.list({"status": "all", "limit": 100})
        for subscription in subscriptions.auto_paging_iter():
            embedded = subscription.to_dict()["items"]
            listed = v1.subscription_items.list({"subscription": subscription.id, "limit": 100})
            ids = [item.id for item in listed.data]
            assert [item["id"] for item in embedded["data"]] == ids[:10]
            assert embedded["has_more"] == (len(ids) > 10)
            sizes.add(len(ids))
    assert max(sizes) > 10
