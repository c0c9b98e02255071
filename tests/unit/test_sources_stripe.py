"""What a Stripe pull asks for and lands: overlap, events for changes, whole lists, bounded patience."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import settings as config
from orchestration.landing import Load, build_raw
from orchestration.settings import Settings, StripeAccount
from orchestration.sources.failures import Patience
from orchestration.sources.pull import PullResult, pull
from tests.stand_in_vendor import Reply, Vendor, answering, stripe_list

QUICK = Patience(attempts=3, read_seconds=0.3, first_pause=0.001, longest_pause=0.01)
DAY = 86_400
NOW = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())


class Account:
    """One Stripe account in memory, behind HTTP: lists by path, and a clock."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.now = NOW
        self.spoil: Callable[[str, dict[str, str]], Reply | None] = lambda path, params: None

    def __call__(self, path: str, params: dict[str, str]) -> Reply:
        reply = self.spoil(path, params)
        if reply is None:
            records = self.lists.get(path, [])
            if "payout" in params:
                records = [one for one in records if one.get("_payout") == params["payout"]]
            reply = Reply(stripe_list(records, params))
        reply.headers["Date"] = format_datetime(datetime.fromtimestamp(self.now, UTC), usegmt=True)
        return reply

    def charge(self, number: int, created: int, **more: Any) -> dict[str, Any]:
        found = {
            "id": f"ch_{number:04d}",
            "object": "charge",
            "created": created,
            "amount": 1000 + number,
            "currency": "usd",
            "status": "succeeded",
            "amount_refunded": 0,
            "paid": True,
            **more,
        }
        self.lists.setdefault("/v1/charges", [])[:] = [
            *(one for one in self.lists.get("/v1/charges", []) if one["id"] != found["id"]),
            found,
        ]
        return found

    def event(self, name: str, record: dict[str, Any], created: int) -> None:
        events = self.lists.setdefault("/v1/events", [])
        events.append(
            {
                "id": f"evt_{len(events):04d}",
                "object": "event",
                "created": created,
                "type": name,
                "data": {"object": record},
            }
        )


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def vendor(account: Account):
    with answering(account) as serving:
        yield serving


@pytest.fixture
def settings(vendor: Vendor, tmp_path: Path) -> Settings:
    base = config.load({"TIEOUT_HOME": str(tmp_path / "home")})
    return replace(base, stripe=(StripeAccount("US01", "sk_test_x", vendor.url),))


def pulled(settings: Settings) -> dict[str, PullResult]:
    results = pull(settings, ["stripe"], patience=QUICK)
    return {result.object: result for result in results if result.rows or result.error}


def landed(settings: Settings, query: str) -> list[tuple]:
    build_raw(settings.warehouse, settings.landing)
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_second_pull_asks_from_an_hour_before_the_first_ended_and_lands_nothing(
    account, vendor, settings
):
    for number in range(250):
        account.charge(number, NOW - DAY)
    assert pulled(settings)["charge"].rows == 250
    vendor.asked.clear()
    account.now = NOW + DAY
    assert pulled(settings) == {}
    asked = [params for path, params in vendor.asked if path == "/v1/charges"]
    # 250 charges are three pages of at most 100; the second pull asks once, from the overlap on.
    assert asked == [{"created[gte]": str(NOW - 3600), "limit": "100"}]


def test_a_list_that_only_says_what_events_said_before_is_not_read_in_full_again(
    account, vendor, settings
):
    charge = account.charge(1, NOW - 10 * DAY)
    account.event("charge.succeeded", charge, NOW - 10 * DAY)
    pulled(settings)
    for days in (2, 4):
        account.now = NOW + days * DAY
        vendor.asked.clear()
        assert pulled(settings) == {}
        asked = [params for path, params in vendor.asked if path == "/v1/charges"]
        # Nothing was created since, so the list's first reading remains the mark.
        assert asked == [{"created[gte]": str(NOW - 3600), "limit": "100"}]
    account.event("charge.succeeded", account.charge(2, NOW + 5 * DAY), NOW + 5 * DAY)
    for days, since in ((6, NOW), (7, NOW + 6 * DAY)):
        account.now = NOW + days * DAY
        vendor.asked.clear()
        pulled(settings)
        asked = [params for path, params in vendor.asked if path == "/v1/charges"]
        assert asked == [{"created[gte]": str(since - 3600), "limit": "100"}]


