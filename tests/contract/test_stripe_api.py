"""The sandbox's Stripe, asked by the official client: pages, filters, expansion, errors, faults."""

from __future__ import annotations

import importlib
import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
import stripe
from tiny_world import CLOCK, CUSTOMERS, DAY, LINES, Served, customer_id, line_id

from orchestration.sandbox.stripe_lists import RESOURCES


def ids(page: Any) -> list[str]:
    return [item.id for item in page]


def raw(client: stripe.StripeClient, path: str) -> dict[str, Any]:
    return json.loads(client.raw_request("get", path).body)


def status_and_error(
    served: Served, path: str, key: str = "sk_test_sandbox_US01"
) -> tuple[int, Any]:
    answer = requests.get(f"{served.url}/stripe{path}", auth=(key, ""), timeout=10)
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize("limit", [1, 7, 10, 100])
def test_paging_through_a_list_gives_every_object_once_newest_first(
    tiny: Served, limit: int
) -> None:
    # Ten customers share a day, and within it the higher id comes first: the order is by number.
    page = tiny.stripe().v1.customers.list({"limit": limit})
    expected = [customer_id(n) for n in reversed(range(CUSTOMERS))]
    assert ids(page.auto_paging_iter()) == expected


def test_paging_backwards_gives_the_objects_before_the_cursor_in_the_same_order(
    tiny: Served,
) -> None:
    customers = tiny.stripe().v1.customers
    page = customers.list({"limit": 3, "ending_before": customer_id(240)})
    assert ids(page.data) == [customer_id(243), customer_id(242), customer_id(241)]
    assert page.has_more
    first = customers.list({"limit": 100, "ending_before": customer_id(240)})
    assert ids(first.data) == [customer_id(n) for n in range(249, 240, -1)]
    assert not first.has_more


def test_a_page_without_a_limit_has_ten_objects(tiny: Served) -> None:
    page = tiny.stripe().v1.customers.list()
    assert len(page.data) == 10
    assert page.has_more
    assert page.url == "/v1/customers"


def test_created_bounds_are_inclusive_and_exclusive_as_named(tiny: Served) -> None:
    # Customer n was created on day n // 10 counted from 100 days before the clock.
    day_one, day_three = CLOCK - 99 * DAY, CLOCK - 97 * DAY

    def between(**bounds: int) -> set[int]:
        page = tiny.stripe().v1.customers.list({"created": bounds, "limit": 100})
        return {int(item.id[4:]) for item in page.data}

    assert between(gte=day_one, lt=day_three) == set(range(10, 30))
    assert between(gt=day_one, lte=day_three) == set(range(20, 40))


def test_created_can_be_one_instant(tiny: Served) -> None:
    page = tiny.stripe().v1.customers.list({"created": CLOCK - 99 * DAY, "limit": 100})
    assert {int(item.id[4:]) for item in page.data} == set(range(10, 20))


def test_the_newest_version_known_at_the_clock_is_the_one_shown(tiny: Served) -> None:
    invoice = tiny.stripe().v1.invoices.retrieve("in_long")
    # Open, then paid; the void becomes known only a day after the clock.
    assert invoice.status == "paid"


def test_embedded_lines_are_cut_at_ten_and_the_list_goes_on_from_there(tiny: Served) -> None:
    client = tiny.stripe()
    invoice = client.v1.invoices.retrieve("in_long")
    assert ids(invoice.lines.data) == [line_id(n) for n in range(LINES - 1, LINES - 11, -1)]
    assert invoice.lines.has_more
    listed = next(i for i in client.v1.invoices.list({"limit": 100}).data if i.id == "in_long")
    assert len(listed.lines.data) == 10
    assert listed.lines.has_more
    lines = client.v1.invoices.line_items.list("in_long", {"limit": 9})
    assert ids(lines.auto_paging_iter()) == [line_id(n) for n in reversed(range(LINES))]


def test_lists_filter_by_customer_status_and_subscription(tiny: Served) -> None:
    v1 = tiny.stripe().v1
    assert ids(v1.invoices.list({"customer": customer_id(3)}).data) == ["in_3"]
    assert ids(v1.invoices.list({"status": "open"}).data) == ["in_3", "in_1"]
    assert ids(v1.invoices.list({"subscription": "sub_1"}).data) == ["in_long"]
    assert ids(v1.charges.list({"customer": customer_id(5)}).data) == ["ch_05"]
    items = v1.subscription_items.list({"subscription": "sub_0"})
    assert ids(items.data) == ["si_0_1", "si_0_0"]


def test_subscriptions_leave_out_canceled_ones_unless_asked_for_all(tiny: Served) -> None:
    subscriptions = tiny.stripe().v1.subscriptions
    assert ids(subscriptions.list().data) == ["sub_2", "sub_0"]
    assert ids(subscriptions.list({"status": "all"}).data) == ["sub_2", "sub_1", "sub_0"]
    assert ids(subscriptions.list({"status": "canceled"}).data) == ["sub_1"]


