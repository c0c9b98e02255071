"""A tiny world with known contents behind a real server, and the vendors' official clients for it.

It is written here row by row, so that what a test expects follows from this file.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
import stripe
import uvicorn
from simple_salesforce.api import Salesforce
from starlette.applications import Starlette

CLOCK = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())
DAY = 86400
CUSTOMERS = 250
ACCOUNTS = 4500
LINES = 23


@dataclass
class Served:
    """A server on a free port of this machine, in a thread of the test process."""

    url: str

    def plan(self, *faults: dict[str, Any]) -> None:
        answer = requests.post(f"{self.url}/_faults", json=list(faults), timeout=10)
        assert answer.status_code == 200, answer.text

    def stripe(self, account: str = "US01", **options: Any) -> stripe.StripeClient:
        return stripe.StripeClient(
            f"sk_test_sandbox_{account}",
            base_addresses={"api": f"{self.url}/stripe"},
            **options,
        )

    def salesforce(self, **options: Any) -> Salesforce:
        session = PlainSession(self.url)
        token, instance = session.log_in()
        return Salesforce(
            session_id=token, instance=instance, session=session, version="59.0", **options
        )


class PlainSession(requests.Session):
    """simple-salesforce writes https:// into every address; the sandbox listens without TLS."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.trust_env = False
        self._url = url

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        options.setdefault("timeout", 30)
        return super().request(method, str(url).replace("https://", "http://"), *args, **options)

    def log_in(self, secret: str = "sandbox-secret") -> tuple[str, str]:
        answer = self.post(
            f"{self._url}/salesforce/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": "sandbox",
                "client_secret": secret,
            },
        )
        body = answer.json()
        if answer.status_code != 200:
            raise PermissionError(body["error"])
        return body["access_token"], body["instance_url"].removeprefix("http://")