def test_a_change_reaches_the_landing_through_the_events_feed(account, settings):
    charge = account.charge(1, NOW - 90 * DAY)
    pulled(settings)
    account.now = NOW + 2 * DAY
    changed = account.charge(1, charge["created"], amount_refunded=500)
    account.event("charge.refunded", changed, NOW + DAY)
    pulled(settings)
    found = landed(
        settings,
        "select _version_at, json_extract_string(payload, 'amount_refunded') from raw.stripe__charge"
        " order by 1",
    )
    at = [datetime.fromtimestamp(when, UTC).replace(tzinfo=None) for when in (NOW, NOW + DAY)]
    assert found == [(at[0], "0"), (at[1], "500")]


def test_a_pull_later_than_events_are_kept_reads_the_lists_in_full(account, vendor, settings):
    charge = account.charge(1, NOW - 90 * DAY)
    account.event("charge.succeeded", charge, NOW - DAY)
    pulled(settings)
    # The event of this change is gone from the feed: only the full list can tell.
    account.charge(1, charge["created"], amount_refunded=500)
    account.now = NOW + 31 * DAY
    account.lists["/v1/events"] = []
    account.event("payout.paid", {"object": "balance"}, NOW + 30 * DAY)
    vendor.asked.clear()
    assert pulled(settings)["charge"].rows == 1
    assert ("/v1/charges", {"limit": "100"}) in vendor.asked
    paths = [path for path, _ in vendor.asked]
    assert paths.index("/v1/charges") < len(paths) - 1 - paths[::-1].index("/v1/events")


def test_after_a_gap_events_do_not_count_until_every_list_was_read(account, settings):
    charge = account.charge(1, NOW - 90 * DAY)
    account.event("charge.succeeded", charge, NOW - DAY)
    pulled(settings)
    account.charge(1, charge["created"], amount_refunded=500)
    account.now = NOW + 31 * DAY
    account.event("charge.failed", {"object": "balance"}, NOW + 30 * DAY)
    account.spoil = lambda path, _: Reply({}, 500) if path == "/v1/charges" else None
    assert pulled(settings)["charge"].error
    account.spoil = lambda path, _: None
    # The next pull still knows of the gap, reads the list in full and finds the change.
    assert pulled(settings)["charge"].rows == 1


def test_deleted_customers_are_marked_and_cancelled_subscriptions_are_not(account, settings):
    customer = {"id": "cus_1", "object": "customer", "created": NOW - DAY, "metadata": {}}
    subscription = {
        "id": "sub_1",
        "object": "subscription",
        "created": NOW - DAY,
        "customer": "cus_1",
        "status": "canceled",
        "items": {"object": "list", "data": [], "has_more": False},
    }
    account.event("customer.deleted", customer, NOW - 10)
    account.event("customer.subscription.deleted", subscription, NOW - 20)
    pulled(settings)
    assert landed(settings, "select _id, _deleted from raw.stripe__customer") == [("cus_1", True)]
    assert landed(settings, "select _id, _deleted from raw.stripe__subscription") == [
        ("sub_1", False)
    ]


def invoice(lines: list[dict[str, Any]], has_more: bool) -> dict[str, Any]:
    return {
        "id": "in_1",
        "object": "invoice",
        "created": NOW - DAY,
        "currency": "usd",
        "customer": "cus_1",
        "status": "open",
        "subtotal": 10,
        "total": 10,
        "amount_due": 10,
        "status_transitions": {},
        "lines": {"object": "list", "data": lines, "has_more": has_more},
    }