def test_the_balance_transactions_of_a_payout_are_those_it_paid_out(tiny: Served) -> None:
    transactions = tiny.stripe().v1.balance_transactions
    page = transactions.list({"payout": "po_1"})
    assert ids(page.data) == ["txn_03", "txn_02", "txn_01", "txn_00"]
    assert len(transactions.list({"limit": 100}).data) == 12


def test_credit_movements_filter_by_customer_and_grant_though_they_name_no_customer(
    tiny: Served,
) -> None:
    movements = tiny.stripe().v1.billing.credit_balance_transactions
    assert ids(movements.list({"customer": customer_id(0)}).data) == ["cbtxn_2", "cbtxn_0"]
    page = movements.list({"customer": customer_id(1), "credit_grant": "credgr_1"})
    assert ids(page.data) == ["cbtxn_1"]


def test_payouts_filter_by_arrival_date(tiny: Served) -> None:
    payouts = tiny.stripe().v1.payouts
    arrival = CLOCK - 18 * DAY
    assert ids(payouts.list({"arrival_date": {"gte": arrival}}).data) == ["po_1"]
    assert ids(payouts.list({"arrival_date": {"gt": arrival}}).data) == []


def test_events_filter_by_type_types_and_wildcard(tiny: Served) -> None:
    events = tiny.stripe().v1.events
    assert ids(events.list({"type": "invoice.paid"}).data) == ["evt_1"]
    assert ids(events.list({"type": "invoice.*"}).data) == ["evt_1", "evt_0"]
    both = events.list({"types": ["payout.paid", "invoice.paid"]})
    assert ids(both.data) == ["evt_2", "evt_1"]


def test_expand_puts_the_object_in_the_place_of_its_id(tiny: Served) -> None:
    charges = tiny.stripe().v1.charges
    one = charges.retrieve("ch_02", {"expand": ["customer", "balance_transaction"]})
    assert one.customer.email == "c2@example.com"
    assert one.balance_transaction.net == 972
    page = charges.list({"limit": 3, "expand": ["data.balance_transaction.source"]})
    assert [c.balance_transaction.source.id for c in page.data] == ["ch_11", "ch_10", "ch_09"]
    assert [c.customer for c in page.data] == [customer_id(n) for n in (11, 10, 9)]


def test_what_cannot_be_expanded_is_refused(tiny: Served) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"cannot be expanded \(data.amount\)"):
        tiny.stripe().v1.charges.list({"expand": ["data.amount"]})


def test_an_account_sees_only_its_own_objects(tiny: Served) -> None:
    uk = tiny.stripe("UK01")
    assert ids(uk.v1.customers.list().data) == ["cus_uk"]
    assert ids(uk.v1.invoices.list().data) == []
    with pytest.raises(stripe.InvalidRequestError, match="No such invoice: 'in_long'"):
        uk.v1.invoices.retrieve("in_long")


def test_a_wrong_key_is_an_authentication_error(tiny: Served) -> None:
    client = stripe.StripeClient("sk_test_nobody", base_addresses={"api": f"{tiny.url}/stripe"})
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided"):
        client.v1.customers.list()


def test_errors_have_the_vendors_shape(tiny: Served) -> None:
    status, error = status_and_error(tiny, "/v1/invoices/in_none")
    assert status == 404
    assert (error["type"], error["code"]) == ("invalid_request_error", "resource_missing")
    status, error = status_and_error(tiny, "/v1/nonsense")
    assert status == 404
    assert error["message"].startswith("Unrecognized request URL (GET: /v1/nonsense)")
    for path, code, param in (
        ("/v1/charges?limit=101", "parameter_invalid_integer", "limit"),
        ("/v1/charges?limit=0", "parameter_invalid_integer", "limit"),
        ("/v1/charges?limit=ten", "parameter_invalid_integer", "limit"),
        ("/v1/charges?colour=red", "parameter_unknown", "colour"),
        ("/v1/charges?starting_after=ch_none", "resource_missing", "starting_after"),
        ("/v1/subscription_items", "parameter_missing", "subscription"),
        ("/v1/billing/meters?created[gte]=1", "parameter_unknown", "created[gte]"),
    ):
        status, error = status_and_error(tiny, path)
        assert (status, error["code"], error["param"]) == (400, code, param), path


def test_headers_carry_request_id_version_and_the_worlds_clock(tiny: Served) -> None:
    answer = tiny.stripe().raw_request("get", "/v1/customers?limit=1")
    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Stripe-Version"] == stripe.api_version
    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == CLOCK


