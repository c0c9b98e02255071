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


def test_changes_since_a_moment_are_those_whose_stamp_is_later(company: Served) -> None:
    client = company.salesforce()
    everything = client.query_all("SELECT Id, SystemModstamp FROM Order", include_deleted=True)
    stamps = sorted(record["SystemModstamp"] for record in everything["records"])
    middle = stamps[len(stamps) // 2]
    soql = f"SELECT Id FROM Order WHERE SystemModstamp >= {middle.replace('+0000', 'Z')}"
    later = client.query_all(soql, include_deleted=True)
    assert later["totalSize"] == sum(stamp >= middle for stamp in stamps)
