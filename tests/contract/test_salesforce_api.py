"""The sandbox's Salesforce, asked by simple-salesforce: SOQL, batches, sessions, errors, faults."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import requests
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
)
from tiny_world import ACCOUNTS, PlainSession, Served, account_id, instant, order_id, serve

from orchestration.sandbox.server import app

ORDERS = "SELECT Id, Status, TotalAmount, EffectiveDate, IsDeleted FROM Order"


def ids(answer: dict[str, Any]) -> list[str]:
    return [record["Id"] for record in answer["records"]]


def test_query_all_follows_the_batches_and_gives_every_record_once(tiny: Served) -> None:
    answer = tiny.salesforce().query_all("SELECT Id FROM Account ORDER BY SystemModstamp")
    assert ids(answer) == [account_id(n) for n in range(ACCOUNTS)]


def test_a_batch_holds_two_thousand_records_and_says_where_the_next_one_is(tiny: Served) -> None:
    client = tiny.salesforce()
    first = client.query("SELECT Id, Name FROM Account")
    # 4,500 accounts are batches of 2,000, 2,000 and 500.
    assert (first["totalSize"], first["done"], len(first["records"])) == (4500, False, 2000)
    assert first["nextRecordsUrl"].startswith("/services/data/v59.0/query/01g")
    second = client.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    third = client.query_more(second["nextRecordsUrl"], identifier_is_url=True)
    assert (len(second["records"]), second["done"]) == (2000, False)
    assert (len(third["records"]), third["done"]) == (500, True)
    assert "nextRecordsUrl" not in third


def test_an_unknown_locator_is_refused(tiny: Served) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
        tiny.salesforce().query_more("01gnowhere-2000")


def test_records_carry_their_type_and_address(tiny: Served) -> None:
    (record,) = tiny.salesforce().query(f"{ORDERS} WHERE Id = '{order_id(2)}'")["records"]
    assert dict(record["attributes"]) == {
        "type": "Order",
        "url": f"/services/data/v59.0/sobjects/Order/{order_id(2)}",
    }


def test_deleted_records_appear_only_in_query_all_of_the_vendor(tiny: Served) -> None:
    client = tiny.salesforce()
    assert ids(client.query(ORDERS)) == [order_id(n) for n in (1, 2, 4, 5, 6)]
    everything = client.query(ORDERS, include_deleted=True)
    assert ids(everything) == [order_id(n) for n in range(1, 7)]
    assert [r["IsDeleted"] for r in everything["records"]] == [False, False, True] + [False] * 3
    gone = client.query_all(f"{ORDERS} WHERE IsDeleted = true", include_deleted=True)
    assert ids(gone) == [order_id(3)]
    assert ids(client.query_all(f"{ORDERS} WHERE IsDeleted = true")) == []


def test_the_newest_version_known_at_the_clock_is_the_one_shown(tiny: Served) -> None:
    (record,) = tiny.salesforce().query(f"{ORDERS} WHERE Id = '{order_id(1)}'")["records"]
    # Draft, then activated; the third version becomes known a day after the clock.
    assert (record["Status"], record["TotalAmount"]) == ("Activated", 1234.56)


def test_numbers_keep_their_decimals_and_a_text_in_their_place_stays_a_text(tiny: Served) -> None:
    client = tiny.salesforce(parse_float=Decimal)
    by_id = {r["Id"]: r["TotalAmount"] for r in client.query(ORDERS)["records"]}
    assert by_id[order_id(1)] == Decimal("1234.56")
    assert by_id[order_id(2)] == Decimal("0.1")
    assert by_id[order_id(4)] == Decimal("99999999999.99")
    assert by_id[order_id(5)] == "n/a"
    assert by_id[order_id(6)] is None


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("SystemModstamp >= {at_7} AND SystemModstamp < {at_4}", [2, 4]),
        ("SystemModstamp > {at_7} AND SystemModstamp <= {at_4}", [4, 5]),
        ("EffectiveDate = 2026-02-01", [2]),
        ("EffectiveDate = null", [4]),
        ("EffectiveDate != null AND Status = 'activated'", [1, 2, 5, 6]),
        ("Status IN ('Draft', 'Cancelled')", []),
        ("Status NOT IN ('Draft')", [1, 2, 4, 5, 6]),
        ("TotalAmount > 1000 AND TotalAmount < 2000", [1]),
        ("Status LIKE 'act%' AND (NOT Id = '{order_1}')", [2, 4, 5, 6]),
        ("EffectiveDate < 2026-02-01 OR EffectiveDate > 2026-05-31", [1, 6]),
        ("TotalAmount = 0.1", [2]),
        ("IsDeleted = false AND EffectiveDate != 2026-01-01", [2, 4, 5, 6]),
    ],
)
def test_conditions_select_what_they_say(tiny: Served, condition: str, numbers: list[int]) -> None:
    moments = {f"at_{n}": instant(-n).replace("+0000", "Z") for n in (4, 7)}
    soql = f"{ORDERS} WHERE {condition.format(order_1=order_id(1), **moments)} ORDER BY Id"
    assert ids(tiny.salesforce().query(soql)) == [order_id(n) for n in numbers]


def test_order_limit_and_offset_cut_the_result(tiny: Served) -> None:
    client = tiny.salesforce()
    answer = client.query("SELECT Id FROM Order ORDER BY EffectiveDate DESC NULLS LAST LIMIT 2")
    assert ids(answer) == [order_id(6), order_id(5)]
    assert answer["totalSize"] == 2
    # Without a word on nulls they come first.
    answer = client.query("SELECT Id FROM Order ORDER BY EffectiveDate LIMIT 2 OFFSET 1")
    assert ids(answer) == [order_id(1), order_id(2)]
    assert client.query("SELECT COUNT() FROM Order")["totalSize"] == 5


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT * FROM Order", "MALFORMED_QUERY"),
        ("SELECT Id AS other FROM Order", "MALFORMED_QUERY"),
        ("SELECT DISTINCT Status FROM Order", "MALFORMED_QUERY"),
        ("SELECT Id FROM Order, Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Order UNION SELECT Id FROM Order", "MALFORMED_QUERY"),
        ("SELECT Id FROM Order WHERE Status BETWEEN 'a' AND 'b'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Order WHERE Status IS NULL", "MALFORMED_QUERY"),
        ("DELETE FROM Order", "MALFORMED_QUERY"),
        ("SELECT Id, Colour__c FROM Order", "INVALID_FIELD"),
        ("SELECT Id FROM Order WHERE Colour__c = 'red'", "INVALID_FIELD"),
        ("SELECT Id FROM Order WHERE EffectiveDate = '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Order WHERE SystemModstamp > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Order WHERE Status = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Invoice__c", "INVALID_TYPE"),
    ],
)
def test_what_soql_lacks_is_refused_in_the_vendors_shape(
    tiny: Served, soql: str, code: str
) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        tiny.salesforce().query(soql)
    (error,) = caught.value.content
    assert error["errorCode"] == code
    assert error["message"]


def test_describe_lists_the_fields_with_their_types(tiny: Served) -> None:
    described = tiny.salesforce().Order.describe()
    types = {field["name"]: field["type"] for field in described["fields"]}
    assert described["name"] == "Order"
    assert types == {
        "Id": "id",
        "AccountId": "string",
        "Status": "string",
        "EffectiveDate": "date",
        "TotalAmount": "double",
        "CreatedDate": "datetime",
        "LastModifiedDate": "datetime",
        "SystemModstamp": "datetime",
        "IsDeleted": "boolean",
    }


def test_one_record_can_be_retrieved_by_its_id(tiny: Served) -> None:
    record = tiny.salesforce().Order.get(order_id(2))
    assert (record["Id"], record["TotalAmount"]) == (order_id(2), 0.1)


def test_wrong_credentials_give_no_token(tiny: Served) -> None:
    with pytest.raises(PermissionError, match="invalid_client"):
        PlainSession(tiny.url).log_in(secret="wrong")


def test_the_official_client_counts_the_calls_it_made(tiny: Served) -> None:
    client = tiny.salesforce()
    client.query("SELECT Id FROM Order LIMIT 1")
    used = client.api_usage["api-usage"].used
    client.query("SELECT Id FROM Order LIMIT 1")
    assert client.api_usage["api-usage"].used == used + 1


def test_a_token_runs_out_after_its_lifetime(tiny_world: Any) -> None:
    served = serve(app(tiny_world, token_lifetime=0.0))
    try:
        client = next(served).salesforce()
        with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
            client.query("SELECT Id FROM Order")
    finally:
        next(served, None)


def test_an_expired_session_in_the_middle_of_a_query_is_cured_by_a_new_login(
    tiny: Served,
) -> None:
    client = tiny.salesforce()
    first = client.query("SELECT Id FROM Account")
    tiny.plan({"match": "/services/data/v59.0/query/01g", "status": "expire_token"})
    with pytest.raises(SalesforceExpiredSession):
        client.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    again = tiny.salesforce().query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert len(again["records"]) == 2000


def test_the_api_limit_is_a_refused_request(tiny: Served) -> None:
    tiny.plan({"match": "FROM Order", "status": "api_limit"})
    client = tiny.salesforce()
    assert client.query("SELECT Id FROM Account LIMIT 1")["totalSize"] == 1
    with pytest.raises(SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
        client.query(ORDERS)
    assert client.query(ORDERS)["done"]


def test_a_server_error_in_the_middle_of_paging_is_shown_as_one(tiny: Served) -> None:
    tiny.plan({"match": "/query/", "status": 503, "after": 1})
    client = tiny.salesforce()
    with pytest.raises(SalesforceGeneralError, match="SERVER_UNAVAILABLE"):
        client.query_all("SELECT Id FROM Account")
    assert len(client.query_all("SELECT Id FROM Account")["records"]) == ACCOUNTS


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_duplicated_batch_comes_twice_and_nothing_is_lost(tiny: Served, after: int) -> None:
    tiny.plan({"match": "/query/", "status": "duplicate_page", "after": after})
    seen = ids(tiny.salesforce().query_all("SELECT Id FROM Account"))
    assert len(seen) > ACCOUNTS
    assert list(dict.fromkeys(seen)) == [account_id(n) for n in range(ACCOUNTS)]


def test_a_truncated_answer_is_no_json(tiny: Served) -> None:
    tiny.plan({"match": "/query/", "status": "truncate"})
    with pytest.raises(json.JSONDecodeError):
        tiny.salesforce().query(ORDERS)


def test_a_field_of_another_type_reaches_the_client_as_such(tiny: Served) -> None:
    tiny.plan({"match": "/query/", "status": "retype_field:TotalAmount", "records": 1})
    records = tiny.salesforce().query(ORDERS)["records"]
    assert [r["TotalAmount"] for r in records[:2]] == ["n/a", 0.1]


def test_a_hanging_query_ends_when_the_client_drops(tiny: Served) -> None:
    tiny.plan({"match": "/query/", "status": "timeout"})
    client = tiny.salesforce()
    with pytest.raises(requests.Timeout):
        client.query(ORDERS, timeout=0.3)
    assert client.query(ORDERS)["done"]