def line(number: int) -> dict[str, Any]:
    return {
        "id": f"il_{number:03d}",
        "object": "line_item",
        "amount": number,
        "currency": "usd",
        "period": {},
        "metadata": {},
    }


def test_lines_an_invoice_does_not_embed_are_read_and_all_name_their_invoice(account, settings):
    lines = [line(number) for number in range(130)]
    account.lists["/v1/invoices"] = [invoice(lines[:10], True)]
    account.lists["/v1/invoices/in_1/lines"] = lines
    pulled(settings)
    found = landed(
        settings,
        "select count(*), count(distinct _id), sum(cast(payload ->> 'amount' as bigint)),"
        " list_distinct(list(payload ->> 'invoice')) from raw.stripe__invoice_line",
    )
    # The amounts are 0..129: 129 * 130 / 2 = 8385.
    assert found == [(130, 130, 8385, ["in_1"])]


def test_lines_that_an_older_invoice_gained_are_read_when_its_event_comes(account, settings):
    lines = [line(number) for number in range(12)]
    account.lists["/v1/invoices"] = [{**invoice(lines[:10], False), "created": NOW - 60 * DAY}]
    pulled(settings)
    account.lists["/v1/invoices/in_1/lines"] = lines
    account.event("invoice.updated", invoice(lines[:10], True), NOW + DAY)
    account.now = NOW + 2 * DAY
    pulled(settings)
    assert landed(settings, "select count(distinct _id) from raw.stripe__invoice_line") == [(12,)]


def test_a_credit_note_lands_with_all_its_lines_in_the_vendors_own_text(account, settings):
    lines = [{"id": f"cnli_{number:02d}", "amount": number} for number in range(25)]
    note = {
        "id": "cn_1",
        "object": "credit_note",
        "created": NOW - DAY,
        "amount": 300,
        "currency": "usd",
        "invoice": "in_1",
        "status": "issued",
        "lines": {"object": "list", "data": lines[:10], "has_more": True},
    }
    account.lists["/v1/credit_notes"] = [note]
    account.lists["/v1/credit_notes/cn_1/lines"] = lines
    pulled(settings)
    ((payload,),) = landed(settings, "select payload from raw.stripe__credit_note")
    held = json.loads(payload)
    # The amounts are 0..24: 24 * 25 / 2 = 300.
    assert sum(one["amount"] for one in held["lines"]["data"]) == 300
    assert {**held, "lines": None} == {**note, "lines": None}


def test_the_contents_of_automatic_payouts_carry_their_payout(account, settings):
    payout = {
        "id": "po_1",
        "object": "payout",
        "created": NOW - DAY,
        "amount": 97,
        "currency": "usd",
        "status": "paid",
        "arrival_date": NOW,
        "automatic": True,
    }
    account.lists["/v1/payouts"] = [payout, {**payout, "id": "po_2", "automatic": False}]
    account.lists["/v1/balance_transactions"] = [
        {
            "id": "txn_1",
            "object": "balance_transaction",
            "created": NOW - DAY,
            "amount": 100,
            "currency": "usd",
            "fee": 3,
            "net": 97,
            "type": "charge",
            "_payout": "po_1",
        }
    ]
    pulled(settings)
    found = landed(settings, "select _id, payload ->> 'payout' from raw.stripe__payout_transaction")
    assert found == [("txn_1", "po_1")]


def test_a_kill_between_children_and_their_list_loses_nothing(account, settings, monkeypatch):
    account.lists["/v1/invoices"] = [invoice([line(1)], False)]
    commit = Load.commit

    def killed(load: Load, **options: bool) -> str | None:
        if load.object == "invoice":
            raise KeyboardInterrupt
        return commit(load, **options)

    monkeypatch.setattr(Load, "commit", killed)
    with pytest.raises(KeyboardInterrupt):
        pull(settings, ["stripe"], patience=QUICK)
    assert landed(settings, "select count(*) from raw.stripe__invoice_line") == [(1,)]
    assert landed(settings, "select count(*) from raw.stripe__invoice") == [(0,)]
    monkeypatch.setattr(Load, "commit", commit)
    assert {name: result.rows for name, result in pulled(settings).items()} == {"invoice": 1}
    assert landed(settings, "select count(*) from raw.stripe__invoice_line") == [(1,)]


