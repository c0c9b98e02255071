"""Every sObject of the sandbox's own company, as the official client parses it.

Ids, flags, dates, times and numbers are held against Salesforce's documented JSON forms.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import pytest
from tiny_world import Served

OBJECTS = (
    "Account",
    "Contract",
    "Milestone__c",
    "Opportunity",
    "Order",
    "OrderItem",
    "Pricebook2",
    "PricebookEntry",
    "Product2",
    "Rate_Tier__c",
    "User",
)


def is_of_type(value: Any, field_type: str) -> bool:
    if field_type == "boolean":
        return isinstance(value, bool)
    if field_type == "double":
        # A planted defect may put a text here; it reaches the client as the text it is.
        return isinstance(value, int | float) and not isinstance(value, bool) or value == "n/a"
    if field_type == "id":
        return bool(re.fullmatch(r"[A-Za-z0-9]{18}", value))
    if field_type == "date":
        return date.fromisoformat(value).isoformat() == value
    if field_type == "datetime":
        is_shaped = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", value)
        return bool(is_shaped and datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z"))
    return isinstance(value, str)


@pytest.mark.parametrize("name", OBJECTS)
def test_every_record_has_every_described_field_in_its_documented_form(
    company: Served, name: str
) -> None:
    client = company.salesforce()
    types = {f["name"]: f["type"] for f in getattr(client, name).describe()["fields"]}
    soql = f"SELECT {', '.join(types)} FROM {name} ORDER BY SystemModstamp, Id"
    answer = client.query_all(soql, include_deleted=True)
    assert answer["totalSize"] > 0
    for record in answer["records"]:
        assert set(record) == {"attributes", *types}
        assert record["attributes"]["type"] == name
        wrong = {
            field: record[field]
            for field, field_type in types.items()
            if record[field] is not None and not is_of_type(record[field], field_type)
        }
        assert wrong == {}, record["Id"]
    stamps = [record["SystemModstamp"] for record in answer["records"]]
    assert stamps == sorted(stamps)
    assert len({record["Id"] for record in answer["records"]}) == answer["totalSize"]


def test_the_company_has_deleted_rows_that_only_query_all_of_the_vendor_shows(
    company: Served,
) -> None:
    client = company.salesforce()
    gone = sum(
        client.query(f"SELECT Id FROM {name} WHERE IsDeleted = true LIMIT 1", include_deleted=True)[
            "totalSize"
        ]
        for name in ("Order", "OrderItem")
    )
    assert gone > 0
    for name in ("Order", "OrderItem"):
        assert client.query(f"SELECT Id FROM {name} WHERE IsDeleted = true")["totalSize"] == 0


def test_terms_of_contracts_are_real_fields_of_their_documented_types(company: Served) -> None:
    client = company.salesforce()
    types = {
        name: {f["name"]: f["type"] for f in getattr(client, name).describe()["fields"]}
        for name in ("Contract", "OrderItem", "Rate_Tier__c")
    }
    assert types["Contract"]["Is_Cancellable__c"] == "boolean"
    assert types["Contract"]["Negotiated_With__c"] == "string"
    assert types["OrderItem"]["OriginalOrderItemId"] == "string"
    assert types["OrderItem"]["Minimum_Amount__c"] == "double"
    assert types["OrderItem"]["Minimum_Period__c"] == "string"
    assert types["OrderItem"]["Minimum_Anchor__c"] == "string"
    assert types["Rate_Tier__c"]["Flat_Price__c"] == "double"


def test_contracts_negotiated_together_name_each_other_and_are_signed_within_a_month(
    company: Served,
) -> None:
    client = company.salesforce()
    soql = "SELECT Id, AccountId, Negotiated_With__c FROM Contract"
    records = client.query_all(soql)["records"]
    partner = {r["Id"]: r["Negotiated_With__c"] for r in records if r["Negotiated_With__c"]}
    assert partner
    assert all(partner[other] == contract for contract, other in partner.items())
    orders = client.query_all("SELECT ContractId, Type, ActivatedDate FROM Order")["records"]
    signed = {
        o["ContractId"]: date.fromisoformat(o["ActivatedDate"][:10])
        for o in orders
        if o["Type"] == "New" and o["ActivatedDate"] and o["ContractId"] in partner
    }
    assert all(abs((signed[one] - signed[other]).days) <= 30 for one, other in partner.items())


def test_contracts_on_demand_can_be_cancelled_and_others_cannot(company: Served) -> None:
    soql = "SELECT Contract_Kind__c, Is_Cancellable__c FROM Contract"
    records = company.salesforce().query_all(soql)["records"]
    kinds = {(r["Contract_Kind__c"] == "on_demand", r["Is_Cancellable__c"]) for r in records}
    # Orders kept out of the books say nothing of it.
    assert kinds - {(False, None)} == {(True, True), (False, False)}


def test_changes_since_a_moment_are_those_whose_stamp_is_later(company: Served) -> None:
    client = company.salesforce()
    everything = client.query_all("SELECT Id, SystemModstamp FROM Order", include_deleted=True)
    stamps = sorted(record["SystemModstamp"] for record in everything["records"])
    middle = stamps[len(stamps) // 2]
    soql = f"SELECT Id FROM Order WHERE SystemModstamp >= {middle.replace('+0000', 'Z')}"
    later = client.query_all(soql, include_deleted=True)
    assert later["totalSize"] == sum(stamp >= middle for stamp in stamps)