def test_every_filter_served_is_one_the_official_client_knows() -> None:
    names = {"line_item": "invoice_line_item", "invoiceitem": "invoice_item"}
    for resource in RESOURCES.values():
        package, _, noun = resource.object_type.rpartition(".")
        noun = names.get(noun, noun)
        place = f"stripe.params.{package}." if package else "stripe.params."
        module = importlib.import_module(f"{place}_{noun}_list_params")
        params = next(v for k, v in vars(module).items() if k.endswith("ListParams"))
        known = set(params.__annotations__)
        served = set(resource.filters) | set(resource.ranges)
        served |= {resource.owner} if resource.owner else set()
        served |= {"created"} if resource.has_created else set()
        assert served <= known, resource.object_type
        assert ("created" in known) == resource.has_created, resource.object_type


def test_a_planned_429_is_a_rate_limit_error_and_then_passes(tiny: Served) -> None:
    tiny.plan({"match": "/stripe/v1/customers", "status": 429, "after": 1, "times": 2})
    customers = tiny.stripe().v1.customers
    assert len(customers.list().data) == 10
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError, match="Request rate limit exceeded"):
            customers.list()
    assert len(customers.list().data) == 10


def test_a_planned_500_is_an_api_error_the_client_can_retry(tiny: Served) -> None:
    tiny.plan({"match": "/stripe/v1/charges", "status": 500})
    with pytest.raises(stripe.APIError):
        tiny.stripe(max_network_retries=0).v1.charges.list()
    tiny.plan({"match": "/stripe/v1/charges", "status": 500})
    assert len(tiny.stripe(max_network_retries=2).v1.charges.list().data) == 10


def test_a_fault_of_one_account_leaves_the_other_alone(tiny: Served) -> None:
    tiny.plan({"match": "/stripe/v1/customers", "status": 500, "account": "UK01", "times": None})
    assert len(tiny.stripe("US01").v1.customers.list().data) == 10
    with pytest.raises(stripe.APIError):
        tiny.stripe("UK01", max_network_retries=0).v1.customers.list()


def test_a_timeout_hangs_until_the_client_gives_up(tiny: Served) -> None:
    tiny.plan({"match": "/stripe/v1/payouts", "status": "timeout"})
    client = tiny.stripe(http_client=stripe.RequestsClient(timeout=0.3), max_network_retries=0)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payouts.list()
    assert ids(client.v1.payouts.list().data) == ["po_1"]


def test_a_truncated_page_is_half_of_the_true_one(tiny: Served) -> None:
    client = tiny.stripe()
    whole = client.raw_request("get", "/v1/charges?limit=5").body
    tiny.plan({"match": "/stripe/v1/charges", "status": "truncate"})
    half = requests.get(
        f"{tiny.url}/stripe/v1/charges?limit=5", auth=("sk_test_sandbox_US01", ""), timeout=10
    ).text
    assert half == whole[: len(whole) // 2]


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_duplicated_page_comes_twice_and_nothing_is_lost(tiny: Served, after: int) -> None:
    tiny.plan({"match": "/stripe/v1/charges", "status": "duplicate_page", "after": after})
    seen = ids(tiny.stripe().v1.charges.list({"limit": 4}).auto_paging_iter())
    newest_first = [f"ch_{n:02d}" for n in range(11, -1, -1)]
    # Twelve charges are three pages of four; one of them is delivered a second time, in full.
    assert len(seen) == 16
    assert list(dict.fromkeys(seen)) == newest_first


def test_field_faults_drop_add_and_retype_in_the_records_asked_for(tiny: Served) -> None:
    client = tiny.stripe()
    tiny.plan(
        {"match": "/v1/charges", "status": "drop_field:amount", "records": 1},
        {"match": "/v1/charges", "status": "add_field:novelty"},
        {"match": "/v1/charges", "status": "retype_field:amount"},
    )
    dropped, added, retyped = (raw(client, "/v1/charges?limit=2")["data"] for _ in range(3))
    assert ["amount" in charge for charge in dropped] == [False, True]
    assert all("novelty" in charge for charge in added)
    assert all(isinstance(charge["amount"], str) for charge in retyped)


def test_planned_faults_are_listed_with_their_counters_and_forgotten_on_delete(
    tiny: Served,
) -> None:
    tiny.plan({"match": "/stripe/v1/customers", "status": 500, "after": 1, "times": 1})
    tiny.stripe().v1.customers.list()
    (fault,) = requests.get(f"{tiny.url}/_faults", timeout=10).json()["faults"]
    assert (fault["seen"], fault["fired"]) == (1, 0)
    requests.delete(f"{tiny.url}/_faults", timeout=10)
    assert requests.get(f"{tiny.url}/_faults", timeout=10).json() == {"faults": []}


@pytest.mark.parametrize(
    "fault",
    [{}, {"match": "/x", "status": "explode"}, {"match": "/x", "status": 500, "often": 3}, [1]],
)
def test_a_fault_nobody_understands_is_refused_with_what_is_allowed(
    tiny: Served, fault: Any
) -> None:
    answer = requests.post(f"{tiny.url}/_faults", json=fault, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