def serve(application: Starlette) -> Iterator[Served]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    server = uvicorn.Server(
        uvicorn.Config(
            application, log_level="error", lifespan="off", date_header=False, server_header=False
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}")
    server.should_exit = True
    server.force_exit = True
    thread.join(10)
    listener.close()


Put = Callable[..., None]


def write_tiny_world(folder: Path, stamp: str = "tiny") -> Path:
    """A world of two Stripe accounts and two sObjects; see the functions for what is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "world.json").write_text(json.dumps({"stamp": stamp}))
    db = sqlite3.connect(folder / "world.sqlite")
    db.execute("create table meta (key text, value)")
    db.execute("insert into meta values ('clock', ?)", (CLOCK,))
    db.execute(
        "create table stripe_objects (account text, object text, id text, created int,"
        " known_at int, parent text, body text)"
    )

    def put(account: str, value: dict[str, Any], parent: str | None, **other: Any) -> None:
        db.execute(
            "insert into stripe_objects values (?, ?, ?, ?, ?, ?, ?)",
            (
                account,
                other.get("object", value["object"]),
                value["id"],
                value.get("created", CLOCK - DAY),
                other.get("known_at", value.get("created", CLOCK - DAY)),
                parent,
                json.dumps(value, separators=(",", ":")),
            ),
        )

    _put_customers(put)
    _put_billing(put)
    _put_cash(put)
    _put_salesforce(db)
    db.commit()
    db.close()
    return folder


def customer_id(number: int) -> str:
    return f"cus_{number:04d}"


def _put_customers(put: Put) -> None:
    """250 customers, ten a day: their order within a day is decided by the id alone."""
    for number in range(CUSTOMERS):
        value = {
            "id": customer_id(number),
            "object": "customer",
            "created": CLOCK - 100 * DAY + (number // 10) * DAY,
            "email": f"c{number}@example.com",
            "metadata": {},
        }
        put("US01", value, None)
    put("UK01", {"id": "cus_uk", "object": "customer", "created": CLOCK - DAY}, None)


def line_id(number: int) -> str:
    return f"il_{number:02d}"


def _put_billing(put: Put) -> None:
    """One invoice of 23 lines that was open and then paid, whose void lies beyond the clock."""
    created = CLOCK - 50 * DAY
    lines = [
        {"id": line_id(n), "object": "line_item", "amount": 100 + n, "invoice": "in_long"}
        for n in range(LINES)
    ]
    newest_first = sorted(lines, key=lambda line: str(line["id"]), reverse=True)
    for status, known_at in (
        ("open", created),
        ("paid", created + DAY),
        ("void", CLOCK + DAY),
    ):
        value = {
            "id": "in_long",
            "object": "invoice",
            "created": created,
            "customer": customer_id(1),
            "status": status,
            "parent": {"subscription_details": {"subscription": "sub_1"}},
            "lines": {
                "object": "list",
                "data": newest_first,
                "has_more": False,
                "url": "/v1/invoices/in_long/lines",
            },
        }
        put("US01", value, customer_id(1), known_at=known_at)
    for line in lines:
        put("US01", line, "in_long")
    for number in range(5):
        value = {
            "id": f"in_{number}",
            "object": "invoice",
            "created": CLOCK - (40 - number) * DAY,
            "customer": customer_id(number),
            "status": "open" if number % 2 else "paid",
            "lines": {"object": "list", "data": [], "has_more": False, "url": ""},
        }
        put("US01", value, customer_id(number))
    for number, status in enumerate(("active", "canceled", "past_due")):
        value = {
            "id": f"sub_{number}",
            "object": "subscription",
            "created": CLOCK - 90 * DAY + number,
            "customer": customer_id(number),
            "status": status,
            "items": {"object": "list", "data": [], "has_more": False},
        }
        put("US01", value, customer_id(number))
        for item in range(2):
            put(
                "US01",
                {
                    "id": f"si_{number}_{item}",
                    "object": "subscription_item",
                    "created": CLOCK - 90 * DAY,
                    "subscription": f"sub_{number}",
                },
                customer_id(number),
            )


def _put_cash(put: Put) -> None:
    """Twelve charges with their balance transactions; one payout that paid out the first four."""
    for number in range(12):
        created = CLOCK - (30 - number) * DAY
        charge = {
            "id": f"ch_{number:02d}",
            "object": "charge",
            "created": created,
            "amount": 1000 + number,
            "customer": customer_id(number),
            "balance_transaction": f"txn_{number:02d}",
            "invoice_note": None,
        }
        put("US01", charge, customer_id(number))
        transaction = {
            "id": f"txn_{number:02d}",
            "object": "balance_transaction",
            "created": created,
            "amount": 1000 + number,
            "fee": 30,
            "net": 970 + number,
            "source": charge["id"],
            "type": "charge",
        }
        put("US01", transaction, customer_id(number))
        if number < 4:
            put("US01", transaction, "po_1", object="payout_transaction")
    for number in range(3):
        movement = {
            "id": f"cbtxn_{number}",
            "object": "billing.credit_balance_transaction",
            "created": CLOCK - (9 - number) * DAY,
            "credit_grant": f"credgr_{number % 2}",
        }
        put("US01", movement, customer_id(number % 2))
    payout = {
        "id": "po_1",
        "object": "payout",
        "created": CLOCK - 20 * DAY,
        "arrival_date": CLOCK - 18 * DAY,
        "status": "paid",
    }
    put("US01", payout, None)
    for number, kind in enumerate(("invoice.finalized", "invoice.paid", "payout.paid")):
        event = {
            "id": f"evt_{number}",
            "object": "event",
            "type": kind,
            "created": CLOCK - (10 - number) * DAY,
            "data": {"object": {"id": "in_long", "object": "invoice"}},
        }
        put("US01", event, None)


def account_id(number: int) -> str:
    return f"001{number:012d}AAA"


def order_id(number: int) -> str:
    return f"801{number:012d}AAA"


def instant(offset_days: int) -> str:
    return f"{datetime.fromtimestamp(CLOCK + offset_days * DAY, UTC):%Y-%m-%dT%H:%M:%S}.000+0000"


def _put_salesforce(db: sqlite3.Connection) -> None:
    """4,500 accounts changed one an hour, and six orders: one deleted, one with two versions."""
    db.execute(
        'create table "Account" (Id TEXT, Name TEXT, CurrencyIsoCode TEXT, CreatedDate TEXT,'
        " LastModifiedDate TEXT, SystemModstamp TEXT, IsDeleted INT, known_at INT)"
    )
    for number in range(ACCOUNTS):
        changed = CLOCK - (ACCOUNTS - number) * 3600
        moment = f"{datetime.fromtimestamp(changed, UTC):%Y-%m-%dT%H:%M:%S}.000+0000"
        db.execute(
            'insert into "Account" values (?, ?, ?, ?, ?, ?, 0, ?)',
            (
                account_id(number),
                f"Company {number}",
                None if number == 0 else "USD",
                moment,
                moment,
                moment,
                changed,
            ),
        )
    db.execute(
        'create table "Order" (Id TEXT, AccountId TEXT, Status TEXT, EffectiveDate TEXT,'
        " TotalAmount NUMERIC, CreatedDate TEXT, LastModifiedDate TEXT, SystemModstamp TEXT,"
        " IsDeleted INT, known_at INT)"
    )
    rows = [
        (order_id(1), "Draft", "2026-01-01", "1234.56", -9, 0),
        (order_id(1), "Activated", "2026-01-01", "1234.56", -8, 0),
        (order_id(1), "Draft", "2026-01-01", "9.99", 1, 0),
        (order_id(2), "Activated", "2026-02-01", "0.1", -7, 0),
        (order_id(3), "Draft", "2026-03-01", "100", -6, 1),
        (order_id(4), "Activated", None, "99999999999.99", -5, 0),
        (order_id(5), "Activated", "2026-05-01", "n/a", -4, 0),
        (order_id(6), "Activated", "2026-06-01", None, -3, 0),
    ]
    for row_id, status, day, amount, changed_day, is_deleted in rows:
        moment = instant(changed_day)
        db.execute(
            'insert into "Order" values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
            (
                row_id,
                account_id(1),
                status,
                day,
                amount,
                moment,
                moment,
                moment,
                is_deleted,
                CLOCK + changed_day * DAY,
            ),
        )
