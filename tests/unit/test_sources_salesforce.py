"""What a Salesforce pull asks for and lands, against an org of a few lines over real HTTP."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import settings as config
from orchestration.landing import build_raw
from orchestration.settings import SalesforceConfig, Settings
from orchestration.sources.failures import Patience
from orchestration.sources.pull import PullResult, pull
from tests.stand_in_vendor import Reply, Vendor, answering

QUICK = Patience(attempts=3, read_seconds=0.3, first_pause=0.001, longest_pause=0.01)
BATCH = 2


class Org:
    """Users of one org, served in batches of two; what is asked can be spoilt."""

    def __init__(self) -> None:
        self.users: list[dict[str, Any]] = []
        self.logins = 0
        self.queries: list[str] = []
        self.url = ""
        self.total_lie = 0
        self.lacks: tuple[str, ...] = ()
        self.tiers: list[dict[str, Any]] = []
        self.spoilt: list[Reply] = []
        self.token = "token-1"

    def user(self, number: int, stamp: str, **more: Any) -> None:
        self.users.append(
            {
                "attributes": {"type": "User", "url": f"/u/{number}"},
                "Id": f"005{number:015d}",
                "Name": f"User {number}",
                "Email": None,
                "IsActive": True,
                "CreatedDate": stamp,
                "LastModifiedDate": stamp,
                "SystemModstamp": stamp,
                "IsDeleted": False,
                **more,
            }
        )

    def __call__(self, path: str, params: dict[str, str]) -> Reply:
        if path.endswith("/oauth2/token"):
            self.logins += 1
            return Reply({"access_token": f"token-{self.logins}", "instance_url": self.url})
        if "q" in params:
            self.queries.append(params["q"])
            for lacking in self.lacks:
                if re.search(rf"\b{lacking}\b", params["q"]):
                    said = f"ERROR at Row:1:Column:9\nNo such column '{lacking}' on entity 'X'."
                    return Reply([{"message": said, "errorCode": "INVALID_FIELD"}], 400)
            chosen = self._chosen(params["q"])
            start = 0
        else:
            if self.spoilt:
                return self.spoilt.pop(0)
            name, start = path.rpartition("/")[2].split("-")[0], int(path.rpartition("-")[2])
            chosen = self.users if name == "User" else []
        page = chosen[start : start + BATCH]
        done = start + BATCH >= len(chosen)
        body: dict[str, Any] = {
            "totalSize": len(chosen) + (self.total_lie if chosen else 0),
            "done": done,
            "records": page,
        }
        if not done:
            body["nextRecordsUrl"] = f"/services/data/v59.0/query/User-{start + BATCH}"
        return Reply(body)

    def _chosen(self, query: str) -> list[dict[str, Any]]:
        if " FROM Rate_Tier__c" in query:
            return self.tiers
        if " FROM User" not in query:
            return []
        since = query.partition("SystemModstamp >= ")[2][:19]
        return [user for user in self.users if user["SystemModstamp"][:19] >= since]


@pytest.fixture
def org() -> Org:
    org = Org()
    for number in range(5):
        org.user(number, f"2026-06-0{number + 1}T12:00:00.000+0000")
    return org


@pytest.fixture
def vendor(org: Org):
    with answering(org) as serving:
        org.url = serving.url
        yield serving


@pytest.fixture
def settings(vendor: Vendor, tmp_path: Path) -> Settings:
    base = config.load({"TIEOUT_HOME": str(tmp_path / "home")})
    return replace(base, salesforce=SalesforceConfig(vendor.url, "id", "secret"))


def pulled(settings: Settings) -> dict[str, PullResult]:
    results = pull(settings, ["salesforce"], patience=QUICK)
    return {result.object: result for result in results if result.rows or result.error}


def landed(settings: Settings, query: str) -> list[tuple]:
    build_raw(settings.warehouse, settings.landing)
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_every_batch_is_read_and_deleted_rows_with_them(org, vendor, settings):
    org.user(9, "2026-06-09T12:00:00.000+0000", IsDeleted=True)
    assert pulled(settings)["user"].rows == 6
    assert landed(settings, "select _id, _version_at from raw.salesforce__user where _deleted") == [
        ("005000000000000009", datetime(2026, 6, 9, 12))
    ]
    assert {path for path, params in vendor.asked if "q" in params} == {
        "/services/data/v59.0/queryAll/"
    }
    assert org.logins == 1


def test_the_second_pull_asks_from_ten_minutes_before_the_newest_stamp(org, settings):
    pulled(settings)
    org.queries.clear()
    assert pulled(settings) == {}
    users = next(query for query in org.queries if " FROM User" in query)
    assert "WHERE SystemModstamp >= 2026-06-05T11:50:00Z ORDER BY SystemModstamp, Id" in users


def test_a_change_is_a_new_version_of_the_same_record(org, settings):
    pulled(settings)
    org.users = [{**user, "Name": "Renamed"} for user in org.users[:1]]
    org.users[0]["SystemModstamp"] = "2026-06-20T08:00:00.000+0000"
    assert pulled(settings)["user"].rows == 1
    names = "select payload ->> 'Name' from raw.salesforce__user where _id = '005000000000000000'"
    assert sorted(landed(settings, names)) == [("Renamed",), ("User 0",)]


def test_an_expired_token_in_the_middle_of_a_query_is_renewed(org, settings):
    expired = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    org.spoilt = [Reply(expired, 401)]
    assert pulled(settings)["user"].rows == 5
    assert org.logins == 2


def test_a_page_that_comes_twice_is_asked_for_again(org, settings):
    first = {
        "totalSize": 5,
        "done": False,
        "records": org.users[:2],
        "nextRecordsUrl": "/services/data/v59.0/query/User-2",
    }
    org.spoilt = [Reply(first)]
    assert pulled(settings)["user"].rows == 5


def test_a_page_that_keeps_coming_twice_fails_and_nothing_of_it_is_visible(org, settings):
    first = {
        "totalSize": 5,
        "done": False,
        "records": org.users[:2],
        "nextRecordsUrl": "/services/data/v59.0/query/User-2",
    }
    org.spoilt = [Reply(first)] * 3
    failed = pulled(settings)["user"]
    assert failed.error == (
        "salesforce user, page /services/data/v59.0/query/User-2: the page repeats records of the"
        " page before it, 3 times. Nothing of this pull was kept; pull again"
    )
    assert landed(settings, "select count(*) from raw.salesforce__user") == [(0,)]


def test_a_query_that_gives_fewer_records_than_it_announced_is_not_landed(org, settings):
    org.total_lie = 1
    failed = pulled(settings)["user"]
    assert "announced 6 records and gave 5" in (failed.error or "")
    assert landed(settings, "select count(*) from raw.salesforce__user") == [(0,)]


@pytest.mark.parametrize(
    "spoilt",
    [
        Reply('{"totalSize": 5, "done": false, "rec'),
        Reply([{"message": "x", "errorCode": "SERVER_UNAVAILABLE"}], 503),
        Reply("<html>busy</html>", 500),
        Reply([{"message": "x", "errorCode": "REQUEST_LIMIT_EXCEEDED"}], 429),
    ],
)
def test_what_may_pass_is_tried_again(org, settings, spoilt):
    org.spoilt = [spoilt, spoilt]
    assert pulled(settings)["user"].rows == 5


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "pull again tomorrow or raise the limit"),
        (400, "INVALID_FIELD", "add it or grant the app access"),
        (403, "INSUFFICIENT_ACCESS", "Grant the connected app read access"),
    ],
)
def test_what_needs_a_person_is_not_tried_again_and_says_what_to_do(
    org, settings, status, code, advice
):
    org.spoilt = [Reply([{"message": "no", "errorCode": code}], status)]
    failed = pulled(settings)["user"]
    assert code in (failed.error or "") and advice in (failed.action or "")
    assert org.spoilt == []
    others = landed(settings, "select object from raw.landing__pull_failure")
    assert others == [("user",)]


def test_amounts_land_with_the_digits_salesforce_wrote(org, settings):
    org.users = []
    org.user(1, "2026-06-01T12:00:00.000+0000", Extra__c=0.1)
    pulled(settings)
    (payload,) = landed(settings, "select payload from raw.salesforce__user")[0]
    assert '"Extra__c": 0.1' in payload
    drift = landed(settings, "select drift from raw.landing__load where object = 'user'")
    assert drift == [(["Extra__c"],)]


def test_a_term_that_the_org_has_no_field_for_is_left_out_and_told(org, settings, caplog):
    org.lacks = ("Is_Cancellable__c", "Minimum_Amount__c", "Flat_Price__c")
    results = pulled(settings)
    assert [name for name, result in results.items() if result.error] == []
    contracts = [query for query in org.queries if " FROM Contract " in query]
    # Asked once with the field, once without; the terms that the org has are still asked for.
    assert ["Is_Cancellable__c" in query for query in contracts] == [True, False]
    assert "Negotiated_With__c" in contracts[-1]
    assert "contract: the org has no field Is_Cancellable__c" in caplog.text
    assert "order_item: the org has no field Minimum_Amount__c" in caplog.text
    assert "rate_tier: the org has no field Flat_Price__c" in caplog.text


def test_a_field_that_no_order_can_do_without_stays_a_failure(org, settings):
    org.lacks = ("OrderNumber",)
    failed = pulled(settings)["order"]
    assert "No such column 'OrderNumber'" in (failed.error or "")
    assert "add it or grant the app access" in (failed.action or "")


def test_the_load_of_an_org_without_a_term_says_so(org, settings):
    org.lacks = ("Flat_Price__c",)
    org.tiers = [{**org.users[0], "OrderItemId__c": "802", "Tier_Model__c": "graduated"}]
    org.tiers[0] |= {"From_Quantity__c": 0, "To_Quantity__c": None, "Unit_Price__c": "1"}
    org.tiers[0] |= {"Package_Size__c": None}
    assert pulled(settings)["rate_tier"].rows == 1
    drift = landed(settings, "select drift from raw.landing__load where object = 'rate_tier'")
    assert "without Flat_Price__c" in drift[0][0]