def test_a_kill_between_snapshots_and_their_events_loses_nothing(account, settings, monkeypatch):
    charge = account.charge(1, NOW - DAY)
    account.event("charge.succeeded", charge, NOW - DAY)
    commit = Load.commit

    def killed(load: Load, **options: bool) -> str | None:
        if load.object == "event":
            raise KeyboardInterrupt
        return commit(load, **options)

    monkeypatch.setattr(Load, "commit", killed)
    with pytest.raises(KeyboardInterrupt):
        pull(settings, ["stripe"], patience=QUICK)
    monkeypatch.setattr(Load, "commit", commit)
    pulled(settings)
    assert landed(settings, "select count(*) from raw.stripe__charge") == [(1,)]
    assert landed(settings, "select count(*) from raw.stripe__event") == [(1,)]


def test_a_list_that_does_not_advance_ends_with_an_error(account, settings):
    records = [account.charge(number, NOW - DAY) for number in range(100)]

    def always_the_same(path: str, params: dict[str, str]) -> Reply | None:
        if path != "/v1/charges":
            return None
        return Reply({"object": "list", "has_more": True, "data": records})

    account.spoil = always_the_same
    failed = pulled(settings)["charge"]
    assert "the page repeats records of the page before it, 3 times" in (failed.error or "")
    assert "page after ch_0099" in (failed.error or "")
    assert landed(settings, "select count(*) from raw.stripe__charge") == [(0,)]


def test_a_vendor_that_asks_to_wait_is_asked_again_no_sooner_than_the_bound(account, settings):
    account.charge(1, NOW - DAY)
    refused = []

    def limited(path: str, params: dict[str, str]) -> Reply | None:
        if path == "/v1/charges" and len(refused) < 2:
            refused.append(path)
            error = {"error": {"type": "invalid_request_error", "code": "rate_limit"}}
            return Reply(error, 429, {"Retry-After": "3600"})
        return None

    account.spoil = limited
    # Asked to wait an hour, the bound of 0.01 s holds; the third attempt of three succeeds.
    assert pulled(settings)["charge"].rows == 1


def test_the_key_of_one_account_refused_stops_only_that_account(settings, vendor, account):
    account.charge(1, NOW - DAY)
    other = Account()
    other.spoil = lambda path, params: Reply(
        {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}, 401
    )
    with answering(other) as refusing:
        both = replace(
            settings,
            stripe=(*settings.stripe, StripeAccount("US02", "sk_wrong", refusing.url)),
        )
        results = pull(both, ["stripe"], patience=QUICK)
    failed = {result.entity for result in results if result.error}
    assert failed == {"US02"}
    assert any("API key of US02 in TIEOUT_STRIPE_KEYS" in (r.error or "") for r in results)
    assert len(refusing.asked) <= 20, "a refused key is not tried again and again"
    assert landed(settings, "select _entity, count(*) from raw.stripe__charge group by 1") == [
        ("US01", 1)
    ]


def test_lines_past_the_tenth_count_from_the_day_their_invoice_was_finalised(account, settings):
    lines = [line(number) for number in range(12)]
    finalised = NOW - 60 * DAY
    account.lists["/v1/invoices"] = [
        {
            **invoice(lines[:10], True),
            "created": finalised,
            "status_transitions": {"finalized_at": finalised},
        }
    ]
    account.lists["/v1/invoices/in_1/lines"] = lines
    pulled(settings)
    assert landed(
        settings,
        "select count(distinct _id), count(*) filter (where _version_at = "
        f"to_timestamp({finalised}) at time zone 'UTC') from raw.stripe__invoice_line",
    ) == [(12, 12)]
