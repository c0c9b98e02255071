"""What the entities of the sandbox book with each other, by the ERP's own journals and the bank's own files.

Every check recomputes from the files as dropped; none asks the generator what it meant.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.sandbox.policies import Supply, load_policies
from orchestration.sandbox.world import build_world

US01_ACCOUNT, US02_ACCOUNT = "4400001001", "4400002001"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world") / "w"
    build_world(out, seed=7, size=20, end=date(2026, 7, 1), months=18, defect_rate=0.02)
    return out


@pytest.fixture(scope="module")
def lines(world: Path) -> list[dict[str, str]]:
    rows = []
    for path in sorted((world / "drops" / "erp").glob("*/*/journal.csv")):
        with path.open(newline="") as handle:
            rows += list(csv.DictReader(handle))
    return rows


def net(line: dict[str, str]) -> Decimal:
    return Decimal(line["debit"]) - Decimal(line["credit"])


def test_the_entities_owe_each_other_nothing_but_the_side_that_was_planted_away(
    world: Path, lines: list[dict[str, str]]
):
    (planted,) = [
        defect
        for defect in json.loads((world / "truth.json").read_text())["defects"]
        if defect["reason_code"] == "INTERCOMPANY_ONE_SIDED"
    ]
    _, month, _, currency = planted["ref"].removeprefix("ledger:").split("|")
    missing = Decimal(planted["amount_minor"]) / 100
    for accounts, sign in ((("1900",), -1), (("4990", "5900"), 1)):
        left: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for line in lines:
            if line["account_code"] in accounts:
                left[line["period"], line["currency"]] += net(line)
        assert len(left) > 18
        # The supplier's 1900 debit and 4990 credit are missing.
        open_left = {key: amount for key, amount in left.items() if amount}
        assert open_left == {(month, currency): sign * missing}


def test_nothing_is_supplied_to_an_entity_before_it_joined(lines: list[dict[str, str]]):
    joined = load_policies().entities["UK01"]["joined_on"][:7]
    months = {
        line["period"]
        for line in lines
        if line["entity_id"] == "UK01" and line["account_code"] == "5900"
    }
    assert joined == "2025-10"
    assert min(months) == joined
    assert any(line["period"] < joined for line in lines if line["entity_id"] == "UK01")


def test_a_share_holds_from_its_first_month_until_the_month_it_ends():
    supply = Supply("US01", 6_200, "2025-10-01", "2026-04-01")
    months = [date(2025, 9, 1), date(2025, 10, 1), date(2026, 3, 1), date(2026, 4, 1)]
    assert [supply.covers(month) for month in months] == [False, True, True, False]
    assert Supply("US01", 6_000, "2026-04-01", "").covers(date(2030, 1, 1))


def test_a_wire_for_an_invoice_of_one_entity_reaches_the_account_of_another(world: Path):
    connection = sqlite3.connect(world / "world.sqlite")
    rows = connection.execute(
        "select account, body from stripe_objects where object = 'invoice'"
    ).fetchall()
    connection.close()
    number_of = defaultdict(set)
    for account, body in rows:
        number_of[account].add(json.loads(body)["number"])
    words = {
        account: set(
            re.findall(
                r"[A-Z0-9]+-[0-9]+",
                "".join(
                    path.read_text() for path in (world / "drops" / "bank" / account).iterdir()
                ),
            )
        )
        for account in (US01_ACCOUNT, US02_ACCOUNT)
    }
    strays = words[US01_ACCOUNT] & (number_of["US02"] - number_of["US01"])
    assert strays
    assert not strays & words[US02_ACCOUNT]
    # All others of the Exchange's wires reach its own account.
    assert len(words[US02_ACCOUNT] & number_of["US02"]) > len(strays)
