"""Types are frozen at the door: each required field that changes sends its record to quarantine."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.landing import objects
from orchestration.sources.shapes import SHAPES

_SAMPLE = {
    "text": "x",
    "whole": 1,
    "number": Decimal("1.5"),
    "flag": True,
    "object": {},
    "list": [],
}
_OTHER = {
    "text": 5,
    "whole": "5",
    "number": "n/a",
    "flag": 1,
    "object": [],
    "list": {},
}
FIELDS = [
    (source, name, field, kind)
    for (source, name), shape in SHAPES.items()
    for field, kind in shape.required.items()
]


def whole(source: str, name: str) -> dict:
    required = SHAPES[source, name].required
    return {field: _SAMPLE[kind.rstrip("?")] for field, kind in required.items()}


def test_every_api_object_has_a_shape():
    expected = {(source, name) for source in ("salesforce", "stripe") for name in objects(source)}
    assert set(SHAPES) == expected


@pytest.mark.parametrize(("source", "name"), SHAPES)
def test_a_record_of_the_frozen_shape_is_let_in(source, name):
    shape, record = SHAPES[source, name], whole(source, name)
    assert shape.problem(record) is None
    assert shape.new_fields(record) == set()


@pytest.mark.parametrize(("source", "name", "field", "kind"), FIELDS)
def test_a_field_that_is_missing_or_of_another_type_is_named(source, name, field, kind):
    shape = SHAPES[source, name]
    record = whole(source, name)
    flipped = {**record, field: _OTHER[kind.rstrip("?")]}
    assert f"field {field} is" in (shape.problem(flipped) or "")
    assert f"not {kind.rstrip('?')}" in (shape.problem(flipped) or "")
    del record[field]
    assert shape.problem(record) == f"field {field} is missing"


def test_null_is_let_in_only_where_a_field_may_be_empty():
    shape = SHAPES["salesforce", "order"]
    record = whole("salesforce", "order")
    assert shape.problem({**record, "AccountId": None}) is None
    assert shape.problem({**record, "SystemModstamp": None}) is not None


def test_a_new_field_is_drift_and_no_problem():
    shape = SHAPES["stripe", "charge"]
    record = {**whole("stripe", "charge"), "moon_phase": 3}
    assert shape.problem(record) is None
    assert shape.new_fields(record) == {"moon_phase"}


@pytest.mark.parametrize("record", [None, 3, "text", []])
def test_what_is_no_object_is_refused(record):
    assert "not an object" in (SHAPES["stripe", "charge"].problem(record) or "")


_FIXTURES = {
    "customer": "customer",
    "product": "product",
    "price": "price",
    "subscription": "subscription",
    "subscription_item": "subscription_item",
    "invoice": "invoice",
    "invoice_item": "invoiceitem",
    "credit_note": "credit_note",
    "payment_intent": "payment_intent",
    "charge": "charge",
    "refund": "refund",
    "dispute": "dispute",
    "balance_transaction": "balance_transaction",
    "payout": "payout",
    "credit_grant": "billing.credit_grant",
    "meter": "billing.meter",
    "event": "event",
}


@pytest.mark.parametrize(("name", "fixture"), _FIXTURES.items())
def test_the_vendors_own_fixture_is_let_in_without_drift(shared_samples: Path, name, fixture):
    path = shared_samples / "samples" / "stripe" / "fixtures3.json"
    record = json.loads(path.read_text(), parse_float=Decimal)["resources"][fixture]
    if isinstance(record.get("customer"), dict):
        record["customer"] = record["customer"]["id"]  # Shown expanded; a pull expands nothing.
    shape = SHAPES["stripe", name]
    assert shape.problem(record) is None
    assert shape.new_fields(record) == set()
